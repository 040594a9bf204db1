/** Orders from what is protected, covered and rehearsed: levels, channels, refusals; and invariants under whatever comes. */
import test from 'ava';
import { composeCover, streamKeyOf } from '../../src/cover/cover-orders.ts';
import type { CoverState, ServerCover } from '../../src/cover/cover-orders.ts';
import type { StandbyLevel } from '../../src/cover/cover-types.ts';
import type { CameraSettings } from '../../src/site/camera.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { cameraOf, R1, R2 } from './cover-rig.ts';

const serverOf = (serverId: string, cameras: CameraSettings[], more: Partial<ServerCover> = {}): ServerCover => ({
  serverId,
  settings: { cameras, secrets: { 'camera:a': 'pass-a' } },
  levels: new Map(),
  covering: new Map(),
  drilling: new Set(),
  fallen: new Set(),
  stoodDown: new Set(),
  ...more,
});
const stateOf = (servers: readonly ServerCover[], more: Partial<CoverState> = {}): CoverState => ({
  servers,
  volumeIds: ['vol-1', 'vol-2'],
  maxChannels: 128,
  ownCameraIds: new Set(),
  lastOrders: [],
  before: [],
  ...more,
});
const ordersOf = (state: CoverState) => composeCover(state).orders;

test('a cold camera is left alone, a warm one held, a hot one recorded in short segments', (t) => {
  const levels = new Map<string, StandbyLevel>([
    ['a', 'cold'],
    ['b', 'warm'],
    ['c', 'hot'],
  ]);
  const orders = ordersOf(
    stateOf([
      serverOf(
        R1,
        ['a', 'b', 'c', 'd'].map((id) => cameraOf(id)),
        { levels },
      ),
    ]),
  );
  t.deepEqual(
    orders.map(({ cameraId, stream, record, hold, epoch, segmentSeconds }) => [
      cameraId,
      stream,
      record,
      hold,
      epoch,
      segmentSeconds,
    ]),
    [
      ['c', 'main', true, false, undefined, 10],
      ['b', 'main', true, true, undefined, 10],
    ],
  );
});

test('a covered camera is ordered as its own server would, with the epoch of the cover and its password', (t) => {
  const camera = cameraOf('a', {
    sub: { url: 'rtsp://10.0.0.1/a-sub', transport: 'udp' },
    username: 'admin',
    hasPassword: true,
    audio: false,
    priority: 'high',
    fingerprint: 'f'.repeat(64),
  });
  const covering = new Map([[streamKeyOf({ cameraId: 'a', stream: 'main' }), 9]]);
  const [main, sub, ...more] = ordersOf(stateOf([serverOf(R1, [camera], { covering })]));
  t.deepEqual(more, []);
  t.like(main, {
    cameraId: 'a',
    stream: 'main',
    url: 'rtsp://10.0.0.1/a',
    username: 'admin',
    password: 'pass-a',
    audio: false,
    priority: 'high',
    fingerprint: 'f'.repeat(64),
    record: true,
    hold: false,
    epoch: 9,
    segmentSeconds: undefined,
  });
  t.deepEqual([...(main?.volumeIds ?? [])].sort(), ['vol-1', 'vol-2']);
  // Not recorded by its own server, but seen live there.
  t.like(sub, { stream: 'sub', transport: 'udp', record: false, hold: false });
});

test('a camera that pushes, one whose id is taken here, and one without settings are refused with the reason', (t) => {
  const cameras = [
    cameraOf('push', { main: { url: 'rtmp://push/front-door-7x2k', transport: 'auto' } }),
    cameraOf('own'),
  ];
  const covering = new Map(['push', 'own', 'new'].map((id) => [`${id}/main`, 2]));
  const { orders, refused } = composeCover(
    stateOf([serverOf(R1, cameras, { covering })], { ownCameraIds: new Set(['own']) }),
  );
  t.deepEqual(orders, []);
  t.deepEqual(
    refused.map(({ cameraId, cause }) => `${cameraId} ${cause}`).sort((a, b) => (a < b ? -1 : 1)),
    ['new not-covered-policy', 'own not-covered-policy', 'push not-reachable-from-failover'],
  );
  const lost = composeCover(stateOf([{ ...serverOf(R1, [], { covering }), settings: undefined }]));
  t.regex(lost.refused[0]?.message ?? '', /No settings backup/);
});

