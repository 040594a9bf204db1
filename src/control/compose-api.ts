/** What the routes need, from the parts of control. Only composition. */
import { hostname } from 'node:os';
import type { ApiDeps } from '../api/routes.ts';
import type { ActivityLog } from '../api/activity.ts';
import type { EventHub } from '../api/event-hub.ts';
import type { CameraDeps } from '../api/routes/cameras.ts';
import type { FailoverDeps } from '../api/routes/failover.ts';
import type { LicenceDeps } from '../api/routes/licences.ts';
import type { ReplacingDeps } from '../api/routes/replacing.ts';
import type { ServerDeps, ServerStatus } from '../api/routes/server.ts';
import type { ServersDeps } from '../api/routes/servers.ts';
import type { SiteDeps } from '../api/routes/site.ts';
import type { SiteHostDeps } from '../api/routes/site-host.ts';
import type { SetupDeps } from '../api/routes/setup.ts';
import type { SiteServers } from '../api/site/site-servers.ts';
import type { Catalogue } from '../archive/catalogue-types.ts';
import { parseKeptVolume } from '../archive/kept-volume.ts';
import type { CameraAddressPolicy } from '../core/camera-address.ts';
import type { Clock } from '../core/clock.ts';
import { isoOf } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { epochMs } from '../core/units.ts';
import type { KeptElsewhere } from '../restoration/kept-elsewhere.ts';
import type { Keys } from '../settings/keys.ts';
import { createRestoreJournal } from '../settings/restore-journal.ts';
import type { Settings } from '../settings/settings.ts';
import type { Recovery } from '../settings/recovery.ts';
import type { CameraSettings } from '../site/camera.ts';
import { machineFacts } from '../hardware/machine.ts';
import type { MachineFacts } from '../hardware/machine.ts';
import { standbyLevelOf } from '../site/site-policy.ts';
import { readStatus } from '../supervisor/instance.ts';
import type { ServeOptions } from '../supervisor/serve-options.ts';
import type { CausedSpan } from '../ledger/account.ts';
import type { HealthItem, ServerSite } from '../api/contract/server.ts';
import type { StreamName } from '../wire/media-protocol.ts';
import { cameraStatusOf } from './camera-status.ts';
import type { StreamMedia } from './camera-status.ts';
import { deleteFootage } from './delete-footage.ts';
import type { ExportJobs } from './export-jobs.ts';
import { withSeats } from './camera-seats.ts';
import { nameOfServer } from './failover-api.ts';
import { createFootage } from './footage.ts';
import { healthOf } from './health.ts';
import { hungDisks } from './live-state.ts';
import { mediaSocketOf } from './media-link.ts';
import { refuseSwitchingOff } from './management.ts';
import { fetchKeyFrame, openLive } from './media-request.ts';
import type { MetricsDeps } from './metrics.ts';
import { createOwnBackups } from './own-backup.ts';
import { openSegment } from './open-segment.ts';
import { refuseOwedVolume } from './owed-footage.ts';
import type { OwedFootage } from './owed-footage.ts';
import { addressesOf, platformOf } from './process-facts.ts';
import type { MemoryWatch } from './process-facts.ts';
import type { CoveredStreams, RecordingSide } from './recording-side.ts';
import { siteInForce } from './site-policies.ts';
import type { Decoder } from './snapshot.ts';
import type { Snapshots } from './snapshots.ts';
import { createVolumes } from './volumes.ts';

export type ControlParts = {
  readonly options: ServeOptions;
  readonly version: string;
  readonly fingerprint: string;
  /** PEM. */
  readonly certificate: string;
  readonly startedAt: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Settings;
  readonly keys: Pick<Keys, 'secretsKey'>;
  readonly recoveries: readonly Recovery[];
  readonly catalogue: Catalogue;
  readonly hub: EventHub;
  readonly activity: ActivityLog;
  readonly recording: RecordingSide;
  readonly exports: ExportJobs;
  readonly decoder: Decoder;
  readonly snapshots: Snapshots;
  readonly memory: MemoryWatch;
  /** Footage that lies on other servers. */
  readonly kept: Pick<KeptElsewhere, 'awayAt' | 'open'>;
  /** Of the watches beside recording. */
  readonly healthItems: () => readonly HealthItem[];
  readonly accounts: Pick<SetupDeps, 'auth' | 'hasher' | 'guard'>;
  readonly cameras: Pick<CameraDeps, 'discover' | 'testCamera'>;
  readonly addresses: () => CameraAddressPolicy;
  /** The port really listened at. */
  readonly httpPort: () => number;
  readonly peerPort: () => number;
  readonly signal: AbortSignal;
  readonly servers: ServersDeps;
  readonly failover: FailoverDeps;
  readonly licences: LicenceDeps;
  /** Cameras that this server may record by the licences. */
  readonly cameraSeats: () => number;
  readonly handOver: ApiDeps['handOver'];
  readonly replacing: ReplacingDeps;
  readonly sitePolicy: SiteDeps;
  readonly siteHost: SiteHostDeps;
  readonly updates: ApiDeps['updates'];
  readonly siteServers: SiteServers;
  readonly beforeModeChange: ServerDeps['beforeModeChange'];
  readonly refuseCovering: () => void;
  readonly coveredCameras: CameraDeps['covered'];
  readonly coveredAt: CoveredStreams['footageOf'];
  /** What lies here and is to go home to other servers. */
  readonly owedFootage: () => readonly OwedFootage[];
  /** The site that this server belongs to. */
  readonly membership: () => ServerSite;
};

