/**
 * Everything between settings and media, put together: orders out, events in, expectations, signs of life, retention.
 * Belongs here: who tells whom. Does not: what any of them does.
 */
import type { ActivityLog } from '../api/activity.ts';
import type { LiveEvent } from '../api/contract/events.ts';
import type { Catalogue } from '../archive/catalogue-types.ts';
import { reconcileVolume } from '../archive/rebuild.ts';
import type { ReconcileReport } from '../archive/rebuild.ts';
import { isPresent } from '../archive/remove-segments.ts';
import type { CameraAddressPolicy } from '../core/camera-address.ts';
import type { Clock } from '../core/clock.ts';
import { createId } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { CoverService } from '../cover/cover-service.ts';
import type { Settings } from '../settings/settings.ts';
import type { CameraSettings } from '../site/camera.ts';
import type { MediaEvent, MediaHello, NumberedEvent, PushOrder, StreamOrder } from '../wire/media-protocol.ts';
import { bookExpectations, startHeartbeat } from './heartbeat.ts';
import type { Wanted } from './heartbeat.ts';
import { createIngest } from './ingest.ts';
import type { Ingest } from './ingest.ts';
import { createLiveState } from './live-state.ts';
import type { LiveState } from './live-state.ts';
import { mediaSocketOf, startMediaLink } from './media-link.ts';
import type { MediaLink } from './media-link.ts';
import { ordersOf } from './orders.ts';
import { startReconciler } from './reconciler.ts';
import type { Reconciler } from './reconciler.ts';
import { startRetention } from './retention-side.ts';
import { createIsOthers } from './shared-disc.ts';

/** Clocks of two processes on one box agree; a segment may carry the camera's time. */
const WRITER_SLACK_MS = 60_000;

/** Ids of cameras begin with `cam-`. */
export const TEST_CAMERA = 'test-';
/** A stream that is only being tested is no camera: it leaves no trace. */
const withoutTests = (events: readonly NumberedEvent[]): readonly NumberedEvent[] =>
  events.filter(({ event }) => !('cameraId' in event && event.cameraId.startsWith(TEST_CAMERA)));

export type RecordingSideDeps = {
  readonly dataDir: string;
  readonly settings: Settings;
  readonly catalogue: Catalogue;
  readonly activity: ActivityLog;
  readonly publish: (event: LiveEvent) => void;
  readonly clock: Clock;
  readonly log: Log;
  /** What cameras may be connected to, and where they may push to: read for every order. */
  readonly addresses: () => CameraAddressPolicy;
  readonly push: PushOrder;
  /** What is recorded, or kept ready, for other servers. */
  readonly covered: CoveredStreams;
  /** All events of media but those of streams that are only tested, before they are stored. */
  readonly onMedia: (events: readonly MediaEvent[]) => void;
  /** Media was started again: what was known of its streams is old. */
  readonly onMediaRestart: () => void;
  readonly onMediaGone: () => void;
  /** A comparison found footage that is not whole any more. */
  readonly onDamage: NonNullable<Parameters<typeof reconcileVolume>[0]['onDamage']>;
};
export type CoveredStreams = {
  readonly orders: () => readonly StreamOrder[];
  /** Those of them whose every second is accounted for here. */
  readonly wanted: () => readonly Wanted[];
  /** A snapshot: footage that is to go home stays, whatever retention says. */
  readonly owed: CoverService['owed'];
  readonly footageOf: CoverService['footageOf'];
};
export type RecordingSide = Running & {
  readonly state: LiveState;
  readonly hello: () => MediaHello | undefined;
  /** Since when media does not answer. */
  readonly mediaGoneSince: () => number | undefined;
  readonly reconcile: (reason: string, volumeId?: string) => void;
  /** Volumes are compared with the catalogue now. */
  readonly isReconciling: () => boolean;
  /** Something changed that settings files do not tell, such as a password. */
  readonly order: () => void;
  /** Keeps a stream connected beside the cameras until the result is called; its camera id begins with `TEST_CAMERA`. */
  readonly keepConnected: (stream: StreamOrder) => () => void;
};

