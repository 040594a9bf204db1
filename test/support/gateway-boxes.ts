/** Real boxes of a site on loopback, each with a password of its own, and browsers that talk to them: for scenarios of the site gateway. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { ClientRequest } from 'node:http';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { DEMO_USER, killBox, startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { waitFor } from './wait-for.ts';

export const PATIENCE_MS = 60_000;
export type SiteBox = {
  readonly name: string;
  readonly id: string;
  readonly password: string;
  readonly peerPort: number;
  readonly box: () => Box;
  /** As a power cut would end it. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
};
type Mode = 'recording' | 'failover' | 'host';

export async function startSiteBox(
  t: Pick<ExecutionContext, 'teardown'>,
  dir: string,
  name: string,
  mode: Mode,
): Promise<SiteBox> {
  const password = `the password of ${name}`;
  const ports = { httpPort: await freePort(), peerPort: await freePort() };
  const options = { ...ports, dataDir: join(dir, name), password, clock: systemClock, name, logTo: 'ignore' } as const;
  let box = await startBox(options);
  t.teardown(async () => await box.stop());
  if (mode !== 'recording') await box.api.call('PUT', '/server/mode', { mode });
  const { id } = (await box.api.call('GET', '/server')) as { id: string };
  return {
    name,
    id,
    password,
    peerPort: ports.peerPort,
    box: () => box,
    kill: async () => await killBox(box),
    start: async () => {
      box = await startBox(options);
    },
  };
}

/** With the account of its owner, as an administrator adds it; resolves when the host reaches it. */
export async function addToSite(host: SiteBox, member: SiteBox): Promise<void> {
  const { fingerprint } = (await member.box().api.call('GET', '/server')) as { fingerprint: string };
  const place = { host: '127.0.0.1', httpPort: member.box().port(), httpsFingerprint: fingerprint };
  await host.box().api.call('POST', '/servers', { ...place, username: DEMO_USER, password: member.password });
  await reached(host, member);
}
/** By a code that the host shows: the host knows no address of it, it dials in. */
export async function pairWithSite(host: SiteBox, member: SiteBox): Promise<void> {
  const { code } = (await host.box().api.call('POST', '/servers/pairing-code')) as { code: string };
  await member.box().api.call('POST', '/servers/pair', { host: '127.0.0.1', peerPort: host.peerPort, code });
  await reached(host, member);
}
export async function reached(host: SiteBox, member: SiteBox): Promise<void> {
  let problem: unknown;
  const look = async (): Promise<boolean> => {
    try {
      await host.box().api.call('GET', at(member, '/server'));
      return true;
    } catch (error) {
      problem = error;
      return false;
    }
  };
  await waitFor(`${host.name} to reach ${member.name}`, look, PATIENCE_MS).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${String(problem)}`);
  });
}

/** Below the API of the host. */
export const at = ({ id }: Pick<SiteBox, 'id'>, path: string): string => `/servers/${id}/api${path}`;
export async function statusOf({ box }: SiteBox, path: string): Promise<number> {
  try {
    await box().api.read(path);
    return 200;
  } catch (error) {
    const context = error instanceof Error && 'context' in error ? (error.context as { status?: number }) : {};
    return context.status ?? 0;
  }
}

export type Asked = { readonly request: ClientRequest; readonly response: IncomingMessage };
export type Browser = {
  readonly open: (path: string, headers?: Readonly<Record<string, string>>) => ClientRequest;
  /** Resolves with the head of the answer. */
  readonly ask: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Asked>;
  readonly status: (path: string) => Promise<number>;
};
/** Signed in; undefined: this account does not work here. */
export async function browserAt(
  server: Pick<SiteBox, 'box'>,
  username: string,
  password: string,
): Promise<Browser | undefined> {
  const send = (method: string, path: string, headers: object, body?: string): ClientRequest => {
    const place = { host: '127.0.0.1', port: server.box().port(), rejectUnauthorized: false, agent: false };
    const asked = request({ ...place, method, path: `/api/v1${path}`, headers: { ...headers } });
    asked.on('error', () => undefined);
    asked.end(body);
    return asked;
  };
  const signIn = send(
    'POST',
    '/sessions',
    { 'content-type': 'application/json' },
    JSON.stringify({ username, password }),
  );
  const [answer] = (await once(signIn, 'response')) as [IncomingMessage];
  answer.resume();
  const cookie = answer.headers['set-cookie']?.[0]?.split(';', 1)[0];
  if (cookie === undefined) return undefined;
  const open: Browser['open'] = (path, headers = {}) => send('GET', path, { cookie, ...headers });
  const ask: Browser['ask'] = async (path, headers) => {
    const asked = open(path, headers);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    return { request: asked, response };
  };
  return {
    open,
    ask,
    status: async (path) => {
      const { request: asked, response } = await ask(path);
      asked.destroy();
      return response.statusCode ?? 0;
    },
  };
}
export const WEBSOCKET = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
} as const;
