import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { checkWatcher, createProtectedSide, HAND_OVER_WITHIN_MS } from '../../src/control/protected-side.ts';
import type { ProtectedSide } from '../../src/control/protected-side.ts';
import { createRecordingProgress } from '../../src/control/recording-progress.ts';
import type { RecordingProgress } from '../../src/control/recording-progress.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { homeEpoch, MAX_EPOCH } from '../../src/failover/epochs.ts';
import type { FragmentReport, VolumeState, StreamState } from '../../src/wire/media-protocol.ts';
import type { PeerKeepAlive } from '../../src/wire/peer-protocol.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { cameraOf, memorySettings, OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';

const WATCHER = peerOf(2, { mode: 'failover', watcher: true, name: 'Backup' });
const OTHER = peerOf(3, { mode: 'failover', watcher: true, name: 'Cellar' });
const DOOR = { cameraId: 'cam-door', stream: 'main' } as const;
const DOOR_SUB = { cameraId: 'cam-door', stream: 'sub' } as const;
const YARD = { cameraId: 'cam-yard', stream: 'main' } as const;
const ALL = [DOOR, DOOR_SUB, YARD];
const GONE: VolumeState = { kind: 'unusable', cause: 'volume-gone', message: 'gone', freeBytes: 0, totalBytes: 0 };

type Rig = {
  readonly side: ProtectedSide;
  readonly settings: MemorySettings;
  readonly clock: FakeClock;
  readonly entries: NewActivity[];
  readonly asked: string[];
  readonly write: (cameraId: string, start: number, end: number) => void;
  readonly progress: RecordingProgress;
  yard: StreamState | undefined;
  answer: (peerId: string) => Promise<unknown>;
};
function rigOf(given: Parameters<typeof memorySettings>[0] = {}): Rig {
  const cameras = [
    cameraOf('cam-door', { recordSub: true, sub: { url: 'rtsp://192.0.2.99/sub' } }),
    cameraOf('cam-yard'),
  ];
  const settings = memorySettings({ mode: 'recording', cameras, volumes: ['vol-1'], peers: [WATCHER], ...given });
  const clock = createFakeClock();
  const progress = createRecordingProgress(clock);
  const entries: NewActivity[] = [];
  const asked: string[] = [];
  const rig = {
    yard: undefined as StreamState | undefined,
    answer: async (_peerId: string): Promise<unknown> => await Promise.resolve({ missing: [], covered: ALL }),
  };
  const side = createProtectedSide({
    settings,
    document: {
      document: () => 'the document' as never,
      revision: () => 'r1',
      changed: () => undefined,
      stop: () => undefined,
    },
    progress,
    state: {
      streamOf: (cameraId) =>
        cameraId === 'cam-door' ? { state: { kind: 'recording' } } : rig.yard && { state: rig.yard },
      volumeOf: () => ({ state: GONE }),
    },
    mediaIsUp: () => true,
    homeEpoch,
    request: async (peerId, method) => {
      asked.push(`${peerId} ${method}`);
      return await rig.answer(peerId);
    },
    connected: () => [WATCHER.id, OTHER.id],
    activity: { record: (entry) => entries.push(entry) },
    clock,
    log: silentLog,
  });
  const write: Rig['write'] = (cameraId, start, end) => {
    const fragment = { cameraId, stream: 'main', volumeId: 'vol-1', start, end, continuous: true } as FragmentReport;
    progress.push({ kind: 'fragments-written', at: end, fragments: [fragment] });
  };
  return Object.assign(rig, { side, settings, clock, entries, asked, write, progress });
}

test('a keep-alive tells every stream that is to be recorded, what volumes suffer from, revision and epoch', (t) => {
  const { side, write } = rigOf({ epoch: 7 });
  write('cam-door', 1000, 2000);
  const facts = side.facts();
  t.deepEqual(
    facts.streams.map(({ cameraId, stream, state }) => `${cameraId} ${stream} ${state}`),
    ['cam-door main recording', 'cam-door sub recording', 'cam-yard main waiting'],
  );
  t.is(facts.streams[0]?.durableUntil, 2000);
  t.like(facts, { media: 'up', settingsRevision: 'r1', epoch: 7, volumes: [{ id: 'vol-1', cause: 'volume-gone' }] });
});

test('a keep-alive tells of a disk that hangs before it is given up: the volume, and the streams on it', (t) => {
  const { side, progress, write } = rigOf();
  write('cam-door', 1000, 2000);
  progress.push({ kind: 'volume-waiting', at: 1, volumeId: 'vol-1', waiting: true });
  const { streams, volumes } = side.facts();
  t.like(streams[0], { cameraId: 'cam-door', stream: 'main', state: 'failed', cause: 'volume-error' });
  t.deepEqual(volumes, [{ id: 'vol-1', cause: 'volume-error' }]);
});

