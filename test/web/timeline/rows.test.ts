import test from 'ava';
import type { SiteCamera } from '../../../web/src/api/site.ts';
import { rowsOf, type Row } from '../../../web/src/timeline/rows.ts';

const camera = (id: string, name: string, server: string, serverConnected = true): SiteCamera =>
  ({ id, name, server: { id: server, name: server.toUpperCase() }, serverConnected }) as SiteCamera;
const told = (rows: readonly Row[]): readonly string[] =>
  rows.map((row) =>
    row.kind === 'camera' ? row.camera.name : `${row.server.name} ${row.count}${row.folded ? ' …' : ''}`,
  );
const site = [camera('1', 'Door', 'nas-2'), camera('2', 'Dock', 'nas-1'), camera('3', 'Garden', 'nas-2', false)];

test('cameras of several servers stand under the names of these', (t) => {
  t.deepEqual(told(rowsOf(site, '', new Set())), ['NAS-1 1', 'Dock', 'NAS-2 2', 'Door', 'Garden']);
});

test('one server alone needs no name', (t) => {
  t.deepEqual(told(rowsOf(site.slice(0, 1), '', new Set())), ['Door']);
});

test('a folded server keeps its name and hides its cameras, unless something is looked for', (t) => {
  t.deepEqual(told(rowsOf(site, '', new Set(['nas-2']))), ['NAS-1 1', 'Dock', 'NAS-2 2 …']);
  t.deepEqual(told(rowsOf(site, 'garden', new Set(['nas-2']))), ['NAS-2 1', 'Garden']);
});

test('cameras are found by words of their own name and of their server', (t) => {
  t.deepEqual(told(rowsOf(site, 'nas-2 do', new Set())), ['NAS-2 1', 'Door']);
  t.deepEqual(told(rowsOf(site, '  DOCK ', new Set())), ['NAS-1 1', 'Dock']);
  t.deepEqual(rowsOf(site, 'attic', new Set()), []);
});
