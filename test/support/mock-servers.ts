/** The servers of the mock API: how they are, adding, changing, leaving; what was asked is kept for the test. */
import type { ConnectionCheck } from '../../src/api/contract/adding.ts';
import type { KnownServer } from '../../src/api/contract/failover.ts';
import { serverTag } from '../../src/api/routes/membership.ts';
import { FINGERPRINT } from './mock-data.ts';
import type { Call, Reply, RoomRoute } from './mock-routes.ts';
import type { MockServers } from './mock-servers-data.ts';

const items = (list: readonly unknown[]): Reply => ({ body: { items: list } });
const problem = (status: number, code: string, detail: string): Reply => ({
  status,
  body: { type: 'about:blank', title: code, status, code, detail },
});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(text) : []);

/** None without a site: then other rooms answer for it. */
export function serverMocks(servers: MockServers | undefined): readonly RoomRoute[] {
  if (servers === undefined) return [];
  const noted = (routes: readonly RoomRoute[]): readonly RoomRoute[] =>
    routes.map((route) => ({
      ...route,
      answer: (call, parts) => {
        if (call.method !== 'GET') servers.asked.push({ call: `${call.method} ${call.path}`, body: call.body });
        return route.answer(call, parts);
      },
    }));
  return noted([...listRoutes(servers), ...addingRoutes(servers), ...changeRoutes(servers), ...endingRoutes(servers)]);
}

function listRoutes(servers: MockServers): readonly RoomRoute[] {
  return [
    {
      method: 'GET',
      path: /^\/site\/status$/,
      answer: () => ({
        body: { counts: { total: servers.status.length, states: {}, modes: {} }, items: servers.status },
      }),
    },
    { method: 'GET', path: /^\/servers$/, answer: () => items(servers.known) },
    {
      method: 'GET',
      path: /^\/servers\/([^/]+)$/,
      answer: (_call, [id = '']) => {
        const found = servers.known.find((one) => one.id === id);
        return found === undefined ? unknown(id) : { body: found, etag: serverTag(found) };
      },
    },
  ];
}
const unknown = (id: string): Reply => problem(404, 'server/unknown', `No server has the id ${id}.`);

const passed = (name: ConnectionCheck['name'], detail: string): ConnectionCheck => ({ name, ok: true, detail });
/** Addresses ending in .66 have management off, in .77 do not answer. */
function testOf({ body }: Call): Reply {
  const host = text(body['host']);
  if (host.endsWith('.77')) {
    const detail = `${host} port 51443 does not answer: is the box on, and the port open in its firewall?`;
    return {
      body: {
        checks: [
          passed('resolve', `${host} is an address.`),
          { name: 'port', ok: false, detail, code: 'server/no-answer' },
        ],
      },
    };
  }
  const checks = [
    passed('resolve', `${host} is an address.`),
    passed('port', `${host} port 51443 answers by HTTPS.`),
    passed('certificate', 'It shows the certificate that was confirmed.'),
    passed('lan', 'Attic says so of itself on the LAN.'),
    passed('service', 'It is Attic, an Understudy server.'),
    passed('version', 'Attic runs version 0.1.0, this server 0.1.0.'),
  ];
  if (body['username'] === undefined) return { body: { checks, httpsFingerprint: FINGERPRINT } };
  const off = 'Attic lets no host manage it: enable that with an account of its owner, or there under Settings.';
  const managed: ConnectionCheck = host.endsWith('.66')
    ? { name: 'managed', ok: false, detail: off, code: 'server/cms-off' }
    : passed('managed', 'Attic lets a host manage it.');
  const more = [
    passed('credentials', 'owner is known there with this password.'),
    passed('role', 'owner is its owner.'),
    passed('mode', 'Attic is in mode recording: this server would manage it.'),
    passed('known', 'Attic is new here.'),
    managed,
    passed('site', 'Attic belongs to no site.'),
    passed('suitability', 'Nothing in Attic speaks against it.'),
    {
      name: 'clock',
      ok: false,
      detail: 'The clock of Attic is 5200 ms ahead of ours: set both by the same time server.',
    } as const,
  ];
  const server = { id: 'found-1', name: 'Attic', mode: 'recording', version: '0.1.0', model: 'DS1522+' };
  return { body: { checks: [...checks, ...more], httpsFingerprint: FINGERPRINT, server } };
}

