import test from 'ava';
import { createSiteCopies, siteCopyFileSchema } from '../../src/control/site-copy.ts';
import type { SiteCopies, SiteCopy, SiteCopyFile } from '../../src/control/site-copy.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import type { SettingsFile } from '../../src/settings/settings-file.ts';
import type { HostRole } from '../../src/site/host-role.ts';
import { MAX_PEERS } from '../../src/site/peer.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { memoryFile, memorySettings, OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';

const HOST = serverIdOf(9);
const roleOf = (hostId: string, term = 1): HostRole => ({
  siteId: hostId,
  hostId,
  term,
  since: 1,
  successors: [],
  acting: false,
});
type Rig = {
  readonly copies: SiteCopies;
  readonly settings: MemorySettings;
  readonly file: SettingsFile<SiteCopyFile>;
  readonly sent: { readonly to: string; readonly copy: SiteCopy }[];
  reachable: readonly string[];
  fails: boolean;
};
async function rigOf(
  mode: 'host' | 'failover',
  hostRole: HostRole,
  answer: () => Promise<unknown> = async () => await Promise.resolve({}),
): Promise<Rig> {
  const settings = memorySettings({ mode, peers: [peerOf(2, { mode: 'failover' }), peerOf(3)] });
  await settings.server.update((server) => ({ ...server, hostRole }));
  const file = memoryFile<SiteCopyFile>(siteCopyFileSchema, {});
  const sent: { to: string; copy: SiteCopy }[] = [];
  const rig = { reachable: [serverIdOf(2)] as readonly string[], fails: false };
  const copies = createSiteCopies({
    settings,
    file,
    reachable: () => rig.reachable,
    request: async (to, _method, copy) => {
      if (rig.fails) throw new UnderstudyError('unavailable', 'peer/timeout', 'late');
      sent.push({ to, copy: copy as SiteCopy });
      return await answer();
    },
    clock: createFakeClock(),
    log: silentLog,
  });
  return Object.assign(rig, { copies, settings, file, sent });
}
const copyOf = (more: Partial<SiteCopy> = {}): SiteCopy => ({
  format: 1,
  siteId: HOST,
  hostId: HOST,
  term: 1,
  serial: 1,
  takenAt: 5,
  documents: { peers: [peerOf(2)], site: { policy: { standbyLevels: {} }, protection: [] }, licences: [] },
  ...more,
});
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'taken';
  } catch (error) {
    return error instanceof UnderstudyError ? error.code : String(error);
  }
}

test('the host sends a copy once, and again after a change with a higher serial', async (t) => {
  const rig = await rigOf('host', roleOf(OWN_ID));
  await rig.copies.review();
  await rig.copies.review();
  t.deepEqual(
    rig.sent.map(({ to, copy }) => [to, copy.serial]),
    [[serverIdOf(2), 1]],
  );
  t.true(rig.copies.hasNewest(serverIdOf(2)));
  await rig.settings.peers.update(({ peers }) => ({ peers: [...peers, peerOf(4)] }));
  t.false(rig.copies.hasNewest(serverIdOf(2)), 'what it has is older than the site');
  rig.fails = true;
  await rig.copies.review();
  await new Promise((resolve) => setImmediate(resolve));
  t.false(rig.copies.hasNewest(serverIdOf(2)));
  rig.fails = false;
  await rig.copies.review();
  t.is(rig.sent.at(-1)?.copy.serial, 2);
  t.is(rig.sent.at(-1)?.copy.documents.peers.length, 3);
  t.is(rig.copies.latest()?.serial, 2);
});

test('a server has a copy when it has said so, not while it is sent', async (t) => {
  const answer = Promise.withResolvers<unknown>();
  const rig = await rigOf('host', roleOf(OWN_ID), async () => await answer.promise);
  await rig.copies.review();
  t.false(rig.copies.hasNewest(serverIdOf(2)));
  answer.resolve({});
  await new Promise((resolve) => setImmediate(resolve));
  t.true(rig.copies.hasNewest(serverIdOf(2)));
  await rig.settings.server.update((server) => ({ ...server, hostRole: roleOf(OWN_ID) }));
  t.true(rig.copies.hasNewest(serverIdOf(2)), 'the same values, written again');
});

