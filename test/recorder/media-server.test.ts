/** The local socket of media, against peers that are new, old, slow, two at once, or not ours. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { createEventRing } from '../../src/recorder/event-ring.ts';
import { createLiveHub } from '../../src/recorder/live-hub.ts';
import { annexB, MAX_UNSENT_EVENTS, startMediaServer } from '../../src/recorder/media-server.ts';
import { MAX_MESSAGE_BYTES } from '../../src/wire/media-protocol.ts';
import type { MediaEvent } from '../../src/wire/media-protocol.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const closed = (segment: string): MediaEvent => ({ kind: 'segment-closed', at: 1, volumeId: 'vol', segment });
const ORDERS = {
  kind: 'orders',
  protocol: 1,
  version: 3,
  serverId: '6f1c2b3a-0000-4000-8000-00000000000a',
  epoch: 1,
  segmentSeconds: 600,
  fragmentMs: 500,
  volumes: [],
  streams: [],
};

async function bench(t: ExecutionContext) {
  const path = join(await tempDir(t, 'socket'), 'run', 'media.sock');
  const ring = createEventRing('media-a');
  const taken: number[] = [];
  const server = await startMediaServer({
    path,
    log: silentLog,
    ring,
    hello: () => ({ pid: 1, startedAt: 1, ordersVersion: taken.at(-1) ?? 0 }),
    present: () => [],
    order: ({ version }) => {
      if (version < (taken.at(-1) ?? 0))
        throw new UnderstudyError('conflict', 'orders/old', 'A later one is in force.');
      taken.push(version);
    },
    hubOf: (cameraId) => (cameraId === 'cam-1' ? createLiveHub() : undefined),
  });
  t.teardown(server.stop);
  const peer = async () => await joinAs(t, path);
  return { ring, taken, peer };
}

type Peer = { readonly socket: Socket; readonly lines: () => readonly Line[]; readonly say: (what: unknown) => void };
type Line = { readonly kind?: string; readonly code?: string; readonly seq?: number; readonly reset?: boolean };

async function joinAs(t: ExecutionContext, path: string): Promise<Peer> {
  const socket = connect(path);
  t.teardown(() => socket.destroy());
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(socket, 'connect');
  return {
    socket,
    lines: () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line),
    say: (what) => void socket.write(`${typeof what === 'string' ? what : JSON.stringify(what)}\n`),
  };
}
const ended = async ({ socket }: Peer): Promise<boolean> =>
  await waitFor('the end of the connection', () => socket.destroyed || socket.readableEnded);

test('two controls at once both get every event, each from where it was', async (t) => {
  const { ring, peer } = await bench(t);
  for (const name of ['1', '2', '3']) ring.push(closed(name));
  const [one, two] = [await peer(), await peer()];
  one.say({ kind: 'subscribe', instance: 'media-a', after: 2 });
  two.say({ kind: 'subscribe', after: 0 });
  await waitFor('both to be met', () => one.lines().length === 2 && two.lines().length === 4);
  ring.push(closed('4'));
  await waitFor('the new event', () => one.lines().length === 3 && two.lines().length === 5);
  t.deepEqual(
    one.lines().map(({ kind, seq }) => kind ?? seq),
    ['hello', 3, 4],
  );
  t.deepEqual(
    two.lines().map(({ kind, seq }) => kind ?? seq),
    ['hello', 1, 2, 3, 4],
  );
});

test('orders older than those in force are refused; the connection stays', async (t) => {
  const { taken, peer } = await bench(t);
  const one = await peer();
  for (const version of [3, 2, 3, 4]) one.say({ ...ORDERS, version });
  await waitFor('the last orders and the refusal', () => taken.at(-1) === 4 && one.lines().length > 0);
  t.deepEqual(taken, [3, 3, 4]);
  t.deepEqual(
    one.lines().map(({ kind, code }) => [kind, code]),
    [['refused', 'orders/old']],
  );
});

test('garbage and a line that never ends are answered with a refusal and the end, and hurt nobody else', async (t) => {
  const { ring, peer } = await bench(t);
  const good = await peer();
  good.say({ kind: 'subscribe', after: 0 });
  await waitFor('the greeting', () => good.lines().length === 1);
  const random = createRandom(9);
  for (let round = 0; round < 20; round += 1) {
    const bad = await peer();
    bad.socket.write(Buffer.concat([random.bytes(random.int(1, 500)), Buffer.from('\n')]));
    await ended(bad);
    t.is(bad.lines()[0]?.kind, 'refused');
  }
  const endless = await peer();
  endless.socket.write(Buffer.alloc(MAX_MESSAGE_BYTES + 2, 0x61));
  await ended(endless);
  ring.push(closed('1'));
  await waitFor('the event', () => good.lines().length === 2);
  t.pass();
});

test('a subscriber that takes nothing is let go before it fills the memory', async (t) => {
  const { ring, peer } = await bench(t);
  const slow = await peer();
  slow.say({ kind: 'subscribe', after: 0 });
  await waitFor('the greeting', () => slow.lines().length === 1);
  slow.socket.pause();
  const large = closed('x'.repeat(1024 * 1024));
  for (let sent = 0; sent < 2 * MAX_UNSENT_EVENTS; sent += 1024 * 1024) ring.push(large);
  slow.socket.resume();
  await ended(slow);
  t.true(slow.lines().length < 100);
});

test('a peer that half closes or vanishes is forgotten', async (t) => {
  const { ring, peer } = await bench(t);
  const [half, gone] = [await peer(), await peer()];
  for (const one of [half, gone]) one.say({ kind: 'subscribe', after: 0 });
  await waitFor('both greetings', () => half.lines().length === 1 && gone.lines().length === 1);
  half.socket.end();
  gone.socket.destroy();
  await ended(half);
  t.notThrows(() => ring.push(closed('1')));
});

test('live view and key frames of what is not there are refused by name', async (t) => {
  const { peer } = await bench(t);
  for (const [cameraId, code] of [
    ['cam-2', 'live/no-stream'],
    ['cam-1', 'live/no-picture'],
  ] as const)
    for (const kind of ['live', 'key-frame']) {
      const one = await peer();
      one.say({ kind, cameraId, stream: 'main' });
      await ended(one);
      t.like(one.lines()[0], { kind: 'refused', code });
    }
});

test('a key frame goes to a decoder with start codes and parameter sets in front', (t) => {
  const sample = Uint8Array.of(0, 0, 0, 2, 0x65, 1, 0, 0, 0, 1, 0x65);
  t.deepEqual(
    [...annexB([Uint8Array.of(0x67), Uint8Array.of(0x68, 2)], sample)],
    [0, 0, 0, 1, 0x67, 0, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 1, 0, 0, 0, 1, 0x65],
  );
});
