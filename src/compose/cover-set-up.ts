/** Watching, covering and giving back, put together: the failover server's side, and the API over all of it. */
import { join } from 'node:path';
import type { z } from 'zod';
import type { CameraDeps } from '../api/routes/cameras.ts';
import type { FailoverDeps } from '../api/routes/failover.ts';
import type { ServerDeps } from '../api/routes/server.ts';
import type { ServersDeps } from '../api/routes/servers.ts';
import { removeSegment } from '../archive/remove-segments.ts';
import { startBackups } from '../control/backups.ts';
import type { Backups } from '../control/backups.ts';
import { createCovering } from '../control/covering.ts';
import type { OtherMember } from '../control/covering.ts';
import { createFailoverApi, nameOfServer } from '../control/failover-api.ts';
import { createFailoverEffects } from '../control/failover-effects.ts';
import { openFailoverKept } from '../control/failover-kept.ts';
import { createKnownServers } from '../control/known-servers.ts';
import type { KnownServers } from '../control/known-servers.ts';
import { expectedStreams } from '../control/protected-side.ts';
import type { CoveredStreams } from '../control/recording-side.ts';
import { createServersApi, identityOf } from '../control/servers-api.ts';
import { UnderstudyError } from '../core/errors.ts';
import { createCover } from '../cover/cover.ts';
import type { CoverBox, CoverService } from '../cover/cover-service.ts';
import { coversFileSchema, NO_COVERS } from '../cover/cover-types.ts';
import type { CoversFile, StandbyCamera } from '../cover/cover-types.ts';
import { policyOf } from '../failover/machine.ts';
import type { HandoverConfirmation } from '../failover/machine-types.ts';
import { planCover } from '../failover/plan.ts';
import type { PeerEvent } from '../peer/network-types.ts';
import { createBackupStore } from '../settings/backup-store.ts';
import { openSettingsFile } from '../settings/settings-file.ts';
import type { SettingsBackup } from '../site/settings-backup.ts';
import { startWatch } from '../watch/watch.ts';
import type { MediaEvent } from '../wire/media-protocol.ts';
import { composeClaims, confirmations } from './claims-set-up.ts';
import type { FailoverParts } from './failover-box.ts';
import { isProtected } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import { fingerprintAt, remoteApi } from './peer-set-up.ts';
import type { Peers } from './peer-set-up.ts';
import { composeRehearsals } from './rehearsal-set-up.ts';
import { composeRestoration } from './restoration-set-up.ts';

export type CoverSide = {
  readonly covered: CoveredStreams;
  readonly onMediaEvent: (event: MediaEvent) => void;
  readonly servers: ServersDeps;
  readonly failover: FailoverDeps;
  readonly beforeModeChange: ServerDeps['beforeModeChange'];
  readonly coveredCameras: CameraDeps['covered'];
  /** Records, modes or settings changed: who is watched, who is kept ready. */
  readonly review: () => void;
  readonly refresh: () => void;
  /** A few times a second: progress to the machines, plans by what others tell. */
  readonly tick: (loopDelayMs: number) => void;
  readonly stop: () => Promise<void>;
};

