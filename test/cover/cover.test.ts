/** The cover service between the machine and media: effects in, orders out, the index and the ring beside it. */
import test from 'ava';
import { STOOD_DOWN_MS } from '../../src/cover/stood-down.ts';
import type { CoveredFootage, CoversFile } from '../../src/cover/cover-types.ts';
import { forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { cameraOf, createRig, fragmentOf, R1, R2, stateOf, written } from './cover-rig.ts';
import type { Rig } from './cover-rig.ts';

const main = (cameraId: string) => ({ cameraId, stream: 'main' }) as const;
function protect(rig: Rig, serverId: string, levels: Readonly<Record<string, 'cold' | 'warm' | 'hot'>>): void {
  rig.settings.set(serverId, { cameras: Object.keys(levels).map((id) => cameraOf(id)), secrets: {} });
  rig.cover.standby(
    serverId,
    Object.entries(levels).map(([cameraId, level]) => ({ cameraId, level })),
  );
}
const coverAll = (rig: Rig, serverId: string, ids: readonly string[], epoch = 2) =>
  rig.cover.cover({ serverId, streams: ids.map(main), epoch, lostFrom: rig.clock.now() - 1000 });

test('levels, cover, release: held, recorded with the epoch of the cover, held again', (t) => {
  const rig = createRig();
  protect(rig, R1, { w: 'warm', h: 'hot', c: 'cold' });
  t.like(rig.orderOf('w'), { hold: true });
  t.like(rig.orderOf('h'), { hold: false, record: true, epoch: undefined, segmentSeconds: 10 });
  t.is(rig.orderOf('c'), undefined);
  const before = rig.changes();
  t.deepEqual(coverAll(rig, R1, ['w', 'h', 'c']), []);
  t.is(rig.changes(), before + 1);
  for (const id of ['w', 'h', 'c']) t.like(rig.orderOf(id), { hold: false, record: true, epoch: 2 });
  t.deepEqual(coverAll(rig, R1, ['w', 'h', 'c']), []);
  t.is(rig.changes(), before + 1, 'the same again changes nothing');
  coverAll(rig, R1, ['w', 'h', 'c'], 5);
  t.like(rig.orderOf('w'), { epoch: 5 });
  rig.cover.release(R1, [main('w'), main('c')]);
  t.like(rig.orderOf('w'), { hold: true });
  t.is(rig.orderOf('c'), undefined);
  t.like(rig.orderOf('h'), { epoch: 5 });
});

test('a camera left to its own server is let go of whole: not held, not in the ring, for a while, and says why', async (t) => {
  const rig = createRig();
  protect(rig, R1, { w: 'warm', h: 'hot', x: 'warm' });
  coverAll(rig, R1, ['w', 'h', 'x']);
  rig.cover.release(R1, [main('w'), main('h')], 'stand-down');
  rig.cover.release(R1, [main('x')]);
  t.is(rig.orderOf('w'), undefined);
  t.is(rig.orderOf('h'), undefined);
  t.like(rig.orderOf('x'), { hold: true });
  t.regex(rig.cover.standbyViews().find(({ cameraId }) => cameraId === 'w')?.message ?? '', /lets in one server only/);
  coverAll(rig, R1, ['w'], 7);
  t.like(rig.orderOf('w'), { hold: false, epoch: 7 }, 'its server failed again');
  rig.cover.release(R1, [main('w')]);
  t.is(rig.orderOf('w'), undefined);
  const before = rig.changes();
  await rig.clock.advance(STOOD_DOWN_MS + 1000);
  t.like(rig.orderOf('w'), { hold: true });
  t.like(rig.orderOf('h'), { record: true, segmentSeconds: 10 });
  t.is(rig.changes(), before + 1);
});

test('the index knows from when until when; with a hot camera the ring before it too; settled footage is forgotten', async (t) => {
  const rig = createRig();
  protect(rig, R1, { w: 'warm', h: 'hot' });
  const at = rig.clock.now();
  coverAll(rig, R1, ['w', 'h']);
  await rig.clock.advance(60_000);
  rig.cover.release(R1, [main('w'), main('h')]);
  const byCamera = (): ReadonlyMap<string, CoveredFootage> =>
    new Map(rig.cover.covered().map((one) => [one.cameraId, one]));
  t.like(byCamera().get('w'), { serverId: R1, epoch: 2, from: at - 1000, to: at + 60_000 });
  t.like(byCamera().get('h'), { from: at - 31_000, to: at + 60_000 });
  t.deepEqual(rig.cover.footageOf('w', 'main'), [{ start: at - 1000, end: at + 60_000 }]);
  t.deepEqual(rig.cover.footageOf('w', 'sub'), []);
  t.is(rig.cover.footageOf('somebody-else', 'main'), undefined);
  await rig.cover.settled(rig.cover.covered().map(({ id }) => id));
  t.deepEqual(rig.cover.covered(), []);
  t.deepEqual(rig.file().covered, []);
});

test('a restart goes on covering and keeping ready, with the same range and epoch', async (t) => {
  const rig = createRig();
  protect(rig, R1, { w: 'warm', c: 'cold', h: 'hot' });
  coverAll(rig, R1, ['w', 'c']);
  await rig.cover.stop();
  const next = createRig({ file: rig.file(), settings: rig.settings, clock: rig.clock });
  t.like(next.orderOf('w'), { hold: false, epoch: 2 });
  t.like(next.orderOf('c'), { hold: false, epoch: 2 });
  t.like(next.orderOf('h'), { hold: false, epoch: undefined });
  t.deepEqual(next.cover.covered(), rig.cover.covered());
  t.deepEqual(coverAll(next, R1, ['w', 'c']), []);
  t.is(next.cover.covered().length, 2);
  t.deepEqual(next.frames, [], 'a first frame is not told twice');
});

test('the first durable key frame is told once, with the time since the suspicion; of a hot camera at once', async (t) => {
  const rig = createRig();
  protect(rig, R1, { w: 'warm', h: 'hot' });
  rig.cover.onMediaEvent(stateOf('h', { kind: 'recording' }));
  rig.cover.onMediaEvent(written(fragmentOf('h', rig.clock.now() - 600)));
  coverAll(rig, R1, ['w', 'h']);
  t.deepEqual(
    rig.frames.map(({ cameraId, afterMs }) => [cameraId, afterMs]),
    [['h', 0]],
  );
  await rig.clock.advance(700);
  rig.cover.onMediaEvent(stateOf('w', { kind: 'recording' }));
  rig.cover.onMediaEvent(written(fragmentOf('w', rig.clock.now() - 500, { key: false })));
  await rig.clock.advance(300);
  rig.cover.onMediaEvent(written(fragmentOf('w', rig.clock.now() - 500), fragmentOf('w', rig.clock.now())));
  t.deepEqual(
    rig.frames.map(({ cameraId, afterMs }) => [cameraId, afterMs]),
    [
      ['h', 0],
      ['w', 1000],
    ],
  );
});

test('progress says what is durable of this cover, not of the one before', async (t) => {
  const rig = createRig();
  protect(rig, R1, { w: 'warm', h: 'hot' });
  const progress = () => rig.cover.progress(() => 'covering');
  t.deepEqual(progress(), []);
  rig.cover.onMediaEvent(stateOf('h', { kind: 'recording' }));
  const hotAt = rig.clock.now();
  rig.cover.onMediaEvent(written(fragmentOf('h', hotAt - 500), fragmentOf('w', 5)));
  rig.cover.onMediaEvent(stateOf('w', { kind: 'ready' }));
  await rig.clock.advance(1000);
  coverAll(rig, R1, ['w', 'h']);
  t.like(progress()[0], { serverId: R1, epoch: 2, state: 'covering' });
  const [w, h] = progress()[0]?.streams ?? [];
  t.like(w, { cameraId: 'w', state: 'waiting', durableUntil: undefined, idleMs: undefined });
  t.like(h, { cameraId: 'h', state: 'recording', durableUntil: hotAt, idleMs: 1000 });
  rig.cover.onMediaEvent(stateOf('w', { kind: 'failed', cause: 'camera-unreachable', message: 'no', retryAt: 0 }));
  t.like(progress()[0]?.streams[0], { state: 'failed', cause: 'camera-unreachable' });
  t.deepEqual(rig.cover.channels(), { max: 128, used: 2 });
});

test('a camera that refuses to be held is remarked once, and again after it was ready', (t) => {
  const rig = createRig();
  protect(rig, R1, { w: 'warm' });
  const refused = stateOf('w', { kind: 'failed', cause: 'camera-refused', message: 'no session left', retryAt: 0 });
  rig.cover.onMediaEvent(refused);
  rig.cover.onMediaEvent(refused);
  t.deepEqual(
    rig.remarks.map(({ code, cameraId }) => [code, cameraId]),
    [['cover/fell-back-to-cold', 'w']],
  );
  t.like(rig.cover.standbyViews()[0], { level: 'warm', actual: 'cold', message: 'no session left' });
  rig.cover.onMediaEvent(stateOf('w', { kind: 'ready' }));
  t.like(rig.cover.standbyViews()[0], { level: 'warm', actual: 'warm', message: undefined });
  rig.cover.onMediaEvent(refused);
  t.is(rig.remarks.length, 2);
});

test('a hot camera that refuses is held instead, asked again later, and told once with its end', async (t) => {
  const rig = createRig();
  protect(rig, R1, { h: 'hot' });
  const refused = stateOf('h', { kind: 'failed', cause: 'camera-refused', message: '453 refused', retryAt: 0 });
  const codes = () => rig.remarks.map(({ code }) => code);
  for (const count of [1, 2]) {
    rig.cover.onMediaEvent(refused);
    t.like(rig.orderOf('h'), { hold: false, segmentSeconds: 10 }, `after ${count}`);
  }
  rig.cover.onMediaEvent(refused);
  t.like(rig.orderOf('h'), { hold: true });
  t.deepEqual(codes(), ['cover/fell-back-to-warm']);
  rig.cover.onMediaEvent(stateOf('h', { kind: 'ready' }));
  t.like(rig.cover.standbyViews()[0], { level: 'hot', actual: 'warm' });
  t.regex(rig.cover.standbyViews()[0]?.message ?? '', /only held.*453 refused/);
  await rig.clock.advance(31_000);
  t.like(rig.orderOf('h'), { hold: false }, 'asked again');
  rig.cover.onMediaEvent(refused);
  t.like(rig.orderOf('h'), { hold: true }, 'one refusal is answer enough');
  await rig.clock.advance(61_000);
  t.like(rig.orderOf('h'), { hold: false });
  rig.cover.onMediaEvent(stateOf('h', { kind: 'recording' }));
  for (let second = 0; second < 20; second += 1) {
    rig.cover.onMediaEvent(written(fragmentOf('h', rig.clock.now())));
    await rig.clock.advance(1000);
  }
  t.like(rig.cover.standbyViews()[0], { level: 'hot', actual: 'hot', message: undefined });
  t.deepEqual(codes(), ['cover/fell-back-to-warm', 'cover/ready-again']);
});

test('a hot camera that has no session for this server at all is cold, and covered by a new connection all the same', (t) => {
  const rig = createRig();
  protect(rig, R1, { h: 'hot' });
  const refused = stateOf('h', { kind: 'failed', cause: 'camera-refused', message: '453 refused', retryAt: 0 });
  for (let count = 0; count < 4; count += 1) rig.cover.onMediaEvent(refused);
  t.deepEqual(
    rig.remarks.map(({ code }) => code),
    ['cover/fell-back-to-warm', 'cover/fell-back-to-cold'],
  );
  t.like(rig.cover.standbyViews()[0], { level: 'hot', actual: 'cold', message: '453 refused' });
  t.deepEqual(coverAll(rig, R1, ['h']), []);
  t.like(rig.orderOf('h'), { hold: false, epoch: 2 });
  for (let count = 0; count < 5; count += 1) rig.cover.onMediaEvent(refused);
  t.like(rig.orderOf('h'), { hold: false, epoch: 2 }, 'what is covered never falls back');
  rig.cover.onMediaEvent(stateOf('h', { kind: 'starting' }));
  t.like(rig.cover.standbyViews()[0], { actual: 'cold', message: 'it has not sent a key frame yet.', inUse: true });
  rig.cover.release(R1, [main('h')]);
  t.like(rig.orderOf('h'), { hold: true }, 'what it refused before is remembered');
});

test('a camera that is not ready is told after 15 s with the reason: no channel, no answer, nothing durable', async (t) => {
  const rig = createRig();
  rig.box.maxChannels = 3;
  protect(rig, R1, { a: 'hot', b: 'hot', c: 'warm', d: 'warm', e: 'cold' });
  rig.cover.onMediaEvent(stateOf('a', { kind: 'recording' }));
  rig.cover.onMediaEvent(
    stateOf('b', { kind: 'failed', cause: 'camera-unreachable', message: 'no answer', retryAt: 0 }),
  );
  rig.cover.onMediaEvent(stateOf('c', { kind: 'ready' }));
  await rig.clock.advance(14_000);
  t.deepEqual(rig.remarks, []);
  await rig.clock.advance(3000);
  t.deepEqual(
    rig.remarks.map(({ code, cameraId }) => `${code} ${cameraId}`),
    ['cover/not-ready a', 'cover/not-ready b', 'cover/not-ready d'],
  );
  const words = rig.remarks.map(({ message }) => message).join('\n');
  t.regex(
    words,
    /a should be hot and is cold: nothing of it has become durable.*no answer.*warm and is cold: All channels/s,
  );
  await rig.clock.advance(60_000);
  t.is(rig.remarks.length, 3, 'once a trouble');
});

test('a covered camera is ready when what its own server records of it is recorded here', (t) => {
  const rig = createRig();
  const sub = { url: 'rtsp://10.0.0.1/h-sub', transport: 'auto' } as const;
  rig.settings.set(R1, { cameras: [cameraOf('h', { sub, recordSub: false })], secrets: {} });
  rig.cover.standby(R1, [{ cameraId: 'h', level: 'hot' }]);
  coverAll(rig, R1, ['h']);
  t.truthy(rig.orderOf('h', 'sub'), 'for live view');
  rig.cover.onMediaEvent(stateOf('h', { kind: 'recording' }));
  rig.cover.onMediaEvent(written(fragmentOf('h', rig.clock.now())));
  t.like(rig.cover.standbyViews()[0], { level: 'hot', actual: 'hot', message: undefined, inUse: true });
});

test('of a camera that its own server does not record nothing is to be kept ready', async (t) => {
  const rig = createRig();
  rig.settings.set(R1, {
    cameras: [cameraOf('off', { enabled: false }), cameraOf('eye', { record: false })],
    secrets: {},
  });
  rig.cover.standby(R1, [
    { cameraId: 'off', level: 'hot' },
    { cameraId: 'eye', level: 'warm' },
    { cameraId: 'lost', level: 'cold' },
  ]);
  await rig.clock.advance(30_000);
  t.deepEqual(
    rig.cover.standbyViews().map(({ level, message }) => [level, message]),
    [
      ['cold', undefined],
      ['cold', undefined],
      ['cold', undefined],
    ],
  );
  t.deepEqual(rig.remarks, []);
});

test('the ring is trimmed until a suspicion, and again after the calm; of a former camera everything goes', async (t) => {
  const rig = createRig();
  protect(rig, R1, { h: 'hot' });
  const start = rig.clock.now();
  for (let index = 0; index < 6; index += 1) rig.record('h', start + index * 10_000, start + (index + 1) * 10_000);
  await rig.clock.advance(5000);
  t.is(rig.rows.length, 3);
  rig.cover.suspect(R1, true);
  for (let index = 6; index < 9; index += 1) rig.record('h', start + index * 10_000, start + (index + 1) * 10_000);
  await rig.clock.advance(20_000);
  t.is(rig.rows.length, 6);
  rig.cover.suspect(R1, false);
  await rig.clock.advance(5000);
  t.is(rig.rows.length, 3);
  rig.record('own', start, start + 10_000);
  rig.cover.drop(R1);
  await rig.clock.advance(5000);
  t.deepEqual(
    rig.rows.map(({ cameraId }) => cameraId),
    ['own'],
  );
});

test('a suspicion that comes while the disk is asked to remove keeps the rest', async (t) => {
  const hold = Promise.withResolvers<undefined>();
  const rig = createRig({ removing: () => hold.promise });
  protect(rig, R1, { h: 'hot' });
  const start = rig.clock.now();
  for (let index = 0; index < 8; index += 1) rig.record('h', start + index * 10_000, start + (index + 1) * 10_000);
  await rig.clock.advance(5000);
  rig.cover.suspect(R1, true);
  hold.resolve(undefined);
  await rig.clock.advance(20_000);
  t.is(rig.removed.length, 1);
});

test('with a lost index nothing recorded before is dropped', async (t) => {
  const rig = createRig({ indexLost: true });
  const start = rig.clock.now();
  protect(rig, R1, { h: 'hot' });
  for (let index = -6; index < 6; index += 1) rig.record('h', start + index * 10_000, start + (index + 1) * 10_000);
  await rig.clock.advance(5000);
  t.is(rig.removed.length, 3);
  t.is(rig.rows.filter((row) => row.start < start).length, 6);
});

test('whatever comes: what a cover needs is never removed, and no more than 128 channels are used', async (t) => {
  const plays: Promise<void>[] = [];
  forSeeds(12, (random, seed) => {
    plays.push(
      play(random).catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }),
    );
  });
  await Promise.all(plays);
  t.pass();
});

