/**
 * A stand-in for a box, for UI tests that need states a real one cannot be brought into quickly: the built UI from dist/web under the
 * real content security policy, the contract's shapes with generated data, live view from an ffmpeg clip. Flow tests use real processes.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import { SECURITY_HEADERS } from '../../src/api/app.ts';
import { CLIP_FPS, makeClips, playlistOf, shifted, type Clip, type Clips } from './mock-clip.ts';
import { iso } from './mock-data.ts';
import { ownerOf } from './mock-site.ts';
import { createMockState, mockRoutes, type Call, type MockOptions, type MockState, type Reply } from './mock-routes.ts';

export type MockApi = {
  readonly url: string;
  readonly emit: (event: Readonly<Record<string, unknown>>) => void;
  /** Ends every event stream and refuses everything until `resume`. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly stallLive: () => void;
  /** Event streams that are open. */
  readonly streams: () => number;
  /** Closes all sockets of live view; whoever connects again is served. */
  readonly dropLive: () => void;
  /** What it answers from; tests change it. */
  readonly state: MockState;
  readonly close: () => Promise<void>;
};
type Options = MockOptions & { readonly port?: number; readonly media?: boolean };

const WEB = join(import.meta.dirname, '../../dist/web');
const CSP = SECURITY_HEADERS['content-security-policy'] ?? '';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const NIGHT =
  "nullsrc=s=320x180:r=25,format=yuv420p,geq=lum='40+60*exp(-pow((X-160-100*sin(T/1.3))/45,2)-pow((Y-115)/30,2))+Y/5+24*gt(mod(X+Y/3,80),75)':cb=134:cr=122,noise=alls=6:allf=t,scale=640:360";
let made: Promise<Clips> | undefined;
/** Made once a process: encoding takes longer than most flows. */
function sharedClips(): Promise<Clips> {
  made ??= makeClips(NIGHT);
  return made;
}

export async function startMockApi(options: Options = {}): Promise<MockApi> {
  const began = Date.now();
  const state = createMockState(options, began);
  const clips = options.media === false ? undefined : await sharedClips();
  const streams = new Set<ServerResponse>();
  let paused = false;
  let liveStalled = false;
  let eventId = 0;
  const answer = mockRoutes(
    state,
    () => clips?.perFrame,
    (event) => api.emit(event),
  );
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
    const reachable = !state.site.away.has(/^\/servers\/([^/]+)\/api/.exec(path)?.[1] ?? '');
    if (clips !== undefined && reachable && sendMedia(clips.perSecond, url, request, response)) return undefined;
    const call: Call = { method: request.method ?? 'GET', path, query: url.searchParams, body: await bodyOf(request) };
    const reply = answer(call);
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
    const clip = clips?.perFrame;
    if (clip === undefined) return socket.close();
    // It tells of sound that never comes: what is heard is tried on real boxes.
    const sound = { audioCodec: 'mp4a.40.2', audio: false };
    socket.send(JSON.stringify({ codec: codecOf(clip), width: 640, height: 360, ...sound }));
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
    for (const stream of streams) stream.write(':\n\n');
    for (const { id, state: doing } of state.cameras) {
      const recorder = state.site.coveredBy.get(id) ?? ownerOf(state.site, id);
      if (doing !== 'recording' || state.site.away.has(recorder.id)) continue;
      const range = { start: iso(end - 1000), end: iso(end) };
      api.emit({ kind: 'recorded', cameraId: id, serverId: recorder.id, stream: 'main', ...range });
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
    streams: () => streams.size,
    stallLive: () => {
      liveStalled = true;
    },
    dropLive: () => {
      for (const client of sockets.clients) client.terminate();
    },
    state,
    close: async () => {
      clearInterval(recording);
      for (const client of sockets.clients) client.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return api;
}

function send({ status = 200, body, etag, file }: Reply, request: IncomingMessage, response: ServerResponse): void {
  if (etag !== undefined) response.setHeader('ETag', etag);
  if (etag !== undefined && request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  if (file !== undefined) {
    response.writeHead(status, { 'Content-Type': file.type }).end(file.bytes);
    return;
  }
  response.writeHead(status, { 'Content-Type': status >= 400 ? 'application/problem+json' : 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function sendMedia(
  clip: Clip,
  { pathname, searchParams }: URL,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (pathname.endsWith('.m3u8')) {
    response.setHeader('Content-Type', 'application/vnd.apple.mpegurl');
    const [start, end] = [Date.parse(searchParams.get('start') ?? ''), Date.parse(searchParams.get('end') ?? '')];
    const [below = ''] = /^\/api\/v1(\/servers\/[^/]+\/api)?/.exec(pathname) ?? [];
    response.end(playlistOf(clip, `${below}/clip.mp4`, start, end));
    return true;
  }
  if (!pathname.endsWith('/clip.mp4')) return false;
  sendRange(clip.file, request, response);
  return true;
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

/** `avc1.` and the three bytes after the configuration version (RFC 6381). */
function codecOf(clip: Clip): string {
  const at = clip.init.indexOf('avcC');
  return `avc1.${clip.init.toString('hex', at + 5, at + 8)}`;
}
