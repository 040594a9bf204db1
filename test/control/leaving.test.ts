/** Leaving a site at the member: who may say so, what goes, what stays, kills in the middle. */
import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { leaveSite } from '../../src/control/leaving.ts';
import { silentLog } from '../../src/core/log.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { cameraOf, memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';

const HOST = peerOf(9, { mode: 'host', managesUs: true, name: 'Head', locked: true });
const SPARE = peerOf(4, { mode: 'failover', watcher: true, introduced: true, name: 'Spare' });
const MINE = peerOf(5, { mode: 'failover', watcher: true, name: 'Mine' });
const KEEP = { cameras: 'keep', force: false };

type Rig = {
  readonly leave: (params?: unknown, from?: string) => Promise<void>;
  readonly settings: MemorySettings;
  readonly clock: FakeClock;
  readonly entries: NewActivity[];
  readonly forgets: string[];
  readonly forgotten: string[];
  readonly secrets: Map<string, string | undefined>;
  readonly refreshed: () => number;
  readonly peers: () => readonly PeerRecord[];
  held: readonly string[];
  silent: boolean;
  /** The data directory refuses the records of peers. */
  fails: boolean;
};
function rigOf(given: Parameters<typeof memorySettings>[0] = {}): Rig {
  const settings = memorySettings({
    mode: 'recording',
    peers: [HOST, SPARE, MINE],
    cameras: [cameraOf('cam-1')],
    ...given,
  });
  const clock = createFakeClock();
  const [entries, forgets, forgotten]: [NewActivity[], string[], string[]] = [[], [], []];
  const secrets = new Map<string, string | undefined>([['camera:cam-1', 'of the door']]);
  let refreshed = 0;
  const rig = { held: [] as readonly string[], silent: false, fails: false };
  const peersFile = {
    ...settings.peers,
    update: async (change: Parameters<MemorySettings['peers']['update']>[0]) => {
      if (rig.fails) throw new Error('killed');
      return await settings.peers.update(change);
    },
  };
  const leave = async (params: unknown = KEEP, from = HOST.id): Promise<void> =>
    await leaveSite(
      {
        settings: {
          ...settings,
          peers: peersFile,
          secrets: {
            get: (name: string) => secrets.get(name),
            set: async (changes: ReadonlyMap<string, string | undefined>) => {
              for (const [name, value] of changes) secrets.set(name, value);
              await Promise.resolve();
            },
          },
        },
        heldOf: (id) => (rig.held.includes(id) ? { words: '3 files (12.4 MB)', canStop: true } : undefined),
        isConnected: (id) => id !== MINE.id,
        sayForget: async (id) => {
          forgets.push(id);
          if (rig.silent) await new Promise(() => undefined);
        },
        refresh: () => (refreshed += 1),
        onForgotten: async (id) => {
          forgotten.push(id);
          await Promise.resolve();
        },
        activity: { record: (entry) => entries.push(entry) },
        clock,
        log: silentLog,
      },
      from,
      params,
    );
  const peers = (): readonly PeerRecord[] => settings.peers.get().peers;
  return Object.assign(rig, {
    leave,
    settings,
    clock,
    entries,
    forgets,
    forgotten,
    secrets,
    refreshed: () => refreshed,
    peers,
  });
}

test('host and servers that it introduced are forgotten, those that were authorized here stay', async (t) => {
  const rig = rigOf();
  await rig.leave();
  t.deepEqual(rig.peers(), [MINE]);
  t.deepEqual(rig.forgets, [SPARE.id], 'who protected it does not take this for a failure');
  t.is(rig.settings.cameras.get().cameras.length, 1);
  t.is(rig.secrets.get('camera:cam-1'), 'of the door');
  t.like(rig.entries, [{ code: 'site-left', severity: 'warning' }]);
  t.regex(rig.entries[0]?.message ?? '', /^Head detached this server.*goes on recording its 1 camera/);
  t.is(rig.refreshed(), 0, 'the answer is on its way before the connection ends');
  await rig.clock.advance(500);
  t.is(rig.refreshed(), 1);
});

