/** What a host carries to a member: bodies, bounds, connections, the end. Real TLS; the member answers as the test says. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import test from 'ava';
import { MAX_JSON_ANSWER } from '../../src/control/gateway-exchange.ts';
import type { GatewayRequest } from '../../src/control/gateway-types.ts';
import {
  MAX_CARRIED_PER_CALLER,
  MAX_CARRIED_PER_SERVER,
  MAX_IDLE_CONNECTIONS,
} from '../../src/control/site-gateway.ts';
import { MAX_CALLER_CAMERAS } from '../../src/site/gateway-caller.ts';
import { setUpOwner } from '../support/api-server.ts';
import { ask, askAs, openAt, startGatewayRig } from '../support/gateway-rig.ts';
import { codeOf } from '../support/is-refused.ts';
import { waitFor } from '../support/wait-for.ts';

test('the next request uses the same connection, and few are kept', async (t) => {
  const sockets = new Set<unknown>();
  const rig = await startGatewayRig(t, {
    app: {
      request: (asked, response) => {
        sockets.add(asked.socket);
        response.end('{}');
      },
    },
  });
  for (let turn = 0; turn < 5; turn += 1) await rig.gateway.json(rig.memberId, ask('/server'));
  t.is(sockets.size, 1);
  await Promise.all(Array.from({ length: 20 }, async () => await rig.gateway.json(rig.memberId, ask('/server'))));
  const alive = (): number => [...sockets].filter((one) => !(one as { destroyed: boolean }).destroyed).length;
  await waitFor('the others to be closed', () => alive() <= MAX_IDLE_CONNECTIONS);
  t.true(alive() > 0);
});

test('a browser that leaves ends the request at the member, before and in the middle of the answer', async (t) => {
  const came: string[] = [];
  const left: string[] = [];
  const rig = await startGatewayRig(t, {
    app: {
      request: (asked, response) => {
        came.push(asked.url ?? '');
        response.once('close', () => left.push(asked.url ?? ''));
        if (asked.url?.endsWith('late') !== true) response.write('first');
      },
    },
  });
  const cookie = await setUpOwner(rig.host);
  const early = openAt(rig, '/late', cookie);
  const middle = openAt(rig, '/middle', cookie);
  await once(middle, 'response');
  await waitFor('both to be asked', () => came.length === 2);
  middle.destroy();
  await waitFor('the member to hear of it', () => left.includes('/api/v1/middle'));
  early.destroy();
  await waitFor('the member to hear of it', () => left.includes('/api/v1/late'));
  t.is(left.length, 2);
});

test('bodies go through in pieces, both ways, and whoever does not read stops whoever sends', async (t) => {
  const LENGTH = 64 * 1024 * 1024;
  let sent = 0;
  let taken = 0;
  const rig = await startGatewayRig(t, {
    app: {
      request: (asked, response) => {
        if (asked.method === 'PUT') void takeAll(asked, response, (bytes) => (taken += bytes));
        else Readable.from(pieces(LENGTH, (bytes) => (sent += bytes))).pipe(response);
      },
    },
  });
  const answer = await rig.gateway.request(rig.memberId, ask('/footage'));
  let before = -1;
  await waitFor('the sender to stop', async () => {
    const stands = sent === before;
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return stands && sent > 0;
  });
  t.true(sent < LENGTH / 4, `${sent} bytes were taken although nobody reads`);
  let read = 0;
  for await (const part of answer.body as AsyncIterable<Uint8Array>) read += part.length;
  t.is(read, LENGTH);
  const body = Readable.from(pieces(LENGTH / 4, () => undefined));
  const put = await rig.gateway.request(rig.memberId, ask('/footage', { method: 'PUT', body }));
  t.is(put.status, 200);
  put.body.resume();
  t.is(taken, LENGTH / 4);
});

test('more of one account than may be carried is refused, of all together too, and others still get through', async (t) => {
  const held: ServerResponse[] = [];
  const rig = await startGatewayRig(t, {
    app: {
      request: (asked, response) => void (asked.url?.endsWith('hold') ? held.push(response) : response.end('{}')),
    },
  });
  const stop = new AbortController();
  const hold = async (id: string, count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1)
      rig.gateway.request(rig.memberId, askAs(id, '/hold', { signal: stop.signal })).catch(() => undefined);
    await waitFor('the member to be asked', () => held.length >= count, 60_000);
  };
  await hold('a', MAX_CARRIED_PER_CALLER);
  t.is(await codeOf(rig.gateway.json(rig.memberId, askAs('a', '/server'))), 'gateway/busy');
  await rig.gateway.json(rig.memberId, askAs('b', '/server'));
  const rest = MAX_CARRIED_PER_SERVER - MAX_CARRIED_PER_CALLER;
  held.length = 0;
  await hold('b', rest);
  t.is(await codeOf(rig.gateway.json(rig.memberId, askAs('c', '/server'))), 'gateway/busy');
  stop.abort();
  await waitFor('places to be free again', async () => {
    const answer = rig.gateway.json(rig.memberId, askAs('a', '/server'));
    return (await codeOf(answer)) === undefined;
  });
});

test('an answer that is no JSON, too long a one, a refusal and too many cameras are errors with a code', async (t) => {
  const rig = await startGatewayRig(t, {
    app: {
      request: (asked, response) => {
        if (asked.url?.endsWith('long')) response.end(' '.repeat(MAX_JSON_ANSWER + 1));
        else if (asked.url?.endsWith('none')) response.writeHead(204).end();
        else if (asked.url?.endsWith('refused'))
          response.writeHead(409).end('{"code":"camera/taken","detail":"It is taken."}');
        else response.end('<html>');
      },
    },
  });
  const asked = (path: string, more: Partial<GatewayRequest> = {}) => rig.gateway.json(rig.memberId, ask(path, more));
  t.is(await codeOf(asked('/html')), 'gateway/answer');
  t.is(await codeOf(asked('/long')), 'gateway/answer');
  t.is(await codeOf(asked('/refused')), 'camera/taken');
  t.is(await asked('/none'), undefined);
  const cameraIds = Array.from({ length: MAX_CALLER_CAMERAS + 1 }, (_, index) => `cam-${index}`);
  t.is(await codeOf(asked('/html', { caller: { ...ask('/').caller, cameraIds } })), 'gateway/cameras');
});

function* pieces(length: number, gone: (bytes: number) => void): Generator<Uint8Array> {
  const piece = new Uint8Array(64 * 1024);
  for (let at = 0; at < length; at += piece.length) {
    gone(piece.length);
    yield piece;
  }
}

async function takeAll(asked: IncomingMessage, response: ServerResponse, took: (bytes: number) => void): Promise<void> {
  for await (const part of asked as AsyncIterable<Uint8Array>) took(part.length);
  response.end('{}');
}

test('what may have changed something at a member is counted, what only reads is not', async (t) => {
  const { gateway, memberId } = await startGatewayRig(t);
  t.is(gateway.changesAt(memberId), 0);
  await gateway.request(memberId, ask('/cameras'));
  t.is(gateway.changesAt(memberId), 0);
  await gateway.request(memberId, ask('/cameras/cam-1', { method: 'DELETE' }));
  t.is(gateway.changesAt(memberId), 1);
});
