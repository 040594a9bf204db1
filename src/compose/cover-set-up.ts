/** Watching, covering and giving back, put together: the failover server's side, and the API over all of it. */
import type { CameraDeps } from '../api/routes/cameras.ts';
import type { FailoverDeps } from '../api/routes/failover.ts';
import type { ReplacingDeps } from '../api/routes/replacing.ts';
import type { HealthItem } from '../api/contract/server.ts';
import type { ServerDeps } from '../api/routes/server.ts';
import type { ServersDeps } from '../api/routes/servers.ts';
import { createCovering } from '../control/covering.ts';
import { detachHealth } from '../control/detaching.ts';
import { createFailoverApi, nameOfServer } from '../control/failover-api.ts';
import { createPlacesCheck } from '../control/failover-places.ts';
import { failoverHealth } from '../control/failover-health.ts';
import { createFailoverEffects } from '../control/failover-effects.ts';
import { openFailoverKept } from '../control/failover-kept.ts';
import { refuseHostMode } from '../control/host-taking.ts';
import { expectedStreams } from '../control/protected-side.ts';
import { wordsOfHeld } from '../control/known-servers.ts';
import { coveringWords, refuseModeChange } from '../control/mode-change.ts';
import type { OwedFootage } from '../control/owed-footage.ts';
import type { CoveredStreams } from '../control/recording-side.ts';
import { securingHealth } from '../control/securing.ts';
import { createServersApi } from '../control/servers-api.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { HandoverAnswer } from '../failover/machine-types.ts';
import { policyOf } from '../failover/machine.ts';
import { planCover } from '../failover/plan.ts';
import type { Restoration } from '../restoration/restoration-types.ts';
import { startWatch } from '../watch/watch.ts';
import type { MediaEvent } from '../wire/media-protocol.ts';
import { composeAdding, composeJoinings } from './adding-set-up.ts';
import { composeDiskTrouble } from './disk-trouble-set-up.ts';
import { composeBackups, composeStandbyReview, keepReady } from './backup-set-up.ts';
import { composeClaims, handoverAnswer } from './claims-set-up.ts';
import { composeCover, coveredCameras, coveredStreams, owedHere, tellProgress } from './cover-service-set-up.ts';
import { composeDetaching, composeSecuring } from './detaching-set-up.ts';
import { isProtected, isReplacedHere, reachedAt } from './failover-box.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import { composeIncidents } from './incident-sharing.ts';
import type { IncidentSharing } from './incident-sharing.ts';
import { hear, hearRefusals, othersOf, tellOthers } from './hearing.ts';
import { composeKnown, heldHere } from './known-set-up.ts';
import { fingerprintAt } from './peer-set-up.ts';
import type { Peers } from './peer-set-up.ts';
import { composeRehearsals } from './rehearsal-set-up.ts';
import type { Rehearsals } from './rehearsal-set-up.ts';
import { composeReplacing } from './replacing-set-up.ts';
import { composeRestoration } from './restoration-set-up.ts';
import type { RestorationSide } from './restoration-set-up.ts';

export type CoverSide = {
  readonly covered: CoveredStreams;
  readonly onMediaEvent: (event: MediaEvent) => void;
  readonly servers: ServersDeps;
  readonly failover: FailoverDeps;
  readonly replacing: ReplacingDeps;
  readonly beforeModeChange: ServerDeps['beforeModeChange'];
  /** @throws failover/covering */
  readonly refuseCovering: () => void;
  readonly coveredCameras: CameraDeps['covered'];
  readonly owedFootage: () => readonly OwedFootage[];
  readonly healthItems: () => readonly HealthItem[];
  /** Cameras that a probe found out of reach from here. */
  readonly unreachable: () => ReadonlySet<string>;
  /** Records, modes or settings changed: who is watched, who is kept ready. */
  readonly review: () => void;
  readonly refresh: () => void;
  /** A few times a second: progress to the machines, plans by what others tell. */
  readonly tick: (loopDelayMs: number) => void;
  readonly stop: () => Promise<void>;
};

