/** The parts of a pushed camera: when its server runs, time of its sound, its test, what is no FLV. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { createLiveHub } from '../../src/recorder/live-hub.ts';
import { createSoundTime } from '../../src/recorder/push-pipeline.ts';
import { createPushReceiver } from '../../src/recorder/push-receiver.ts';
import { MAX_HTTP_HEAD, startPushSession } from '../../src/recorder/push-session.ts';
import { keyFrameOf, testPush } from '../../src/recorder/push-test.ts';
import type { SessionEnd } from '../../src/recorder/recording-session.ts';
import { createSequence } from '../../src/recorder/run-counter.ts';
import { createSlabs } from '../../src/recorder/slabs.ts';
import { createStreamCounter } from '../../src/recorder/stream-counter.ts';
import { createWriteQueue } from '../../src/recorder/write-queue.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { orderOf } from '../support/media-process.ts';
import { createRandom } from '../support/seeded-random.ts';

const PUSH = { address: '127.0.0.1', port: 0 };
const pushed = (key: string) => ({ streams: [orderOf('cam-1', `rtmp://push/${key}`)], push: PUSH });
const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

test('the server starts with the first pushed stream, hears of keys, and ends with the last', async (t) => {
  const said: string[] = [];
  const receiver = createPushReceiver(async ({ port }) => {
    said.push(`start ${port}`);
    return await Promise.resolve({
      allow: (keys: readonly string[]) => void said.push(`allow ${keys.join(' ')}`),
      flvUrlOf: (key: string) => `http://127.0.0.1:1/live/${key}.flv`,
      stop: async () => {
        said.push('stop');
        await Promise.resolve();
      },
    });
  }, silentLog);
  receiver.apply({ streams: [orderOf('cam-1', 'rtsp://10.0.0.1/')], push: PUSH });
  await settled();
  t.deepEqual(said, []);
  t.is(receiver.flvUrlOf('front-door-7x2k'), undefined);
  receiver.apply(pushed('front-door-7x2k'));
  await settled();
  t.is(receiver.flvUrlOf('front-door-7x2k'), 'http://127.0.0.1:1/live/front-door-7x2k.flv');
  receiver.apply(pushed('back-door-7x2k'));
  receiver.apply({ ...pushed('back-door-7x2k'), push: { ...PUSH, port: 1935 } });
  receiver.apply({ streams: [], push: PUSH });
  await settled();
  await receiver.stop();
  t.is(said[0], 'start 0');
  t.is(said.at(-1), 'stop');
  t.is(said.filter((text) => text.startsWith('start')).length, said.filter((text) => text === 'stop').length);
});

test('a server that does not start is tried again with the next orders', async (t) => {
  let tries = 0;
  const receiver = createPushReceiver(async () => {
    tries += 1;
    return await Promise.reject(new UnderstudyError('unavailable', 'test/no', 'no'));
  }, silentLog);
  receiver.apply(pushed('front-door-7x2k'));
  await settled();
  receiver.apply(pushed('front-door-7x2k'));
  await settled();
  t.is(tries, 2);
  await receiver.stop();
});

test('sound told in whole milliseconds comes in whole frames, and a hole stays a hole', (t) => {
  const time = createSoundTime(48_000, 1024);
  const frames = Array.from({ length: 500 }, (_, index) => time(Math.floor((index * 1024) / 48) * 90));
  t.deepEqual([...new Set(frames.slice(1).map((at, index) => at - (frames[index] ?? 0)))], [1024]);
  const later = time(Math.floor((1000 * 1024) / 48) * 90);
  t.true(Math.abs(later - 1000 * 1024) <= 48);
});

test('a test without a push ends in time, says so and lets go', async (t) => {
  const clock = createFakeClock();
  let held = 0;
  const testing = testPush(
    {
      take: () => {
        held += 1;
        return () => (held -= 1);
      },
      keyFrame: async () => await Promise.reject(new UnderstudyError('not-found', 'live/no-stream', 'no')),
    },
    { clock, signal: new AbortController().signal },
  );
  t.is(held, 1);
  await clock.advance(30_000);
  const result = await testing;
  t.false(result.ok);
  t.is(result.checks.at(-1)?.check, 'connect');
  t.is(held, 0);
});

test('random bytes hold no key frame', (t) => {
  const random = createRandom(7);
  for (let round = 0; round < 2000; round += 1) {
    const bytes = Uint8Array.from({ length: random.int(1, 64) }, () =>
      random.chance(0.5) ? random.int(0, 1) : random.int(0, 255),
    );
    t.is(keyFrameOf(round % 2 === 0 ? 'h264' : 'h265', bytes), undefined);
  }
});

async function endWith(t: ExecutionContext, answer: Uint8Array | string): Promise<SessionEnd> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(answer);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close());
  const slabs = createSlabs();
  const queue = createWriteQueue({ slabs, writerOf: () => undefined, emit: () => undefined, now: systemClock.now });
  const session = startPushSession({
    order: orderOf('cam-1', 'rtmp://push/front-door-7x2k'),
    key: 'front-door-7x2k',
    pushes: { flvUrlOf: (key) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/live/${key}.flv` },
    clock: systemClock,
    slabs,
    readBuffer: Buffer.allocUnsafeSlow(64 * 1024),
    sequence: createSequence(1),
    queue: queue.stream({ cameraId: 'cam-1', stream: 'main', priority: () => 'low', volumeIds: () => [] }),
    origin: () => ({ cameraId: 'cam-1', stream: 'main', serverId: '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001', epoch: 1 }),
    recording: () => ({ fragmentMs: 500, segmentSeconds: 60 }),
    counter: createStreamCounter(),
    emit: () => undefined,
    hub: createLiveHub(),
    on: { ready: () => undefined, playing: () => undefined, begun: () => undefined, remark: () => undefined },
    taking: { take: () => 'left-out', books: () => false },
    interrupted: () => undefined,
  });
  t.teardown(() => session.stop());
  return await session.ended;
}

test('an endless head of the answer ends the session', async (t) => {
  t.like(await endWith(t, Buffer.alloc(MAX_HTTP_HEAD + 1, 'x')), { kind: 'failed', cause: 'service-down' });
});

test('an answer other than 200 ends the session', async (t) => {
  t.like(await endWith(t, 'HTTP/1.1 404 Not Found\r\n\r\n'), { kind: 'failed', cause: 'service-down' });
});

test('what is not FLV ends the session', async (t) => {
  const end = await endWith(t, `HTTP/1.1 200 OK\r\n\r\n${'<html>'.repeat(10)}`);
  t.like(end, { kind: 'failed', cause: 'camera-protocol', recordedUntil: undefined });
});