test('without any settings a cover goes on as media was told last, and keeps its channel', (t) => {
  const covering = new Map([
    ['a/main', 7],
    ['b/main', 7],
  ]);
  const cameras = ['a', 'b', 'c'].map((id) => cameraOf(id));
  const lastOrders = ordersOf(stateOf([serverOf(R1, cameras, { covering, levels: new Map([['c', 'hot']]) })]));
  const lost = { ...serverOf(R1, [], { covering: new Map([...covering, ['d/main', 7]]) }), settings: undefined };
  const { orders, refused, usedChannels } = composeCover(stateOf([lost], { lastOrders }));
  t.deepEqual(
    orders,
    lastOrders.filter(({ cameraId }) => cameraId !== 'c'),
    'with address and password; what was only kept ready is let go',
  );
  t.deepEqual(
    refused.map(({ cameraId, message }) => [cameraId, message]),
    [['d', 'No settings backup of its server can be read.']],
  );
  t.is(usedChannels, 2);
  const other = serverOf(R2, [cameraOf('x'), cameraOf('y'), cameraOf('a')], {
    covering: new Map(['x/main', 'y/main', 'a/main'].map((key) => [key, 3])),
  });
  const tight = composeCover(stateOf([other, lost], { lastOrders, maxChannels: 3 }));
  t.deepEqual(
    tight.orders.map(({ cameraId }) => cameraId),
    ['a', 'b', 'x'],
  );
  t.deepEqual(
    tight.refused.map(({ serverId, cameraId, cause }) => [serverId === R1, cameraId, cause]),
    [
      [true, 'd', 'not-covered-policy'],
      [false, 'a', 'not-covered-policy'],
      [false, 'y', 'not-covered-channel'],
    ],
  );
  t.deepEqual(
    composeCover(stateOf([{ ...lost, covering: new Map() }], { lastOrders })).orders,
    [],
    'what is no longer covered is not recorded',
  );
});

test('what is covered takes the channels of what is only kept ready; without one left it is refused', (t) => {
  const cameras = ['a', 'b', 'c', 'd'].map((id) => cameraOf(id));
  const levels = new Map<string, StandbyLevel>([
    ['a', 'warm'],
    ['b', 'hot'],
  ]);
  const covering = new Map([['c/main', 2] as const, ['d/main', 2] as const]);
  const compose = (maxChannels: number) =>
    composeCover(
      stateOf([serverOf(R1, cameras, { levels, covering })], { maxChannels, ownCameraIds: new Set(['own']) }),
    );
  const ids = (maxChannels: number): readonly string[] => compose(maxChannels).orders.map(({ cameraId }) => cameraId);
  t.deepEqual(ids(5), ['c', 'd', 'b', 'a']);
  t.deepEqual(ids(4), ['c', 'd', 'b']);
  t.deepEqual([...compose(4).leftCold], ['a']);
  t.deepEqual(ids(3), ['c', 'd']);
  t.deepEqual(ids(2), ['c']);
  t.deepEqual(
    compose(2).refused.map(({ cameraId, cause }) => [cameraId, cause]),
    [['d', 'not-covered-channel']],
  );
});