export async function composeCovering(parts: FailoverParts, peers: Peers): Promise<CoverSide> {
  const { settings, clock, log, activity } = parts;
  const side = {} as Side;
  side.backups = composeBackups(parts, peers, side);
  for (const { id, watched } of settings.peers.get().peers) if (watched) await side.backups.open(id);
  side.cover = await composeCover(parts, side);
  const rehearsals = await composeRehearsals(parts, side);
  side.covering = createCovering({
    ownId: () => settings.server.get().id,
    unreachable: rehearsals.unreachable,
    cover: side.cover,
    plan: planCover,
    others: () => othersOf(parts, peers),
    settingsOf: (serverId) => side.backups.latest(serverId)?.settings,
    failover: settings.failover.get,
    ...composeClaims(parts, peers, side),
    clock,
    log,
  });
  const restoration = composeRestoration(parts, peers, side);
  side.restoration = restoration.service;
  side.effects = createFailoverEffects({
    ...parts,
    covering: side.covering,
    stateOf: (serverId) => side.watch.stateOf(serverId),
    tell: (serverId, happening) => side.watch.tell(serverId, happening),
    askHandover: createAsking(peers),
    beginRestoration: restoration.begin,
    failover: settings.failover.get,
    nameOf: (serverId) => nameOfServer(settings, serverId),
    onTakeover: () => parts.publish({ kind: 'server' }),
  });
  side.watch = startWatch({
    clock,
    log,
    ...openFailoverKept(parts.dataDir, log),
    policy: () => policyOf(settings.failover.get()),
    rosterOf: (serverId) => expectedStreams(side.backups.latest(serverId)?.settings.cameras ?? []),
    onEffect: (serverId, effect) => side.effects.carryOut(serverId, effect),
  });
  side.known = composeKnown(parts, peers, side);
  hear(parts, peers, side);
  restoration.resume();
  return {
    covered: coveredStreams(side.cover),
    onMediaEvent: side.cover.onMediaEvent,
    beforeModeChange: createModeCheck(parts, side),
    coveredCameras: () => coveredCameras(parts, side),
    review: () => {
      watchThese(parts, side);
      keepReady(parts, side);
    },
    refresh: side.cover.refresh,
    tick: (loopDelayMs) => {
      for (const { serverId, trouble } of side.watch.states()) side.cover.suspect(serverId, trouble !== undefined);
      tellProgress(side);
      tellOthers(parts, peers, side);
      side.covering.tick(loopDelayMs);
    },
    servers: createServersApi({
      settings,
      network: peers.network,
      known: side.known,
      backups: side.backups,
      stateOf: side.watch.stateOf,
      heardOf: peers.heardOf,
      search: async (seconds) => (await peers.discovery?.search(seconds)) ?? [],
      fetchFingerprint: fingerprintAt,
    }),
    failover: createFailoverApi({
      ...parts,
      rehearsals,
      restoration: restoration.service,
      stateOf: side.watch.stateOf,
      tell: side.watch.tell,
      epochOf: (serverId) => epochOfCover(side, serverId),
      settingsOf: (serverId) => side.backups.latest(serverId)?.settings,
      lastFrameOf: ({ cameraId, stream }) => parts.progress.runOf({ cameraId, stream })?.until,
      planFor: side.covering.planFor,
      notCovered: side.covering.notCovered,
      activity,
    }),
    stop: async () => {
      await Promise.all([side.watch.stop(), side.backups.stop(), rehearsals.stop(), restoration.service.stop()]);
      await side.cover.stop();
    },
  };
}

function composeBackups(parts: FailoverParts, peers: Peers, side: Side): Backups {
  const { settings, dataDir, keys } = parts;
  return startBackups({
    ...parts,
    store: createBackupStore(
      () => settings.failover.get().backupDirectory ?? join(dataDir, 'backups'),
      keys.secretsKey,
    ),
    connected: () => peers.connected().filter((id) => isProtected(parts, id)),
    request: async (serverId) => (await peers.network.request(serverId, 'backup.get', {}, { via: 'bulk' })).result,
    nameOf: (serverId) => nameOfServer(settings, serverId),
    dailyAt: () => (settings.failover.get().dailyBackup ? settings.failover.get().dailyBackupAt : undefined),
    onBackup: (backup) => useBackup(parts, side, backup),
  });
}

/** A new backup: other cameras may have to be covered, or kept ready. */
function useBackup(parts: FailoverParts, side: Side, { serverId, settings }: SettingsBackup): void {
  // While everything is still being put together the newest backup is read when it is needed.
  if (side.watch === undefined || side.cover === undefined) return;
  side.covering.hear({ kind: 'known-epoch', epoch: settings.server.epoch });
  side.watch.tell(serverId, { kind: 'roster', streams: expectedStreams(settings.cameras) });
  side.cover.refresh();
  keepReady(parts, side);
  // It may name another share.
  side.restoration.nudge(serverId);
}

