/** HTTP connections between two servers: who may ask, who dials, how many, when they end. */
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { createHttpLinks, MAX_HTTP_CONNECTIONS, MAX_HTTP_DIALS } from '../../src/peer/http-links.ts';
import type { HttpLinksDeps } from '../../src/peer/http-links.ts';
import { MAX_ALL_HTTP_CONNECTIONS } from '../../src/peer/listener.ts';
import { HTTP_ALPN } from '../../src/peer/peer-tls.ts';
import { codeOf } from '../support/is-refused.ts';
import {
  createIdentity,
  helloOf,
  pairOfBoxes,
  rawPeer,
  recordOf,
  startBox,
  twoIdentities,
} from '../support/peer-rig.ts';
import type { Box, Identity } from '../support/peer-rig.ts';
import { waitFor } from '../support/wait-for.ts';

const NEVER = new AbortController().signal;
type Echo = { readonly served: TLSSocket[]; readonly serving: HttpLinksDeps['serving'] };
/** Sends back what it hears. */
function echo(serves: (peerId: string) => boolean = () => true): Echo {
  const served: TLSSocket[] = [];
  return {
    served,
    serving: {
      serves,
      serve: (_peerId, socket) => {
        served.push(socket);
        socket.pipe(socket);
      },
    },
  };
}
async function echoes(t: ExecutionContext, socket: TLSSocket): Promise<void> {
  socket.write('hello');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  t.is(bytes.toString(), 'hello');
}

test('a host asks a member whose address it knows, and one that dialled in', async (t) => {
  const { serving, served } = echo();
  const [host, member] = await pairOfBoxes(t, { second: { serving } });
  const socket = await host.network.openHttp(member.identity.id, NEVER);
  await echoes(t, socket);
  t.is(served.length, 1);
  const other = echo();
  const [dialler, listening] = await pairOfBoxes(t, { first: { serving: other.serving } });
  await echoes(t, await listening.network.openHttp(dialler.identity.id, NEVER));
  t.is(other.served.length, 1);
});

test('a server asks nobody who does not let it', async (t) => {
  const { serving, served } = echo(() => false);
  const [host, member] = await pairOfBoxes(t, { second: { serving } });
  const socket = await host.network.openHttp(member.identity.id, NEVER);
  await once(socket.resume(), 'close');
  t.is(
    await codeOf(member.network.openHttp(host.identity.id, NEVER)),
    'peer/no-http',
    'and asks nobody to dial for it',
  );
  t.is(await codeOf(host.network.openHttp('nobody', NEVER)), 'peer/unknown');
  t.is(served.length, 0);
});

test('strangers and those who come unasked get the end at once, and nothing is said to them', async (t) => {
  const [known, own] = await twoIdentities();
  const box = await startBox(t, own, { records: [recordOf(known)] });
  for (const identity of [undefined, await createIdentity(), known]) {
    const peer = await rawPeer(box.network.port, identity, { ALPNProtocols: [HTTP_ALPN] });
    await peer.closed;
    t.deepEqual(peer.messages, []);
  }
});

const ended = async (sockets: readonly TLSSocket[]): Promise<unknown> =>
  await waitFor('all to end', () => sockets.every(({ destroyed }) => destroyed));
const openOne = async (from: Box, to: Box): Promise<TLSSocket> => {
  const socket = await from.network.openHttp(to.identity.id, NEVER);
  socket.resume();
  return socket;
};

test('they end at once at both sides when the other one is revoked, and with the watch connection', async (t) => {
  const { serving, served } = echo();
  const [host, member] = await pairOfBoxes(t, { second: { serving } });
  const one = await openOne(host, member);
  await waitFor('it to be served', () => served.length === 1);
  member.network.revoke(host.identity.id);
  await ended([one, ...served]);
  await host.next('down');
  t.is(await codeOf(host.network.openHttp(member.identity.id, NEVER)), 'peer/not-connected');

  const other = echo();
  const [second, third] = await pairOfBoxes(t, { second: { serving: other.serving } });
  const two = await openOne(second, third);
  await third.network.stop();
  await ended([two, ...other.served]);
});

