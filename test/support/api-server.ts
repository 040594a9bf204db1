/** A whole API server on a free port with real settings in a temporary directory; what is behind it is made up. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { resolve } from 'node:path';
import type { ExecutionContext } from 'ava';
import { Registry } from 'prom-client';
import type { NewActivity } from '../../src/api/activity.ts';
import { createApp } from '../../src/api/app.ts';
import type { AppDeps } from '../../src/api/app.ts';
import { startAuth } from '../../src/api/auth.ts';
import type { LogEntry } from '../../src/api/contract/events.ts';
import { createEventHub } from '../../src/api/event-hub.ts';
import { createPasswordHasher, type PasswordHasher } from '../../src/api/password.ts';
import { createRoutes } from '../../src/api/routes.ts';
import type { ApiDeps } from '../../src/api/routes.ts';
import { startHttpsServer } from '../../src/api/server.ts';
import { createSignInGuard } from '../../src/api/sign-in-guard.ts';
import { createOwnBackups } from '../../src/control/own-backup.ts';
import { isoOf, systemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { createLog } from '../../src/core/log.ts';
import { openKeys } from '../../src/settings/keys.ts';
import { createRestoreJournal } from '../../src/settings/restore-journal.ts';
import { TAKEN } from '../../src/settings/sealed-backup.ts';
import type { SealKind } from '../../src/settings/sealed-backup.ts';
import { openSettings } from '../../src/settings/settings.ts';
import type { Settings } from '../../src/settings/settings.ts';
import type { Role } from '../../src/site/account.ts';
import { lockedBy } from '../../src/site/membership.ts';
import { tempDir } from './temp-dir.ts';

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // eslint-disable-next-line typescript/no-explicit-any -- tests read answers freely
  readonly json: any;
};
export type CallOptions = {
  readonly body?: unknown;
  readonly raw?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookie?: string | undefined;
  readonly token?: string | undefined;
  /** The address it comes from: 127.0.0.1 unless said. */
  readonly from?: string;
};
export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

export const OWNER = { username: 'olga', password: 'a long enough password' };
/** Cheap, for tests only. */
export const COST = { ln: 4, r: 8, p: 1 };
export const CHEAP_SEAL: SealKind = { ...TAKEN, scrypt: { N: 16, r: 8, p: 1 } };

/** As the server says it, for the API document. */
const VERSION: string = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8')).version;

const nothing = (): never => {
  throw new UnderstudyError('not-found', 'test/nothing', 'Nothing is behind this route in the tests.');
};

/** Whatever is asked for and not in `known` is a function that says so. */
const withNothingElse = <T extends object>(known: Partial<T> = {}): T =>
  new Proxy(known, { get: (target, name) => Reflect.get(target, name) ?? nothing }) as T;

/** Of no site, unless `site` says more. */
function siteOf(
  settings: Pick<Settings, 'server'>,
  { site, gateway }: { site?: Partial<ApiDeps['site']['servers']>; gateway?: AppDeps['gateway'] },
): ApiDeps['site']['servers'] {
  const ownId = (): string => settings.server.get().id;
  return {
    ownId,
    isHost: () => false,
    all: () => [{ id: ownId(), name: 'Test', isFailover: false, isReachable: true, awaySince: undefined }],
    covers: () => [],
    linkOf: () => ({ isReachable: false, awaySince: undefined }),
    gateway: gateway ?? { request: nothing, socket: nothing },
    changesAt: () => 0,
    ...site,
  };
}

