/** The connection to media, against a media process that comes, goes, says what cannot be read, and starts anew. */
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { startMediaLink } from '../../src/control/media-link.ts';
import type { MediaLinkDeps } from '../../src/control/media-link.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createLog } from '../../src/core/log.ts';
import type { NumberedEvent, Orders } from '../../src/wire/media-protocol.ts';
import { MAX_MESSAGE_BYTES } from '../../src/wire/media-protocol.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

type Said = { readonly kind: string; readonly version?: number; readonly instance?: string; readonly after?: number };
type Peer = { readonly socket: Socket; readonly said: Said[]; readonly say: (what: unknown) => void };

const helloOf = (instance: string, ordersVersion = 0): object => ({
  kind: 'hello',
  protocol: 1,
  instance,
  pid: 1,
  startedAt: 1,
  ordersVersion,
  reset: false,
});
const eventOf = (seq: number): object => ({
  seq,
  event: { kind: 'segment-closed', at: 1, volumeId: 'vol-1', segment: `cam-1/main/${seq}.mp4` },
});

async function bench(t: ExecutionContext, more: Partial<MediaLinkDeps> = {}) {
  const socketPath = join(await tempDir(t, 'link'), 'media.sock');
  const peers: Peer[] = [];
  const server = createServer((socket) => {
    const said: Said[] = [];
    let text = '';
    socket
      .on('error', () => undefined)
      .on('data', (chunk: Buffer) => {
        const lines = (text + chunk.toString()).split('\n');
        text = lines.pop() ?? '';
        said.push(...lines.map((line) => JSON.parse(line) as Said));
      });
    peers.push({
      socket,
      said,
      say: (what) => void socket.write(typeof what === 'string' ? what : `${JSON.stringify(what)}\n`),
    });
  });
  const listen = async (): Promise<void> => await new Promise((resolve) => server.listen(socketPath, resolve));
  const events: number[] = [];
  const told: string[] = [];
  const lines: string[] = [];
  let stored: { instance: string; seq: number } | undefined;
  const link = startMediaLink({
    socketPath,
    clock: systemClock,
    log: createLog('error', (line) => lines.push(line), systemClock.now),
    cursor: () => stored,
    orders: (known) => ({ kind: 'orders', version: known + 1 }) as unknown as Orders,
    onHello: ({ instance }) => told.push(`hello ${instance}`),
    onEvents: (numbered: readonly NumberedEvent[]) => {
      events.push(...numbered.map(({ seq }) => seq));
      stored = { instance: 'media-1', seq: events.at(-1) ?? 0 };
    },
    onLost: () => told.push('lost'),
    ...more,
  });
  t.teardown(async () => {
    await link.stop();
    for (const { socket } of peers) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const peer = async (number: number): Promise<Peer> => {
    const found = await waitFor(`connection ${number}`, () => peers[number - 1]);
    await waitFor('its subscription', () => found.said.length > 0);
    return found;
  };
  return { link, listen, peer, peers, events, told, lines };
}

test('it waits for media, subscribes from the beginning, gives its orders, and hands on what comes', async (t) => {
  const { link, listen, peer, events, told } = await bench(t);
  t.is(link.hello(), undefined);
  link.order();
  await listen();
  const media = await peer(1);
  t.like(media.said[0], { kind: 'subscribe', after: 0 });
  media.say(helloOf('media-1', 7));
  await waitFor('orders', () => media.said.length === 2);
  t.like(media.said[1], { kind: 'orders', version: 8 }, 'above what media knows');
  t.is(link.hello()?.instance, 'media-1');
  media.say(eventOf(1));
  media.say(eventOf(2));
  await waitFor('the events', () => events.length === 2);
  link.order();
  await waitFor('new orders', () => media.said.length === 3);
  t.is(media.said[2]?.version, 9);
  t.deepEqual(told, ['hello media-1']);
});

test('when media is gone it is told once, and the next connection goes on behind the stored event', async (t) => {
  const { link, listen, peer, events, told } = await bench(t);
  await listen();
  const first = await peer(1);
  first.say(helloOf('media-1'));
  first.say(eventOf(5));
  await waitFor('the event', () => events.length === 1);
  first.socket.destroy();
  const second = await peer(2);
  t.deepEqual(told, ['hello media-1', 'lost']);
  t.like(second.said[0], { kind: 'subscribe', instance: 'media-1', after: 5 });
  second.socket.destroy();
  await peer(3);
  t.deepEqual(told, ['hello media-1', 'lost'], 'a connection without a hello was never there');
  t.is(link.hello(), undefined);
});

test('events before a hello are not taken; what cannot be read or stored drops the connection and nothing else', async (t) => {
  let failing = true;
  const taken: number[] = [];
  const { listen, peer, lines } = await bench(t, {
    onEvents: (numbered) => {
      if (failing) throw new Error('database or disk is full');
      taken.push(...numbered.map(({ seq }) => seq));
    },
  });
  await listen();
  const first = await peer(1);
  first.say(eventOf(1));
  first.say('{"kind":\n');
  const second = await peer(2);
  second.say(helloOf('media-1'));
  second.say(eventOf(2));
  const third = await peer(3);
  t.true(lines.some((line) => line.includes('database or disk is full')));
  failing = false;
  third.say(helloOf('media-1'));
  third.say('x'.repeat(MAX_MESSAGE_BYTES + 2));
  const fourth = await peer(4);
  fourth.say(helloOf('media-1'));
  fourth.say(eventOf(3));
  await waitFor('the event', () => taken.length === 1);
  t.deepEqual(taken, [3]);
});

test('stopped while media is away, or in the middle of a conversation, it ends', async (t) => {
  const away = await bench(t);
  await away.link.stop();
  const there = await bench(t);
  await there.listen();
  await there.peer(1);
  await there.link.stop();
  t.is(there.peers.length, 1);
});
