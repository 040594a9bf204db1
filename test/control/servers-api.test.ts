import test from 'ava';
import { knownServer } from '../../src/api/contract/failover.ts';
import { createServersApi } from '../../src/control/servers-api.ts';
import type { ServersApiDeps } from '../../src/control/servers-api.ts';
import { MAX_NOT_READY_LISTED } from '../../src/control/standby-summary.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import type { StandbyView } from '../../src/cover/cover-types.ts';
import type { DiscoveredPeer } from '../../src/discovery/lan-peer.ts';
import type { Event, Happening, State } from '../../src/failover/machine-types.ts';
import { initialState, policyOf, step } from '../../src/failover/machine.ts';
import { failoverSettingsSchema } from '../../src/site/failover-settings.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';

const R = serverIdOf(11);
const DOOR = { cameraId: 'cam-door', stream: 'main' } as const;
const POLICY = policyOf(failoverSettingsSchema.parse({}));
const RECORD = peerOf(11, { watched: true, name: 'Hall' });

function apiOf(more: Partial<ServersApiDeps> = {}, mode: 'recording' | 'failover' | 'host' = 'failover') {
  return createServersApi({
    settings: memorySettings({ mode, peers: [RECORD, peerOf(2, { mode: 'failover' })] }),
    known: { find: (id: string) => (id === R ? RECORD : peerOf(2)) } as ServersApiDeps['known'],
    network: {
      statusOf: () => undefined,
      refresh: () => undefined,
      openPairing: () => ({ code: 'ABCD-EFGH', expiresAt: epochMs(1) }),
      pairWith: async () => await Promise.reject(new UnderstudyError('forbidden', 'pairing/code', 'wrong code')),
      fingerprint: 'f'.repeat(64),
    },
    stateOf: () => undefined,
    heardOf: () => undefined,
    backups: {
      stateOf: () => ({ takenAt: undefined, revision: undefined, problem: undefined }),
      latest: () => undefined,
    } as unknown as ServersApiDeps['backups'],
    standbyOf: () => [],
    search: async () => await Promise.resolve([]),
    adding: {} as ServersApiDeps['adding'],
    detaching: { isMember: () => false, problemOf: () => undefined } as unknown as ServersApiDeps['detaching'],
    securing: { problemOf: () => 'Spare has 3 files' } as unknown as ServersApiDeps['securing'],
    fetchFingerprint: async () => await Promise.resolve('f'.repeat(64)),
    activity: { record: () => undefined },
    ...more,
  });
}
test('a server that was refused, and why, is in the log with who asked; no password and no code is', async (t) => {
  const told: string[] = [];
  const refuse = async (): Promise<never> =>
    await Promise.reject(new UnderstudyError('invalid', 'server/credentials', 'It knows no such user.'));
  const api = apiOf({
    known: {
      find: () => RECORD,
      add: refuse,
      authorize: refuse,
      introduce: refuse,
    } as unknown as ServersApiDeps['known'],
    activity: { record: ({ code, message, user }) => told.push(`${code} ${user ?? ''} ${message}`) },
  });
  const account = { username: 'owner', password: 'top secret' };
  const place = { host: '192.0.2.7', httpPort: 443, httpsFingerprint: 'f'.repeat(64) };
  await t.throwsAsync(api.add({ ...place, ...account }, 'ada'), { code: 'server/credentials' });
  await t.throwsAsync(api.authorize(R, { ...account, httpsFingerprint: 'f'.repeat(64) }, 'ada'));
  await t.throwsAsync(api.pair({ host: '192.0.2.7', peerPort: 1, code: '7KQ4M-2ZT9C' }, 'ada'));
  await t.throwsAsync(api.introduce({ peer: RECORD, role: 'protects' } as never, 'ada'));
  t.deepEqual(told, [
    'server-refused ada 192.0.2.7 was not added: It knows no such user.',
    'server-refused ada Hall was not authorized: It knows no such user.',
    'pairing-refused ada This server was not paired with 192.0.2.7: wrong code',
    'server-refused ada Hall asked to be let in and was refused: It knows no such user.',
  ]);
});