test('cameras that are off, or not recorded, are not told; nor any of a failover server', (t) => {
  const cameras = [cameraOf('cam-1', { enabled: false }), cameraOf('cam-2', { record: false })];
  t.deepEqual(rigOf({ cameras }).side.facts().streams, []);
  t.deepEqual(rigOf({ mode: 'failover' }).side.facts().streams, []);
});

test('whoever covers asks whether it records again: since when, until when, in which epoch', async (t) => {
  const { side, write, clock } = rigOf({ epoch: 256 });
  write('cam-door', 5000, 9000);
  await clock.advance(120);
  const confirm = side.handlers['handover.confirm'];
  const streams = [
    { cameraId: 'cam-door', stream: 'main' },
    { cameraId: 'cam-yard', stream: 'main' },
  ];
  t.deepEqual(confirm?.({ streams }), {
    streams: [{ ...streams[0], since: 5000, until: 9000, idleMs: 120, epoch: 256 }],
    noRoom: [],
  });
  for (const bad of [undefined, {}, { streams: 'all' }, { streams: [{ cameraId: 'x'.repeat(65), stream: 'main' }] }])
    t.throws(() => confirm?.(bad), { instanceOf: UnderstudyError, code: 'peer/params' });
  const many = Array.from({ length: 257 }, () => streams[0]);
  t.throws(() => confirm?.({ streams: many }), { code: 'peer/params' });
});

test('it says which cameras have no session for it, and tells that from other refusals', (t) => {
  const rig = rigOf();
  const streams = [
    { cameraId: 'cam-door', stream: 'main' },
    { cameraId: 'cam-yard', stream: 'main' },
  ];
  const refused = { kind: 'failed', cause: 'camera-refused', message: 'no', retryAt: 0 } as const;
  const noRoom = (): unknown => rig.side.handlers['handover.confirm']?.({ streams });
  rig.yard = refused;
  t.like(noRoom(), { noRoom: [] });
  rig.yard = { ...refused, about: 'room' };
  t.like(noRoom(), { noRoom: [streams[1]] });
  rig.yard = { kind: 'connecting' };
  t.like(noRoom(), { noRoom: [] });
});

const keepAliveWith = (serverId: string, epoch: number): PeerKeepAlive =>
  ({ kind: 'keep-alive', covering: [{ serverId, epoch, state: 'covering', streams: [] }] }) as unknown as PeerKeepAlive;
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

test('back from a failure it takes an epoch above the one in which it was covered, once', async (t) => {
  const { side, settings } = rigOf({ epoch: 1 });
  for (let times = 0; times < 3; times += 1) side.heard(WATCHER.id, keepAliveWith(OWN_ID, 300));
  await settled();
  t.is(settings.server.get().epoch, homeEpoch(300));
  side.heard(WATCHER.id, keepAliveWith(OWN_ID, 299));
  await settled();
  t.is(settings.server.get().epoch, homeEpoch(300));
});

test('strangers, covers of others and impossible epochs raise nothing', async (t) => {
  const { side, settings } = rigOf({ epoch: 1, peers: [WATCHER, peerOf(3)] });
  side.heard(serverIdOf(3), keepAliveWith(OWN_ID, 300));
  side.heard(serverIdOf(9), keepAliveWith(OWN_ID, 300));
  side.heard(WATCHER.id, keepAliveWith(serverIdOf(4), 300));
  for (const epoch of [MAX_EPOCH, 1.5e300, Number.NaN, -1]) side.heard(WATCHER.id, keepAliveWith(OWN_ID, epoch));
  await settled();
  t.is(settings.server.get().epoch, 1);
});

test('before a planned stop those that protect it are asked to record first', async (t) => {
  const { side, asked, entries, clock } = rigOf();
  await side.handOver('update');
  t.deepEqual(asked, [`${WATCHER.id} handover.request`]);
  t.like(entries[0], {
    code: 'handed-over',
    message: 'Backup records the cameras of this server before it stops (update).',
  });
  t.is(clock.pendingTimers(), 0, 'nothing is left behind that keeps the process');
});

test('a hand-over that is refused, incomplete, unreadable or too late is told, and holds nothing up', async (t) => {
  for (const [answer, words] of [
    [async () => await Promise.reject(new Error('it has no channel')), /it has no channel/],
    [async () => await Promise.resolve({ missing: [{}, {}], covered: [DOOR] }), /Backup does not record 2 streams/],
    [async () => await Promise.resolve({ missing: [], covered: [DOOR, {}, 7] }), /Backup does not record 2 streams/],
    [async () => await Promise.resolve({ missing: [] }), /does not say what is recorded/],
    [async () => await Promise.resolve('yes'), /cannot be read/],
    [async () => await new Promise(() => undefined), /no answer in time/],
  ] as const) {
    const rig = rigOf();
    rig.answer = answer;
    const done = rig.side.handOver('planned stop');
    await rig.clock.advance(HAND_OVER_WITHIN_MS + 1);
    await done;
    t.is(rig.entries.length, 1);
    t.is(rig.entries[0]?.code, 'hand-over-incomplete');
    t.regex(rig.entries[0]?.message ?? '', words);
  }
});

