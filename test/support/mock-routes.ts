/** What the mock API answers: one entry a method and path, on a state that calls change. */
import type { Camera } from '../../src/api/contract/cameras.ts';
import type { ExportJob } from '../../src/api/contract/footage.ts';
import type { CmsMode } from '../../src/api/contract/server.ts';
import type { Clip } from './mock-clip.ts';
import {
  FINGERPRINT,
  iso,
  mockCamera,
  mockCameras,
  mockExport,
  mockServer,
  mockSuggestions,
  mockTimeline,
  mockVolumes,
} from './mock-data.ts';
import { mockActivity, type MockActivity } from './mock-activity-data.ts';
import { activityMocks } from './mock-activity.ts';
import { incidentMocks, mockIncidents, type MockIncidents } from './mock-incidents.ts';
import { logHere } from './mock-log.ts';
import type { MockServers } from './mock-servers-data.ts';
import { serverMocks } from './mock-servers.ts';
import { mockPlayback, playbackMocks } from './mock-playback.ts';
import { protectionMocks } from './mock-protection.ts';
import { settingsMocks } from './mock-settings.ts';
import { mockUpdates, updateMocks } from './mock-updates.ts';
import type { MockUpdates } from './mock-updates.ts';
import { mockSite, siteMocks, throughHost } from './mock-site.ts';
import { exportLinkMocks } from './mock-site-exports.ts';
import { mockSnapshots, snapshotMocks } from './mock-snapshots.ts';

export type Reply = {
  readonly status?: number;
  readonly body?: unknown;
  readonly etag?: string;
  /** Instead of JSON. */
  readonly file?: { readonly type: string; readonly bytes: Buffer };
};
export type Call = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
};
export type MockOptions = {
  readonly cameras?: number;
  readonly setupNeeded?: boolean;
  readonly signedIn?: boolean;
  readonly mode?: CmsMode;
  /** It is the host of two more servers. */
  readonly members?: boolean;
  /** More of them, in every state, on a state that calls change. */
  readonly servers?: MockServers;
  readonly role?: 'owner' | 'admin' | 'operator' | 'viewer';
  /** How failover differs from a calm site. */
  readonly activity?: Partial<MockActivity>;
  /** Absent: one that is open and two that are over. */
  readonly incidents?: MockIncidents;
  /** Releases and how updates go; a test changes it. */
  readonly updates?: MockUpdates;
};
/** A route of a room of pages; `parts` are the groups of `path`. */
export type RoomRoute = {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: (call: Call, parts: readonly string[]) => Reply;
};
/** One file a room of pages: mock-<room>.ts. */
const roomMocks = (state: MockState): readonly RoomRoute[] => [
  ...playbackMocks(state),
  ...serverMocks(state.servers),
  ...siteMocks(state),
  ...activityMocks(state),
  ...incidentMocks(state),
  ...protectionMocks(state),
  ...settingsMocks(state.updates),
  ...updateMocks(state.updates),
  ...snapshotMocks(state),
  ...exportLinkMocks(state),
];
export type MockState = ReturnType<typeof createMockState>;
type Handler = (call: Call, id: string) => Reply;
type Emit = (event: Readonly<Record<string, unknown>>) => void;
const NO_CONTENT: Reply = { status: 204 };
const problem = (status: number, code: string, detail: string): Reply => ({
  status,
  body: { type: 'about:blank', title: code, status, code, detail },
});
const items = (list: readonly unknown[]): Reply => ({ body: { items: list } });
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export function createMockState(options: MockOptions, began: number) {
  const { setupNeeded = false, signedIn = true, cameras = 16, members = false } = options;
  return {
    mode: options.mode ?? (members ? 'host' : 'recording'),
    site: mockSite(members),
    playback: mockPlayback(began),
    servers: options.servers,
    updates: options.updates ?? mockUpdates(),
    role: options.role ?? 'owner',
    activity: mockActivity(members, options.activity),
    incidents: options.incidents ?? mockIncidents(began),
    began,
    snapshots: mockSnapshots(began),
    setupNeeded,
    signedIn,
    name: 'Hall-NAS',
    cameras: setupNeeded ? [] : mockCameras(cameras, began),
    volumes: setupNeeded ? [] : mockVolumes(began),
    exports: [
      mockExport('exp-1', 'cam-1', {
        start: iso(began - 7_200_000),
        end: iso(began - 7_080_000),
        now: began - 600_000,
      }),
    ] as ExportJob[],
    tokens: [
      {
        id: 't1',
        name: 'home automation',
        role: 'viewer',
        createdAt: iso(began - 6e9),
        lastUsedAt: iso(began - 60_000),
      },
    ] as Record<string, unknown>[],
  };
}