function addingRoutes(servers: MockServers): readonly RoomRoute[] {
  return [
    { method: 'POST', path: /^\/servers\/search$/, answer: () => items(servers.found) },
    { method: 'POST', path: /^\/servers\/test$/, answer: testOf },
    { method: 'POST', path: /^\/servers\/enable$/, answer: () => ({ body: { id: 'found-6', name: 'Porch' } }) },
    {
      method: 'POST',
      path: /^\/servers$/,
      answer: ({ body }) => {
        if (body['password'] === 'wrong')
          return problem(
            422,
            'server/credentials',
            `${text(body['host'])} knows no such user with this password; nothing was changed.`,
          );
        const made = newcomer(servers, 'Attic', text(body['host']));
        return { status: 201, body: made };
      },
    },
    {
      method: 'POST',
      path: /^\/servers\/batch$/,
      answer: ({ body }) => {
        const rows = body['rows'] as readonly { readonly host: string; readonly name?: string }[];
        const answered = rows.map(({ host, name }, index) => {
          if (index === 1)
            return { ok: false, code: 'server/credentials', message: `${host} knows no such user with this password.` };
          const found = servers.found.find(({ addresses }) => addresses.includes(host));
          const made = newcomer(servers, name ?? found?.name ?? host, host);
          return { ok: true, serverId: made.id, name: made.name };
        });
        return { body: { rows: answered } };
      },
    },
    {
      method: 'POST',
      path: /^\/servers\/pairing-code$/,
      answer: () => {
        const expiresAt = new Date(Date.now() + 300_000).toISOString();
        return { body: { code: '7KQ4M-2ZT9C', expiresAt, fingerprint: FINGERPRINT } };
      },
    },
    {
      method: 'POST',
      path: /^\/servers\/pair$/,
      answer: ({ body }) => ({ status: 201, body: newcomer(servers, 'Cellar', text(body['host'])) }),
    },
  ];
}

const NEWCOMER = {
  mode: 'recording',
  httpPort: 51_443,
  peerPort: 51_410,
  fingerprint: FINGERPRINT,
  watched: false,
  watcher: false,
  managesUs: false,
  introduced: false,
  enabled: true,
  connected: true,
} as const;

export function newcomer(servers: MockServers, name: string, host: string): KnownServer {
  const id = `new-${servers.known.length}`;
  const made: KnownServer = { ...NEWCOMER, id, name, host };
  servers.known.push(made);
  const told = { id, name, host, mode: 'recording', state: 'online', enabled: true } as const;
  servers.status.push({ ...told, watches: [], watchedBy: [], coveredBy: [] });
  return made;
}

function changeRoutes(servers: MockServers): readonly RoomRoute[] {
  return [
    {
      method: 'PATCH',
      path: /^\/servers\/([^/]+)$/,
      answer: ({ body }, [id = '']) => {
        const { conflict } = servers;
        if (conflict !== undefined) {
          servers.conflict = undefined;
          change(servers, id, conflict);
          return problem(
            412,
            'server/changed',
            'Somebody else changed this server meanwhile: read it again, then repeat the change.',
          );
        }
        change(servers, id, body);
        return { body: servers.known.find((one) => one.id === id) };
      },
    },
    {
      method: 'POST',
      path: /^\/servers\/([^/]+)\/rename$/,
      answer: ({ body }, [id = '']) => {
        const name = text(body['name']);
        if (servers.status.some((one) => one.name === name && one.id !== id))
          return problem(409, 'server/name-taken', `Another server of the site, or of this list, is called ${name}.`);
        change(servers, id, { name });
        return { body: { id, name } };
      },
    },
    {
      method: 'POST',
      path: /^\/servers\/([^/]+)\/authorize$/,
      answer: (_call, [id = '']) => ({ body: servers.known.find((one) => one.id === id) }),
    },
  ];
}

