/** Drills on the cover service: real orders, measured seconds, no footage left, interrupted when it becomes serious. */
import test from 'ava';
import { silentLog } from '../../src/core/log.ts';
import { MAX_DRILLS, NO_DRILLS, startDrills } from '../../src/cover/drill.ts';
import type { Drill, DrillsFile } from '../../src/cover/drill.ts';
import { cameraOf, createRig, fragmentOf, R1, stateOf, written } from './cover-rig.ts';
import type { Rig } from './cover-rig.ts';

function drilling(rig: Rig, options: { readonly days?: number; readonly file?: DrillsFile } = {}) {
  let saved = options.file ?? NO_DRILLS;
  const ended: Drill[] = [];
  const drills = startDrills({
    clock: rig.clock,
    log: silentLog,
    cover: rig.cover,
    file: {
      get: () => saved,
      update: async (change) => {
        await Promise.resolve();
        saved = change(saved);
        return saved;
      },
    },
    servers: () => [R1],
    everyDays: () => options.days ?? 0,
    ended: (drill) => ended.push(drill),
  });
  return { drills, ended };
}
function protect(rig: Rig): void {
  const cameras = [
    cameraOf('cold'),
    cameraOf('warm'),
    cameraOf('hot'),
    cameraOf('push', { main: { url: 'rtmp://push/front-door-7x2k', transport: 'auto' } }),
    cameraOf('never', { priority: 'never' }),
  ];
  rig.settings.set(R1, { cameras, secrets: {} });
  rig.cover.standby(R1, [
    { cameraId: 'warm', level: 'warm' },
    { cameraId: 'hot', level: 'hot' },
  ]);
  rig.cover.onMediaEvent(stateOf('hot', { kind: 'recording' }));
  rig.cover.onMediaEvent(written(fragmentOf('hot', rig.clock.now() - 500)));
}
const resultsOf = (drill: Drill | undefined): readonly unknown[] =>
  (drill?.cameras ?? []).map(({ cameraId, level, firstFrameMs, problem }) => [
    cameraId,
    level,
    firstFrameMs ?? problem?.replace(/ by RTMP.*/, ''),
  ]);

test('each camera is recorded by its level until its first key frame is durable, then everything is as before', async (t) => {
  const rig = createRig();
  protect(rig);
  const before = rig.cover.orders();
  const { drills, ended } = drilling(rig);
  const drill = drills.start(R1, 'anna');
  t.like(drill, { serverId: R1, by: 'anna', endedAt: undefined });
  t.like(rig.orderOf('cold'), { record: true, hold: false, epoch: undefined });
  t.like(rig.orderOf('warm'), { record: true, hold: false, epoch: undefined });
  t.is(rig.orderOf('never'), undefined);
  t.throws(() => drills.start(R1, 'anna'), { code: 'drill/running' });
  await rig.clock.advance(900);
  rig.cover.onMediaEvent(written(fragmentOf('warm', rig.clock.now(), { key: false })));
  rig.cover.onMediaEvent(written(fragmentOf('warm', rig.clock.now())));
  await rig.clock.advance(1600);
  t.is(drills.list()[0]?.endedAt, undefined);
  rig.cover.onMediaEvent(written(fragmentOf('cold', rig.clock.now())));
  t.deepEqual(resultsOf(ended[0]), [
    ['cold', 'cold', 2500],
    ['warm', 'warm', 900],
    ['hot', 'hot', 0],
    ['push', 'cold', 'The camera pushes to its own server'],
  ]);
  t.deepEqual(rig.cover.orders(), before);
  t.deepEqual(rig.cover.covered(), []);
  // What was recorded is not shown, and goes.
  rig.record('cold', rig.clock.now() - 2000, rig.clock.now());
  t.deepEqual(rig.cover.footageOf('cold', 'main'), []);
  await rig.clock.advance(5000);
  t.deepEqual(rig.rows, []);
  t.is(drills.list().length, 1);
  await drills.stop();
});

test('a camera that shows nothing has a problem, in its own words if it has some', async (t) => {
  const rig = createRig();
  protect(rig);
  const { drills, ended } = drilling(rig);
  drills.start(R1, 'anna');
  rig.cover.onMediaEvent(
    stateOf('cold', { kind: 'failed', cause: 'camera-refused', message: 'wrong password', retryAt: 0 }),
  );
  await rig.clock.advance(31_000);
  const problems = new Map(ended[0]?.cameras.map(({ cameraId, problem }) => [cameraId, problem]));
  t.is(problems.get('cold'), 'wrong password');
  t.regex(problems.get('warm') ?? '', /30 s/);
  await drills.stop();
});

test('a cover ends a drill at once and takes over its sessions; a covered or suspected server is not drilled', async (t) => {
  const rig = createRig();
  protect(rig);
  const { drills, ended } = drilling(rig);
  drills.start(R1, 'anna');
  const streams = ['cold', 'warm', 'hot'].map((cameraId) => ({ cameraId, stream: 'main' }) as const);
  rig.cover.cover({ serverId: R1, streams, epoch: 4, lostFrom: rig.clock.now() });
  t.like(rig.orderOf('warm'), { record: true, hold: false, epoch: 4 });
  await rig.clock.advance(1000);
  t.regex(ended[0]?.cameras[0]?.problem ?? '', /interrupted/);
  t.like(rig.orderOf('warm'), { record: true, hold: false, epoch: 4 });
  t.throws(() => drills.start(R1, 'anna'), { code: 'drill/not-now' });
  rig.cover.release(R1, streams);
  rig.cover.suspect(R1, true);
  t.throws(() => drills.start(R1, 'anna'), { code: 'drill/not-now' });
  await drills.stop();
});

test('drills come by schedule, and only so many are remembered', async (t) => {
  const rig = createRig();
  protect(rig);
  const many = Array.from({ length: MAX_DRILLS }, (_, index): Drill => ({
    id: `drill-${index}`,
    serverId: R1,
    startedAt: rig.clock.now() - 86_400_000,
    by: 'anna',
    cameras: [],
  }));
  const { drills, ended } = drilling(rig, { days: 2, file: { drills: many } });
  await rig.clock.advance(20 * 3_600_000);
  t.is(ended.length, 0);
  await rig.clock.advance(5 * 3_600_000);
  t.is(ended.length, 1);
  t.is(ended[0]?.by, 'schedule');
  t.is(drills.list().length, MAX_DRILLS);
  t.is(drills.list()[0]?.id, ended[0]?.id);
  await drills.stop();
});
