/** The socket of a camera in the rhythm of the slots: what is read when, and how an end is noticed. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { openRtspSocket, READ_BUFFER_BYTES } from '../../src/recorder/rtsp-socket.ts';
import type { RtspSocket } from '../../src/recorder/rtsp-socket.ts';

type Pair = {
  readonly socket: RtspSocket;
  readonly camera: Socket;
  readonly wake: () => void;
  readonly slots: () => number;
  readonly heard: () => string;
  readonly bytes: () => number;
  readonly reasons: readonly string[];
  /** Until `condition` holds; wakes in between if `beat`. */
  readonly until: (condition: () => boolean, beat?: boolean) => Promise<void>;
};

async function openPair(t: ExecutionContext): Promise<Pair> {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const wakes = new Set<() => void>();
  const reasons: string[] = [];
  let text = '';
  let bytes = 0;
  const connected = Promise.withResolvers<undefined>();
  const socket = openRtspSocket(
    {
      slots: {
        join: (wake) => {
          wakes.add(wake);
          return () => void wakes.delete(wake);
        },
        everySecond: () => () => undefined,
      },
      readBuffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
    },
    { address: '127.0.0.1', port: (server.address() as AddressInfo).port, tls: undefined },
    {
      connected: () => connected.resolve(undefined),
      data: (buffer, length) => {
        bytes += length;
        if (length < 100) text += buffer.toString('latin1', 0, length);
      },
      closed: (reason) => reasons.push(reason),
    },
  );
  const [camera] = await accepted;
  camera.on('error', () => undefined);
  await connected.promise;
  t.teardown(() => {
    socket.close();
    camera.destroy();
    server.close();
  });
  const wake = (): void => {
    for (const run of wakes) run();
  };
  return {
    socket,
    camera,
    wake,
    slots: () => wakes.size,
    heard: () => text,
    bytes: () => bytes,
    reasons,
    until: async (condition, beat = false) => {
      while (!condition()) {
        if (beat) wake();
        await new Promise((done) => setTimeout(done, 2));
      }
    },
  };
}

test('outside of the rhythm bytes are read as they come', async (t) => {
  const { camera, until, heard, slots } = await openPair(t);
  camera.write('one');
  await until(() => heard() === 'one');
  t.is(slots(), 0);
});

test('in the rhythm nothing is read between wakes, and everything at a wake', async (t) => {
  const pair = await openPair(t);
  pair.socket.setBatched(true);
  pair.camera.write('two');
  pair.camera.write('three');
  // The bytes are there: another connection that was written to later has its own.
  const other = await openPair(t);
  other.camera.write('later');
  await other.until(() => other.heard() === 'later');
  t.is(pair.heard(), '');
  await pair.until(() => pair.heard() === 'twothree', true);
  pair.socket.setBatched(false);
  t.is(pair.slots(), 0);
  pair.camera.write('four');
  await pair.until(() => pair.heard() === 'twothreefour');
});

test('more than one buffer is read in one wake', async (t) => {
  const pair = await openPair(t);
  pair.socket.setBatched(true);
  const size = 3 * READ_BUFFER_BYTES;
  pair.camera.write(Buffer.alloc(size));
  await pair.until(() => pair.bytes() === size, true);
  t.deepEqual(pair.reasons, []);
});

test('a wake without bytes does nothing', async (t) => {
  const pair = await openPair(t);
  pair.socket.setBatched(true);
  for (let wakes = 0; wakes < 20; wakes += 1) pair.wake();
  t.deepEqual(pair.reasons, []);
  pair.camera.write('still there');
  await pair.until(() => pair.heard() === 'still there', true);
});

test('the end of the connection is noticed at a wake, after the last bytes, once', async (t) => {
  const pair = await openPair(t);
  pair.socket.setBatched(true);
  pair.camera.end('last');
  await pair.until(() => pair.reasons.length > 0, true);
  pair.wake();
  t.is(pair.heard(), 'last');
  t.deepEqual(pair.reasons, ['the camera closed the connection']);
  t.is(pair.slots(), 0);
});

test('a connection that is broken off is noticed at a wake', async (t) => {
  const pair = await openPair(t);
  pair.socket.setBatched(true);
  pair.camera.resetAndDestroy();
  await pair.until(() => pair.reasons.length > 0, true);
  t.deepEqual(pair.reasons, ['the camera broke off the connection']);
});

test('a closed socket is not read any more', async (t) => {
  const pair = await openPair(t);
  pair.socket.setBatched(true);
  pair.camera.write('too late');
  pair.socket.close();
  pair.wake();
  t.is(pair.slots(), 0);
  t.is(pair.heard(), '');
  t.deepEqual(pair.reasons, []);
});