test('a server that is to be disabled when its footage is home is shown so, with what is not home', (t) => {
  const securing = { since: 1, action: 'disable', cameras: 'keep', user: 'olga' } as const;
  const api = apiOf({
    known: { find: () => peerOf(11, { watched: true, securing }) } as unknown as ServersApiDeps['known'],
  });
  const since = '1970-01-01T00:00:00.001Z';
  t.deepEqual(api.find(R).securing, { since, action: 'disable', problem: 'Spare has 3 files' });
});

test('a server that is gone while its footage lies here is not shown like one that is away', (t) => {
  const gone = peerOf(11, { watched: true, forgottenAt: 1 });
  const api = apiOf({ known: { find: () => gone } as unknown as ServersApiDeps['known'] });
  t.is(api.find(R).forgottenSince, '1970-01-01T00:00:00.001Z');
});

test('a server that is to leave is shown as protected no more', (t) => {
  const detachPending = { since: 1, cameras: 'keep', force: false, user: 'olga' } as const;
  const leaving = peerOf(11, { watched: true, detachPending });
  const api = apiOf({ known: { find: () => leaving } as unknown as ServersApiDeps['known'] });
  t.like(api.find(R), { watched: false, watch: undefined, detachPending: { cameras: 'keep' } });
});

test('why nobody can stand in for a server is shown, as it said last, else as its settings backup says', (t) => {
  const suitability = { platform: 'netbsd', frameGrabbers: [] };
  const backups = {
    stateOf: () => ({ takenAt: undefined, revision: undefined, problem: undefined }),
    latest: (id: string) => (id === R ? { suitability, settings: { cameras: [] } } : undefined),
  } as unknown as ServersApiDeps['backups'];
  const away = apiOf({ backups }).find(R);
  t.deepEqual(away.unsuited, {
    code: 'server/netbsd',
    message: 'Hall runs NetBSD: such servers cannot be protected.',
  });
  t.notThrows(() => knownServer.parse(away));
  t.is(apiOf().find(R).unsuited, undefined);
});

/** The machine after these, a second apart. */
function stateAfter(happenings: readonly (Happening | number)[]): State {
  let [state, at] = [initialState(R, monotonicMs(0), epochMs(0)), 0];
  const feed = (happening: Happening): void => {
    const event: Event = { ...happening, at: monotonicMs(at), wall: epochMs(at) };
    ({ state } = step(state, event, POLICY));
  };
  for (const one of happenings) {
    if (typeof one === 'number')
      for (const until = at + one; at < until; at += 250) feed({ kind: 'tick', loopDelayMs: 0 });
    else feed(one);
  }
  return state;
}
const wordAfter = (...happenings: (Happening | number)[]): string | undefined =>
  apiOf({ stateOf: () => stateAfter([{ kind: 'roster', streams: [DOOR] }, ...happenings]) }).find(R).watch?.state;

const UP: readonly Happening[] = [{ kind: 'connected' }, { kind: 'hello', instance: 'one' }];
const ALIVE: Happening = {
  kind: 'keep-alive',
  report: {
    media: 'up',
    streams: [{ ...DOOR, state: 'recording', cause: undefined, durableUntil: 1, idleMs: 0 }],
    volumes: [],
  },
};
const GONE: Happening = { kind: 'disconnected', by: 'peer' };