async function composeCover(parts: FailoverParts, side: Side): Promise<CoverService> {
  const { dataDir, settings, clock, log, catalogue, activity } = parts;
  const path = join(dataDir, 'settings', 'covers.json');
  const budget = new Map<string, number>();
  const schema: z.ZodType<CoversFile> = coversFileSchema;
  const { file, recovery } = await openSettingsFile({
    path,
    schema,
    migrations: [],
    initial: NO_COVERS,
    budget,
    clock,
  });
  return createCover({
    clock,
    log,
    file,
    indexLost: recovery !== undefined,
    catalogue,
    box: () => boxOf(parts),
    settingsOf: (serverId) => side.backups.latest(serverId)?.settings,
    removeSegment: async (volumeId, segment) => {
      const volume = settings.volumes.get().volumes.find(({ id }) => id === volumeId);
      if (volume !== undefined) await removeSegment({ catalogue, volume }, segment, 'retention');
    },
    changed: parts.recording.order,
    remark: ({ severity, code, serverId, cameraId, message }) =>
      activity.record({
        severity,
        code,
        message: `${nameOfServer(settings, serverId)}: ${message}`,
        ...(cameraId === undefined ? {} : { cameraId }),
      }),
    firstFrame: ({ serverId, cameraId, stream, afterMs }) => {
      log.info('first covered frame', { serverId, cameraId, stream, afterMs });
      tellProgress(side);
    },
  });
}

function boxOf({ settings }: FailoverParts): CoverBox {
  const { storeVolumeIds, maxChannels, hotSeconds } = settings.failover.get();
  const { id: serverId, mode } = settings.server.get();
  const own = mode === 'failover' ? [] : settings.cameras.get().cameras.filter(({ enabled }) => enabled);
  const all = settings.volumes.get().volumes.map(({ id }) => id);
  const chosen = storeVolumeIds.filter((id) => all.includes(id));
  return {
    serverId,
    maxChannels,
    hotSeconds,
    volumeIds: chosen.length > 0 ? chosen : all,
    ownCameraIds: new Set(own.map(({ id }) => id)),
  };
}

function watchThese(parts: FailoverParts, { watch }: Side): void {
  const { peers } = parts.settings.peers.get();
  watch.watch(peers.filter(({ id }) => isProtected(parts, id)).map(({ id }) => id));
}

/** What this server would cover, by the plan for each protected server, is kept as ready as its camera asks. */
function keepReady(parts: FailoverParts, { cover, covering, backups }: Side): void {
  const { id: ownId } = parts.settings.server.get();
  for (const { id, watched } of parts.settings.peers.get().peers) {
    if (!watched || !isProtected(parts, id)) continue;
    const { assigned } = covering.planFor([id]);
    const cameras = (backups.latest(id)?.settings.cameras ?? []).filter((camera) => assigned.get(camera.id) === ownId);
    cover.standby(
      id,
      cameras.map(({ id: cameraId, standbyLevel: level }): StandbyCamera => ({ cameraId, level })),
    );
  }
}

/** Other failover servers that are heard. */
function othersOf({ settings }: FailoverParts, peers: Peers): readonly OtherMember[] {
  return settings.peers.get().peers.flatMap(({ id, mode }) => {
    const heard = mode === 'failover' ? peers.heardOf(id) : undefined;
    if (heard === undefined) return [];
    const { channels, covering } = heard.keepAlive;
    return [{ id, channels: channels.max, seats: Infinity, covering }];
  });
}

const createAsking =
  ({ network }: Peers) =>
  async (serverId: string, streams: readonly object[]): Promise<readonly HandoverConfirmation[]> =>
    confirmations.parse((await network.request(serverId, 'handover.confirm', { streams })).result).streams;