export async function composeCovering(parts: FailoverParts, peers: Peers): Promise<CoverSide> {
  const { settings, clock, log } = parts;
  const side = {} as Side;
  side.backups = composeBackups(parts, peers, side);
  for (const { id, watched } of settings.peers.get().peers) if (watched) await side.backups.open(id);
  side.cover = await composeCover(parts, side);
  const rehearsals = await composeRehearsals(parts, peers, side);
  side.covering = createCovering({
    ownId: () => settings.server.get().id,
    unreachable: rehearsals.unreachable,
    cover: side.cover,
    plan: planCover,
    seats: () => parts.licences.coverSeatsOf(settings.server.get().id),
    others: () => othersOf(parts, peers),
    settingsOf: (serverId) => side.backups.latest(serverId)?.settings,
    failover: settings.failover.get,
    ...composeClaims(parts, peers, side),
    clock,
    log,
  });
  const sharing = composeIncidents(parts, peers, side);
  const restoration = composeRestoration(parts, peers, side);
  side.restoration = restoration.service;
  composeMachines(parts, peers, side, restoration);
  side.known = composeKnown(parts, peers, side);
  side.detaching = composeDetaching(parts, peers, side);
  side.securing = composeSecuring(parts, peers, side);
  const joinings = composeJoinings(parts, peers, side.known);
  hear(parts, peers, side);
  const replacing = await composeReplacing(parts, peers, side);
  restoration.resume();
  const disks = composeDiskTrouble(parts, side);
  const reviewStandby = composeStandbyReview(parts, peers, side);
  return {
    covered: coveredStreams(side.cover),
    onMediaEvent: side.cover.onMediaEvent,
    ...createModeChecks(parts, side),
    coveredCameras: () => coveredCameras(parts, side),
    owedFootage: () => owedHere(parts, side),
    unreachable: rehearsals.unreachable,
    healthItems: () => [...disks.healthItems(), ...replacing.healthItems(), ...itemsOf(parts, peers, side, rehearsals)],
    replacing: replacing.routes,
    review: () => {
      watchThese(parts, side);
      hearRefusals(parts, peers, side);
      keepReady(parts, side);
    },
    refresh: side.cover.refresh,
    tick: (loopDelayMs) => {
      tick(parts, peers, side, loopDelayMs);
      for (const look of [rehearsals.look, disks.look, reviewStandby]) look();
    },
    ...composeApis(parts, peers, side, { rehearsals, restoration: restoration.service, sharing }),
    stop: async () => {
      sharing.stop();
      for (const part of [replacing, joinings, side.securing, side.detaching]) await part.stop();
      await stopSide(side, rehearsals, restoration.service);
    },
  };
}

async function stopSide(
  { watch, backups, cover }: Side,
  rehearsals: Rehearsals,
  returning: Restoration,
): Promise<void> {
  await Promise.all([watch.stop(), backups.stop(), rehearsals.stop(), returning.stop()]);
  await cover.stop();
}

function tick(parts: FailoverParts, peers: Peers, side: Side, loopDelayMs: number): void {
  for (const { serverId, trouble } of side.watch.states()) side.cover.suspect(serverId, trouble !== undefined);
  tellProgress(side);
  tellOthers(parts, peers, side);
  side.covering.tick(loopDelayMs);
}

/** The machines, and what their effects lead to. */
function composeMachines(
  parts: FailoverParts,
  peers: Peers,
  side: Side,
  { begin, restoring }: Pick<RestorationSide, 'begin' | 'restoring'>,
): void {
  const { settings, clock, log } = parts;
  side.effects = createFailoverEffects({
    ...parts,
    covering: side.covering,
    stateOf: (serverId) => side.watch.stateOf(serverId),
    tell: (serverId, happening) => side.watch.tell(serverId, happening),
    askHandover: async (serverId, streams) => await createAsking(peers)(reachedAt(parts, serverId), streams),
    // In the place of one that was replaced by this server there is nobody to give anything to.
    beginRestoration: (incident, order) => {
      if (!isReplacedHere(parts, order.serverId)) begin(incident, order);
    },
    failover: settings.failover.get,
    nameOf: (serverId) => nameOfServer(settings, serverId),
    onTakeover: () => parts.publish({ kind: 'server' }),
    onRestoring: restoring,
  });
  side.watch = startWatch({
    clock,
    log,
    ...openFailoverKept(parts.dataDir, log),
    policy: () => policyOf(settings.failover.get()),
    rosterOf: (serverId) => {
      const backup = side.backups.latest(serverId);
      return backup && expectedStreams(backup.settings.cameras);
    },
    onEffect: (serverId, effect) => side.effects.carryOut(serverId, effect),
  });
}

