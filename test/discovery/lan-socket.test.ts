/** The socket that the libraries get: contains what they throw, and lets through what it is told to. */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createGuardedSocket } from '../../src/discovery/lan-socket.ts';
import type { GuardedSocket, GuardedSocketDeps, Question } from '../../src/discovery/lan-socket.ts';
import { LOOPBACK, loopbackLan } from '../support/lan-loopback.ts';
import { waitFor } from '../support/wait-for.ts';

type Bench = {
  readonly guarded: GuardedSocket;
  readonly socket: Socket;
  readonly thrown: unknown[];
  readonly broken: Error[];
  readonly questions: (Question | undefined)[];
  readonly hear: (text: string) => void;
  readonly bind: () => Promise<void>;
};

async function bench(t: ExecutionContext, more: Partial<GuardedSocketDeps> = {}): Promise<Bench> {
  const { groups } = await loopbackLan(t);
  const [thrown, broken, questions]: [unknown[], Error[], (Question | undefined)[]] = [[], [], []];
  const ready = Promise.withResolvers<void>();
  const guarded = createGuardedSocket({
    link: LOOPBACK,
    group: groups.ssdp,
    port: groups.ssdp.port,
    timeToLive: 1,
    admits: (datagram) => !Buffer.from(datagram).includes('refused'),
    outgoing: (datagram, _to, answering) => {
      questions.push(answering);
      return Buffer.from(datagram).includes('kept') ? undefined : datagram;
    },
    onReady: ready.resolve,
    onBroken: (error) => {
      broken.push(error);
      ready.resolve();
    },
    onSent: () => undefined,
    onThrown: (error) => thrown.push(error),
    ...more,
  });
  const { socket } = guarded;
  const other = createSocket('udp4');
  t.teardown(() => {
    guarded.close();
    other.close();
  });
  return {
    guarded,
    socket,
    thrown,
    broken,
    questions,
    hear: (text) => other.send(text, groups.ssdp.port, '127.0.0.1'),
    bind: async () => {
      socket.bind(groups.ssdp.port, () => undefined);
      await ready.promise;
    },
  };
}

test('what a listener throws is told, the other listeners and the next datagrams go on', async (t) => {
  const { socket, thrown, hear, bind } = await bench(t);
  const heard: string[] = [];
  socket.on('message', () => {
    throw new Error('of the library');
  });
  socket.on('message', (datagram) => heard.push(datagram.toString()));
  await bind();
  for (const text of ['one', 'refused', 'two']) hear(text);
  await waitFor('both', () => heard.length === 2);
  t.deepEqual(heard, ['one', 'two']);
  t.is(thrown.length, 2);
});

test('what is sent while a datagram is handled is known as an answer to it, later it is not', async (t) => {
  const { socket, questions, hear, bind } = await bench(t);
  socket.on('message', (_datagram, { port, address }) => socket.send(Buffer.from('kept'), 0, 4, port, address));
  await bind();
  hear('question');
  await waitFor('an answer', () => questions.length > 0);
  t.like(questions[0], { length: 8, from: { address: '127.0.0.1' } });
  socket.send(Buffer.from('kept'), 0, 4, 9, '127.0.0.1');
  t.is(questions[1], undefined);
});

test('a send that cannot be done, a callback that throws, and calls after the end do no harm', async (t) => {
  const { guarded, socket, thrown, bind } = await bench(t);
  await bind();
  const told = await new Promise<Error | null>((done) => socket.send(Buffer.from('x'), 0, 1, 0, '127.0.0.1', done));
  t.regex(told?.message ?? '', /Port should be/);
  socket.send(Buffer.from('x'), 0, 1, 9, '127.0.0.1', () => {
    throw new Error('of a callback');
  });
  await waitFor('told', () => thrown.length === 1);
  await guarded.flushed();
  guarded.close();
  guarded.close();
  const after = await new Promise((done) => socket.send(Buffer.from('x'), 0, 1, 9, '127.0.0.1', done));
  t.falsy(after);
  socket.bind(0);
  await new Promise<void>((done) => socket.close(done));
});

test('a port that is held, and a group that cannot be joined, are told once, by an event for the library too', async (t) => {
  const held = createSocket({ type: 'udp4', reuseAddr: false }).bind(0, '0.0.0.0');
  await once(held, 'listening');
  t.teardown(() => held.close());
  for (const more of [{ port: held.address().port }, { group: { address: '10.0.0.1', port: 1 } }]) {
    const { socket, broken, bind } = await bench(t, more);
    const events: unknown[] = [];
    socket.on('error', (error) => events.push(error));
    await bind();
    t.is(broken.length, 1);
    await waitFor('an event', () => events.length === 1);
  }
});