export function startRecordingSide(deps: RecordingSideDeps): RecordingSide {
  const { settings, catalogue, activity, publish, clock } = deps;
  const state = createLiveState();
  let goneSince: number | undefined = clock.now();
  const extra = createExtraStreams(() => parts.link?.order());
  // The three need each other; none uses another before its first event.
  const parts: Parts = {};
  const hello = (): MediaHello | undefined => parts.link?.hello();

  const housekeeping = startRetention(deps, state);
  const remedies = remediesOf(parts, housekeeping.hurry);
  const isOwn = (id: string): boolean => ownCameras(settings).some((camera) => camera.id === id);
  const ingest = createIngest({ ...deps, state, record: activity.record, isOwn, ...remedies });
  parts.reconciler = startReconciling(deps, hello, ingest.isOrphan);
  const expect = createExpecting(deps, state);
  expect();
  const restarts = onAnother(deps.onMediaRestart);
  const link = startMediaLink({
    ...deps,
    socketPath: mediaSocketOf(deps.dataDir),
    cursor: catalogue.cursor.get,
    orders: (known) => composeOrders(deps, known + 1, extra.streams()),
    onHello: (greeting) => {
      goneSince = undefined;
      restarts(greeting.instance);
      ingest.hello(greeting);
    },
    onEvents: (events) => passOn(deps, ingest, withoutTests(events)),
    onLost: () => {
      goneSince = clock.now();
      ingest.flush();
      deps.onMediaGone();
      publish({ kind: 'server' });
    },
  });
  parts.link = link;
  const reconcileAdded = createAddedVolumes(settings, (id) => parts.reconciler?.ask('a volume was added', id));
  const changed = (): void => {
    expect();
    link.order();
    reconcileAdded();
  };
  const unwatch = watchSettings(deps, changed);
  const services = [startSignsOfLife(deps, hello), housekeeping];
  if (catalogue.condition !== 'sound') parts.reconciler.ask('there was no sound catalogue');

  return {
    state,
    hello,
    mediaGoneSince: () => goneSince,
    reconcile: (reason, volumeId) => parts.reconciler?.ask(reason, volumeId),
    isReconciling: () => parts.reconciler?.isBusy() ?? false,
    order: changed,
    keepConnected: extra.keepConnected,
    stop: async () => {
      unwatch();
      await Promise.all([link.stop(), parts.reconciler?.stop()]);
      ingest.stop();
      await Promise.all(services.map(async (service) => await service.stop()));
    },
  };
}

/** To the rest of the server first: covering must not wait for the disk. */
function passOn({ onMedia }: RecordingSideDeps, ingest: Ingest, events: readonly NumberedEvent[]): void {
  onMedia(events.map(({ event }) => event));
  ingest.push(events);
}

/** Calls `run` when another name comes than the one before. */
function onAnother(run: () => void): (name: string) => void {
  let last: string | undefined;
  return (name) => {
    if (name !== last) run();
    last = name;
  };
}

type Parts = { link?: MediaLink; reconciler?: Reconciler };

/** What is done about a volume that changed, events that may differ from files, events that cannot be stored. */
const remediesOf = (
  parts: Parts,
  hurry: () => void,
): Pick<Parameters<typeof createIngest>[0], 'onVolume' | 'onReconcile' | 'onFailure'> => ({
  onVolume: (id, now, before) => {
    if (now.kind === 'unusable') {
      if (now.cause === 'volume-full') hurry();
    } else if (before?.kind === 'unusable' && before.cause !== 'volume-full')
      // What was written while it was away, or before a crash, or on another box.
      parts.reconciler?.ask('a volume is back', id);
  },
  onReconcile: (reason) => parts.reconciler?.ask(reason),
  onFailure: () => parts.link?.restart(),
});

function watchSettings({ settings, publish }: RecordingSideDeps, changed: () => void): () => void {
  const { cameras, volumes, server } = settings;
  // Another name, another mode, cameras that were added or changed: open pages show it.
  const told = [
    server.onChange(() => publish({ kind: 'server' })),
    cameras.onChange(() => publish({ kind: 'cameras' })),
  ];
  const cancels = [cameras.onChange(changed), volumes.onChange(changed), server.onChange(changed), ...told];
  return () => {
    for (const cancel of cancels) cancel();
  };
}

/** Cameras of this server itself; in failover mode it has others to record, and once replaced none. */
const ownCameras = ({ server, cameras }: Settings): readonly CameraSettings[] =>
  server.get().mode === 'failover' || server.get().replacedBy !== undefined ? [] : cameras.get().cameras;

