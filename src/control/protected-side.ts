/**
 * What this server does as one that is protected: says how its recording goes, hands out its settings, answers whether it
 * records again, asks to be relieved before a planned stop, and takes a higher epoch than whoever covered it.
 *
 * Belongs here: that side of the peer channel. Does not: footage that comes home (restoration), watching and covering others (watch, cover).
 */
import { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { Clock } from '../core/clock.ts';
import { withDeadline } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Settings } from '../settings/settings.ts';
import type { CameraSettings } from '../site/camera.ts';
import type { StreamName, StreamState, VolumeState } from '../wire/media-protocol.ts';
import type { PeerKeepAlive } from '../wire/peer-protocol.ts';
import type { RecordingProgress, StreamRef } from './recording-progress.ts';
import type { SettingsDocument } from './settings-document.ts';

export type ProtectedSideDeps = {
  readonly settings: Pick<Settings, 'server' | 'cameras' | 'peers' | 'volumes'>;
  readonly document: SettingsDocument;
  readonly progress: RecordingProgress;
  readonly state: {
    readonly streamOf: (cameraId: string, stream: StreamName) => { readonly state: StreamState } | undefined;
    readonly volumeOf: (volumeId: string) => { readonly state: VolumeState } | undefined;
  };
  readonly mediaIsUp: () => boolean;
  /** An epoch above this one, for this server itself. */
  readonly homeEpoch: (maxKnown: number) => number;
  /** To one watcher. */
  readonly request: (peerId: string, method: string, params: unknown, timeoutMs: number) => Promise<unknown>;
  readonly connected: () => readonly string[];
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
  readonly log: Log;
};
export type ProtectedSide = {
  /** Its part of a keep-alive. */
  readonly facts: () => Pick<PeerKeepAlive, 'media' | 'streams' | 'volumes' | 'settingsRevision' | 'epoch'>;
  /** By method: who asks was checked to be a watcher or the manager. */
  readonly handlers: Readonly<Record<string, (params: unknown) => unknown>>;
  /** From the keep-alive of another server. */
  readonly heard: (peerId: string, keepAlive: PeerKeepAlive) => void;
  /** Before a planned stop: every watcher that is there records first. Resolves when they do, or after `HAND_OVER_WITHIN_MS`. */
  readonly handOver: (reason: string) => Promise<void>;
};

export const HAND_OVER_WITHIN_MS = 15_000;

const confirmParams = z.strictObject({
  streams: z.array(z.strictObject({ cameraId: z.string().max(64), stream: z.enum(['main', 'sub']) })).max(256),
});

/** The streams that this server is to record by its own settings. */
export const expectedStreams = (cameras: readonly CameraSettings[]): readonly StreamRef[] =>
  cameras.flatMap(({ id, enabled, record, recordSub, sub }) => [
    ...(enabled && record ? [{ cameraId: id, stream: 'main' as const }] : []),
    ...(enabled && recordSub && sub !== undefined ? [{ cameraId: id, stream: 'sub' as const }] : []),
  ]);

export function createProtectedSide(deps: ProtectedSideDeps): ProtectedSide {
  const { settings, document, progress, state } = deps;
  const records = (): boolean =>
    settings.server.get().mode !== 'failover' && settings.server.get().replacedBy === undefined;
  const streams = (): readonly StreamRef[] => (records() ? expectedStreams(settings.cameras.get().cameras) : []);
  return {
    facts: () => ({
      media: deps.mediaIsUp() ? 'up' : 'down',
      streams: streams().map((ref) => progress.progressOf(ref, state.streamOf(ref.cameraId, ref.stream)?.state)),
      volumes: settings.volumes.get().volumes.map(({ id }) => ({
        id,
        cause: progress.troubleOf(id) ?? causeOf(state.volumeOf(id)?.state),
      })),
      settingsRevision: document.revision(),
      epoch: settings.server.get().epoch,
    }),
    handlers: {
      'backup.get': () => document.document(),
      'handover.confirm': (params) => {
        const { epoch } = settings.server.get();
        const asked = streamsIn(params);
        const noRoom = asked.filter((ref) => hasNoRoom(state.streamOf(ref.cameraId, ref.stream)?.state));
        return { streams: asked.flatMap((ref) => confirmationOf(ref, progress, epoch)), noRoom };
      },
    },
    heard: (peerId, { covering }) => raiseEpoch(deps, peerId, covering),
    handOver: async (reason) => {
      if (streams().length > 0) await handOver(deps, reason);
    },
  };
}