export async function startApi(
  t: ExecutionContext,
  options: {
    webRoot?: string;
    cameras?: Partial<ApiDeps['cameras']>;
    footage?: Partial<ApiDeps['footage']>;
    snapshots?: Partial<ApiDeps['snapshots']>;
    exports?: Partial<ApiDeps['exports']>;
    servers?: Partial<ApiDeps['servers']>;
    failover?: Partial<ApiDeps['failover']>;
    licences?: Partial<ApiDeps['licences']>;
    replacing?: Partial<ApiDeps['replacing']>;
    handOver?: Partial<ApiDeps['handOver']>;
    refuseCovering?: () => void;
    sitePolicy?: Partial<ApiDeps['sitePolicy']>;
    siteHost?: Partial<ApiDeps['siteHost']>;
    volumeStatus?: ReturnType<ApiDeps['volumes']['statusOf']>;
    updates?: Partial<ApiDeps['updates']>;
    beforeModeChange?: ApiDeps['server']['beforeModeChange'];
    beforeUnmanaged?: ApiDeps['server']['beforeUnmanaged'];
    beforeForgettingVolume?: ApiDeps['volumes']['beforeForgetting'];
    guardClock?: Pick<Clock, 'monotonic'>;
    hasher?: PasswordHasher;
    gateway?: AppDeps['gateway'];
    site?: Partial<ApiDeps['site']['servers']>;
  } = {},
) {
  const dataDir = await tempDir(t, 'api');
  const lines: string[] = [];
  const log = createLog('debug', (line) => lines.push(line), Date.now);
  const clock = systemClock;
  const keys = await openKeys({ dataDir, clock, hosts: [] });
  const { secretsKey } = keys;
  const settings = await openSettings({ dataDir, clock, log, name: 'Test', mode: 'recording', secretsKey });
  const auth = startAuth({ settings, clock, log });
  const hub = createEventHub(1);
  const entries: LogEntry[] = [];
  const activity = {
    record: (entry: NewActivity) => {
      const whole = { id: String(entries.length + 1), at: isoOf(clock.now()), ...entry };
      entries.push(whole);
      hub.publish({ kind: 'log', entry: whole });
    },
    find: ({ limit }: { limit: number }) => ({ items: entries.toReversed().slice(0, limit), next: undefined }),
  };
  const hasher = options.hasher ?? createPasswordHasher(COST);
  const tested: unknown[] = [];
  const deps: ApiDeps = {
    version: VERSION,
    activity,
    accounts: {
      settings,
      auth,
      hasher,
      guard: createSignInGuard(options.guardClock ?? clock),
      activity,
      clock,
      version: '0.0.0',
      fingerprint: keys.tls.fingerprint,
    },
    cameras: {
      settings,
      statusOf: () => ({ state: 'connecting', streams: [], footageBytes: 0 }),
      discover: async () => [{ address: '192.168.1.20', port: 80, xaddr: 'http://192.168.1.20/onvif', profiles: [] }],
      testCamera: async (asked) => {
        tested.push(asked);
        return { ok: true, checks: [] };
      },
      covered: () => [],
      deleteFootage: async () => undefined,
      standbyLevelOf: (priority) => (priority === 'high' ? 'hot' : undefined),
      addressPolicy: () => ({
        allowLoopback: settings.server.get().allowLoopbackCameras,
        ownAddresses: [],
        ownPorts: [51443],
      }),
      activity,
      ...options.cameras,
    },
    servers: withNothingElse(options.servers),
    failover: withNothingElse(options.failover),
    licences: withNothingElse(options.licences),
    replacing: withNothingElse(options.replacing),
    handOver: withNothingElse(options.handOver),
    ownBackup: createOwnBackups({
      settings,
      version: VERSION,
      journal: createRestoreJournal(dataDir, secretsKey),
      cameraSeats: () => Infinity,
      refuseCovering: options.refuseCovering ?? (() => undefined),
      beforeModeChange: options.beforeModeChange ?? (() => undefined),
      order: () => undefined,
      activity,
      clock,
      log,
      kind: CHEAP_SEAL,
    }),
    sitePolicy: withNothingElse(options.sitePolicy),
    siteHost: withNothingElse(options.siteHost),
    updates: withNothingElse(options.updates),
    site: { servers: siteOf(settings, options), clock, log },
    server: {
      settings,
      activity,
      beforeModeChange: options.beforeModeChange ?? (() => undefined),
      beforeUnmanaged: options.beforeUnmanaged ?? (() => undefined),
      certificate: keys.tls.certificate,
      status: () => ({
        version: '0.0.0',
        platform: { os: 'linux', arch: 'x64', node: process.version },
        addresses: [],
        httpPort: 0,
        peerPort: 0,
        fingerprint: keys.tls.fingerprint,
        startedAt: isoOf(clock.now()),
        now: isoOf(clock.now()),
        health: { status: 'good', items: [] },
        site: { kind: 'undefined', locked: false },
        processes: { media: { running: true, restarts: 0 } },
      }),
    },
    volumes: {
      settings,
      activity,
      statusOf: () => options.volumeStatus ?? { state: 'usable', footageBytes: 0, forecast: {} },
      prepare: async (path, { check }) => {
        check({ path, totalBytes: 1e12 });
        return await Promise.resolve({ id: `vol-${path.length}`, path });
      },
      suggestions: async () => [],
      beforeForgetting: options.beforeForgettingVolume ?? (() => undefined),
    },
    events: { hub, clock },
    health: { settings, isReady: () => true, metrics: async () => await Promise.resolve(new Registry()) },
    footage: {
      isCamera: (id) => settings.cameras.get().cameras.some((one) => one.id === id),
      accountOf: () => [],
      segmentsOf: () => [],
      awayOf: () => [],
      segmentAt: () => undefined,
      openSegment: nothing,
      serverNameOf: () => 'Test',
      ...options.footage,
    },
    exports: {
      isCamera: () => false,
      createExport: nothing,
      listExports: () => [],
      exportOf: () => undefined,
      openExport: nothing,
      deleteExport: nothing,
      streamExport: nothing,
      linkSecret: Buffer.alloc(32, 7),
      clock,
      activity,
      ...options.exports,
    },
    live: { openLive: nothing },
    snapshot: { isCamera: () => false, takeSnapshot: nothing },
    snapshots: {
      isCamera: () => false,
      take: nothing,
      list: nothing,
      picture: nothing,
      remove: nothing,
      ...options.snapshots,
    },
  };
  const routes = createRoutes(deps);
  const hosts = (): readonly string[] => ['localhost', '127.0.0.1', ...settings.server.get().allowedHosts];
  const app = createApp({
    clock,
    log,
    routes,
    authenticate: auth.authenticate,
    lockedBy: () => lockedBy(settings.peers.get().peers)?.name,
    hosts,
    ownId: () => settings.server.get().id,
    gateway: options.gateway,
    webRoot: options.webRoot,
    validateResponses: true,
  });
  const server = await startHttpsServer({ app, tls: keys.tls, bind: '127.0.0.1', port: 0, clock, log });
  const stop = async (): Promise<void> => {
    await auth.stop();
    await server.stop();
  };
  t.teardown(stop);
  const call = caller(server.port, keys.tls.certificate);
  return { call, app, routes, settings, port: server.port, tls: keys.tls, lines, entries, hub, dataDir, tested, stop };
}
export type Api = Awaited<ReturnType<typeof startApi>>;

