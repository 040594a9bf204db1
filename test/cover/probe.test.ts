/** Readiness probes: who is asked when, a few at a time, with the real credentials. */
import test from 'ava';
import { silentLog } from '../../src/core/log.ts';
import { MAX_PROBES_AT_ONCE, startProbes } from '../../src/cover/probe.ts';
import type { Probe, ProbeAnswer, ProbeDeps, ProbeRequest } from '../../src/cover/probe.ts';
import type { ProtectedSettings } from '../../src/cover/cover-types.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { cameraOf, R1 } from './cover-rig.ts';

const MINUTE = 60_000;
function probing(settings: ProtectedSettings, more: Partial<ProbeDeps> = {}) {
  const clock = createFakeClock();
  const asked: ProbeRequest[] = [];
  const changes: Probe[] = [];
  let atOnce = 0;
  let most = 0;
  const answers = new Map<string, ProbeAnswer>();
  const probes = startProbes({
    clock,
    log: silentLog,
    servers: () => [R1],
    settingsOf: () => settings,
    ownCameraIds: () => new Set(),
    everyMinutes: () => 60,
    isAlive: () => false,
    test: async (request, signal) => {
      asked.push(request);
      atOnce += 1;
      most = Math.max(most, atOnce);
      await clock.sleep(1000 as Parameters<typeof clock.sleep>[0], signal);
      atOnce -= 1;
      return answers.get(request.url) ?? { ok: true, message: '1920 x 1080' };
    },
    changed: (probe) => changes.push(probe),
    ...more,
  });
  return { clock, probes, asked, changes, answers, most: () => most };
}

test('every camera is asked once an hour, two at a time, with its own credentials', async (t) => {
  const cameras = ['a', 'b', 'c', 'd', 'e'].map((id) =>
    cameraOf(id, id === 'a' ? { username: 'admin', hasPassword: true } : {}),
  );
  const { clock, probes, asked, most } = probing({ cameras, secrets: { 'camera:a': 'pass-a' } });
  await clock.advance(20_000);
  t.is(asked.length, 5);
  t.is(most(), MAX_PROBES_AT_ONCE);
  t.like(asked[0], { url: 'rtsp://10.0.0.1/a', username: 'admin', password: 'pass-a' });
  t.is(probes.list().length, 5);
  t.like(probes.list()[0], { serverId: R1, cameraId: 'a', ok: true, message: '1920 x 1080', milliseconds: 1000 });
  await clock.advance(50 * MINUTE);
  t.is(asked.length, 5);
  await clock.advance(11 * MINUTE);
  t.is(asked.length, 10);
  await probes.stop();
});

test('a camera that fails is told once, is unreachable for the plan, and told again when it works', async (t) => {
  const { clock, probes, changes, answers } = probing({ cameras: [cameraOf('a')], secrets: {} });
  answers.set('rtsp://10.0.0.1/a', { ok: false, message: 'refuses the password' });
  await clock.advance(20_000);
  await clock.advance(61 * MINUTE);
  t.deepEqual(
    changes.map(({ ok, message }) => [ok, message]),
    [[false, 'refuses the password']],
  );
  t.deepEqual([...probes.unreachable()], ['a']);
  answers.clear();
  await clock.advance(61 * MINUTE);
  t.is(changes.length, 2);
  t.is(probes.unreachable().size, 0);
  await probes.stop();
});

test('a camera that a drill recorded is in reach again at once, and told; one that never failed is not', async (t) => {
  const { clock, probes, changes, answers } = probing({ cameras: [cameraOf('a'), cameraOf('b')], secrets: {} });
  answers.set('rtsp://10.0.0.1/a', { ok: false, message: 'refuses the password' });
  await clock.advance(20_000);
  for (const id of ['a', 'b', 'unknown']) probes.recorded(R1, id);
  t.is(probes.unreachable().size, 0);
  t.deepEqual(
    changes.map(({ cameraId, ok }) => [cameraId, ok]),
    [
      ['a', false],
      ['a', true],
    ],
  );
  t.is(probes.list().length, 2);
  await probes.stop();
});

test('a camera whose sessions are all taken is told, and is in reach all the same', async (t) => {
  const { clock, probes, changes, answers } = probing({ cameras: [cameraOf('a'), cameraOf('b')], secrets: {} });
  answers.set('rtsp://10.0.0.1/a', { ok: false, message: 'has no session left', isFull: true });
  answers.set('rtsp://10.0.0.1/b', { ok: false, message: 'does not answer' });
  await clock.advance(20_000);
  t.deepEqual(changes.map(({ cameraId }) => cameraId).sort(), ['a', 'b']);
  t.deepEqual([...probes.unreachable()], ['b']);
  await probes.stop();
});

test('a camera that failed is asked again after five minutes, the others once an hour', async (t) => {
  const { clock, probes, asked, answers, changes } = probing({ cameras: [cameraOf('a'), cameraOf('b')], secrets: {} });
  answers.set('rtsp://10.0.0.1/a', { ok: false, message: 'does not answer' });
  await clock.advance(20_000);
  await clock.advance(4 * MINUTE);
  t.is(asked.length, 2);
  answers.clear();
  await clock.advance(2 * MINUTE);
  t.deepEqual(
    asked.slice(2).map(({ url }) => url),
    ['rtsp://10.0.0.1/a'],
  );
  t.is(probes.unreachable().size, 0);
  t.is(changes.length, 2);
  await clock.advance(50 * MINUTE);
  t.is(asked.length, 3);
  await probes.stop();
});

test('who pushes, is recorded here, disabled or never covered is not asked', async (t) => {
  const cameras = [
    cameraOf('push', { main: { url: 'rtmp://push/front-door-7x2k', transport: 'auto' } }),
    cameraOf('alive'),
    cameraOf('off', { enabled: false }),
    cameraOf('never', { priority: 'never' }),
  ];
  const { clock, probes, asked } = probing({ cameras, secrets: {} }, { isAlive: (id) => id === 'alive' });
  await clock.advance(20_000);
  t.deepEqual(asked, []);
  t.deepEqual(
    probes.list().map(({ cameraId, ok, milliseconds }) => [cameraId, ok, milliseconds]),
    [
      ['push', false, undefined],
      ['alive', true, undefined],
    ],
  );
  await probes.stop();
});

test('a run by hand resolves when all have answered, also without a schedule; what throws is an answer', async (t) => {
  const { clock, probes } = probing(
    { cameras: [cameraOf('a'), cameraOf('b'), cameraOf('c')], secrets: {} },
    { everyMinutes: () => 0, test: async () => await Promise.reject(new Error('no such host')) },
  );
  await clock.advance(20_000);
  t.deepEqual(probes.list(), []);
  await probes.run(R1);
  t.deepEqual(
    probes.list().map(({ ok, message }) => [ok, message]),
    [1, 2, 3].map(() => [false, 'no such host']),
  );
  await probes.stop();
});