type Server = { readonly id: string; readonly cameras: readonly string[] };
async function play(random: Random): Promise<void> {
  const clock = createFakeClock();
  let rig = createRig({ clock });
  rig.box.ownCameraIds = new Set(Array.from({ length: random.int(0, 40) }, (_, index) => `own-${index}`));
  const servers: readonly Server[] = [R1, R2].map((id, which) => ({
    id,
    cameras: Array.from({ length: random.int(1, 70) }, (_, index) => `c${which}-${index}`),
  }));
  for (const { id, cameras } of servers) {
    rig.settings.set(id, { cameras: cameras.map((cameraId) => cameraOf(cameraId)), secrets: {} });
    const level = (cameraId: string) => ({ cameraId, level: random.pick(['cold', 'warm', 'hot'] as const) });
    rig.cover.standby(id, cameras.map(level));
  }
  const needed: { readonly path: string; readonly cameraId: string }[] = [];
  for (let round = 0; round < 40; round += 1) {
    rig = await act(rig, random, servers);
    // What is ordered is recorded, in segments of ten seconds.
    for (const { cameraId, record, hold } of rig.cover.orders())
      if (record && !hold) rig.record(cameraId, clock.now(), clock.now() + 10_000);
    for (const row of rig.rows) {
      const isNeeded = rig.cover
        .covered()
        .some((one) => one.cameraId === row.cameraId && row.end > one.from && row.start < (one.to ?? Infinity));
      if (isNeeded) needed.push(row);
    }
    await clock.advance(10_000);
    for (const { path } of needed) if (rig.removed.includes(path)) throw new Error(`${path} was needed`);
    const ids = new Set(rig.cover.orders().map(({ cameraId }) => cameraId));
    if (ids.size + rig.box.ownCameraIds.size > 128) throw new Error(`${ids.size} channels`);
    const { max, used } = rig.cover.channels();
    if (used > max) throw new Error(`${used} of ${max}`);
  }
}

async function act(rig: Rig, random: Random, servers: readonly Server[]): Promise<Rig> {
  const { id, cameras } = random.pick(servers);
  const some = cameras.filter(() => random.chance(0.5));
  switch (random.int(0, 5)) {
    case 0:
      coverAll(rig, id, some, random.int(2, 9));
      break;
    case 1:
      rig.cover.release(id, some.map(main));
      break;
    case 2:
      rig.cover.suspect(id, random.chance(0.5));
      break;
    case 3:
      rig.cover.rehearse(id, random.chance(0.5));
      break;
    case 4: {
      await rig.cover.stop();
      const file: CoversFile = rig.file();
      const next = createRig({ file, settings: rig.settings, clock: rig.clock });
      next.box.ownCameraIds = rig.box.ownCameraIds;
      next.cover.refresh();
      next.rows.push(...rig.rows);
      return next;
    }
    default:
      rig.cover.standby(
        id,
        cameras.map((cameraId) => ({ cameraId, level: random.pick(['cold', 'warm', 'hot'] as const) })),
      );
  }
  return rig;
}
