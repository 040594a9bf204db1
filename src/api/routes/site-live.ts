/**
 * `/site/cameras/{id}/live`, `snapshot.jpg` and `snapshots`: pictures of whoever records the camera now. A live view ends when that is somebody else:
 * who watches asks again and finds the other one.
 */
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { UnderstudyError } from '../../core/errors.ts';
import { signedIn } from '../caller.ts';
import type { Caller } from '../caller.ts';
import { problem, streamQuery } from '../contract/common.ts';
import { storedSnapshot, takeSnapshotRequest } from '../contract/snapshots.ts';
import type { StreamRef } from '../footage-access.ts';
import { isoOfNumber, noSuchCamera } from '../footage-query.ts';
import { HttpError } from '../problem.ts';
import { route } from '../route.ts';
import type { AnyRoute, Route } from '../route.ts';
import type { Site } from '../site/site.ts';
import { liveRoute } from './live.ts';
import type { LiveRef, LiveStream } from './live.ts';
import { cameraParams } from './recordings.ts';

/** A takeover takes a moment; whoever waits so long is told that nobody records. */
const WAIT_MS = 2500;

export const siteLiveRoutes = (site: Site): readonly AnyRoute[] => [
  liveRoute(
    '/site/cameras/:id/live',
    'Live view of whoever records the camera now; ends when that changes.',
    async (stream, signal, caller) => await openLive(site, stream, { signal, caller }),
  ),
  snapshot(site),
  storeSnapshot(site),
];

type By = { readonly signal: AbortSignal; readonly caller: Caller };
async function openLive(site: Site, stream: LiveRef, { signal, caller }: By): Promise<LiveStream> {
  const serverId = await recorderOf(site, stream.cameraId, signal);
  const isOwn = serverId === site.servers.ownId();
  const live = isOwn
    ? await site.live.openLive(stream, signal)
    : await openThere(site, serverId, stream, { signal, caller });
  const cancel = site.recorders.follow(stream.cameraId, serverId, () => live.socket.destroy());
  live.socket.once('close', cancel);
  return live;
}

/** @throws camera/unknown, server/not-connected */
async function recorderOf({ cameras, recorders }: Site, cameraId: string, signal: AbortSignal): Promise<string> {
  const isKnown = (list: ReturnType<Site['cameras']['known']>): boolean => list.some(({ id }) => id === cameraId);
  if (!isKnown(cameras.known()) && !isKnown(await cameras.list())) throw noSuchCamera(cameraId);
  const serverId = await recorders.wait(cameraId, WAIT_MS, signal);
  if (serverId !== undefined) return serverId;
  const one = cameras.known().find(({ id }) => id === cameraId);
  const since = one?.serverAwaySince === undefined ? '' : ` since ${one.serverAwaySince}`;
  const message = `${one?.server.name ?? 'Its server'} is not connected${since}, and no other server records this camera.`;
  throw new UnderstudyError('unavailable', 'server/not-connected', message);
}

const pathOf = ({ cameraId, stream }: StreamRef, what: string): string =>
  `/cameras/${encodeURIComponent(cameraId)}/${what}?stream=${stream}`;

async function openThere(
  { servers }: Site,
  serverId: string,
  stream: LiveRef,
  { signal, caller }: By,
): Promise<LiveStream> {
  const there = await servers.gateway.socket(serverId, {
    method: 'GET',
    // Said only when wanted: a server of an older version refuses what it does not know.
    path: `${pathOf(stream, 'live')}${stream.audio ? '&audio=true' : ''}`,
    caller: signedIn(caller),
    // RFC 6455 §4.1. The browser's own handshake is answered here.
    headers: { 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64') },
    signal,
  });
  if (there.kind === 'open') return { socket: there.socket, first: there.head };
  throw await refusalOf(there);
}

const MAX_PROBLEM_BYTES = 16_384;
async function refusalOf({ status, body }: { readonly status: number; readonly body: Readable }): Promise<HttpError> {
  const said = problem.safeParse(await bodyOf(body));
  const { code = 'site/refused', detail = `The server that records it answered ${status}.` } = said.data ?? {};
  return new HttpError(status < 400 ? 502 : status, code, detail);
}

/** Short JSON; undefined: it is neither. */
async function bodyOf(body: Readable): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_PROBLEM_BYTES) break;
    parts.push(part);
  }
  return asJson(Buffer.concat(parts).toString());
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function snapshot(site: Site): Route {
  return route(
    {
      method: 'GET',
      path: '/site/cameras/:id/snapshot.jpg',
      summary: 'The last key frame as JPEG, of whoever records the camera now.',
      access: 'viewer',
      camera: 'id',
      params: cameraParams,
      query: streamQuery,
      response: { mediaType: 'image/jpeg' },
      problems: { 501: 'snapshot/no-decoder', 503: 'snapshot/no-picture' },
    },
    async ({ params, query, caller, signal }) => {
      const stream = { cameraId: params.id, stream: query.stream };
      const serverId = await recorderOf(site, params.id, signal);
      if (serverId === site.servers.ownId()) {
        const { jpeg, at } = await site.snapshot.takeSnapshot(stream, signal);
        return pictureOf(jpeg, isoOfNumber(at));
      }
      const path = pathOf(stream, 'snapshot.jpg');
      const there = { method: 'GET', path, caller: signedIn(caller), signal };
      const answer = await site.servers.gateway.request(serverId, there);
      if (answer.status !== 200) throw await refusalOf(answer);
      return pictureOf(answer.body, answer.headers['understudy-picture-time']);
    },
  );
}

function storeSnapshot(site: Site): Route {
  return route(
    {
      method: 'POST',
      path: '/site/cameras/:id/snapshots',
      summary:
        'Stores the last key frame as a picture, at whoever records the camera now; it goes home with the footage.',
      access: 'operator',
      camera: 'id',
      whenLocked: 'open',
      params: cameraParams,
      body: takeSnapshotRequest,
      response: { status: 201, json: storedSnapshot },
      problems: { 409: 'snapshot/not-recorded', 429: 'snapshot/too-many', 503: 'snapshot/no-volume' },
    },
    async ({ params, body, caller, signal }) => {
      const by = signedIn(caller);
      const serverId = await recorderOf(site, params.id, signal);
      if (serverId === site.servers.ownId()) {
        const { stream, note } = body;
        const one = await site.snapshots.take({ cameraId: params.id, stream }, { user: by.name, note, signal });
        return { kind: 'json', status: 201, body: one };
      }
      const path = `/cameras/${encodeURIComponent(params.id)}/snapshots`;
      const asked = new TextEncoder().encode(JSON.stringify(body));
      const headers = { 'content-type': 'application/json', 'content-length': String(asked.length) };
      const there = { method: 'POST', path, caller: by, headers, body: asked, signal };
      const answer = await site.servers.gateway.request(serverId, there);
      if (answer.status !== 201) throw await refusalOf(answer);
      return { kind: 'json', status: 201, body: storedSnapshot.parse(await bodyOf(answer.body)) };
    },
  );
}

const pictureOf = (
  body: Readable | Uint8Array,
  at: string | undefined,
): { kind: 'bytes'; body: Readable | Uint8Array; mediaType: string; headers: Record<string, string> } => ({
  kind: 'bytes',
  body,
  mediaType: 'image/jpeg',
  headers: { 'cache-control': 'private, no-store', ...(at === undefined ? {} : { 'understudy-picture-time': at }) },
});