function caller(port: number, ca: string): Call {
  return async (method, path, { body, raw, headers = {}, cookie, token, from } = {}) => {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const all = {
      ...(payload === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }),
      ...(cookie === undefined ? {} : { cookie }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    };
    return await new Promise<Answer>((resolve, reject) => {
      const ask = request(
        {
          host: '127.0.0.1',
          localAddress: from,
          port,
          method,
          path,
          headers: all,
          ca,
          agent: false,
          checkServerIdentity: () => undefined,
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(parts).toString();
            const isJson = /json/.test(response.headers['content-type'] ?? '');
            const json: unknown = isJson ? JSON.parse(text) : undefined;
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
          });
        },
      );
      ask.on('error', reject);
      ask.end(payload);
    });
  };
}

export const cookieOf = ({ headers }: Answer): string => headers['set-cookie']?.[0]?.split(';')[0] ?? '';

/** Sets the owner up; answers with the session's cookie. */
export const setUpOwner = async ({ call }: Pick<Api, 'call'>): Promise<string> =>
  cookieOf(await call('POST', '/api/v1/setup', { body: OWNER }));

export async function addUser(
  { call }: Pick<Api, 'call'>,
  owner: string,
  role: Role,
  cameraIds?: readonly string[],
): Promise<string> {
  const username = `${role}-${Math.random().toString(36).slice(2, 8)}`;
  const password = 'another long password';
  const body = { username, password, role, ...(cameraIds === undefined ? {} : { cameraIds }) };
  const made = await call('POST', '/api/v1/users', { body, cookie: owner });
  if (made.status !== 201) throw new Error(made.text);
  return cookieOf(await call('POST', '/api/v1/sessions', { body: { username, password } }));
}

export async function addCamera({ call }: Pick<Api, 'call'>, owner: string, more: object = {}): Promise<string> {
  const body = { name: 'Door', main: { url: 'rtsp://192.168.1.20/stream1' }, ...more };
  const made = await call('POST', '/api/v1/cameras', { body, cookie: owner });
  if (made.status !== 201) throw new Error(made.text);
  return made.json.id;
}
