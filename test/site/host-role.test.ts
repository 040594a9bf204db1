import test from 'ava';
import {
  following,
  hostRoleSchema,
  isAbove,
  isHost,
  MAX_SUCCESSORS,
  MAX_TERM,
  obstacleOf,
  settled,
  succeededBy,
  successorsOf,
  taking,
  toldRoleSchema,
  verdictOn,
  withOwnRole,
} from '../../src/site/host-role.ts';
import type { HostRole, RoleHolder, Successor, ToldRole } from '../../src/site/host-role.ts';
import { peerOf, serverIdOf } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';

const HOST = serverIdOf(1);
const SPARE = serverIdOf(2);
const RECORDER = serverIdOf(3);
const keyOf = (n: number): string => String(n).repeat(64);
const successorOf = (n: number, mode: Successor['mode'] = 'failover'): Successor => ({
  id: serverIdOf(n),
  name: `Server ${n}`,
  mode,
  fingerprint: keyOf(n),
});
const roleOf = (more: Partial<HostRole> = {}): HostRole => ({
  siteId: HOST,
  hostId: HOST,
  term: 1,
  since: 5,
  successors: [successorOf(2), successorOf(4)],
  acting: false,
  ...more,
});
const toldOf = (more: Partial<ToldRole> = {}): ToldRole => ({
  siteId: HOST,
  hostId: SPARE,
  term: 2,
  since: 9,
  successors: [],
  ...more,
});
const member = (hostRole?: HostRole): RoleHolder => ({ id: RECORDER, mode: 'recording', hostRole });
const spareSays = { id: SPARE, fingerprint: keyOf(2), isManager: false };

test('a server in mode host has the first term of a site of its own', (t) => {
  const server = withOwnRole<RoleHolder>({ id: HOST, mode: 'host' }, 7);
  t.like(server.hostRole, { siteId: HOST, hostId: HOST, term: 1, since: 7 });
  t.is(withOwnRole(server, 8), server);
  t.true(isHost(server));
  t.is(withOwnRole<RoleHolder>({ id: HOST, mode: 'recording' }, 7).hostRole, undefined);
});

test('made host again by its mode, a server stands above what its site had before', (t) => {
  const server: RoleHolder = { id: HOST, mode: 'host', hostRole: roleOf({ hostId: SPARE, term: 4 }) };
  t.like(withOwnRole(server, 9).hostRole, { siteId: HOST, hostId: HOST, term: 5 });
});

test('the higher term stands, then the lower id', (t) => {
  t.true(isAbove({ term: 3, hostId: SPARE }, { term: 2, hostId: HOST }));
  t.true(isAbove({ term: 2, hostId: HOST }, { term: 2, hostId: SPARE }));
  t.false(isAbove({ term: 2, hostId: SPARE }, { term: 2, hostId: SPARE }));
});

test('a successor whom the host named, by its key, is followed', (t) => {
  t.is(verdictOn(member(roleOf()), HOST, toldOf(), spareSays), 'follow');
  t.is(verdictOn(member(roleOf()), HOST, toldOf(), { ...spareSays, fingerprint: keyOf(9) }), 'refused');
  t.is(verdictOn(member(roleOf({ successors: [] })), HOST, toldOf(), spareSays), 'refused');
});

test('nobody speaks for somebody else, and nobody is its own host by hearsay', (t) => {
  t.is(verdictOn(member(roleOf()), HOST, toldOf({ hostId: serverIdOf(4) }), spareSays), 'refused');
  t.is(verdictOn({ ...member(roleOf()), id: SPARE }, HOST, toldOf(), spareSays), 'refused');
});

test('an earlier term is told that it is stale', (t) => {
  const own = member(roleOf({ hostId: SPARE, term: 2 }));
  const says = { id: HOST, fingerprint: keyOf(1), isManager: false };
  t.is(verdictOn(own, SPARE, toldOf({ hostId: HOST, term: 1 }), says), 'stale');
});

test('the present host is heard, and followed when it knows of a later term', (t) => {
  const says = { id: HOST, fingerprint: keyOf(1), isManager: true };
  t.is(verdictOn(member(), HOST, toldOf({ hostId: HOST, term: 1 }), says), 'follow');
  t.is(verdictOn(member(roleOf()), HOST, toldOf({ hostId: HOST, term: 1 }), says), 'same');
  t.is(verdictOn(member(roleOf()), HOST, toldOf({ hostId: HOST, term: 6 }), says), 'follow');
});

test('what a server remembers of a site that it has left gives nobody a right', (t) => {
  t.is(verdictOn(member(roleOf()), undefined, toldOf(), spareSays), 'refused');
  t.is(verdictOn(member(roleOf()), serverIdOf(8), toldOf(), spareSays), 'refused');
  t.is(verdictOn(member(), undefined, toldOf(), spareSays), 'refused');
});

