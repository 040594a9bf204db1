/** The import table of docs/architecture.md, held against the sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'ava';

const SRC = resolve(import.meta.dirname, '../src');

/** Room: rooms it may import values from. Types may come from anywhere below. Keep equal to docs/architecture.md. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  media: ['core'],
  site: ['core'],
  ledger: ['core'],
  wire: ['core', 'ledger'],
  archive: ['core', 'media', 'ledger'],
  settings: ['core', 'site'],
  discovery: ['core'],
  recorder: ['core', 'media', 'archive', 'wire'],
  control: ['core', 'site', 'ledger', 'wire', 'archive', 'settings', 'supervisor'],
  rtmp: ['core', 'media'],
  supervisor: ['core'],
  api: ['core', 'site', 'ledger', 'wire'],
  simulator: ['core', 'media'],
  cli: ['core', 'site', 'media', 'archive', 'recorder', 'discovery', 'simulator'],
  demo: ['core', 'cli', 'simulator', 'supervisor'],
};
const LAYER: Readonly<Record<string, number>> = {
  core: 0,
  media: 1,
  site: 1,
  ledger: 1,
  wire: 1,
  archive: 2,
  settings: 2,
  discovery: 2,
  recorder: 3,
  control: 4,
  rtmp: 3,
  supervisor: 2,
  simulator: 3,
  api: 4,
  cli: 4,
  demo: 5,
};
const PURE = ['media', 'site', 'ledger', 'wire', 'failover'];
const FORBIDDEN_IN_PURE =
  /^node:(net|dgram|http|https|tls|fs|fs\/promises|timers|timers\/promises|child_process|worker_threads|dns)$/;

type Import = { readonly file: string; readonly target: string; readonly typeOnly: boolean };

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const importsOf = (file: string): readonly Import[] =>
  [
    ...readFileSync(join(SRC, file), 'utf8').matchAll(
      /^(?:import|export) (type )?[^;]*?from '([^']+)';$|import\('([^']+)'\)/gm,
    ),
  ].map((match) => ({
    file,
    target: match[2] ?? match[3] ?? '',
    typeOnly: match[1] !== undefined,
  }));
const roomOf = (file: string): string | undefined => (file.includes('/') ? file.split('/')[0] : undefined);
const targetRoom = ({ file, target }: Import): string | undefined =>
  target.startsWith('.') ? roomOf(relative(SRC, resolve(SRC, dirname(file), target))) : undefined;

test('every room is in the table', (t) => {
  const rooms = new Set(files.map(roomOf).filter((room) => room !== undefined));
  t.deepEqual(
    [...rooms].filter((room) => MAY_IMPORT[room] === undefined),
    [],
  );
});

test('rooms import values only from the rooms the table allows, types only from below', (t) => {
  const wrong = files.flatMap(importsOf).filter((entry) => {
    const from = roomOf(entry.file);
    const to = targetRoom(entry);
    if (from === undefined || to === undefined || from === to) return false;
    if (entry.typeOnly) return (LAYER[to] ?? 9) > (LAYER[from] ?? 9);
    return !(MAY_IMPORT[from] ?? []).includes(to);
  });
  t.deepEqual(
    wrong.map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
});

test('pure rooms touch neither sockets nor files nor timers', (t) => {
  const wrong = files
    .filter((file) => PURE.includes(roomOf(file) ?? ''))
    .flatMap(importsOf)
    .filter(({ target }) => FORBIDDEN_IN_PURE.test(target));
  t.deepEqual(
    wrong.map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
});

test('imports name a file: no barrels, no missing extension', (t) => {
  t.deepEqual(
    files.filter((file) => /(^|\/)index\.ts$/.test(file)),
    [],
  );
  const bare = files.flatMap(importsOf).filter(({ target }) => target.startsWith('.') && !target.endsWith('.ts'));
  t.deepEqual(bare, []);
});
