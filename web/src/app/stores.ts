/** What several pages show, kept fresh by events: cameras, this box, volumes. Each is fetched once and again when an event says so. */
import { computed, effect, signal } from '@preact/signals';
import { api, type LiveEvent, type Server, type Volume } from '../api/api.ts';
import { ApiError } from '../api/client.ts';
import { onEvent, resynced } from '../api/event-stream.ts';
import {
  siteCamera,
  siteCameras,
  siteCounts,
  type SiteCamera,
  type SiteCounts,
  type SiteServerRef,
} from '../api/site.ts';
import { createAnswerOrder } from './answer-order.ts';
import { boxNow, setBoxClock } from './box-clock.ts';

/** Of all servers of the site; `undefined` until the first answer. */
export const cameras = signal<readonly SiteCamera[] | undefined>(undefined);
export const server = signal<Server | undefined>(undefined);
export const volumes = signal<readonly Volume[] | undefined>(undefined);
/** The box's wall clock, once a second. */
export const now = signal(boxNow());

export const healthTone = computed((): 'good' | 'warn' | 'bad' => {
  const status = server.value?.health.status;
  if (status === 'error') return 'bad';
  return status === 'warning' ? 'warn' : 'good';
});
export const cameraById = (id: string): SiteCamera | undefined => cameras.value?.find((camera) => camera.id === id);
/** How the servers of the site are; `undefined` where there is no site. */
export const siteState = signal<SiteCounts | undefined>(undefined);
/** Those that have cameras, by name; one alone needs no name beside its cameras. */
export const cameraServers = computed((): readonly SiteServerRef[] => {
  const known = new Map((cameras.value ?? []).map(({ server: owner }) => [owner.id, owner]));
  return [...known.values()].toSorted((a, b) => a.name.localeCompare(b.name));
});

/** Where the web interface of the host is, if that is known here. */
export function hostAddress({ address, httpPort }: NonNullable<Server['site']['host']>): string | undefined {
  if (address === undefined || httpPort === undefined) return undefined;
  return `https://${address.includes(':') ? `[${address}]` : address}:${httpPort}`;
}

/** Several events in one breath make one request. */
const COALESCE_MS = 250;
const AGAIN_MS = 2000;
const waiting = new Map<string, ReturnType<typeof setTimeout>>();
function soon(key: string, work: () => Promise<void>, delayMs = COALESCE_MS): void {
  if (waiting.has(key)) return;
  const run = (): void => {
    waiting.delete(key);
    work().catch((error: unknown) => {
      // No event comes again for what this one told.
      if (mayPass(error)) soon(key, work, AGAIN_MS);
    });
  };
  waiting.set(key, setTimeout(run, delayMs));
}
const mayPass = (error: unknown): boolean =>
  error instanceof ApiError &&
  (error.problem.code === 'unreachable' || error.problem.status === 429 || error.problem.status >= 500);

const order = createAnswerOrder();

export async function refreshCameras(): Promise<void> {
  // Whoever has cameras also knows which of their servers is this box.
  if (server.peek() === undefined) await refreshServer();
  const asked = order.next();
  const told = await siteCameras();
  if (!order.take('cameras', asked)) return;
  const before = new Map((cameras.peek() ?? []).map((camera) => [camera.id, camera]));
  cameras.value = told.map((camera) => {
    const known = before.get(camera.id);
    if (!order.take(`camera ${camera.id}`, asked)) return known ?? camera;
    // What a `recorded` event told meanwhile is newer than the answer.
    const lastFrameAt = known?.lastFrameAt ?? '';
    return lastFrameAt > (camera.lastFrameAt ?? '') ? { ...camera, lastFrameAt } : camera;
  });
}
export async function refreshVolumes(): Promise<void> {
  const asked = order.next();
  const told = await api.volumes();
  if (order.take('volumes', asked)) volumes.value = told;
}
export async function refreshServer(): Promise<void> {
  const asked = order.next();
  const sent = Date.now();
  const answer = await api.server();
  setBoxClock(Date.parse(answer.now), sent, Date.now());
  if (order.take('server', asked)) server.value = answer;
  if (answer.mode !== 'host') siteState.value = undefined;
  else await refreshSite();
}
export async function refreshSite(): Promise<void> {
  if (server.peek()?.mode !== 'host') return;
  const asked = order.next();
  const told = await siteCounts().catch((error: unknown) => {
    if (error instanceof ApiError && error.problem.status === 403) return undefined; // whoever may only watch is not told
    throw error;
  });
  if (order.take('site', asked)) siteState.value = told;
}