test('cameras go with their passwords if the host says so, footage never', async (t) => {
  const rig = rigOf({ cameras: [cameraOf('cam-1'), cameraOf('cam-2')] });
  await rig.leave({ cameras: 'remove', force: false });
  t.deepEqual(rig.settings.cameras.get().cameras, []);
  t.is(rig.secrets.get('camera:cam-1'), undefined);
  t.regex(rig.entries[0]?.message ?? '', /removed its 2 cameras; their footage stays here/);
  const none = rigOf({ cameras: [] });
  await none.leave({ cameras: 'remove', force: false });
  t.is(none.entries[0]?.message, 'Head detached this server from its site.');
});

test('nobody but the host says so, and nothing but what was agreed', async (t) => {
  const rig = rigOf();
  for (const other of [SPARE.id, MINE.id, serverIdOf(77)])
    await t.throwsAsync(rig.leave(KEEP, other), { code: 'peer/not-yours' });
  const random = createRandom(7);
  const odd: unknown[] = [
    undefined,
    null,
    3,
    'keep',
    {},
    { cameras: 'keep' },
    { ...KEEP, cameras: 'burn' },
    { ...KEEP, more: 1 },
  ];
  for (let index = 0; index < 30; index += 1) odd.push(Buffer.from(random.bytes(random.int(0, 40))).toString('latin1'));
  for (const params of odd) {
    const given = params === undefined ? null : params;
    await t.throwsAsync(rig.leave(given), { code: 'peer/params' });
  }
  t.deepEqual(rig.peers(), [HOST, SPARE, MINE]);
  t.deepEqual(rig.forgets, []);
  const gone = rigOf({ peers: [{ ...HOST, forgottenAt: 1 }] });
  await t.throwsAsync(gone.leave(), { code: 'peer/not-yours' });
});

test('with footage that is not home it stays, unless it is forced; then the footage stays, and by whom it is', async (t) => {
  const protectedOne = peerOf(2, { watched: true, introduced: true, name: 'Hall' });
  const another = peerOf(3, { watched: true, introduced: true, name: 'Yard' });
  const rig = rigOf({ mode: 'failover', peers: [{ ...HOST, watched: true }, protectedOne, another], cameras: [] });
  rig.held = [protectedOne.id];
  const error = await t.throwsAsync(rig.leave(), { code: 'failover/covering' });
  t.is(error?.message, 'It still has footage of Hall: 3 files (12.4 MB).');
  t.is(rig.peers().length, 3);
  await rig.leave({ cameras: 'keep', force: true });
  t.like(rig.peers(), [{ id: protectedOne.id, managesUs: false, watcher: false }]);
  t.truthy(rig.peers()[0]?.forgottenAt);
  await rig.clock.advance(500);
  t.deepEqual(rig.forgotten, [HOST.id, another.id], 'what was kept for the others goes');
  const held = rigOf({ mode: 'failover', peers: [{ ...HOST, watched: true, locked: true }], cameras: [] });
  held.held = [HOST.id];
  await held.leave({ cameras: 'keep', force: true });
  t.like(held.peers(), [{ id: HOST.id, managesUs: false }]);
  t.is(held.peers()[0]?.locked, undefined, 'a host whose footage lies here locks nothing any more');
});

test('footage of a server that had deauthorized this one before holds nobody up', async (t) => {
  const before = peerOf(2, { watched: true, forgottenAt: 5, name: 'Hall' });
  const rig = rigOf({ mode: 'failover', peers: [HOST, before], cameras: [] });
  rig.held = [before.id];
  await rig.leave();
  t.deepEqual(rig.peers(), [before]);
});

test('a server that does not answer the goodbye is not waited for long', async (t) => {
  const rig = rigOf();
  rig.silent = true;
  const leaving = rig.leave();
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  t.is(rig.peers().length, 3);
  await rig.clock.advance(3000);
  await leaving;
  t.deepEqual(rig.peers(), [MINE]);
});

test('killed before the records were written, it is asked again and does the rest', async (t) => {
  const rig = rigOf();
  rig.fails = true;
  await t.throwsAsync(rig.leave({ cameras: 'remove', force: false }), { message: 'killed' });
  t.is(rig.peers().length, 3, 'its host still manages it, and may ask again');
  rig.fails = false;
  await rig.leave({ cameras: 'remove', force: false });
  t.deepEqual(rig.peers(), [MINE]);
  t.deepEqual(rig.settings.cameras.get().cameras, []);
});
