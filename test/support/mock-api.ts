/**
 * A stand-in for a box, for UI tests that need states a real one cannot be brought into quickly: the built UI from dist/web under the
 * real content security policy, the contract's shapes with generated data, live view from an ffmpeg clip. Flow tests use real processes.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import { CLIP_FPS, makeClip, playlistOf, shifted, type Clip } from './mock-clip.ts';
import {
  FINGERPRINT,
  iso,
  mockCamera,
  mockCameras,
  mockExport,
  mockLog,
  mockServer,
  mockSuggestions,
  mockTimeline,
  mockVolumes,
} from './mock-data.ts';

export type MockApi = {
  readonly url: string;
  readonly emit: (event: Readonly<Record<string, unknown>>) => void;
  /** Ends every event stream and refuses everything until `resume`. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly stallLive: () => void;
  readonly close: () => Promise<void>;
};
type Options = {
  readonly cameras?: number;
  readonly setupNeeded?: boolean;
  readonly signedIn?: boolean;
  readonly port?: number;
  readonly media?: boolean;
};
type Reply = { readonly status?: number; readonly body?: unknown; readonly etag?: string };
type Call = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
};

const WEB = join(import.meta.dirname, '../../dist/web');
const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: data:; connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const NIGHT =
  "nullsrc=s=640x360:r=25,format=yuv420p,geq=lum='40+60*exp(-pow((X-320-200*sin(T/1.3))/90,2)-pow((Y-230)/60,2))+Y/9+24*gt(mod(X+Y/3,160),150)':cb=134:cr=122,noise=alls=6:allf=t";
const SCENES = [NIGHT, NIGHT];
const problem = (status: number, code: string, detail: string): Reply => ({
  status,
  body: { type: 'about:blank', title: code, status, code, detail },
});

export async function startMockApi(options: Options = {}): Promise<MockApi> {
  const began = Date.now();
  const state = {
    setupNeeded: options.setupNeeded ?? false,
    signedIn: options.signedIn ?? true,
    name: 'Hall-NAS',
    cameras: mockCameras(options.cameras ?? 16, began),
    volumes: options.setupNeeded === true ? [] : mockVolumes(began),
    exports: [mockExport('exp-1', 'cam-1', iso(began - 7_200_000), iso(began - 7_080_000), began - 600_000)],
    users: [{ id: 'u1', username: 'anna', role: 'owner', createdAt: iso(began - 9e9) }],
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
  if (state.setupNeeded) state.cameras = [];
  const clips =
    options.media === false
      ? []
      : await Promise.all([makeClip(SCENES[0] ?? '', true), makeClip(SCENES[1] ?? '', false)]);
  const streams = new Set<ServerResponse>();
  let paused = false;
  let liveStalled = false;
  let eventId = 0;
  const session = (): unknown => ({
    user: { id: 'u1', username: 'anna', role: 'owner' },
    expiresAt: iso(Date.now() + 9e8),
  });

  const cameraCalls = ({ method, path, query, body }: Call): Reply | undefined => {
    if (path === '/cameras/discover') return { body: { items: discovered } };
    if (path === '/cameras/test') return { body: testResult(String(body['url']), clips[0]) };
    const single = /^\/cameras\/([^/]+)(\/playlists)?$/.exec(path);
    if (single?.[2] !== undefined) {
      const [start, end] = [query.get('start') ?? '', query.get('end') ?? ''];
      return {
        body: {
          items: [
            {
              start,
              end,
              layoutEpoch: '1',
              codec: 'avc1.640028',
              url: `/api/v1${path}/e1.m3u8?start=${start}&end=${end}`,
            },
          ],
        },
      };
    }
    if (single !== null && method === 'PATCH')
      state.cameras = state.cameras.map((camera) =>
        camera.id === single[1] ? { ...camera, ...withoutNull(body) } : camera,
      );
    if (single !== null) {
      const found = state.cameras.find(({ id }) => id === single[1]);
      return found === undefined
        ? problem(404, 'camera-unknown', `No camera has the id ${single[1]}.`)
        : { body: { ...mockCamera(Number(found.id.slice(4)) - 1, Date.now()), ...found } };
    }
    if (path !== '/cameras') return undefined;
    const ids = (body['ids'] ?? []) as string[];
    if (method === 'POST') {
      if (/[`~!@#$%^&*()]/.test(String(body['name'])))
        return problem(400, 'invalid-body', 'The name has a forbidden character.');
      const made = {
        ...mockCamera(state.cameras.length, Date.now()),
        id: `cam-${state.cameras.length + 1}`,
        name: String(body['name']),
        main: body['main'] as { url: string; transport: 'auto' },
      };
      state.cameras.push(made);
      api.emit({ kind: 'cameras' });
      return { status: 201, body: made };
    }
    if (method === 'PATCH')
      state.cameras = state.cameras.map((camera) =>
        ids.includes(camera.id) ? { ...camera, ...withoutNull(body['change'] as Record<string, unknown>) } : camera,
      );
    if (method === 'DELETE') state.cameras = state.cameras.filter(({ id }) => !ids.includes(id));
    if (method !== 'GET') api.emit({ kind: 'cameras' });
    return method === 'DELETE' ? { status: 204 } : { body: { items: state.cameras } };
  };

  const accessCalls = ({ method, path, body }: Call): Reply | undefined => {
    switch (`${method} ${path}`) {
      case 'GET /setup':
        return {
          body: { needed: state.setupNeeded, serverName: state.name, version: '0.1.0', fingerprint: FINGERPRINT },
        };
      case 'POST /setup':
        state.setupNeeded = false;
        state.signedIn = true;
        return { status: 201, body: session() };
      case 'POST /sessions':
        if (body['password'] !== 'correct horse battery')
          return problem(401, 'wrong-credentials', 'The user name or the password is wrong.');
        state.signedIn = true;
        return { status: 201, body: session() };
      case 'GET /sessions/current':
        return state.signedIn ? { body: session() } : problem(401, 'not-signed-in', 'Sign in first.');
      case 'DELETE /sessions/current':
        state.signedIn = false;
        return { status: 204 };
      default:
        return undefined;
    }
  };

  const boxCalls = ({ method, path, query, body }: Call): Reply | undefined => {
    if (path === '/server') {
      if (method === 'PATCH') state.name = String(body['name']);
      return { body: mockServer(state.name, Date.now(), began) };
    }
    if (path === '/volumes/suggestions') return { body: { items: mockSuggestions } };
    if (path === '/volumes') {
      if (method === 'POST') state.volumes = mockVolumes(began).slice(0, 1);
      return { body: method === 'POST' ? state.volumes[0] : { items: state.volumes } };
    }
    if (path === '/timeline') {
      const answer = mockTimeline(query.get('day') ?? '', (query.get('cameras') ?? '').split(','), Date.now());
      return { body: answer, etag: `"${query.get('day')}"` };
    }
    if (path === '/exports') {
      const asked = (body['cameraIds'] ?? []) as string[];
      const made =
        method === 'POST'
          ? asked.map((id, index) =>
              mockExport(
                `exp-${state.exports.length + index + 1}`,
                id,
                String(body['start']),
                String(body['end']),
                Date.now(),
              ),
            )
          : [];
      state.exports.unshift(...made);
      return { status: method === 'POST' ? 201 : 200, body: { items: method === 'POST' ? made : state.exports } };
    }
    if (path === '/log') {
      const items = mockLog(began).filter(
        (entry) =>
          (!query.has('severity') || entry.severity === query.get('severity')) &&
          entry.message.toLowerCase().includes((query.get('text') ?? '').toLowerCase()),
      );
      return { body: { items } };
    }
    if (path === '/users') return { body: { items: state.users } };
    if (path === '/tokens') {
      const made = {
        id: `t${state.tokens.length + 1}`,
        name: body['name'],
        role: body['role'],
        createdAt: iso(Date.now()),
      };
      if (method === 'POST') state.tokens.push(made);
      return { body: method === 'POST' ? { ...made, secret: 'us_6f1c0c62b7b84a1d9a3e' } : { items: state.tokens } };
    }
    return method === 'DELETE' ? { status: 204 } : undefined;
  };

  const http = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (paused) {
      request.socket.destroy();
      return;
    }
    const url = new URL(request.url ?? '/', 'http://box');
    response.setHeader('Content-Security-Policy', CSP);
    if (!url.pathname.startsWith('/api/v1')) return sendFile(url.pathname, response);
    const path = url.pathname.slice('/api/v1'.length);
    if (path === '/events') return openEvents(response);
    if (path.endsWith('.m3u8') && clips[1] !== undefined) {
      response.setHeader('Content-Type', 'application/vnd.apple.mpegurl');
      const [start, end] = [
        Date.parse(url.searchParams.get('start') ?? ''),
        Date.parse(url.searchParams.get('end') ?? ''),
      ];
      response.end(playlistOf(clips[1], '/api/v1/clip.mp4', start, end));
      return undefined;
    }
    if (path === '/clip.mp4' && clips[1] !== undefined) return sendRange(clips[1].file, request, response);
    const call: Call = { method: request.method ?? 'GET', path, query: url.searchParams, body: await bodyOf(request) };
    const reply =
      accessCalls(call) ??
      (state.signedIn
        ? (cameraCalls(call) ?? boxCalls(call) ?? problem(404, 'not-found', `There is nothing at ${path}.`))
        : problem(401, 'not-signed-in', 'Sign in first.'));
    send(reply, request, response);
    return undefined;
  }
  function openEvents(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(': hello\n\n');
    streams.add(response);
    response.on('close', () => streams.delete(response));
  }

  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket) => {
    const [clip] = clips;
    if (clip === undefined) return socket.close();
    socket.send(JSON.stringify({ codec: codecOf(clip), width: 640, height: 360 }));
    socket.send(clip.init);
    let index = 0;
    const timer = setInterval(() => {
      const fragment = clip.fragments[index % clip.fragments.length];
      if (fragment === undefined || liveStalled) return;
      socket.send(shifted(fragment.bytes, Math.floor(index / clip.fragments.length) * clip.ticks));
      index += 1;
    }, 1000 / CLIP_FPS);
    socket.on('close', () => clearInterval(timer));
    return undefined;
  });

  await new Promise<void>((resolve) => http.listen(options.port ?? 0, '127.0.0.1', resolve));
  const recording = setInterval(() => {
    const end = Date.now();
    for (const { id, state: doing } of state.cameras) {
      if (doing === 'recording')
        api.emit({ kind: 'recorded', cameraId: id, stream: 'main', start: iso(end - 1000), end: iso(end) });
    }
  }, 1000);
  const api: MockApi = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    emit: (event) => {
      eventId += 1;
      for (const stream of streams)
        stream.write(`id: ${eventId}\nevent: ${String(event['kind'])}\ndata: ${JSON.stringify(event)}\n\n`);
    },
    pause: () => {
      paused = true;
      http.closeAllConnections();
    },
    resume: () => {
      paused = false;
    },
    stallLive: () => {
      liveStalled = true;
    },
    close: async () => {
      clearInterval(recording);
      for (const client of sockets.clients) client.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return api;
}

function send({ status = 200, body, etag }: Reply, request: IncomingMessage, response: ServerResponse): void {
  if (etag !== undefined) response.setHeader('ETag', etag);
  if (etag !== undefined && request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(status, { 'Content-Type': status >= 400 ? 'application/problem+json' : 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

async function sendFile(path: string, response: ServerResponse): Promise<void> {
  const file = extname(path) === '' ? '/index.html' : normalize(path);
  const bytes = await readFile(join(WEB, file)).catch(() => undefined);
  response.writeHead(bytes === undefined ? 404 : 200, {
    'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
  });
  response.end(bytes);
}

function sendRange(file: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
  const [from, to] =
    range === null ? [0, file.length - 1] : [Number(range[1]), Math.min(Number(range[2]), file.length - 1)];
  response.writeHead(range === null ? 200 : 206, {
    'Content-Type': 'video/mp4',
    'Content-Range': `bytes ${from}-${to}/${file.length}`,
  });
  response.end(file.subarray(from, to + 1));
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const text = Buffer.concat(await request.toArray()).toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

const withoutNull = (body: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));

/** `avc1.` and the three bytes after the configuration version (RFC 6381). */
function codecOf(clip: Clip): string {
  const at = clip.init.indexOf('avcC');
  return `avc1.${clip.init.toString('hex', at + 5, at + 8)}`;
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