test('a server that is no host copies nothing', async (t) => {
  const rig = await rigOf('failover', roleOf(HOST));
  await rig.copies.review();
  t.deepEqual(rig.sent, []);
  t.is(rig.copies.latest(), undefined);
});

test('a copy is taken from the host whom this server follows, in its term, and an older one does not replace a newer one', async (t) => {
  const { copies } = await rigOf('failover', roleOf(HOST, 2));
  t.is(await codeOf(copies.take(serverIdOf(2), copyOf({ term: 2 }))), 'peer/not-yours');
  t.is(await codeOf(copies.take(HOST, copyOf({ term: 1 }))), 'peer/not-yours');
  t.is(await codeOf(copies.take(HOST, copyOf({ term: 2, hostId: OWN_ID }))), 'peer/not-yours');
  t.is(await codeOf(copies.take(HOST, copyOf({ term: 2, siteId: OWN_ID }))), 'peer/not-yours');
  t.is(copies.latest(), undefined);
  t.is(await codeOf(copies.take(HOST, copyOf({ term: 2, serial: 7 }))), 'taken');
  t.is(await codeOf(copies.take(HOST, copyOf({ term: 2, serial: 6, takenAt: 99 }))), 'taken');
  t.is(copies.latest()?.serial, 7);
});

test('the copy of an earlier term gives way, whatever its serial', async (t) => {
  const { copies, settings } = await rigOf('failover', roleOf(HOST, 2));
  await copies.take(HOST, copyOf({ term: 2, serial: 40 }));
  await settings.server.update((server) => ({ ...server, hostRole: roleOf(HOST, 3) }));
  await copies.take(HOST, copyOf({ term: 3, serial: 1 }));
  t.like(copies.latest(), { term: 3, serial: 1 });
});

test('what is no copy is refused, and more servers than a site may have', async (t) => {
  const { copies } = await rigOf('failover', roleOf(HOST));
  const peers = Array.from({ length: MAX_PEERS + 1 }, (_, index) => peerOf(index + 10));
  t.is(await codeOf(copies.take(HOST, copyOf({ documents: { ...copyOf().documents, peers } }))), 'peer/params');
  const random = createRandom(3);
  const values = [undefined, null, 1, -1, '', HOST, [], {}, Number.NaN, copyOf().documents];
  for (let round = 0; round < 500; round += 1) {
    const raw = Object.fromEntries(
      Object.keys(copyOf()).map((name) => [
        name,
        random.chance(0.5) ? random.pick(values) : Reflect.get(copyOf(), name),
      ]),
    );
    t.true(['peer/params', 'peer/not-yours', 'taken'].includes(await codeOf(copies.take(HOST, raw))));
  }
  t.is(await codeOf(copies.take(HOST, undefined)), 'peer/params');
});

test('accounts of the site go along: a changed one makes a new copy, the use of a token none', async (t) => {
  const rig = await rigOf('host', roleOf(OWN_ID));
  const anna = { id: 'user-1', username: 'anna', role: 'owner', passwordHash: 'hash', createdAt: 1 } as const;
  const token = { id: 'token-1', name: 'backup', role: 'viewer', secretHash: 'hash', createdAt: 1 } as const;
  await rig.settings.users.update(() => ({ users: [anna], tokens: [{ ...token, lastUsedAt: 5 }] }));
  await rig.copies.review();
  t.deepEqual(rig.sent[0]?.copy.documents.accounts, { users: [anna], tokens: [token] });
  await rig.settings.users.update((file) => ({ ...file, tokens: [{ ...token, lastUsedAt: 6 }] }));
  await rig.copies.review();
  t.is(rig.sent.length, 1);
  await rig.settings.users.update((file) => ({ ...file, users: [{ ...anna, passwordHash: 'another' }] }));
  await rig.copies.review();
  t.is(rig.sent[1]?.copy.documents.accounts?.users[0]?.passwordHash, 'another');
  t.is(rig.sent[1]?.copy.serial, 2);
});
