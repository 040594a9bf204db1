/** The life of one stream that nothing comes from: how often it is tried, what is told, and that no time is without an account. */
import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { createLog, silentLog } from '../../src/core/log.ts';
import { startCameraLoop } from '../../src/recorder/camera-loop.ts';
import type { CameraLoopDeps } from '../../src/recorder/camera-loop.ts';
import { createConnectGate } from '../../src/recorder/connect-gate.ts';
import type { MediaEvent, StreamOrder } from '../../src/wire/media-protocol.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { orderOf } from '../support/media-process.ts';
import { createRandom } from '../support/seeded-random.ts';

type Failed = { readonly kind: 'failed'; readonly cause: string; readonly message: string; readonly retryAt: number };

function bench(more: Partial<CameraLoopDeps> = {}, order: Partial<StreamOrder> = {}) {
  const clock = createFakeClock();
  const events: MediaEvent[] = [];
  const tries: number[] = [];
  const deps = {
    order: orderOf('cam-1', 'rtsp://front-door.example/main', order),
    clock,
    log: silentLog,
    gate: createConnectGate(1),
    resolve: async () => {
      tries.push(clock.monotonic());
      throw new UnderstudyError('unavailable', 'recorder/unresolved', 'The name front-door.example is not known.');
    },
    refuse: () => undefined,
    pushes: { flvUrlOf: () => undefined },
    emit: (event: MediaEvent) => events.push(event),
    random: () => 0.5,
    ...more,
  };
  // What only a session needs is left out: none begins here.
  const loop = startCameraLoop(deps as unknown as CameraLoopDeps);
  const states = (): readonly string[] =>
    events.flatMap((event) => (event.kind === 'stream-state' ? event.state.kind : []));
  const failures = (): readonly Failed[] =>
    events.flatMap((event) =>
      event.kind === 'stream-state' && event.state.kind === 'failed' ? [event.state as Failed] : [],
    );
  const gaps = (): readonly string[] =>
    events.flatMap((event) => {
      if (event.kind === 'gap-opened') return [`+${event.start - clock.now() + clock.monotonic()} ${event.cause}`];
      return event.kind === 'gap-closed' ? [`-${event.end - clock.now() + clock.monotonic()}`] : [];
    });
  return { clock, events, tries, loop, states, failures, gaps };
}

test('a camera whose name is not known is tried again with growing waits, and missing all the time', async (t) => {
  const { clock, tries, loop, states, failures, gaps } = bench();
  await clock.advance(300_000);
  const waits = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
  t.true(waits.length >= 5, `${waits.length} tries`);
  t.deepEqual(
    waits,
    waits.toSorted((a, b) => a - b),
    'no wait is shorter than the one before',
  );
  t.is(waits.at(-1), waits.at(-2), 'up to a cap');
  t.deepEqual([...new Set(states())], ['connecting', 'failed']);
  const [first] = failures();
  t.like(first, { cause: 'camera-unresolved', message: 'The name front-door.example is not known.' });
  t.is((first?.retryAt ?? 0) - clock.now() + clock.monotonic(), tries[1] ?? -1, 'it is told when it is tried again');
  t.deepEqual(gaps(), ['+0 no-key-frame', '-0', '+0 camera-unresolved'], 'one gap, for its cause');
  t.is(loop.counter.reconnects, tries.length);
  await loop.stop();
  t.is(states().at(-1), 'idle');
  t.is(clock.pendingTimers(), 0);
});

test('an address that must not be connected to is refused before anything is sent, again at each try', async (t) => {
  const asked: string[] = [];
  const { clock, loop, failures } = bench({
    resolve: async () => '127.0.0.1',
    refuse: (address, port) => {
      asked.push(`${address}:${port}`);
      return 'This is the box itself.';
    },
  });
  await clock.advance(200_000);
  t.true(asked.length >= 2);
  t.deepEqual([...new Set(asked)], ['127.0.0.1:554']);
  t.like(failures()[0], { cause: 'camera-refused' });
  t.regex(failures()[0]?.message ?? '', /front-door\.example resolves to 127\.0\.0\.1\. This is the box itself/);
  await loop.stop();
});

test('one that is to be held and refuses is left alone for minutes, but not after the first refusal', async (t) => {
  const { clock, loop, failures } = bench(
    { resolve: async () => '127.0.0.1', refuse: () => 'This is the box itself.' },
    { hold: true },
  );
  await clock.advance(60_000);
  const offset = clock.now() - clock.monotonic();
  const tried = failures().map(({ retryAt }) => retryAt - offset);
  t.is(tried.length, 3, tried.join(' '));
  t.true((tried[0] ?? Infinity) < 10_000 && (tried[1] ?? Infinity) < 20_000, tried.join(' '));
  t.true((tried[2] ?? 0) > 500_000, tried.join(' '));
  t.regex(failures()[2]?.message ?? '', /connected when it has to be recorded/);
  t.notRegex(failures()[0]?.message ?? '', /connected when/);
  await loop.stop();
});

test('what is only watched is tried as well, and nothing is missing', async (t) => {
  const { clock, tries, loop, gaps, states } = bench({}, { record: false });
  await clock.advance(60_000);
  t.true(tries.length >= 3);
  t.deepEqual(gaps(), []);
  loop.update(orderOf('cam-1', 'rtsp://front-door.example/main', { record: true }));
  t.deepEqual(
    gaps().map((gap) => gap.replace(/^\+\d+ /, '')),
    ['camera-unresolved'],
    'from now on it is',
  );
  t.true(states().includes('failed'));
  await loop.stop();
});

test('a defect in a session ends its loop, is logged, and is booked as missing without an explanation', async (t) => {
  const lines: string[] = [];
  const { clock, loop, gaps, tries } = bench({
    log: createLog(
      'error',
      (line) => lines.push(line),
      () => 0,
    ),
    resolve: async () => {
      throw new TypeError('x is not a function');
    },
  });
  await clock.advance(100_000);
  t.deepEqual(gaps().at(-1)?.split(' ')[1], 'unexplained');
  t.true(lines.some((line) => line.includes('x is not a function')));
  t.deepEqual(tries, []);
  await loop.stop();
});

test('whatever fails and whenever it is stopped, gaps alternate and the loop ends', async (t) => {
  for (let seed = 0; seed < 30; seed += 1) {
    const random = createRandom(seed);
    const codes = ['recorder/unresolved', 'recorder/address', 'rtsp/url'] as const;
    const { clock, loop, events } = bench({
      resolve: async () => {
        const code = codes[random.int(0, 2)] ?? 'rtsp/url';
        throw new UnderstudyError('unavailable', code, code);
      },
      random: () => random.int(0, 999) / 1000,
    });
    for (let step = random.int(0, 8); step > 0; step -= 1) {
      await clock.advance(random.int(0, 90_000));
      loop.update(orderOf('cam-1', 'rtsp://front-door.example/main', { record: random.int(0, 1) === 1 }));
      if (random.int(0, 4) === 0) clock.stepWall(random.int(-100_000, 100_000));
    }
    await loop.stop();
    let open = false;
    let last = 0;
    for (const event of events) {
      if (event.kind === 'gap-opened') {
        t.false(open, `seed ${seed}: opened twice`);
        [open, last] = [true, event.start];
      } else if (event.kind === 'gap-closed') {
        t.true(open && event.end >= last, `seed ${seed}: closed without being open, or before it began`);
        open = false;
      }
    }
    t.is(clock.pendingTimers(), 0, `seed ${seed}`);
  }
});
