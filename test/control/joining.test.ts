import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { PROVISIONAL_MS, startJoinings } from '../../src/control/joining.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { durationMs } from '../../src/core/units.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';
import { code, REQUEST, rigOf } from './known-servers-rig.ts';

const UNFINISHED = { joining: { name: 'Before' } } as const;
const failure = new UnderstudyError('unavailable', 'peer/timeout', 'no answer');

test('while a server is added its record says so, and no more once it is', async (t) => {
  const rig = rigOf({ mode: 'host' });
  const seen: (string | undefined)[] = [];
  const complete = async ({ id }: PeerRecord): Promise<void> => {
    seen.push(rig.known.find(id).joining?.name);
    t.true(rig.known.isJoining(id));
    await Promise.resolve();
  };
  await rig.known.add(REQUEST, 'anna', { complete });
  t.deepEqual(seen, ['Hall'], 'with the name it had');
  t.false(rig.known.isJoining(serverIdOf(2)));
  t.false('joining' in (rig.peers()[0] ?? {}));
});

test('what fails once it is connected is taken back on both sides', async (t) => {
  const rig = rigOf({ mode: 'host' });
  await t.throwsAsync(
    rig.known.add(REQUEST, 'anna', { complete: async () => await Promise.reject(failure) }),
    code('peer/timeout'),
  );
  t.deepEqual([rig.peers(), rig.forgets], [[], [serverIdOf(2)]]);
  t.false(rig.entries.some((entry) => entry.code === 'server-authorized'));
});

test('one that is gone before it can be told is kept as unfinished, and may be added again', async (t) => {
  const rig = rigOf({ mode: 'host' });
  const lost = async (): Promise<never> => {
    rig.reachable = false;
    return await Promise.reject(failure);
  };
  await t.throwsAsync(rig.known.add(REQUEST, 'anna', { complete: lost }), code('peer/timeout'));
  t.like(rig.peers(), [{ id: serverIdOf(2), joining: { name: 'Hall' } }]);
  rig.reachable = true;
  await rig.known.add(REQUEST, 'anna');
  t.is(rig.peers().length, 1);
  t.false('joining' in (rig.peers()[0] ?? {}));
});

test('one that is unfinished and fails again goes as a new one does', async (t) => {
  const rig = rigOf({ mode: 'host', peers: [peerOf(2, UNFINISHED)] });
  rig.reachable = false;
  await t.throwsAsync(rig.known.add(REQUEST, 'anna'), code('server/peer-port'));
  t.deepEqual(rig.peers(), []);
});

test('two who add the same server at once: one of them does', async (t) => {
  const rig = rigOf({ mode: 'host' });
  let second: Promise<unknown> | undefined;
  const complete = async (): Promise<void> => {
    second = t.throwsAsync(rig.known.add(REQUEST, 'otto'), code('server/known'));
    await second;
  };
  await rig.known.add(REQUEST, 'anna', { complete });
  t.is(rig.peers().length, 1);
  t.deepEqual(rig.forgets, []);
});

test('one that is paired by a code is being added too, until its first backup is here', async (t) => {
  const rig = rigOf();
  const seen: boolean[] = [];
  rig.backup = async () => {
    seen.push(rig.known.isJoining(serverIdOf(2)), rig.known.find(serverIdOf(2)).joining !== undefined);
    return await Promise.resolve();
  };
  const { id, name, mode, fingerprint, peerPort } = peerOf(2);
  const identity = { id, name, mode, fingerprint, ...(peerPort === undefined ? {} : { peerPort }) };
  await rig.known.paired({ identity, host: '192.0.2.2' });
  t.deepEqual(seen, [true, true]);
  t.false(rig.known.isJoining(id));
  t.false('joining' in rig.known.find(id));
});

test('whoever introduces itself is kept for the time being; one that was known before stays as it was', async (t) => {
  const peer = { id: serverIdOf(9), name: 'Office', mode: 'host', fingerprint: '9'.repeat(64) } as const;
  const rig = rigOf({ mode: 'recording', peers: [peerOf(3, { mode: 'failover' })] });
  await rig.known.introduce({ peer, role: 'manages' }, 'anna');
  t.like(rig.known.find(serverIdOf(9)), { managesUs: true, provisional: true });
  const { name, mode, fingerprint } = peerOf(3, { mode: 'failover' });
  await rig.known.introduce({ peer: { id: serverIdOf(3), name, mode, fingerprint }, role: 'protects' }, 'anna');
  t.false('provisional' in rig.known.find(serverIdOf(3)));
});

function looksOf(peers: readonly PeerRecord[]) {
  const settings = memorySettings({ mode: 'recording', peers });
  const clock = createFakeClock();
  const entries: NewActivity[] = [];
  const told: string[] = [];
  const rig = {
    connected: new Set<string>(),
    joining: new Set<string>(),
    isDeaf: false,
    onTold: (_id: string): unknown => undefined,
  };
  const joinings = startJoinings({
    settings,
    clock,
    log: silentLog,
    isConnected: (id) => rig.connected.has(id),
    sayForget: async (id) => {
      if (rig.isDeaf) throw failure;
      told.push(id);
      rig.onTold(id);
      await Promise.resolve();
    },
    refresh: () => undefined,
    known: {
      isJoining: (id) => rig.joining.has(id),
      remove: async (id) => {
        await settings.peers.update((file) => ({ peers: file.peers.filter((peer) => peer.id !== id) }));
      },
    },
    activity: { record: (entry) => entries.push(entry) },
  });
  const ids = (): readonly string[] => settings.peers.get().peers.map(({ id }) => id);
  return Object.assign(rig, { settings, clock, entries, told, joinings, ids });
}
const HOST = peerOf(9, { mode: 'host', managesUs: true, provisional: true, name: 'Office' });