/** @throws peer/params */
function streamsIn(params: unknown): readonly StreamRef[] {
  const parsed = confirmParams.safeParse(params);
  if (parsed.success) return parsed.data.streams;
  const message = `handover.confirm expects a list of streams: ${parsed.error.issues[0]?.message ?? 'malformed'}`;
  throw new UnderstudyError('protocol', 'peer/params', message);
}

const causeOf = (state: VolumeState | undefined): PeerKeepAlive['volumes'][number]['cause'] =>
  state?.kind === 'unusable' ? state.cause : undefined;

/** Its camera has just said that it has no session for this server. */
const hasNoRoom = (state: StreamState | undefined): boolean => state?.kind === 'failed' && state.about === 'room';

function confirmationOf(
  ref: StreamRef,
  progress: RecordingProgress,
  epoch: number,
): readonly (StreamRef & { since: number; until: number; idleMs: number; epoch: number })[] {
  const run = progress.runOf(ref);
  return run === undefined ? [] : [{ ...ref, ...run, epoch }];
}

/** Whoever covered this server did so in an epoch; what is recorded here from now on is newer. */
function raiseEpoch(
  { settings, homeEpoch, log }: ProtectedSideDeps,
  peerId: string,
  covering: PeerKeepAlive['covering'],
): void {
  const { id, epoch } = settings.server.get();
  const isWatcher = settings.peers.get().peers.some((peer) => peer.id === peerId && peer.watcher);
  // Also of the server in whose place this one is: the same cameras.
  const own = new Set(settings.cameras.get().cameras.map((camera) => camera.id));
  const isOurs = ({ serverId, streams }: (typeof covering)[number]): boolean =>
    serverId === id || streams.some(({ cameraId }) => own.has(cameraId));
  const highest = Math.max(0, ...covering.filter(isOurs).map((one) => one.epoch));
  if (!isWatcher || highest <= epoch) return;
  settings.server
    .update((before) => (before.epoch > highest ? before : { ...before, epoch: homeEpoch(highest) }))
    .then((after) => log.info('epoch raised', { epoch: after.epoch, covered: highest }))
    .catch((error: unknown) => log.error('epoch could not be raised', { reason: messageOf(error) }));
}

async function handOver(
  { settings, connected, request, activity, clock }: ProtectedSideDeps,
  reason: string,
): Promise<void> {
  const watchers = settings.peers.get().peers.filter(({ id, watcher }) => watcher && connected().includes(id));
  const asked = watchers.map(async ({ id, name }) => {
    const missing = missingIn(await request(id, 'handover.request', { reason }, HAND_OVER_WITHIN_MS));
    if (missing > 0)
      throw new UnderstudyError('conflict', 'handover/missing', `${name} does not record ${missing} streams`);
    const message = `${name} records the cameras of this server before it stops (${reason}).`;
    activity.record({ severity: 'info', code: 'handed-over', message });
  });
  const results = await withDeadline(clock, durationMs(HAND_OVER_WITHIN_MS), Promise.allSettled(asked));
  const failed = results?.find((result) => result.status === 'rejected');
  if (results !== undefined && failed === undefined) return;
  const why = failed === undefined ? 'no answer in time' : messageOf(failed.reason);
  const message = `Not every camera was handed over before the stop: ${why}.`;
  activity.record({ severity: 'warning', code: 'hand-over-incomplete', message });
}

const handOverAnswer = z.looseObject({ missing: z.array(z.unknown()) });
/** How many streams the failover server says it does not record. */
function missingIn(answer: unknown): number {
  const parsed = handOverAnswer.safeParse(answer);
  if (parsed.success) return parsed.data.missing.length;
  throw new UnderstudyError('protocol', 'handover/answer', 'the answer cannot be read');
}

/** Requests of a protected server's footage and settings come from its watchers only. @throws peer/not-yours */
export function checkWatcher(settings: Pick<Settings, 'peers'>, peerId: string): void {
  const peer = settings.peers.get().peers.find(({ id }) => id === peerId);
  if (peer !== undefined && (peer.watcher || peer.managesUs)) return;
  throw new UnderstudyError('forbidden', 'peer/not-yours', 'This server does not protect the asked one.');
}
