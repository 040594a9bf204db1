/** One request to a member, on a plain connection: what the member reads is what was asked, whatever a browser sent as its body. */
import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { exchange } from '../../src/control/gateway-exchange.ts';
import type { GatewayRequest } from '../../src/control/gateway-types.ts';
import { CALLER_HEADER } from '../../src/site/gateway-caller.ts';

type Rig = { readonly agent: Agent; readonly seen: string[] };
/** `answers`: what comes back, whatever is asked; otherwise a server that reads as Node does. */
async function startMember(t: ExecutionContext, answer?: string): Promise<Rig> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    let length = 0;
    request.on('data', (part: Uint8Array) => (length += part.length));
    request.once('end', () => {
      seen.push(`${request.method ?? ''} ${request.url ?? ''} ${length}`);
      response.end('{}');
    });
  });
  if (answer !== undefined) {
    server.removeAllListeners('connection');
    server.on('connection', (socket) => socket.once('data', () => socket.write(answer)).on('error', () => undefined));
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  agent.createConnection = () => connect(port, '127.0.0.1');
  t.teardown(() => {
    agent.destroy();
    server.close();
  });
  return { agent, seen };
}

const never = new AbortController().signal;
const caller: GatewayRequest['caller'] = { id: 'guest', name: 'guest', role: 'viewer', cameraIds: [] };
const ask = (method: string, more: Partial<GatewayRequest> = {}): GatewayRequest => ({
  method,
  path: '/cameras',
  caller,
  signal: never,
  ...more,
});
async function carried(agent: Agent, request: GatewayRequest): Promise<void> {
  const exchanged = await exchange(agent, request, never);
  if (exchanged.kind === 'answer') for await (const _part of exchanged.body) continue;
}

const SMUGGLED = Buffer.from(
  `PUT /api/v1/server HTTP/1.1\r\nHost: m\r\n${CALLER_HEADER}: {"id":"x","name":"x","role":"owner"}\r\nContent-Length: 0\r\n\r\n`,
);
for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'PATCH'])
  test(`the body of a ${method} is never another request, with a length or without`, async (t) => {
    const { agent, seen } = await startMember(t);
    const length = { 'content-length': String(SMUGGLED.length) };
    await carried(agent, ask(method, { body: Readable.from([SMUGGLED]) }));
    await carried(agent, ask(method, { body: Readable.from([SMUGGLED]), headers: length }));
    await carried(agent, ask(method, { body: SMUGGLED }));
    await carried(agent, ask(method));
    const whole = `${method} /api/v1/cameras ${SMUGGLED.length}`;
    t.deepEqual(seen, [whole, whole, whole, `${method} /api/v1/cameras 0`]);
  });

test('an answer with a status that is none is no answer', async (t) => {
  for (const status of ['000', '099', '600', '999']) {
    const { agent } = await startMember(t, `HTTP/1.1 ${status} What\r\nContent-Length: 2\r\n\r\n{}`);
    await t.throwsAsync(carried(agent, ask('GET')), undefined, status);
  }
});