function hear(parts: FailoverParts, peers: Peers, side: Side): void {
  const { network, late } = peers;
  const { settings } = parts;
  network.listen((event) => {
    if (event.kind === 'refused' || !isProtected(parts, event.peerId)) return;
    side.watch.hear(event);
    if (event.kind === 'keep-alive') side.backups.sawRevision(event.peerId, event.keepAlive.settingsRevision);
  });
  network.listen((event) => hearClaims(parts, side, event));
  network.listen((event) => {
    if (event.kind !== 'key-changed') return;
    const message = `Another key answers in the name of ${nameOfServer(settings, event.peerId)} (${event.address}): it was reinstalled, or it is not that server. Nothing was accepted.`;
    parts.activity.record({ severity: 'error', code: 'key-changed', message });
  });
  network.handle('handover.request', async ({ id }) => ({ result: { missing: await side.effects.handOver(id) } }));
  network.handle('peer.forget', async ({ id }) => {
    // Answered first: the connection ends with the record.
    queueMicrotask(() => void side.known.forgottenBy(id));
    return await Promise.resolve({ result: {} });
  });
  late.covering = () => ({
    progress: side.cover.progress((serverId) =>
      side.watch.stateOf(serverId)?.takeover === undefined ? 'covering' : 'takeover',
    ),
    channels: side.cover.channels(),
  });
  late.paired = async ({ server, fingerprint, peerPort, host }) => {
    await side.known.paired({ identity: identityOf(server, fingerprint, peerPort), host });
  };
}

/** Other failover servers and their claims; protected servers and their epochs. */
function hearClaims({ settings }: FailoverParts, { covering }: Side, event: PeerEvent): void {
  if (event.kind === 'refused' || settings.server.get().mode !== 'failover') return;
  const memberId = event.peerId;
  const isFailover = settings.peers.get().peers.some(({ id, mode }) => id === memberId && mode === 'failover');
  if (event.kind === 'keep-alive') {
    covering.hear({ kind: 'known-epoch', epoch: event.keepAlive.epoch });
    if (isFailover) covering.hear({ kind: 'heard', memberId, covering: event.keepAlive.covering });
  }
  if (event.kind === 'beat' && isFailover) covering.hear({ kind: 'alive', memberId });
  if (event.kind === 'down' && isFailover) covering.hear({ kind: 'gone', memberId });
}

const epochOfCover = ({ cover }: Side, serverId: string): number =>
  Math.max(0, ...cover.covered().flatMap((one) => (one.serverId === serverId ? [one.epoch] : [])));

function composeKnown(parts: FailoverParts, peers: Peers, side: Side): KnownServers {
  const { network } = peers;
  return createKnownServers({
    ...parts,
    remoteApi,
    describe: peers.describe,
    network: {
      refresh: network.refresh,
      revoke: network.revoke,
      isConnected: (id) => network.statusOf(id)?.connected ?? false,
      sayForget: async (id) => {
        await network.request(id, 'peer.forget', {});
      },
    },
    firstBackup: async (serverId) => {
      refuseUnprotectable(parts, peers, serverId);
      refuseCollisions(parts, side, await side.backups.take(serverId, 'authorization'));
    },
    beforeForgetting: (serverId) => {
      const state = side.watch.stateOf(serverId);
      if (state === undefined || Object.keys(state.wanted).length + state.restoring.length === 0) return;
      const message = `${nameOfServer(parts.settings, serverId)} is covered, or its footage is on its way home: restore it first, or stop its restoration.`;
      throw new UnderstudyError('conflict', 'failover/covering', message);
    },
    onForgotten: async (serverId) => {
      side.cover.drop(serverId);
      await side.backups.forget(serverId);
    },
  });
}

