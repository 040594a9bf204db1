import test from 'ava';
import { BEAT_MS, startHeartbeat, STEP_MS } from '../../src/control/heartbeat.ts';
import type { HeartbeatDeps } from '../../src/control/heartbeat.ts';
import { createLog } from '../../src/core/log.ts';
import { createFakeClock } from '../support/fake-clock.ts';

type Gap = Parameters<HeartbeatDeps['catalogue']['gaps']['add']>[0];
type Beat = { readonly role: string; readonly instance: string; readonly from: number; readonly to: number };

function bench() {
  const clock = createFakeClock();
  const beats: Beat[] = [];
  const gaps: Gap[] = [];
  const steps: number[] = [];
  const lines: string[] = [];
  const state = { full: false, media: false };
  const key = { cameraId: 'cam-1', stream: 'main' } as const;
  const catalogue = {
    services: {
      beat: (role: string, instance: string, from: number, to: number) => {
        if (state.full) throw new Error('database or disk is full');
        beats.push({ role, instance, from, to });
      },
    },
    gaps: { add: (gap: Gap) => void gaps.push(gap) },
    expectations: {
      streams: () => [
        { ...key, expected: true },
        { ...key, stream: 'sub', expected: false },
      ],
    },
    transaction: (run: () => unknown) => run(),
  } as unknown as HeartbeatDeps['catalogue'];
  const heartbeat = startHeartbeat({
    catalogue,
    clock,
    log: createLog('error', (line) => lines.push(line), clock.now),
    instance: 'control-1',
    hello: () =>
      state.media
        ? { kind: 'hello', protocol: 1, instance: 'media-1', pid: 1, startedAt: 5, ordersVersion: 0, reset: false }
        : undefined,
    onStep: (ms) => steps.push(ms),
  });
  return { clock, beats, gaps, steps, lines, state, heartbeat };
}

test('control, and media while it is connected, beat once a second and a last time at the end', async (t) => {
  const { clock, beats, state, heartbeat } = bench();
  const start = clock.now();
  await clock.advance(2 * BEAT_MS);
  t.deepEqual(
    beats.map(({ role, from, to }) => `${role} ${from - start} ${to - start}`),
    ['control 0 0', 'control 0 1000', 'control 0 2000'],
  );
  state.media = true;
  await clock.advance(BEAT_MS);
  t.deepEqual(beats.at(-1), { role: 'media', instance: 'media-1', from: 5, to: start + 3000 });
  await clock.advance(500);
  await heartbeat.stop();
  t.is(beats.at(-1)?.to, start + 3500);
  const count = beats.length;
  await clock.advance(10 * BEAT_MS);
  t.is(beats.length, count);
});

test('a clock set forward is booked for the streams that were expected; set back, or slewed, it is not', async (t) => {
  const { clock, gaps, steps, heartbeat } = bench();
  clock.stepWall(STEP_MS);
  await clock.advance(BEAT_MS);
  t.deepEqual([gaps, steps], [[], []], 'below the bound it is slewing');
  const before = clock.now();
  clock.stepWall(3_600_000);
  await clock.advance(BEAT_MS);
  t.is(gaps.length, 1);
  t.like(gaps[0], { cameraId: 'cam-1', stream: 'main', cause: 'clock-stepped' });
  t.is((gaps[0]?.end ?? 0) - (gaps[0]?.start ?? 0), 3_600_000);
  t.is(gaps[0]?.start, before + BEAT_MS);
  clock.stepWall(-60_000);
  await clock.advance(3 * BEAT_MS);
  t.is(gaps.length, 1);
  t.deepEqual(steps, [3_600_000, -60_000], 'each once');
  await heartbeat.stop();
});

test('a catalogue that cannot be written is said once, and beats go on when it can', async (t) => {
  const { clock, beats, lines, state, heartbeat } = bench();
  state.full = true;
  await clock.advance(5 * BEAT_MS);
  t.is(lines.length, 1);
  state.full = false;
  await clock.advance(BEAT_MS);
  t.is(beats.length, 2);
  state.full = true;
  await clock.advance(2 * BEAT_MS);
  t.is(lines.length, 2, 'it is news again');
  await heartbeat.stop();
});