test('a limit that is lowered, or a camera that is added here, ends no cover; nothing more begins by it', (t) => {
  const cameras = ['a', 'b', 'c', 'd', 'e'].map((id) => cameraOf(id, { priority: id === 'd' ? 'high' : 'medium' }));
  const keysOf = (ids: string): ReadonlyMap<string, number> =>
    new Map(Array.from(ids).map((id) => [`${id}/main`, 2] as const));
  const compose = (covering: string, more: Partial<CoverState>) =>
    composeCover(
      stateOf([serverOf(R1, cameras, { covering: keysOf(covering), levels: new Map([['e', 'hot']]) })], more),
    );
  const { orders: before } = compose('abc', {});
  const ids = (covering: string, more: Partial<CoverState>): string =>
    compose(covering, { before, ...more })
      .orders.map(({ cameraId }) => cameraId)
      .join('');
  t.is(ids('abc', { maxChannels: 1 }), 'abc', 'what is only kept ready goes');
  t.is(ids('abcd', { maxChannels: 1 }), 'abc');
  t.is(ids('bcd', { maxChannels: 1 }), 'bc', 'not even what is more important');
  t.is(ids('bcd', { maxChannels: 2 }), 'db', 'where nothing was lowered it comes first, as ever');
  const own = (count: number): ReadonlySet<string> => new Set(Array.from({ length: count }, (_, n) => `own-${n}`));
  t.is(ids('abc', { maxChannels: 4, ownCameraIds: own(3) }), 'abc');
  t.is(ids('abc', { ownCameraIds: own(126) }), 'ab', 'no server has more than 128 channels');
});

test('whatever comes: at most 128 channels, no camera twice, covered first, the same again for the same input', (t) => {
  forSeeds(300, (random) => {
    const own = new Set(Array.from({ length: random.int(0, 100) }, (_, index) => `own-${index}`));
    const servers = [R1, R2].map((serverId, which) => {
      const cameras = Array.from({ length: random.int(0, 128) }, (_, index) =>
        cameraOf(random.chance(0.02) ? `own-${index}` : `c${which}-${index}`, {
          priority: random.pick(['high', 'medium', 'low', 'never'] as const),
          record: random.chance(0.9),
          enabled: random.chance(0.95),
        }),
      );
      const unique = [...new Map(cameras.map((camera) => [camera.id, camera])).values()];
      const levels = new Map(unique.map(({ id }) => [id, random.pick(['cold', 'warm', 'hot'] as const)]));
      const covering = new Map(
        unique.filter(() => random.chance(0.4)).map(({ id }) => [`${id}/main`, random.int(1, 9)] as const),
      );
      const drilling = new Set(unique.filter(() => random.chance(0.1)).map(({ id }) => `${id}/main`));
      const fallen = new Set(unique.filter(() => random.chance(0.2)).map(({ id }) => `${id}/main`));
      return serverOf(serverId, unique, { levels, covering, drilling, fallen });
    });
    const lastOrders = ordersOf(stateOf(servers));
    const isLost = servers.map(() => random.chance(0.2));
    const state = stateOf(
      servers.map((server, index) => (isLost[index] === true ? { ...server, settings: undefined } : server)),
      { ownCameraIds: own, lastOrders, before: lastOrders },
    );
    const { orders, refused, leftCold, usedChannels } = composeCover(state);
    const ids = new Set(orders.map(({ cameraId }) => cameraId));
    const keys = orders.map(streamKeyOf);
    const fail = (what: string): void => {
      throw new Error(what);
    };
    if (ids.size + own.size > 128 || usedChannels !== ids.size + own.size) fail(`${ids.size} and ${own.size} channels`);
    if (new Set(keys).size !== keys.length) fail('a stream twice');
    if ([...ids].some((id) => own.has(id))) fail('a camera of our own');
    const covered = servers.flatMap(({ covering }) => [...covering.keys()]);
    const got = new Set([...keys, ...refused.map(streamKeyOf)]);
    for (const key of covered) if (!got.has(key)) fail(`${key} neither covered nor refused`);
    const isShort = refused.some(({ cause }) => cause === 'not-covered-channel');
    if (isShort && orders.some(({ hold, epoch }) => hold || epoch === undefined)) fail('ready before covered');
    for (const id of leftCold) if (ids.has(id)) fail(`${id} left cold and ordered`);
    if (JSON.stringify(composeCover(state)) !== JSON.stringify({ orders, refused, leftCold, usedChannels }))
      fail('not the same again');
  });
  t.pass();
});