async function refreshCamera(id: string): Promise<void> {
  const asked = order.next();
  const fresh = await siteCamera(id);
  if (cameraById(id) === undefined || !order.take(`camera ${id}`, asked)) return;
  cameras.value = cameras.value?.map((camera) => (camera.id === id ? { ...camera, ...fresh } : camera));
}

/** Cameras of which an event told something. */
const changed = new Set<string>();
/** More at once, as when a server is taken over, are asked for as the list. */
const FEW = 4;
async function refreshChanged(): Promise<void> {
  const ids = [...changed];
  changed.clear();
  try {
    await (ids.length > FEW ? refreshCameras() : Promise.all(ids.map(refreshCamera)));
  } catch (error) {
    if (mayPass(error)) for (const id of ids) changed.add(id);
    throw error;
  }
}

/** What such an event says may be old now: the state of this box, or of the server that told. */
const CHANGES_SERVER: readonly LiveEvent['kind'][] = ['server', 'volume', 'camera', 'incident'];

function onLiveEvent(event: LiveEvent): void {
  const elsewhere = event.serverId !== undefined && event.serverId !== server.peek()?.id;
  switch (event.kind) {
    case 'cameras':
    case 'incident':
      soon('cameras', refreshCameras);
      break;
    case 'camera':
      changed.add(event.cameraId);
      soon('changed', refreshChanged);
      break;
    case 'volume':
      if (!elsewhere) soon('volumes', refreshVolumes);
      break;
    case 'recorded':
      if (event.stream === 'main') touch(event.cameraId, event.end);
      break;
    default:
  }
  if (!CHANGES_SERVER.includes(event.kind)) return;
  if (elsewhere) soon('site', refreshSite);
  else soon('server', refreshServer);
}

/** Told since the list was last drawn anew; each camera of a site tells once a second. */
const touched = new Map<string, string>();
const TOUCH_EVERY_MS = 500;
/** Footage up to `end` exists, so a frame of that time came. */
function touch(cameraId: string, end: string): void {
  if (touched.size === 0) setTimeout(applyTouched, TOUCH_EVERY_MS);
  touched.set(cameraId, end);
}
function applyTouched(): void {
  cameras.value = cameras.value?.map((camera) => {
    const end = touched.get(camera.id) ?? '';
    return (camera.lastFrameAt ?? '') < end ? { ...camera, lastFrameAt: end } : camera;
  });
  touched.clear();
}

/** What other servers do is not told by events alone: one that is gone says nothing. */
const SITE_EVERY_MS = 5000;
function lookAgain(): void {
  if (document.hidden || server.peek() === undefined) return;
  soon('site', refreshSite);
  if (server.peek()?.mode !== 'recording') soon('cameras', refreshCameras);
}

let started = false;
export function startStores(): void {
  soon('cameras', refreshCameras);
  soon('server', refreshServer);
  soon('volumes', refreshVolumes);
  if (started) return;
  started = true;
  onEvent(onLiveEvent);
  setInterval(() => {
    now.value = boxNow();
  }, 1000);
  setInterval(lookAgain, SITE_EVERY_MS);
  effect(() => {
    if (resynced.value > 0) startStores();
  });
}

export function forget(): void {
  cameras.value = undefined;
  server.value = undefined;
  volumes.value = undefined;
  siteState.value = undefined;
}