export function composeApi(parts: ControlParts): ApiDeps {
  const { clock, settings, activity, recording, version, fingerprint } = parts;
  const footage = footageOf(parts);
  const isCamera = footage.isCamera;
  const media = { socketPath: mediaSocketOf(parts.options.dataDir), clock };
  const { statusOf, prepare, suggestions } = createVolumes({ ...parts, state: recording.state });
  return {
    version,
    activity,
    accounts: { ...parts.accounts, settings, activity, clock, version, fingerprint },
    cameras: camerasOf(parts),
    server: serverOf(parts),
    ownBackup: ownBackupOf(parts),
    servers: parts.servers,
    failover: parts.failover,
    licences: parts.licences,
    handOver: parts.handOver,
    replacing: parts.replacing,
    sitePolicy: parts.sitePolicy,
    siteHost: parts.siteHost,
    updates: parts.updates,
    site: { servers: parts.siteServers, clock, log: parts.log },
    volumes: {
      settings,
      activity,
      statusOf,
      prepare,
      suggestions,
      beforeForgetting: (volume, confirm) =>
        refuseOwedVolume(volume, confirm, { owed: parts.owedFootage, nameOf: (id) => nameOfServer(settings, id) }),
    },
    events: { hub: parts.hub, clock },
    health: {
      settings,
      isReady: () => !parts.signal.aborted,
      metrics: lateMetrics({
        state: recording.state,
        volumes: () => settings.volumes.get().volumes.map((volume) => ({ id: volume.id, ...statusOf(volume) })),
        mediaIsUp: () => recording.hello() !== undefined,
        mediaRestarts: () => readStatus(parts.options.dataDir)?.media?.restarts ?? 0,
        memoryBytes: parts.memory.bytes,
      }),
    },
    footage,
    exports: { isCamera, ...parts.exports, linkSecret: parts.keys.secretsKey, clock, activity },
    live: { openLive: async (stream, signal) => await openLive(media, stream, signal) },
    snapshot: {
      isCamera,
      takeSnapshot: async (stream, signal) => {
        const { header, bytes } = await fetchKeyFrame(media, stream, signal);
        return { jpeg: await parts.decoder(header.codec, bytes, signal), at: header.at };
      },
    },
    snapshots: { isCamera, ...parts.snapshots },
  };
}

function serverOf(parts: ControlParts): ServerDeps {
  const { settings, activity, certificate, beforeModeChange } = parts;
  const machine = machineFacts();
  const beforeUnmanaged = (): void => refuseSwitchingOff({ settings });
  const status = (): ServerStatus => serverStatusOf(parts, machine);
  return { settings, activity, status, certificate, beforeModeChange, beforeUnmanaged };
}

function ownBackupOf(parts: ControlParts): ApiDeps['ownBackup'] {
  const { options, keys, recording } = parts;
  const journal = createRestoreJournal(options.dataDir, keys.secretsKey);
  return createOwnBackups({ ...parts, order: recording.order, journal });
}

function footageOf({ settings, catalogue, clock, recording, kept, coveredAt }: ControlParts): ApiDeps['footage'] {
  const trouble = (): readonly CausedSpan[] => hungDisks(recording.state, settings.volumes.get().volumes, clock.now());
  const footage = createFootage({
    catalogue,
    clock,
    trouble,
    awayAt: kept.awayAt,
    coveredAt,
    mediaIsUp: () => recording.hello() !== undefined,
  });
  return {
    isCamera: (cameraId) =>
      settings.cameras.get().cameras.some(({ id }) => id === cameraId) ||
      catalogue.segments.totals().some((row) => row.cameraId === cameraId),
    accountOf: footage.accountOf,
    segmentsOf: footage.segmentsOf,
    awayOf: footage.awayOf,
    segmentAt: catalogue.segments.get,
    openSegment: async (segment) =>
      parseKeptVolume(segment.volumeId) === undefined
        ? await openSegment(settings.volumes.get().volumes, segment)
        : kept.open(segment),
    serverNameOf: (serverId) => nameOfServer(settings, serverId),
  };
}

