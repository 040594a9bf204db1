/**
 * How ready each protected camera really is, from what was ordered and what media says of it. Pure.
 * Belongs here: that judgement and its reasons. Does not: what follows from it (readiness.ts, fallback.ts).
 */
import type { CameraSettings } from '../site/camera.ts';
import type { StreamState } from '../wire/media-protocol.ts';
import { problemOf, recordedStreamsOf, streamKeyOf } from './cover-orders.ts';
import type { ComposedCover, CoverState, ServerCover } from './cover-orders.ts';
import type { StandbyLevel, StandbyView, StreamRef } from './cover-types.ts';
import { isReadyAsOrdered } from './readiness.ts';

export const NO_CHANNEL = 'All channels of this server are in use.';

export type StandbyFacts = {
  readonly composed: Pick<ComposedCover, 'orders' | 'leftCold'>;
  readonly box: Pick<CoverState, 'ownCameraIds'>;
  readonly stateOf: (stream: StreamRef) => StreamState | undefined;
  /** Its footage becomes durable here now. */
  readonly isAlive: (stream: StreamRef) => boolean;
  /** Why a stream that should be hot is only held. */
  readonly fallenOf: (streamKey: string) => string | undefined;
};

export function standbyViewsOf(servers: readonly ServerCover[], facts: StandbyFacts): readonly StandbyView[] {
  const orders = Map.groupBy(facts.composed.orders, ({ cameraId }) => cameraId);
  return servers.flatMap((server) => {
    const cameras = new Map((server.settings?.cameras ?? []).map((camera) => [camera.id, camera]));
    const inUse = new Set([...server.covering.keys(), ...server.drilling].map((key) => key.slice(0, key.indexOf('/'))));
    return [...server.levels].map(([cameraId, ordered]): StandbyView => {
      const camera = cameras.get(cameraId);
      // What its own server does not record is connected for live view only, and says nothing.
      const streams = (orders.get(cameraId) ?? []).filter(({ record }) => record);
      const isIdle = camera !== undefined && (!camera.enabled || recordedStreamsOf(camera).length === 0);
      // Of what its own server does not record there is nothing to keep ready.
      const level = isIdle ? 'cold' : ordered;
      const view = { serverId: server.serverId, cameraId, level, actual: actualOf(streams, facts) };
      const problem = problemHere(server, camera, facts) ?? (server.stoodDown.has(cameraId) ? ONE_ONLY : undefined);
      const whole = { ...view, inUse: inUse.has(cameraId) };
      const message = isReadyAsOrdered(view) ? undefined : (problem ?? reasonOf(whole, streams, facts));
      return { ...whole, message };
    });
  });
}

const ONE_ONLY = 'it lets in one server only, and is left to its own for now.';
function problemHere(
  { settings }: ServerCover,
  camera: CameraSettings | undefined,
  { box }: StandbyFacts,
): string | undefined {
  if (settings === undefined) return 'No settings backup of its server can be read.';
  return camera && problemOf(camera, box)?.message;
}

/** The least ready stream counts. */
function actualOf(streams: readonly StreamRef[], { stateOf, isAlive }: StandbyFacts): StandbyLevel {
  if (streams.length === 0) return 'cold';
  if (streams.every(isAlive)) return 'hot';
  return streams.every((stream) => stateOf(stream)?.kind === 'ready' || isAlive(stream)) ? 'warm' : 'cold';
}

type Unready = Pick<StandbyView, 'cameraId' | 'inUse'>;
function reasonOf({ cameraId, inUse }: Unready, streams: readonly StreamRef[], facts: StandbyFacts): string {
  const { composed, stateOf, fallenOf } = facts;
  if (composed.leftCold.has(cameraId)) return NO_CHANNEL;
  const states = streams.map(stateOf);
  const failed = states.find((state) => state?.kind === 'failed');
  if (failed !== undefined) return failed.message;
  const fallen = streams.map((stream) => fallenOf(streamKeyOf(stream))).find((message) => message !== undefined);
  if (fallen !== undefined && !inUse)
    return `it is only held for now, for it refused to be recorded here too. ${fallen}`;
  if (states.some((state) => state?.kind === 'recording')) return 'nothing of it has become durable here yet.';
  if (states.some((state) => state?.kind === 'starting')) return 'it has not sent a key frame yet.';
  return 'it is being connected.';
}