test('the state of a protected server has a word of its own for each stage of a failure', (t) => {
  t.is(apiOf().find(R).watch?.state, 'unknown', 'not watched yet');
  t.is(wordAfter(), 'unknown');
  t.is(wordAfter({ kind: 'connected' }), 'connected');
  t.is(wordAfter(...UP), 'started');
  t.is(wordAfter(...UP, ALIVE), 'alive');
  t.is(wordAfter(...UP, ALIVE, GONE), 'suspected');
  t.is(wordAfter(...UP, ALIVE, GONE, { kind: 'take-over' }), 'taken-over');
  t.is(wordAfter(...UP, ALIVE, { kind: 'take-over' }), 'taken-over', 'by hand, though it is well');
  t.is(wordAfter(...UP, ALIVE, { kind: 'take-over' }, { kind: 'restore' }), 'returning');
  t.is(wordAfter(...UP, ALIVE, { kind: 'goodbye', reason: 'shutdown', message: '' }), 'shut-down');
  t.is(wordAfter(...UP, ALIVE, { kind: 'disable' }), 'disabled');
  t.is(wordAfter(...UP, ALIVE, GONE, ...UP, ALIVE), 'returning');
});

test('whatever happened to a server, its view is one that the API may answer', (t) => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = createRandom(seed);
    const happenings = Array.from({ length: 40 }, () =>
      random.pick<Happening | number>([
        ...UP,
        ALIVE,
        GONE,
        { kind: 'beat' },
        { kind: 'goodbye', reason: random.pick(['shutdown', 'error', 'deauthorized', 'refused']), message: '' },
        { kind: 'roster', streams: random.chance(0.5) ? [DOOR] : [] },
        { kind: random.pick(['take-over', 'restore', 'abandon', 'enable', 'disable']) },
        random.int(1, 40_000),
      ]),
    );
    const state = stateAfter(happenings);
    const view = apiOf({ stateOf: () => state }).find(R);
    t.notThrows(() => knownServer.parse(view), `seed ${seed}`);
  }
});

test('counts, backup and trouble stand in the view; what is not known is left out', (t) => {
  const state = stateAfter([
    { kind: 'roster', streams: [DOOR, { ...DOOR, stream: 'sub' }] },
    ...UP,
    ALIVE,
    GONE,
    {
      kind: 'cover-progress',
      streams: [{ ...DOOR, state: 'recording', cause: undefined, durableUntil: 5, idleMs: 0 }],
    },
  ]);
  const { watch } = apiOf({
    stateOf: () => state,
    backups: {
      stateOf: () => ({ takenAt: 0, revision: 'r', problem: 'no answer' }),
      latest: () => undefined,
    } as unknown as ServersApiDeps['backups'],
  }).find(R);
  t.like(watch, {
    cameras: 1,
    covered: 1,
    reason: 'connection-lost',
    backupAt: '1970-01-01T00:00:00.000Z',
    backupProblem: 'no answer',
  });
  const plain = apiOf().list()[1] ?? {};
  for (const key of ['watch', 'channels', 'version', 'roundTripMs', 'lastContactAt']) t.false(key in plain, key);
  t.false('addedAt' in plain);
});

test('how ready its cameras really are is counted, and those that are not are named with the reason', (t) => {
  const view = (cameraId: string, level: StandbyView['level'], actual: StandbyView['actual']): StandbyView => ({
    serverId: R,
    cameraId,
    level,
    actual,
    message: level === actual ? undefined : 'no session left',
    inUse: false,
  });
  const cameras = [{ id: 'cam-door', name: 'Door' }];
  const backups = {
    stateOf: () => ({ takenAt: undefined, revision: undefined, problem: undefined }),
    latest: () => ({ settings: { cameras } }),
  } as unknown as ServersApiDeps['backups'];
  const views = [
    view('cam-yard', 'warm', 'cold'),
    view('cam-door', 'hot', 'warm'),
    view('cam-hall', 'hot', 'hot'),
    view('cam-roof', 'warm', 'hot'),
    view('cam-shed', 'cold', 'cold'),
  ];
  const found = apiOf({ backups, standbyOf: () => views }).find(R);
  t.deepEqual(knownServer.parse(found).watch?.standby, {
    hot: { wanted: 2, ready: 1 },
    warm: { wanted: 2, ready: 1 },
    cold: 1,
    notReady: [
      { cameraId: 'cam-door', name: 'Door', level: 'hot', actual: 'warm', reason: 'no session left' },
      { cameraId: 'cam-yard', name: 'cam-yard', level: 'warm', actual: 'cold', reason: 'no session left' },
    ],
  });
  const many = Array.from({ length: 200 }, (_, index) => view(`cam-${index}`, 'hot', 'cold'));
  const { standby } = apiOf({ standbyOf: () => many }).find(R).watch ?? {};
  t.deepEqual(standby?.hot, { wanted: 200, ready: 0 });
  t.is(standby?.notReady.length, MAX_NOT_READY_LISTED);
  t.false('standby' in (apiOf().find(R).watch ?? {}), 'of a server without cameras');
});