/** Product F1. */
function refuseUnprotectable(parts: FailoverParts, { network }: Peers, serverId: string): void {
  const facts = network.statusOf(serverId)?.hello?.suitability;
  const name = nameOfServer(parts.settings, serverId);
  if (facts?.platform === 'netbsd')
    throw new UnderstudyError('unsupported', 'server/netbsd', `${name} runs NetBSD: such servers cannot be protected.`);
  if (facts !== undefined && facts.frameGrabbers.length > 0) {
    const message = `${name} has frame grabber cards (${facts.frameGrabbers.join(', ')}): what is plugged into them cannot be reached from here.`;
    throw new UnderstudyError('unsupported', 'server/frame-grabber', message);
  }
}

/** Covered cameras keep their ids, so these are unique over all protected servers. */
function refuseCollisions({ settings }: FailoverParts, { backups }: Side, backup: SettingsBackup): void {
  const ids = new Set(backup.settings.cameras.map(({ id }) => id));
  for (const { id, watched } of settings.peers.get().peers) {
    if (!watched || id === backup.serverId) continue;
    const same = (backups.latest(id)?.settings.cameras ?? []).find((camera) => ids.has(camera.id));
    if (same === undefined) continue;
    const message = `${backup.name} and ${nameOfServer(settings, id)} both have a camera with the id ${same.id}; delete it on one of them and add it anew.`;
    throw new UnderstudyError('conflict', 'server/camera-id', message);
  }
}

function coveredCameras({ settings }: FailoverParts, { cover, backups }: Side): ReturnType<CameraDeps['covered']> {
  const now = cover.covered().filter(({ to }) => to === undefined);
  const byServer = Map.groupBy(now, ({ serverId }) => serverId);
  return [...byServer].flatMap(([serverId, streams]) => {
    const ids = new Set(streams.map(({ cameraId }) => cameraId));
    const coveredFor = { serverId, name: nameOfServer(settings, serverId) };
    const cameras = backups.latest(serverId)?.settings.cameras ?? [];
    return cameras.filter(({ id }) => ids.has(id)).map((camera) => ({ camera, coveredFor }));
  });
}

const coveredStreams = (cover: CoverService): CoveredStreams => ({
  orders: cover.orders,
  wanted: () =>
    cover
      .covered()
      .filter(({ to }) => to === undefined)
      .map(({ cameraId, stream }) => ({ cameraId, stream, expected: true })),
});

function tellProgress({ cover, watch }: Side): void {
  if (watch === undefined) return;
  for (const { serverId, streams } of cover.progress(() => 'covering'))
    watch.tell(serverId, { kind: 'cover-progress', streams });
}

/** What other failover servers record for a server counts for its machine too: nobody waits for it. */
function tellOthers(parts: FailoverParts, peers: Peers, { watch, covering }: Side): void {
  for (const { covering: claims } of othersOf(parts, peers))
    for (const { serverId, streams } of claims) {
      const theirs = streams.filter(
        ({ state, cameraId }) => state === 'recording' && covering.epochOfCamera(cameraId) === undefined,
      );
      if (theirs.length > 0) watch.tell(serverId, { kind: 'cover-progress', streams: theirs });
    }
}

function createModeCheck({ settings }: FailoverParts, { watch }: Side): ServerDeps['beforeModeChange'] {
  return (mode, confirm) => {
    const { name } = settings.server.get();
    if (confirm === name) return;
    const covered = watch.states().filter(({ wanted, restoring }) => Object.keys(wanted).length + restoring.length > 0);
    if (covered.length > 0) {
      const names = covered.map(({ serverId }) => nameOfServer(settings, serverId)).join(', ');
      const message = `This server covers ${names}, or still has footage of it. Restore it first; or confirm with the name of this server, ${name}, to end it now.`;
      throw new UnderstudyError('conflict', 'failover/covering', message);
    }
    const own = settings.cameras.get().cameras.filter(({ enabled, record }) => enabled && record).length;
    if (mode !== 'failover' || own === 0) return;
    const message = `${own} cameras are recorded here; a failover server records only for others. Confirm with the name of this server, ${name}, to stop recording them.`;
    throw new UnderstudyError('conflict', 'server/records', message);
  };
}