export function mockRoutes(state: MockState, clip: () => Clip | undefined, emit: Emit): (call: Call) => Reply {
  const open = accessRoutes(state);
  const closed = { ...cameraRoutes(state, clip, emit), ...boxRoutes(state) };
  const rooms = roomMocks(state);
  const answerTo = (call: Call): Reply => {
    const id = /^\/cameras\/(cam-\d+)/.exec(call.path)?.[1] ?? '';
    const key = `${call.method} ${id === '' ? call.path : call.path.replace(id, ':id')}`;
    const free = open[key];
    if (free !== undefined) return free(call, id);
    if (!state.signedIn) return problem(401, 'not-signed-in', 'Sign in first.');
    const handler = closed[key];
    if (handler !== undefined) return handler(call, id);
    for (const { method, path, answer } of rooms) {
      const match = method === call.method ? path.exec(call.path) : null;
      if (match !== null) return answer(call, match.slice(1));
    }
    return call.method === 'DELETE' ? NO_CONTENT : problem(404, 'not-found', `There is nothing at ${call.path}.`);
  };
  return (call) => throughHost(state, call, answerTo) ?? answerTo(call);
}

function accessRoutes(state: MockState): Readonly<Record<string, Handler>> {
  const session = (): Reply => ({
    body: { user: { id: 'u1', username: 'anna', role: state.role }, expiresAt: iso(Date.now() + 9e8) },
  });
  return {
    'GET /setup': () => ({
      body: { needed: state.setupNeeded, serverName: state.name, version: '0.1.0', fingerprint: FINGERPRINT },
    }),
    'POST /setup': () => {
      state.setupNeeded = false;
      state.signedIn = true;
      return session();
    },
    'POST /sessions': ({ body }) => {
      if (body['password'] !== 'correct horse battery')
        return problem(401, 'wrong-credentials', 'The user name or the password is wrong.');
      state.signedIn = true;
      return session();
    },
    'GET /sessions/current': () => (state.signedIn ? session() : problem(401, 'not-signed-in', 'Sign in first.')),
    'DELETE /sessions/current': () => {
      state.signedIn = false;
      return NO_CONTENT;
    },
  };
}

function cameraRoutes(state: MockState, clip: () => Clip | undefined, emit: Emit): Readonly<Record<string, Handler>> {
  const change = (ids: readonly string[], by: Record<string, unknown>): void => {
    const set = Object.fromEntries(Object.entries(by).filter(([, value]) => value !== null));
    state.cameras = state.cameras.map((camera): Camera => (ids.includes(camera.id) ? { ...camera, ...set } : camera));
    emit({ kind: 'cameras' });
  };
  const idsOf = (body: Record<string, unknown>): readonly string[] => (body['ids'] ?? []) as string[];
  const one: Handler = (_call, id) => {
    const found = state.cameras.find((camera) => camera.id === id);
    return found === undefined ? problem(404, 'camera-unknown', `No camera has the id ${id}.`) : { body: found };
  };
  return {
    'GET /cameras': () => items(state.cameras),
    'GET /cameras/:id': one,
    'PATCH /cameras/:id': (call, id) => {
      change([id], call.body);
      return one(call, id);
    },
    'POST /cameras': ({ body }) => {
      const index = state.cameras.length;
      const camera = {
        ...mockCamera(index, Date.now()),
        name: text(body['name']),
        main: body['main'] as Camera['main'],
      };
      state.cameras.push(camera);
      emit({ kind: 'cameras' });
      return { status: 201, body: camera };
    },
    'PATCH /cameras': ({ body }) => {
      change(idsOf(body), body['change'] as Record<string, unknown>);
      return items(state.cameras);
    },
    'DELETE /cameras': ({ body }) => {
      state.cameras = state.cameras.filter(({ id }) => !idsOf(body).includes(id));
      emit({ kind: 'cameras' });
      return NO_CONTENT;
    },
    'POST /cameras/discover': () => items(discovered),
    'POST /cameras/test': ({ body }) => ({ body: testResult(text(body['url']), clip()) }),
    'GET /cameras/:id/playlists': ({ path, query }) => {
      const [start, end] = [query.get('start') ?? '', query.get('end') ?? ''];
      return items([
        { start, end, layoutEpoch: '1', codec: 'avc1.640028', url: `/api/v1${path}/e1.m3u8?start=${start}&end=${end}` },
      ]);
    },
  };
}