/** Sockets that cost nothing. */
function links(more: Partial<HttpLinksDeps> = {}) {
  const sockets: { destroyed: boolean; close: () => void }[] = [];
  let dialling = 0;
  let most = 0;
  const dial = async (): Promise<TLSSocket> => {
    dialling += 1;
    most = Math.max(most, dialling);
    await new Promise((resolve) => setImmediate(resolve));
    dialling -= 1;
    return socketOf();
  };
  const socketOf = (): TLSSocket => {
    const closing: (() => void)[] = [];
    const socket = {
      destroyed: false,
      close: () => {
        for (const close of closing) close();
      },
      destroy: () => {
        socket.destroyed = true;
        socket.close();
      },
      once: (_name: string, listener: () => void) => closing.push(listener),
      on: () => undefined,
      setNoDelay: () => undefined,
      setKeepAlive: () => undefined,
    };
    sockets.push(socket);
    return socket as unknown as TLSSocket;
  };
  const serving = { serves: () => false, serve: () => undefined };
  const ask = async (): Promise<void> => await Promise.resolve();
  const made = createHttpLinks({ clock: systemClock, peerId: 'a', serving, dial, ask, ...more });
  return { made, sockets, socketOf, most: () => most };
}

test('few are dialled at once, and no more are held than there may be, of those that the other side dials too', async (t) => {
  const { made, sockets, most } = links();
  await Promise.all(Array.from({ length: MAX_HTTP_CONNECTIONS }, async () => await made.open(NEVER)));
  t.is(most(), MAX_HTTP_DIALS);
  t.is(made.count(), MAX_HTTP_CONNECTIONS);
  t.is(await codeOf(made.open(NEVER)), 'peer/too-many-http');
  sockets[0]?.close();
  await made.open(NEVER);
  made.end();
  t.is(made.count(), 0);

  const serving = { serves: () => true, serve: () => undefined };
  const served = links({ serving });
  for (let index = 0; index <= MAX_HTTP_CONNECTIONS; index += 1) served.made.adopt(served.socketOf());
  t.is(served.made.count(), MAX_HTTP_CONNECTIONS);
  t.is(served.sockets.filter(({ destroyed }) => destroyed).length, 1);
});

test('who does not wait any more gets no connection, in the queue, while it is dialled, and while the other side is asked', async (t) => {
  const { made, sockets } = links();
  const gone = new AbortController();
  const asked = Array.from({ length: MAX_HTTP_DIALS + 2 }, async () => await codeOf(made.open(gone.signal)));
  gone.abort();
  t.deepEqual(new Set(await Promise.all(asked)), new Set(['peer/aborted']));
  t.true(sockets.every(({ destroyed }) => destroyed));
  t.is(made.count(), 0);
  const left = new AbortController();
  const waiting = links({ dial: async () => await Promise.resolve(undefined) });
  const late = codeOf(waiting.made.open(left.signal));
  left.abort();
  t.is(await late, 'peer/aborted');
  waiting.made.adopt(waiting.socketOf());
  t.true(waiting.sockets[0]?.destroyed, 'what comes for nobody is closed');
});

const fromPeers = async (
  port: number,
  identities: readonly Identity[],
  each: number,
): Promise<readonly TLSSocket[]> => {
  const sockets: TLSSocket[] = [];
  for (const identity of identities)
    for (let index = 0; index < each; index += 1)
      sockets.push((await rawPeer(port, identity, { ALPNProtocols: [HTTP_ALPN] })).socket);
  return sockets;
};
const alive = (sockets: readonly TLSSocket[]): number => sockets.filter(({ destroyed }) => !destroyed).length;

test('however many connections for requests there are, of one peer and of all, signs of life still get through', async (t) => {
  t.timeout(120_000);
  const own = await createIdentity();
  const known = await Promise.all(Array.from({ length: 4 }, async () => await createIdentity()));
  const { serving, served } = echo();
  const box = await startBox(t, own, { records: known.map((one) => recordOf(one)), serving });
  const { port } = box.network;
  const [first, ...others] = known;
  if (first === undefined) return t.fail();
  const one = await fromPeers(port, [first], MAX_HTTP_CONNECTIONS + 3);
  await waitFor('those of one that are too many to be closed', () => alive(one) === MAX_HTTP_CONNECTIONS);
  const rest = await fromPeers(port, others, MAX_HTTP_CONNECTIONS);
  await waitFor('those that are too many to be closed', () => alive(one) + alive(rest) === MAX_ALL_HTTP_CONNECTIONS);
  t.is(alive(served), MAX_ALL_HTTP_CONNECTIONS);
  const watch = await rawPeer(port, first);
  watch.say(helloOf(first));
  await waitFor('a beat', () => watch.messages.some(({ kind }) => kind === 'beat'));
  for (const socket of [...one, ...rest, watch.socket]) socket.destroy();
  return t.pass();
});