test('only protected servers are backed up by hand', async (t) => {
  const taken: string[] = [];
  const api = apiOf({
    backups: {
      stateOf: () => ({ takenAt: undefined, revision: undefined, problem: undefined }),
      latest: () => undefined,
      take: async (id: string, reason: string) => {
        taken.push(`${id} ${reason}`);
        await Promise.resolve();
      },
    } as unknown as ServersApiDeps['backups'],
  });
  t.is((await api.backUp(R)).name, 'Hall');
  await t.throwsAsync(api.backUp(serverIdOf(2)), { code: 'server/not-protected' });
  t.deepEqual(taken, [`${R} by hand`]);
});

test('a recording server shows no pairing code; a wrong code makes nobody known', async (t) => {
  t.throws(() => apiOf({}, 'recording').issueCode('anna'), { code: 'server/mode' });
  t.like(apiOf({}, 'host').issueCode('anna'), { code: 'ABCD-EFGH', expiresAt: '1970-01-01T00:00:00.001Z' });
  await t.throwsAsync(apiOf().pair({ host: 'h', peerPort: 1, code: 'x' }, 'anna'), { code: 'pairing/code' });
});

const FOUND = {
  id: R,
  name: 'Hall',
  mode: 'recording',
  version: '1',
  addresses: ['192.0.2.1'],
  via: 'ssdp',
  enabled: true,
  httpPort: 1,
  peerPort: 2,
  fingerprint: 'c'.repeat(64),
};
test('what is found on the LAN is told with whether it is known', async (t) => {
  const found = FOUND as unknown as DiscoveredPeer;
  const api = apiOf({ search: async () => await Promise.resolve([found, { ...found, id: 'new' }]) });
  t.deepEqual(
    (await api.search(1)).map(({ id, known }) => [id, known]),
    [
      [R, true],
      ['new', false],
    ],
  );
});

test('what is found on the LAN is of no site, of ours, or of another one, by the name of its host', async (t) => {
  const [own, theirs, unknown] = [serverIdOf(1), serverIdOf(30), serverIdOf(31)];
  const peer = (n: number, more: object) => ({
    ...FOUND,
    id: serverIdOf(n),
    name: `Box ${n}`,
    mode: 'recording',
    ...more,
  });
  const found = [
    peer(21, {}),
    peer(22, { hostId: own }),
    peer(23, { hostId: theirs }),
    peer(30, { mode: 'host' }),
    peer(24, { hostId: unknown }),
  ] as unknown as readonly DiscoveredPeer[];
  const api = apiOf({ search: async () => await Promise.resolve(found) }, 'host');
  t.deepEqual(
    (await api.search(1)).map(({ membership, host }) => [membership, host]),
    [
      ['undefined', undefined],
      ['joined', { id: own, name: 'Own' }],
      ['foreign', { id: theirs, name: 'Box 30' }],
      ['foreign', undefined],
      ['foreign', { id: unknown }],
    ],
  );
});

test('a server says since when it is known here', (t) => {
  const shown = apiOf().find(R);
  t.is(shown.knownSince, new Date(RECORD.addedAt).toISOString());
  t.notThrows(() => knownServer.parse(shown));
});
