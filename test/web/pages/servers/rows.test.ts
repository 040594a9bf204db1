import test from 'ava';
import { watchState } from '../../../../src/api/contract/failover.ts';
import { COVER_REASONS } from '../../../../src/failover/cover-reasons.ts';
import { en as servers } from '../../../../web/src/messages/servers/en.ts';
import { en as watching } from '../../../../web/src/messages/watching/en.ts';
import {
  actionsFor,
  countsOf,
  filtered,
  isAtWork,
  isEditable,
  isUnprotected,
  isUpdatable,
  newcomerOf,
  rowsOf,
} from '../../../../web/src/pages/failover/servers/rows.ts';
import type { ServerRow } from '../../../../web/src/pages/failover/servers/rows.ts';
import type { KnownServer } from '../../../../web/src/api/servers.ts';
import { mockServers } from '../../../support/mock-servers-data.ts';

const OWN = { id: 'srv-1', name: 'Hall-NAS', isHost: true };
const NOBODY = { state: undefined, mode: undefined, text: '' } as const;
const site = mockServers(Date.parse('2026-11-22T10:00:00Z'));
const rows = rowsOf(site.status, site.known, OWN);
const names = (all: readonly ServerRow[]): readonly string[] => all.map(({ name }) => name);
function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not there');
  return value;
}
const row = (name: string): ServerRow => must(rows.find((one) => one.name === name));

test('this box comes first, the others by name, numbers by their value', (t) => {
  t.is(names(rows)[0], 'Hall-NAS');
  const many = mockServers(Date.now(), 14);
  const list = names(rowsOf(many.status, many.known, OWN));
  t.true(list.indexOf('NAS-9') < list.indexOf('NAS-10'));
});

test('who covers whom is told on both sides', (t) => {
  t.deepEqual(row('Spare-1').covers, [{ serverId: 'srv-2', name: 'Yard-NAS' }]);
  t.deepEqual(row('Yard-NAS').coveredBy, [{ serverId: 'srv-3', name: 'Spare-1' }]);
  t.true(isAtWork(row('Spare-1')));
  t.true(isAtWork(row('Yard-NAS')));
  t.false(isAtWork(row('Office-NAS')));
});

test('the filter takes state, mode and text together; text finds address, model and version in any case', (t) => {
  t.deepEqual(names(filtered(rows, { ...NOBODY, state: 'offline' })), ['Barn-NAS']);
  t.deepEqual(names(filtered(rows, { ...NOBODY, mode: 'failover', text: ' nuc ' })), ['Spare-1', 'Spare-2']);
  t.deepEqual(names(filtered(rows, { ...NOBODY, text: '0.0.9' })), ['Spare-2']);
  t.deepEqual(names(filtered(rows, { ...NOBODY, text: '192.168.1.25' })), ['Barn-NAS']);
  t.deepEqual(filtered(rows, { ...NOBODY, text: 'nothing like it' }), []);
});

test('each server is counted once by state and once by mode', (t) => {
  const counts = countsOf(rows);
  t.is(counts.get('covering'), 1);
  t.is(counts.get('recording'), 6);
  t.is(counts.get('host'), 1);
});

test('a host detaches and locks its members; an administrator does not detach', (t) => {
  t.deepEqual([...actionsFor(row('Office-NAS'), true)], ['disable', 'lock', 'detach']);
  t.deepEqual([...actionsFor(row('Office-NAS'), false)], ['disable', 'lock']);
  t.deepEqual([...actionsFor(row('Gate-NAS'), true)], ['disable', 'unlock', 'detach']);
  t.deepEqual([...actionsFor(row('Old office'), true)], ['enable', 'lock', 'detach']);
  t.deepEqual([...actionsFor(row('Container-7'), true)], ['cancel-detach', 'detach']);
  t.deepEqual([...actionsFor(row('Hall-NAS'), true)], []);
});

test('what waits for footage is taken back, or done at once after all', (t) => {
  const office = row('Office-NAS');
  const waiting = (action: 'disable' | 'detach') => {
    const known: KnownServer = { ...must(office.known), securing: { since: '2026-11-22T02:00:00.000Z', action } };
    return actionsFor({ ...office, known }, true);
  };
  t.deepEqual([...waiting('disable')], ['disable', 'enable', 'lock', 'detach']);
  t.deepEqual([...waiting('detach')], ['disable', 'cancel-detach', 'lock', 'detach']);
});