function camerasOf(parts: ControlParts): CameraDeps {
  const { settings, catalogue, recording, activity, clock, log, signal } = parts;
  return {
    ...parts.cameras,
    activity,
    // A new password changes no other file, but media must hear of it.
    settings: {
      cameras: withSeats(settings.cameras, parts.cameraSeats),
      secrets: {
        get: settings.secrets.get,
        set: async (changes) => {
          await settings.secrets.set(changes);
          recording.order();
        },
      },
    },
    statusOf: (camera) => cameraStatus(parts, camera),
    covered: parts.coveredCameras,
    deleteFootage: async (cameraId) => {
      deleteFootage({ catalogue, volumes: () => settings.volumes.get().volumes, clock, log, signal }, cameraId);
      await parts.snapshots.removeAll(cameraId);
    },
    addressPolicy: parts.addresses,
    standbyLevelOf: (priority) => standbyLevelOf(siteInForce(settings).policy, priority),
  };
}

function cameraStatus(
  { catalogue, recording, clock, options }: ControlParts,
  camera: CameraSettings,
): ReturnType<CameraDeps['statusOf']> {
  const keyOf = (stream: StreamName): { readonly cameraId: string; readonly stream: StreamName } => ({
    cameraId: camera.id,
    stream,
  });
  const starts = (['main', 'sub'] as const).flatMap(
    (stream) => catalogue.segments.around(keyOf(stream), 0).after?.start ?? [],
  );
  return cameraStatusOf({
    camera,
    pushTo: { address: options.bind ?? addressesOf()[0] ?? hostname(), port: options.rtmpPort },
    streamOf: (stream) => recording.state.streamOf(camera.id, stream),
    mediaOf: (stream) => mediaOf(catalogue.segments.around(keyOf(stream), clock.now()).before),
    totals: catalogue.segments.totals(),
    oldest: starts.length === 0 ? undefined : Math.min(...starts),
  });
}

function mediaOf(row: ReturnType<Catalogue['segments']['around']>['before']): StreamMedia | undefined {
  if (row === undefined) return undefined;
  const { video, audio } = row;
  const { width, height, codecString } = video;
  return { codec: codecString, width, height, ...(audio === undefined ? {} : { audioCodec: audio.codecString }) };
}

function serverStatusOf(parts: ControlParts, machine: MachineFacts): ServerStatus {
  const { options, clock, settings, recording, startedAt, recoveries, catalogue } = parts;
  const hello = recording.hello();
  const loopDelay = recording.state.loopDelayP99Ms();
  const memoryBytes = parts.memory.bytes();
  return {
    version: parts.version,
    platform: platformOf(machine),
    addresses: [...addressesOf()],
    httpPort: parts.httpPort(),
    peerPort: parts.peerPort(),
    fingerprint: parts.fingerprint,
    startedAt: isoOf(epochMs(startedAt)),
    now: isoOf(clock.now()),
    health: healthOf({
      now: clock.now(),
      startedAt,
      recoveries,
      // Once another server is in its place nothing is missing here.
      cameras: settings.server.get().replacedBy === undefined ? settings.cameras.get().cameras : [],
      volumes: settings.volumes.get().volumes,
      streams: recording.state.streams(),
      volumeOf: recording.state.volumeOf,
      mediaGoneSince: recording.mediaGoneSince(),
      catalogue: catalogue.condition,
      more: parts.healthItems(),
    }),
    site: parts.membership(),
    processes: {
      media: {
        running: hello !== undefined,
        restarts: readStatus(options.dataDir)?.media?.restarts ?? 0,
        ...(hello === undefined ? {} : { startedAt: isoOf(epochMs(hello.startedAt)) }),
        ...(hello === undefined || loopDelay === undefined ? {} : { loopDelayP99Ms: loopDelay }),
      },
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
    },
  };
}

/** Their library is loaded when somebody asks for the first time: eighty files that nothing else needs. */
function lateMetrics(deps: MetricsDeps): ApiDeps['health']['metrics'] {
  const load = async (): ReturnType<ApiDeps['health']['metrics']> => (await import('./metrics.ts')).createMetrics(deps);
  let loaded: ReturnType<typeof load> | undefined;
  return async () => await (loaded ??= load());
}