function boxRoutes(state: MockState): Readonly<Record<string, Handler>> {
  const server = (): Reply => {
    const { site } = state.servers ?? {};
    const box = mockServer(state.name, Date.now(), state.began);
    return { body: { ...box, mode: state.mode, ...(site === undefined ? {} : { site }) } };
  };
  return {
    'GET /server': server,
    'PUT /server/mode': ({ body }) => {
      state.mode = text(body['mode']) as CmsMode;
      return server();
    },
    'PATCH /server': ({ body }) => {
      state.name = text(body['name']);
      return server();
    },
    'GET /volumes': () => items(state.volumes),
    'GET /volumes/suggestions': () => items(mockSuggestions),
    'POST /volumes': () => {
      state.volumes = mockVolumes(state.began).slice(0, 1);
      return { status: 201, body: state.volumes[0] };
    },
    'GET /timeline': ({ query }) => {
      const day = query.get('day') ?? '';
      return { body: mockTimeline(day, (query.get('cameras') ?? '').split(','), Date.now()), etag: `"${day}"` };
    },
    'GET /exports': () => items(state.exports),
    'POST /exports': ({ body }) => {
      const range = { start: text(body['start']), end: text(body['end']), now: Date.now() };
      const made = (body['cameraIds'] as string[]).map((id, index) =>
        mockExport(`exp-${state.exports.length + index + 1}`, id, range),
      );
      state.exports.unshift(...made);
      return { status: 201, body: { items: made } };
    },
    'GET /log': ({ query }) => logHere(query, state.began),
    'GET /users': () => items([{ id: 'u1', username: 'anna', role: 'owner', createdAt: iso(state.began - 9e9) }]),
    'GET /tokens': () => items(state.tokens),
    'POST /tokens': ({ body }) => {
      const token = {
        id: `t${state.tokens.length + 1}`,
        name: body['name'],
        role: body['role'],
        createdAt: iso(Date.now()),
      };
      state.tokens.push(token);
      return { status: 201, body: { ...token, secret: 'us_6f1c0c62b7b84a1d9a3e' } };
    },
  };
}

const discovered = ['192.168.1.31', '192.168.1.32', '192.168.1.47'].map((address, index) => ({
  address,
  port: 80,
  xaddr: `http://${address}/onvif/device_service`,
  name: ['DS-2CD2143', 'P3245-LVE', 'Reolink 810A'][index],
  hardware: ['Hikvision', 'AXIS', 'Reolink'][index],
  profiles:
    index === 2
      ? []
      : [
          { name: 'main', url: `rtsp://${address}:554/stream1`, codec: 'H264', width: 1920, height: 1080 },
          { name: 'sub', url: `rtsp://${address}:554/stream2`, codec: 'H264', width: 640, height: 360 },
        ],
  ...(index === 2
    ? { problem: { code: 'credentials-needed', message: 'The camera asks for a user name and a password.' } }
    : {}),
}));

function testResult(url: string, clip: Clip | undefined): unknown {
  const names = ['url', 'resolve', 'connect', 'credentials', 'path', 'tracks', 'key-frame'];
  const bad = url.includes('wrong');
  const checks = (bad ? names.slice(0, 3) : names).map((check, index) => ({
    check,
    ok: !(bad && index === 2),
    message: bad && index === 2 ? 'No answer from port 554 within 5 s.' : 'as expected',
    milliseconds: 3 + index * 9,
  }));
  const preview =
    clip === undefined
      ? {}
      : { preview: Buffer.concat([clip.init, clip.fragments[0]?.bytes ?? Buffer.alloc(0)]).toString('base64') };
  return bad
    ? { ok: false, checks }
    : { ok: true, checks, codec: 'avc1.640028', width: 640, height: 360, transport: 'tcp', ...preview };
}
