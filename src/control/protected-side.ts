/**
 * What this server does as one that is protected: says how its recording goes, hands out its settings, answers whether it
 * records again, asks to be relieved before a planned stop, and takes a higher epoch than whoever covered it.
 *
 * Belongs here: that side of the peer channel. Does not: footage that comes home (restoration), watching and covering others (watch, cover).
 */
import { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { Clock } from '../core/clock.ts';
import { isoOf, withDeadline } from '../core/clock.ts';
import { durationMs, epochMs } from '../core/units.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Settings } from '../settings/settings.ts';
import type { HandOver } from '../site/hand-over.ts';
import type { PeerRecord } from '../site/peer.ts';
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
  /** The same for a person who stops it later. @throws handover/nothing, handover/nobody */
  readonly relieve: (asked: Relief) => Promise<HandOver>;
};

export const HAND_OVER_WITHIN_MS = 15_000;

/** `handover.begin`, of a watcher or the manager. */
const reliefSchema = z.strictObject({ holdSeconds: z.number().int().min(60).max(3600), user: z.string().max(200) });
export type Relief = z.infer<typeof reliefSchema>;

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
      'handover.begin': async (params) => {
        const { data } = reliefSchema.safeParse(params);
        if (data === undefined)
          throw new UnderstudyError('protocol', 'peer/params', 'handover.begin expects holdSeconds and user');
        return await relieve(deps, streams(), data);
      },
      'backup.get': () => document.document(),
      'handover.confirm': (params) => {
        const { epoch } = settings.server.get();
        const asked = streamsIn(params);
        const noRoom = asked.filter((ref) => hasNoRoom(state.streamOf(ref.cameraId, ref.stream)?.state));
        return { streams: asked.flatMap((ref) => confirmationOf(ref, progress, epoch)), noRoom };
      },
    },
    heard: (peerId, { covering }) => raiseEpoch(deps, peerId, covering),
    relieve: async (asked) => await relieve(deps, streams(), asked),
    handOver: async (reason) => {
      const recorded = streams();
      if (recorded.length > 0) await handOver(deps, recorded, reason);
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

/** Failover servers of this one that are there. */
const watchersOf = ({ settings, connected }: ProtectedSideDeps): readonly PeerRecord[] =>
  settings.peers.get().peers.filter(({ id, watcher }) => watcher && connected().includes(id));

async function relieve(
  deps: ProtectedSideDeps,
  streams: readonly StreamRef[],
  { holdSeconds, user }: Relief,
): Promise<HandOver> {
  const { settings, request, activity, clock } = deps;
  const { id: serverId, name: serverName } = settings.server.get();
  if (streams.length === 0)
    throw new UnderstudyError('conflict', 'handover/nothing', `${serverName} records nothing: it may stop.`);
  const watchers = watchersOf(deps);
  if (watchers.length === 0) {
    const message = `No failover server that protects ${serverName} is connected: whatever is missed while it is stopped is lost.`;
    throw new UnderstudyError('conflict', 'handover/nobody', message);
  }
  const until = isoOf(epochMs(clock.now() + holdSeconds * 1000));
  const params = { reason: `asked for by ${user}`, holdSeconds };
  const answers = await Promise.all(
    watchers.map(async ({ id, name }) => {
      try {
        const covered = coveredIn(await request(id, 'handover.request', params, HAND_OVER_WITHIN_MS));
        return { id, name, covered, problem: undefined };
      } catch (error) {
        return { id, name, covered: new Set<string>(), problem: messageOf(error) };
      }
    }),
  );
  // Measured by what this server records itself: their settings backups may be older, or none.
  const lackedBy = (covered: ReadonlySet<string>): readonly StreamRef[] =>
    streams.filter((ref) => !covered.has(keyOf(ref)));
  const missing = lackedBy(new Set(answers.flatMap(({ covered }) => [...covered])));
  const safe = missing.length === 0;
  const by = answers.map(({ id, name, covered, problem }) => ({
    serverId: id,
    name,
    missing: lackedBy(covered).length,
    ...(problem === undefined ? {} : { problem }),
  }));
  const names = by.filter((one) => one.missing < streams.length).map(({ name }) => name);
  const message = safe
    ? `The cameras of this server are recorded by ${names.join(', ')} too: it may be stopped until ${until}.`
    : `${missing.length} of ${streams.length} streams of this server were not handed over.`;
  activity.record({
    severity: safe ? 'info' : 'warning',
    code: safe ? 'handed-over' : 'hand-over-incomplete',
    message,
    user,
  });
  return { serverId, serverName, safe, until, streams: streams.length, by, missing: [...missing] };
}
const keyOf = ({ cameraId, stream }: StreamRef): string => `${cameraId}/${stream}`;

async function handOver(deps: ProtectedSideDeps, streams: readonly StreamRef[], reason: string): Promise<void> {
  const { request, activity, clock } = deps;
  const watchers = watchersOf(deps);
  const coveredByAny = new Set<string>();
  const asked = watchers.map(async ({ id, name }) => {
    const covered = coveredIn(await request(id, 'handover.request', { reason }, HAND_OVER_WITHIN_MS));
    for (const key of covered) coveredByAny.add(key);
    const missing = streams.filter((ref) => !covered.has(keyOf(ref))).length;
    if (missing > 0)
      throw new UnderstudyError('conflict', 'handover/missing', `${name} does not record ${missing} streams`);
    const message = `${name} records the cameras of this server before it stops (${reason}).`;
    activity.record({ severity: 'info', code: 'handed-over', message });
  });
  const results = await withDeadline(clock, durationMs(HAND_OVER_WITHIN_MS), Promise.allSettled(asked));
  const failed = results?.find((result) => result.status === 'rejected');
  if (watchers.length === 0 || streams.every((ref) => coveredByAny.has(keyOf(ref)))) return;
  const why = failed === undefined ? 'no answer in time' : messageOf(failed.reason);
  const message = `Not every camera was handed over before the stop: ${why}.`;
  activity.record({ severity: 'warning', code: 'hand-over-incomplete', message });
}

const handOverAnswer = z.looseObject({ covered: z.array(z.unknown()).max(512).optional() });
const streamOf = z.looseObject({ cameraId: z.string(), stream: z.enum(['main', 'sub']) });
/** Keys of the streams that a failover server says are recorded; what it does not name is not. */
function coveredIn(answer: unknown): ReadonlySet<string> {
  const { data } = handOverAnswer.safeParse(answer);
  if (data === undefined) throw new UnderstudyError('protocol', 'handover/answer', 'the answer cannot be read');
  const { covered } = data;
  if (covered === undefined)
    throw new UnderstudyError(
      'protocol',
      'handover/answer',
      'the answer does not say what is recorded (older release)',
    );
  return new Set(covered.flatMap((one) => streamOf.safeParse(one).data ?? []).map(keyOf));
}

/** Requests of a protected server's footage and settings come from its watchers only. @throws peer/not-yours */
export function checkWatcher(settings: Pick<Settings, 'peers'>, peerId: string): void {
  const peer = settings.peers.get().peers.find(({ id }) => id === peerId);
  if (peer !== undefined && (peer.watcher || peer.managesUs)) return;
  throw new UnderstudyError('forbidden', 'peer/not-yours', 'This server does not protect the asked one.');
}
