/**
 * A server as a host sees it that adds it: its API over HTTPS with a certificate of its own, as far as adding needs it, and a real
 * peer channel. Many in one process; nothing is recorded.
 */
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { startPeerNetwork } from '../../src/peer/peer-network.ts';
import type { PeerNetwork } from '../../src/peer/network-types.ts';
import { peerRecordSchema } from '../../src/site/peer.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import { createIdentity, FACTS, partedKeys, selfOf } from './peer-rig.ts';

export type SimulatedServer = {
  readonly id: string;
  readonly row: { readonly host: string; readonly httpPort: number; readonly httpsFingerprint: string };
  /** As it calls itself now. */
  readonly name: () => string;
  /** Who may talk to it now. */
  readonly records: () => readonly PeerRecord[];
  readonly stop: () => Promise<void>;
};
export type SimulatedOptions = {
  readonly name: string;
  readonly password: string;
  /** What a sign-in costs it. */
  readonly signInMs?: number;
  /** Its firewall lets the API in, not the channel. */
  readonly isChannelClosed?: boolean;
};

export async function startSimulatedServer(
  t: Pick<ExecutionContext, 'teardown'>,
  options: SimulatedOptions,
): Promise<SimulatedServer> {
  const identity = await createIdentity();
  let { name } = options;
  let records: PeerRecord[] = [];
  const network = await startPeerNetwork({
    clock: systemClock,
    log: silentLog,
    identity,
    bind: '127.0.0.1',
    port: 0,
    self: () => ({ ...selfOf(identity), name, version: '0.1.0' }),
    peers: () => records,
    keepAlive: () => FACTS,
    paired: async () => await Promise.resolve(),
    random: Math.random,
    parted: partedKeys(),
    isCalm: () => true,
  });
  const nothing = async (): Promise<{ result: object }> => await Promise.resolve({ result: {} });
  for (const method of ['site.set', 'site.report', 'site.role', 'site.documents']) network.handle(method, nothing);
  network.handle('site.rename', async (_peer, params) => {
    name = (params as { readonly name: string }).name;
    return await nothing();
  });
  const leave = async (): Promise<{ result: object }> => {
    records = [];
    network.refresh();
    return await nothing();
  };
  network.handle('site.detach', leave);
  network.handle('peer.forget', leave);
  const answerOf = (path: string, body: Record<string, unknown>): readonly [number, object] => {
    if (path.endsWith('/setup')) return [200, { needed: false, serverName: name, version: '0.1.0', fingerprint: '' }];
    if (path.endsWith('/sessions'))
      return body['password'] === options.password
        ? [200, { user: { id: 'u', username: 'owner', role: 'owner' }, expiresAt: '' }]
        : [401, { code: 'auth/wrong', detail: 'wrong' }];
    if (path.endsWith('/server')) return [200, serverView(identity.id, name)];
    if (path.endsWith('/peers')) {
      // Behind a closed firewall it does not reach the host either.
      const dialled = options.isChannelClosed === true ? {} : { host: '127.0.0.1' };
      records = [peerRecordSchema.parse({ ...(body['peer'] as object), ...dialled, managesUs: true, addedAt: 1 })];
      network.refresh();
      return [200, identityView(identity, name, options.isChannelClosed === true ? 9 : network.port)];
    }
    return [204, {}];
  };
  const api = await startHttps(identity, async (path, body) => {
    if (path.endsWith('/sessions') && options.signInMs !== undefined)
      await new Promise((done) => setTimeout(done, options.signInMs));
    return answerOf(path, body);
  });
  const stop = async (): Promise<void> => {
    api.close();
    await network.stop();
  };
  t.teardown(stop);
  const row = { host: '127.0.0.1', httpPort: api.port, httpsFingerprint: identity.fingerprint };
  return { id: identity.id, row, name: () => name, records: () => records, stop };
}

const serverView = (id: string, name: string): object => ({
  id,
  name,
  mode: 'recording',
  version: '0.1.0',
  managed: 'allowed',
  platform: { os: 'Linux', arch: 'x64', node: 'v24', model: 'Simulated NAS+', frameGrabbers: [] },
  site: { kind: 'undefined', locked: false },
  now: new Date().toISOString(),
});
const identityView = (
  { id, fingerprint }: { readonly id: string; readonly fingerprint: string },
  name: string,
  peerPort: PeerNetwork['port'],
): object => ({ id, name, mode: 'recording', fingerprint, httpsFingerprint: fingerprint, peerPort });

type Answer = (path: string, body: Record<string, unknown>) => Promise<readonly [number, object]>;
async function startHttps(
  { key, certificate }: { readonly key: string; readonly certificate: string },
  answer: Answer,
): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer({ key, cert: certificate }, (request, response) => void reply(request, response, answer));
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function reply(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  let text = '';
  for await (const part of request) text += String(part);
  const [status, body] = await answer((request.url ?? '').split('?', 1)[0] ?? '', text === '' ? {} : JSON.parse(text));
  const isSignIn = status === 200 && request.url?.endsWith('/sessions') === true;
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(isSignIn ? { 'set-cookie': '__Host-session=x; Path=/' } : {}),
  });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}