test('a failover server without a host forgets servers, and knows itself as who protects them', (t) => {
  const known: KnownServer = { ...must(site.known[3]), watched: true };
  const status = { ...must(site.status[4]), watchedBy: [] };
  const [own, other] = rowsOf([must(site.status[0]), status], [known], { ...OWN, isHost: false });
  t.deepEqual([...actionsFor(must(other), true)], ['disable', 'forget']);
  t.deepEqual(other?.watchedBy, [{ serverId: 'srv-1', name: 'Hall-NAS' }]);
  t.true(isEditable(must(own)));
});

test('a recording server without a host knows who stands in for it', (t) => {
  const watcher: KnownServer = { ...must(site.known[1]), watcher: true };
  const own = { ...must(site.status[0]), mode: 'recording' as const, watchedBy: [] };
  const [mine] = rowsOf([own, must(site.status[2])], [watcher], { ...OWN, isHost: false });
  t.deepEqual(mine?.watchedBy, [{ serverId: 'srv-3', name: 'Spare-1' }]);
});

test('a failover server without a host knows whom it watches', (t) => {
  const watched: KnownServer = { ...must(site.known[0]), watched: true };
  const own = { ...must(site.status[0]), mode: 'failover' as const, watches: [] };
  const [mine] = rowsOf([own], [watched], { ...OWN, isHost: false });
  t.deepEqual(mine?.watches, [{ serverId: 'srv-2', name: 'Yard-NAS', state: 'unknown' }]);
});

test('a member lists its host, which it can only forget, and does not move what the host introduced', (t) => {
  const host: KnownServer = { ...must(site.known[0]), id: 'h', name: 'Far', mode: 'host', managesUs: true };
  const introduced: KnownServer = { ...must(site.known[1]), id: 'i', introduced: true };
  const list = rowsOf([], [host, introduced], { ...OWN, isHost: false });
  const [far] = list.filter(({ id }) => id === 'h');
  const [other] = list.filter(({ id }) => id === 'i');
  t.true(far?.isManager);
  t.deepEqual([...actionsFor(must(far), true)], ['disable', 'forget']);
  t.deepEqual([...actionsFor(must(other), true)], ['disable']);
  t.false(isEditable(must(other)));
});

test('who came in by a code is told, not whom it made known here', (t) => {
  const host: KnownServer = { ...must(site.known[0]), id: 'h', name: 'Far', mode: 'host', managesUs: true };
  const introduced: KnownServer = { ...must(site.known[1]), id: 'i', name: 'Abbey', introduced: true };
  const before = new Set([OWN.id]);
  const after = rowsOf(site.status.slice(0, 1), [introduced, host], { ...OWN, isHost: false });
  t.deepEqual(names(after), ['Hall-NAS', 'Abbey', 'Far']);
  t.is(newcomerOf(after, before)?.name, 'Far');
  t.is(newcomerOf(after, new Set(['h', ...before])), undefined);
});

test('a recording server with cameras that nobody watches is unprotected; a failover server is not', (t) => {
  t.true(isUnprotected(row('Barn-NAS')));
  t.false(isUnprotected(row('Office-NAS')));
  t.false(isUnprotected(row('Spare-2')));
  t.false(isUnprotected(row('Old office')));
});

test('the host updates those it manages, who stay, and whose release is known', (t) => {
  t.deepEqual(
    rows.filter(isUpdatable).map(({ name }) => name),
    ['Barn-NAS', 'Gate-NAS', 'Office-NAS', 'Old office', 'Spare-1', 'Spare-2', 'Yard-NAS'],
  );
  t.false(isUpdatable({ ...row('Office-NAS'), version: undefined }));
  const elsewhere = rowsOf(site.status, site.known, { ...OWN, isHost: false });
  t.deepEqual(elsewhere.filter(isUpdatable), []);
});

test('every state of a watched server and every trouble of it has its words', (t) => {
  const states = watchState.options.map((state) => `watch.${state}`);
  const troubles = COVER_REASONS.map((why) => `trouble.${why}`);
  t.deepEqual([...states.filter((key) => !(key in watching)), ...troubles.filter((key) => !(key in servers))], []);
});