test('a host that was succeeded yields, and records from then on', (t) => {
  const host: RoleHolder = { id: HOST, mode: 'host', hostRole: roleOf() };
  t.is(verdictOn(host, undefined, toldOf(), spareSays), 'follow');
  const after = following(host, toldOf(), successorOf(2));
  t.is(after.mode, 'recording');
  t.false(isHost(after));
  t.like(after.hostRole, { hostId: SPARE, term: 2, pending: 'follow', acting: false });
  t.is(settled(after).hostRole?.pending, undefined);
});

test('who takes the role is host only when all follows from it, and keeps its mode', (t) => {
  const spare = { id: SPARE, mode: 'failover' as const, hostRole: roleOf() };
  const during = taking(spare, 11);
  t.false(isHost(during));
  const after = settled(during);
  t.true(isHost(after));
  t.is(after.mode, 'failover');
  t.like(after.hostRole, { siteId: HOST, hostId: SPARE, term: 2, since: 11 });
  t.deepEqual(
    after.hostRole?.successors.map(({ id }) => id),
    [serverIdOf(4)],
  );
});

test('why the role cannot be taken', (t) => {
  const spare: RoleHolder = { id: SPARE, mode: 'failover', hostRole: roleOf() };
  t.is(obstacleOf(spare, HOST, keyOf(2)), undefined);
  t.is(obstacleOf(spare, HOST, keyOf(3)), 'site/not-successor');
  t.is(obstacleOf(spare, undefined, keyOf(2)), 'site/no-host');
  t.is(obstacleOf({ ...spare, hostRole: undefined }, HOST, keyOf(2)), 'site/not-successor');
  t.is(obstacleOf({ ...spare, id: RECORDER }, HOST, keyOf(2)), 'site/not-successor');
  t.is(obstacleOf({ ...spare, mode: 'host' }, HOST, keyOf(2)), 'site/is-host');
  t.is(obstacleOf({ ...spare, hostRole: roleOf({ term: MAX_TERM }) }, HOST, keyOf(2)), 'site/terms-used-up');
});

test('failover servers come first among those that may succeed, and no more than the bound', (t) => {
  const members = Array.from({ length: MAX_SUCCESSORS + 4 }, (_, index) =>
    peerOf(index + 10, { mode: index % 2 === 0 ? 'recording' : 'failover', enabled: index !== 1 }),
  );
  const all = successorsOf(members);
  t.is(all.length, MAX_SUCCESSORS);
  t.deepEqual(
    all,
    all.toSorted((a, b) => (a.mode < b.mode ? -1 : a.mode > b.mode ? 1 : a.id < b.id ? -1 : 1)),
  );
  t.false(all.some(({ id }) => id === serverIdOf(11)));
  t.true(hostRoleSchema.safeParse(roleOf({ successors: [...all] })).success);
});

test('random messages are refused or are roles', (t) => {
  const random = createRandom(41);
  const words = [HOST, SPARE, '', 'x', 1, 0, -1, 2 ** 53, null, [], [successorOf(2)], {}, Number.NaN];
  for (let round = 0; round < 2000; round += 1) {
    const raw = Object.fromEntries(
      ['siteId', 'hostId', 'term', 'since', 'successors', 'more']
        .filter(() => random.chance(0.9))
        .map((name) => [name, random.pick(words)]),
    );
    const { success, data } = toldRoleSchema.safeParse(raw);
    if (success) t.true(data.term >= 1 && data.term <= MAX_TERM && data.successors.length <= MAX_SUCCESSORS);
  }
  t.pass();
});

test('a server that was the host names who followed it, and nobody else does', (t) => {
  const host = { ...successorOf(2), host: '192.0.2.2', httpPort: 51_443 };
  const old = { id: HOST, mode: 'recording' as const, hostRole: roleOf({ hostId: SPARE, term: 2, host }) };
  const manager = { id: SPARE, name: 'Spare' };
  t.deepEqual(succeededBy(old, manager), { id: SPARE, name: 'Spare', host: '192.0.2.2', httpPort: 51_443 });
  t.like(succeededBy(old, { ...manager, host: '192.0.2.9', httpPort: 443 }), { host: '192.0.2.9', httpPort: 443 });
  t.is(succeededBy(old, undefined), undefined, 'it left the site');
  t.is(succeededBy(old, { id: RECORDER, name: 'Another site' }), undefined);
  t.is(succeededBy({ ...old, id: RECORDER }, manager), undefined, 'it was never the host');
  t.is(succeededBy({ id: HOST, mode: 'recording' }, manager), undefined);
});