type Services = {
  readonly rehearsals: Rehearsals;
  readonly restoration: Restoration;
  readonly sharing: IncidentSharing;
};
function composeApis(
  parts: FailoverParts,
  peers: Peers,
  side: Side,
  { rehearsals, restoration, sharing }: Services,
): Pick<CoverSide, 'servers' | 'failover'> {
  const { settings, activity } = parts;
  return {
    servers: createServersApi({
      settings,
      network: peers.network,
      known: side.known,
      backups: side.backups,
      stateOf: side.watch.stateOf,
      heardOf: peers.heardOf,
      standbyOf: (serverId) => side.cover.standbyViews().filter((view) => view.serverId === serverId),
      search: async (seconds) => (await peers.discovery?.search(seconds)) ?? [],
      adding: composeAdding(parts, peers, side.known),
      detaching: side.detaching,
      securing: side.securing,
      fetchFingerprint: fingerprintAt,
      activity,
    }),
    failover: createFailoverApi({
      ...parts,
      checkPlaces: createPlacesCheck(parts),
      rehearsals,
      incidentRoutes: sharing.api,
      restoration,
      stateOf: side.watch.stateOf,
      tell: side.watch.tell,
      epochOf: (serverId) => epochOfCover(side, serverId),
      settingsOf: (serverId) => side.backups.latest(serverId)?.settings,
      lastFrameOf: ({ cameraId, stream }) => parts.progress.runOf({ cameraId, stream })?.until,
      planFor: side.covering.planFor,
      notCovered: side.covering.notCovered,
      activity,
    }),
  };
}

function watchThese(parts: FailoverParts, { watch, covering, cover }: Side): void {
  const { peers } = parts.settings.peers.get();
  const ids = peers.filter(({ id }) => isProtected(parts, id)).map(({ id }) => id);
  for (const { serverId, wanted } of watch.states()) {
    if (ids.includes(serverId)) continue;
    // Ended by command: another mode, or a server that is disabled or removed. Its footage stays.
    covering.release(
      serverId,
      Object.values(wanted).map(({ stream }) => stream),
    );
    cover.drop(serverId);
  }
  watch.watch(ids);
}

const createAsking =
  ({ network }: Peers) =>
  async (serverId: string, streams: readonly object[]): Promise<HandoverAnswer> =>
    handoverAnswer.parse((await network.request(serverId, 'handover.confirm', { streams })).result);

type Found = Pick<Rehearsals, 'clocksOff' | 'unfit'>;
function itemsOf(parts: FailoverParts, peers: Peers, side: Side, { clocksOff, unfit }: Found): readonly HealthItem[] {
  const { settings, startedAt } = parts;
  const connected = new Set(peers.connected());
  const watchers = settings.peers.get().peers.filter(({ watcher, enabled }) => watcher && enabled);
  const all = settings.peers.get().peers;
  const leaving = [...detachHealth(all, side.detaching.problemOf), ...securingHealth(all, side.securing.problemOf)];
  const failing = failoverHealth({
    states: side.watch.states(),
    notCovered: side.covering.notCovered(),
    nameOf: (serverId) => nameOfServer(settings, serverId),
    watchers: watchers.map(({ id, name }) => ({ id, name, connected: connected.has(id) })),
    backupProblemOf: (serverId) => side.backups.stateOf(serverId).problem,
    held: settings.peers.get().peers.flatMap(({ id, name, forgottenAt: since }) => {
      const held = since === undefined ? undefined : heldHere(parts, side, id);
      return since === undefined || held === undefined ? [] : [{ since, message: wordsOfHeld(name, held) }];
    }),
    clocksOff: clocksOff(),
    unfit: unfit(),
    startedAt,
  });
  return [...leaving, ...failing];
}

const epochOfCover = ({ cover }: Side, serverId: string): number =>
  Math.max(0, ...cover.covered().flatMap((one) => (one.serverId === serverId ? [one.epoch] : [])));

/** Servers that are covered, or whose footage is not home; undefined: none. */
function coveredNames({ settings }: FailoverParts, { watch }: Side): readonly string[] {
  const covered = watch.states().filter(({ wanted, restoring }) => Object.keys(wanted).length + restoring.length > 0);
  return covered.map(({ serverId }) => nameOfServer(settings, serverId));
}

type ModeChecks = Pick<CoverSide, 'beforeModeChange' | 'refuseCovering'>;
function createModeChecks(parts: FailoverParts, side: Side): ModeChecks {
  const { settings } = parts;
  return {
    beforeModeChange: (wanted, confirm) => {
      refuseHostMode(settings, wanted);
      const { name, mode: now } = settings.server.get();
      const { peers } = settings.peers.get();
      refuseModeChange({
        now,
        wanted,
        name,
        confirm,
        covered: coveredNames(parts, side),
        recorded: settings.cameras.get().cameras.filter(({ enabled, record }) => enabled && record).length,
        protected: peers
          .filter(({ watched, forgottenAt }) => watched && forgottenAt === undefined)
          .map((one) => one.name),
      });
    },
    refuseCovering: () => {
      const names = coveredNames(parts, side);
      if (names.length > 0)
        throw new UnderstudyError('conflict', 'failover/covering', `${coveringWords(names)} Restore it first.`);
    },
  };
}