test('a server that records nothing, or that nobody protects, asks nobody', async (t) => {
  for (const given of [{ cameras: [] }, { peers: [] }, { mode: 'failover' as const }]) {
    const rig = rigOf(given);
    await rig.side.handOver('planned stop');
    t.deepEqual(rig.asked, []);
    t.deepEqual(rig.entries, []);
  }
});

test('settings and footage are handed to watchers and the manager only', (t) => {
  const settings = memorySettings({ peers: [WATCHER, peerOf(3, { managesUs: true, mode: 'host' }), peerOf(4)] });
  t.notThrows(() => checkWatcher(settings, WATCHER.id));
  t.notThrows(() => checkWatcher(settings, serverIdOf(3)));
  for (const id of [serverIdOf(4), serverIdOf(9)])
    t.throws(() => checkWatcher(settings, id), { code: 'peer/not-yours' });
});

test('a person who will stop it is told whether all is recorded by others, by whom, and until when', async (t) => {
  const rig = rigOf();
  const asked = { holdSeconds: 600, user: 'olga' };
  const safe = await rig.side.relieve(asked);
  t.like(safe, { serverName: rig.settings.server.get().name, safe: true, streams: 3, missing: [] });
  t.deepEqual(safe.by, [{ serverId: WATCHER.id, name: 'Backup', missing: 0 }]);
  t.is(Date.parse(safe.until), rig.clock.now() + 600_000);
  t.like(rig.entries[0], { severity: 'info', code: 'handed-over', user: 'olga' });
  rig.answer = async () => await Promise.resolve({ missing: [DOOR], covered: [DOOR_SUB, YARD] });
  const begun = (await rig.side.handlers['handover.begin']?.(asked)) as typeof safe;
  t.like(begun, { safe: false, missing: [DOOR] });
  rig.answer = async () => await Promise.reject(new Error('no room'));
  const refused = await rig.side.relieve(asked);
  t.like(refused, { safe: false, by: [{ problem: 'no room', missing: 3 }] });
  t.is(refused.missing.length, 3);
  await t.throwsAsync(async () => await rig.side.handlers['handover.begin']?.({ holdSeconds: 1, user: 'x' }), {
    code: 'peer/params',
  });
});

test('nobody is asked for a server that records nothing, and nothing is promised without a failover server', async (t) => {
  const asked = { holdSeconds: 600, user: 'olga' };
  await t.throwsAsync(rigOf({ cameras: [] }).side.relieve(asked), { code: 'handover/nothing' });
  await t.throwsAsync(rigOf({ peers: [] }).side.relieve(asked), { code: 'handover/nobody' });
});

test('only what a failover server names as recorded is safe: not what it leaves out, or an older one does not tell', async (t) => {
  const asked = { holdSeconds: 600, user: 'olga' };
  const rig = rigOf({ peers: [WATCHER, OTHER] });
  const say = (one: unknown, other: unknown): void => {
    rig.answer = async (peerId) => await Promise.resolve(peerId === WATCHER.id ? one : other);
  };
  // The other one has no settings backup, or an older one in which the yard is missing.
  for (const covered of [[], [DOOR, DOOR_SUB]]) {
    say({ missing: [YARD], covered: [DOOR, DOOR_SUB] }, { missing: [], covered });
    t.like(await rig.side.relieve(asked), { safe: false, missing: [YARD] });
  }
  say({ missing: [] }, { missing: [] });
  const older = await rig.side.relieve(asked);
  t.like(older, { safe: false, missing: ALL });
  t.deepEqual(
    older.by.map(({ missing, problem }) => [missing, problem]),
    [1, 2].map(() => [3, 'the answer does not say what is recorded (older release)']),
  );
  // Together they record all; entries that cannot be read record nothing.
  say({ missing: [YARD], covered: [DOOR, DOOR_SUB] }, { missing: [], covered: [YARD] });
  const together = await rig.side.relieve(asked);
  t.like(together, { safe: true, missing: [] });
  t.deepEqual(
    together.by.map(({ missing }) => missing),
    [1, 2],
  );
  say({ missing: [], covered: [DOOR, DOOR_SUB, { cameraId: 'cam-yard', stream: 'third' }] }, 'yes');
  t.like(await rig.side.relieve(asked), { safe: false, missing: [YARD] });
});

test('before a planned stop two failover servers that record all of it together are no cause for a warning', async (t) => {
  const rig = rigOf({ peers: [WATCHER, OTHER] });
  rig.answer = async (peerId) => await Promise.resolve({ missing: [], covered: peerId === WATCHER.id ? ALL : [] });
  await rig.side.handOver('update');
  t.deepEqual(
    rig.entries.map(({ code }) => code),
    ['handed-over'],
  );
});