test('a host that introduced itself and is heard is kept', async (t) => {
  const rig = looksOf([HOST]);
  rig.connected.add(HOST.id);
  await rig.joinings.look();
  rig.connected.clear();
  await rig.clock.advance(durationMs(10 * PROVISIONAL_MS));
  await rig.joinings.look();
  t.deepEqual(rig.ids(), [HOST.id]);
  t.false('provisional' in (rig.settings.peers.get().peers[0] ?? {}));
});

test('a host that introduced itself and is never heard is forgotten after a minute, and said so', async (t) => {
  const rig = looksOf([HOST, peerOf(3)]);
  await rig.joinings.look();
  await rig.clock.advance(durationMs(PROVISIONAL_MS - 1));
  t.deepEqual(rig.ids(), [HOST.id, serverIdOf(3)]);
  await rig.clock.advance(durationMs(5000));
  await rig.joinings.look();
  t.deepEqual(rig.ids(), [serverIdOf(3)]);
  t.regex(rig.entries[0]?.message ?? '', /^Office introduced itself and was not heard/);
});

test('a host that is forgotten and introduces itself anew at once has its whole minute again', async (t) => {
  const rig = looksOf([HOST]);
  await rig.joinings.look();
  await rig.clock.advance(durationMs(PROVISIONAL_MS - 1000));
  while (rig.ids().length > 0) await rig.clock.advance(durationMs(250));
  await rig.settings.peers.update(() => ({ peers: [{ ...HOST, addedAt: HOST.addedAt + 1 }] }));
  await rig.joinings.look();
  await rig.clock.advance(durationMs(PROVISIONAL_MS / 2));
  t.deepEqual(rig.ids(), [HOST.id]);
});

test('what was cut off is taken back once the other side is there, and not before; what is being added is left alone', async (t) => {
  const rig = looksOf([peerOf(4, UNFINISHED), peerOf(5, UNFINISHED)]);
  rig.joining.add(serverIdOf(5));
  await rig.joinings.look();
  t.deepEqual([rig.told, rig.ids().length], [[], 2]);
  rig.connected = new Set([serverIdOf(4), serverIdOf(5)]);
  rig.isDeaf = true;
  await rig.joinings.look();
  t.is(rig.ids().length, 2, 'not told: tried again');
  rig.isDeaf = false;
  await rig.joinings.look();
  t.deepEqual([rig.told, rig.ids()], [[serverIdOf(4)], [serverIdOf(5)]]);
  t.regex(rig.entries[0]?.message ?? '', /^Adding Server 4 was cut off/);
});

/** Paired by a code that this server showed: nobody here knows where it is. */
const { host: _nowhere, ...DIALS_IN } = peerOf(4, { ...UNFINISHED, watched: false });

test('one that was told that it is paired is added when it connects, although its host was killed meanwhile', async (t) => {
  const rig = looksOf([DIALS_IN]);
  rig.connected.add(DIALS_IN.id);
  await rig.joinings.look();
  t.deepEqual([rig.told, rig.ids()], [[], [DIALS_IN.id]]);
  t.false('joining' in (rig.settings.peers.get().peers[0] ?? {}));
  t.regex(rig.entries[0]?.message ?? '', /^Server 4 was paired by a code/);
});

test('one that dials in and never does, for it was not told before a kill that it is paired, is forgotten after a minute', async (t) => {
  const rig = looksOf([DIALS_IN, { ...DIALS_IN, id: serverIdOf(5), watched: true }, peerOf(6, UNFINISHED)]);
  await rig.joinings.look();
  await rig.clock.advance(durationMs(PROVISIONAL_MS - 1));
  t.is(rig.ids().length, 3);
  await rig.clock.advance(durationMs(5000));
  await rig.joinings.look();
  t.deepEqual(rig.ids(), [serverIdOf(6)], 'one whose address is known is told when it is back');
  t.is(rig.entries.length, 2);
});

test('one that is added again while it is told to forget stays with whoever adds it now', async (t) => {
  const rig = looksOf([peerOf(4, UNFINISHED)]);
  rig.connected.add(serverIdOf(4));
  rig.onTold = (id) => rig.joining.add(id);
  await rig.joinings.look();
  t.deepEqual([rig.told, rig.ids()], [[serverIdOf(4)], [serverIdOf(4)]]);
  t.deepEqual(rig.entries, []);
});

test('whatever comes and goes, servers that were added stay and the others go', async (t) => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = createRandom(seed);
    const kinds = [{}, UNFINISHED, { provisional: true }] as const;
    const peers = Array.from({ length: 12 }, (_, index) => peerOf(index + 2, random.pick(kinds)));
    const rig = looksOf(peers);
    const heard = new Set<string>();
    for (let step = 0; step < 30; step += 1) {
      rig.connected = new Set(peers.map(({ id }) => id).filter(() => random.chance(0.05)));
      rig.isDeaf = random.chance(0.3);
      await rig.joinings.look();
      for (const id of rig.connected) heard.add(id);
      await rig.clock.advance(durationMs(random.int(0, 5000)));
    }
    rig.isDeaf = false;
    for (const { id, provisional } of peers) if (provisional === undefined) rig.connected.add(id);
    await rig.joinings.look();
    await rig.clock.advance(durationMs(PROVISIONAL_MS + 5000));
    await rig.joinings.look();
    const left = new Set(rig.ids());
    for (const { id, joining, provisional } of peers) {
      if (joining !== undefined) t.false(left.has(id), `seed ${seed}`);
      else if (provisional === undefined) t.true(left.has(id), `seed ${seed}`);
      else if (!heard.has(id)) t.false(left.has(id), `seed ${seed}`);
    }
    await rig.joinings.stop();
  }
});