/** Books what is to be recorded from now on, and forgets the state of what is not. */
function createExpecting({ settings, catalogue, clock, covered }: RecordingSideDeps, state: LiveState): () => void {
  return () => {
    const own = ownCameras(settings);
    bookExpectations(catalogue, [...own.flatMap(wantedOf), ...covered.wanted()], clock.now());
    const ordered = new Set(covered.orders().map(({ cameraId }) => cameraId));
    state.retain((cameraId) => ordered.has(cameraId) || own.some(({ id, enabled }) => enabled && id === cameraId));
  };
}

/** Streams that are ordered beside those of the cameras. */
function createExtraStreams(
  changed: () => void,
): Pick<RecordingSide, 'keepConnected'> & { readonly streams: () => readonly StreamOrder[] } {
  const streams = new Set<StreamOrder>();
  return {
    streams: () => [...streams],
    keepConnected: (stream) => {
      streams.add(stream);
      changed();
      return () => {
        if (streams.delete(stream)) changed();
      };
    },
  };
}

const startSignsOfLife = (deps: RecordingSideDeps, hello: () => MediaHello | undefined): Running =>
  startHeartbeat({
    ...deps,
    instance: createId('control'),
    hello,
    onStep: (ms) => deps.activity.record({ severity: 'warning', code: 'clock-stepped', message: stepWords(ms) }),
  });

const startReconciling = (
  deps: RecordingSideDeps,
  hello: () => MediaHello | undefined,
  isOrphan: Ingest['isOrphan'],
): Reconciler =>
  startReconciler({
    ...deps,
    volumeIds: () => deps.settings.volumes.get().volumes.map(({ id }) => id),
    reconcile: reconcileWith(deps, hello, isOrphan),
    onDone: (_id, { scanned, missing }) => {
      if (scanned + missing === 0) return;
      for (const { id } of deps.settings.cameras.get().cameras) deps.publish({ kind: 'ledger', cameraId: id });
    },
  });

/** Volumes that were not there when it was asked last may bring footage along. */
function createAddedVolumes({ volumes }: Pick<Settings, 'volumes'>, onAdded: (id: string) => void): () => void {
  const ids = (): readonly string[] => volumes.get().volumes.map(({ id }) => id);
  let known = new Set(ids());
  return () => {
    const added = ids().filter((id) => !known.has(id));
    known = new Set(ids());
    for (const id of added) onAdded(id);
  };
}

function composeOrders(
  { settings, addresses, push, covered }: RecordingSideDeps,
  version: number,
  extra: readonly StreamOrder[],
): ReturnType<typeof ordersOf> {
  return ordersOf({
    addresses: addresses(),
    push,
    extra: [...covered.orders(), ...extra],
    server: settings.server.get(),
    cameras: ownCameras(settings),
    volumes: settings.volumes.get().volumes,
    secretOf: settings.secrets.get,
    version,
    epoch: settings.server.get().epoch,
  });
}

const wantedOf = ({ id, enabled, record, recordSub, sub }: CameraSettings): readonly Wanted[] => [
  { cameraId: id, stream: 'main', expected: enabled && record },
  { cameraId: id, stream: 'sub', expected: enabled && recordSub && sub !== undefined },
];

function reconcileWith(
  { settings, catalogue, clock, onDamage }: RecordingSideDeps,
  hello: () => MediaHello | undefined,
  isOrphan: Ingest['isOrphan'],
): (volumeId: string, signal: AbortSignal) => Promise<ReconcileReport | undefined> {
  const isOthers = createIsOthers(settings);
  /** Open in the catalogue and begun since media runs: media has it open. */
  const isBeingWritten = (volumeId: string, path: string): boolean => {
    const row = catalogue.segments.get(volumeId, path);
    if (row?.open !== true || isOrphan(volumeId, path)) return false;
    const writer = hello();
    return writer === undefined || row.start >= writer.startedAt - WRITER_SLACK_MS;
  };
  return async (volumeId, signal) => {
    const volume = settings.volumes.get().volumes.find(({ id }) => id === volumeId);
    if (volume === undefined || !(await isPresent(volume))) return undefined;
    const writerSince = (): number | undefined => hello()?.startedAt;
    return await reconcileVolume({ catalogue, clock, signal, isBeingWritten, writerSince, isOthers, onDamage }, volume);
  };
}

const stepWords = (ms: number): string =>
  `The clock of this server was set ${ms > 0 ? 'forward' : 'back'} by ${(Math.abs(ms) / 1000).toFixed(1)} s.`;