function change(servers: MockServers, id: string, by: Readonly<Record<string, unknown>>): void {
  servers.known = servers.known.map((one) => (one.id === id ? { ...one, ...by } : one));
  const { name, host } = servers.known.find((one) => one.id === id) ?? {};
  servers.status = servers.status.map((one) =>
    one.id === id ? { ...one, ...(name === undefined ? {} : { name }), ...(host === undefined ? {} : { host }) } : one,
  );
}

function endingRoutes(servers: MockServers): readonly RoomRoute[] {
  return [
    {
      method: 'POST',
      path: /^\/servers\/bulk$/,
      answer: ({ body }) => {
        const action = text(body['action']);
        const confirm = texts(body['confirm']);
        return {
          body: {
            rows: texts(body['ids']).map((id) =>
              outcome(servers, { id, action, confirm, isSecured: body['secure'] === true }),
            ),
          },
        };
      },
    },
    {
      method: 'POST',
      path: /^\/servers\/([^/]+)\/detach\/cancel$/,
      answer: (_call, [id = '']) => {
        change(servers, id, { detachPending: undefined });
        servers.status = servers.status.map((one) => (one.id === id ? { ...one, state: 'offline' } : one));
        return { body: servers.known.find((one) => one.id === id) };
      },
    },
    {
      method: 'DELETE',
      path: /^\/servers\/([^/]+)$/,
      answer: (_call, [id = '']) => {
        remove(servers, id);
        return { status: 204 };
      },
    },
  ];
}

type Wish = {
  readonly id: string;
  readonly action: string;
  readonly confirm: readonly string[];
  readonly isSecured: boolean;
};
function outcome(servers: MockServers, wish: Wish): Readonly<Record<string, unknown>> {
  const { id, action, confirm } = wish;
  const name = servers.known.find((one) => one.id === id)?.name ?? '';
  const held = servers.held.get(name);
  const isEnding = action === 'detach' || action === 'disable';
  if (isEnding && held !== undefined && !confirm.includes(name)) return heldOutcome(servers, wish, { name, held });
  if (action === 'detach') {
    remove(servers, id);
    return { id, name, ok: true, state: 'detached', message: `${name} was detached from this site.` };
  }
  const by = {
    enable: { enabled: true, securing: undefined },
    disable: { enabled: false },
    lock: { locked: true },
    unlock: { locked: false },
  };
  change(servers, id, by[action as keyof typeof by]);
  if (isEnding || action === 'enable')
    servers.status = servers.status.map((one) =>
      one.id === id
        ? { ...one, state: action === 'enable' ? 'online' : 'disabled', enabled: action === 'enable' }
        : one,
    );
  return { id, name, ok: true };
}

type Held = { readonly name: string; readonly held: string };
function heldOutcome(
  servers: MockServers,
  { id, action, isSecured }: Wish,
  { name, held }: Held,
): Readonly<Record<string, unknown>> {
  const word = action === 'detach' ? 'detached' : 'disabled';
  if (isSecured) {
    change(servers, id, { securing: { since: new Date().toISOString(), action, problem: held } });
    return { id, name, ok: true, state: 'pending', message: `${name} is ${word} when its footage is home: ${held}` };
  }
  const message = `${name} cannot be ${word} before that is home: ${held}. Wait for it; or confirm with the name ${name}, and it stays where it lies until it is given back or deleted there.`;
  return { id, name, ok: false, code: 'failover/covering', message };
}

function remove(servers: MockServers, id: string): void {
  servers.known = servers.known.filter((one) => one.id !== id);
  servers.status = servers.status.filter((one) => one.id !== id);
}
