/** What several pages show, kept fresh by events: cameras, this box, volumes. Each is fetched once and again when an event says so. */
import { computed, effect, signal, type Signal } from '@preact/signals';
import { api, type Camera, type LiveEvent, type Server, type Volume } from '../api/api.ts';
import { onEvent, resynced } from '../api/event-stream.ts';

/** `undefined` until the first answer. */
export const cameras = signal<readonly Camera[] | undefined>(undefined);
export const server = signal<Server | undefined>(undefined);
export const volumes = signal<readonly Volume[] | undefined>(undefined);
/** Milliseconds that the box's clock is ahead of the browser's. */
export const clockOffset = signal(0);
/** The box's wall clock, once a second. */
export const now = signal(Date.now());

export const healthTone = computed((): 'good' | 'warn' | 'bad' => {
  const status = server.value?.health.status;
  if (status === 'error') return 'bad';
  return status === 'warning' ? 'warn' : 'good';
});
export const cameraById = (id: string): Camera | undefined => cameras.value?.find((camera) => camera.id === id);

/** Several events in one breath make one request. */
const COALESCE_MS = 250;
const waiting = new Map<string, ReturnType<typeof setTimeout>>();
function soon(key: string, work: () => Promise<void>): void {
  if (waiting.has(key)) return;
  const run = (): void => {
    waiting.delete(key);
    work().catch(() => undefined); // the connection banner tells; the next event or reconnection asks again
  };
  waiting.set(key, setTimeout(run, COALESCE_MS));
}

export const refreshCameras = (): Promise<void> => fill(cameras, api.cameras());
export const refreshVolumes = (): Promise<void> => fill(volumes, api.volumes());
export async function refreshServer(): Promise<void> {
  const answer = await api.server();
  clockOffset.value = Date.parse(answer.now) - Date.now();
  server.value = answer;
}

async function fill<T>(into: Signal<T | undefined>, answer: Promise<T>): Promise<void> {
  into.value = await answer;
}

async function refreshCamera(id: string): Promise<void> {
  const fresh = await api.camera(id);
  cameras.value = cameras.value?.map((camera) => (camera.id === id ? fresh : camera));
}

function onLiveEvent(event: LiveEvent): void {
  if (event.kind === 'cameras') soon('cameras', refreshCameras);
  else if (event.kind === 'camera') soon(`camera ${event.cameraId}`, () => refreshCamera(event.cameraId));
  else if (event.kind === 'volume') soon('volumes', refreshVolumes);
  else if (event.kind === 'recorded' && event.stream === 'main') touch(event.cameraId, event.end);
  if (event.kind === 'server' || event.kind === 'volume' || event.kind === 'camera') soon('server', refreshServer);
}

/** Footage up to `end` exists, so a frame of that time came. */
function touch(cameraId: string, end: string): void {
  const known = cameras.value;
  if (known === undefined) return;
  cameras.value = known.map((camera) =>
    camera.id === cameraId && (camera.lastFrameAt ?? '') < end ? { ...camera, lastFrameAt: end } : camera,
  );
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
    now.value = Date.now() + clockOffset.value;
  }, 1000);
  effect(() => {
    if (resynced.value > 0) startStores();
  });
}

export function forget(): void {
  cameras.value = undefined;
  server.value = undefined;
  volumes.value = undefined;
}
