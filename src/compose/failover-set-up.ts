/**
 * Failover of one box, put together: the peer channel, what this server does as a protected one, as a failover server and as a
 * host. Introduces peer, watch, cover and restoration to each other and to control.
 *
 * Belongs here: who is handed whose functions. Does not: decisions of any kind.
 */
import type { CameraDeps } from '../api/routes/cameras.ts';
import type { FailoverDeps } from '../api/routes/failover.ts';
import type { HandOverDeps } from '../api/routes/hand-over.ts';
import type { ReplacingDeps } from '../api/routes/replacing.ts';
import type { HealthItem, ServerSite } from '../api/contract/server.ts';
import type { ServerDeps } from '../api/routes/server.ts';
import type { ServersDeps } from '../api/routes/servers.ts';
import type { SiteDeps } from '../api/routes/site.ts';
import type { SiteHostDeps } from '../api/routes/site-host.ts';
import type { SiteServers } from '../api/site/site-servers.ts';
import type { OwedFootage } from '../control/owed-footage.ts';
import type { CoveredStreams } from '../control/recording-side.ts';
import { createRecordingProgress } from '../control/recording-progress.ts';
import { openIncidents } from '../control/incidents.ts';
import { REVIEW_MS } from '../control/review-stalls.ts';
import { underSite } from '../control/site-policies.ts';
import { createSettingsDocument } from '../control/settings-document.ts';
import { siteViewOf } from '../control/site-view.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import type { MediaEvent } from '../wire/media-protocol.ts';
import type { KeptElsewhere } from '../restoration/kept-elsewhere.ts';
import type { SnapshotsElsewhere } from '../restoration/snapshots-home.ts';
import { composeCovering } from './cover-set-up.ts';
import type { CoverSide } from './cover-set-up.ts';
import type { Box, FailoverParts } from './failover-box.ts';
import { suitabilityOf } from './failover-box.ts';
import { composeGateway } from './gateway-set-up.ts';
import type { GatewaySide } from './gateway-set-up.ts';
import { composeHandOver } from './hand-over-set-up.ts';
import { composeLicences, hearRecorded, licenceSide } from './licence-set-up.ts';
import type { LicenceSide } from './licence-set-up.ts';
import { composePeers } from './peer-set-up.ts';
import type { Peers } from './peer-set-up.ts';
import { composeSiteServers } from './site-servers-set-up.ts';
import { composeSite } from './site-set-up.ts';
import { composeSuitability } from './suitability-set-up.ts';
import { composeReturns } from './return-set-up.ts';
import { lookForReturned } from './returned-set-up.ts';
import { composeSnapshotReturns } from './snapshot-returns-set-up.ts';

export type FailoverSetUp = LicenceSide &
  GatewaySide & {
    readonly covered: CoveredStreams;
    readonly onMedia: (events: readonly MediaEvent[]) => void;
    readonly onMediaRestart: () => void;
    readonly onMediaGone: () => void;
    readonly servers: ServersDeps;
    readonly failover: FailoverDeps;
    readonly handOver: HandOverDeps;
    readonly replacing: ReplacingDeps;
    readonly sitePolicy: SiteDeps;
    readonly siteHost: SiteHostDeps;
    readonly beforeModeChange: ServerDeps['beforeModeChange'];
    /** @throws failover/covering */
    readonly refuseCovering: () => void;
    readonly coveredCameras: CameraDeps['covered'];
    readonly owedFootage: () => readonly OwedFootage[];
    readonly membership: () => ServerSite;
    readonly healthItems: () => readonly HealthItem[];
    readonly kept: KeptElsewhere;
    readonly snapshotsElsewhere: SnapshotsElsewhere;
    /** Whose cameras are shown here. */
    readonly siteServers: SiteServers;
    /** The port really listened at. */
    readonly peerPort: number;
    /** Everything of the API is there: others may hear of this server now. */
    readonly announce: () => void;
    /** `handOver`: those that protect this server record first. */
    readonly stop: (handOver: boolean) => Promise<void>;
  };

/** Says how late each tick comes. */
function startTicks(clock: Clock, tick: (loopDelayMs: number) => void): Cancel {
  let due = clock.monotonic() + REVIEW_MS;
  return clock.every(durationMs(REVIEW_MS), () => {
    const late = Math.max(0, clock.monotonic() - due);
    due = clock.monotonic() + REVIEW_MS;
    tick(late);
  });
}

type HeldParts = Pick<
  FailoverSetUp,
  'covered' | 'beforeModeChange' | 'refuseCovering' | 'coveredCameras' | 'owedFootage'
>;
/** What is recorded here for others, and what that stands against. */
const heldParts = (side: CoverSide): HeldParts => {
  const { covered, beforeModeChange, refuseCovering, coveredCameras, owedFootage } = side;
  return { covered, beforeModeChange, refuseCovering, coveredCameras, owedFootage };
};

type MediaSide = Pick<FailoverSetUp, 'onMedia' | 'onMediaRestart' | 'onMediaGone'>;
function mediaSide({ progress }: FailoverParts, { network }: Peers, side: CoverSide): MediaSide {
  return {
    onMedia: (events) => {
      let isWorse = false;
      for (const event of events) {
        if (progress.push(event)) isWorse = true;
        side.onMediaEvent(event);
      }
      if (isWorse) network.nudge();
    },
    onMediaRestart: () => {
      progress.restarted();
      network.nudge();
    },
    onMediaGone: () => network.nudge(),
  };
}

/** Whatever may change who covers what. */
function changesOf({ settings, licences }: FailoverParts, review: () => void): readonly Cancel[] {
  return [
    settings.peers.onChange(review),
    settings.server.onChange(review),
    // A host with cameras is protected too.
    settings.cameras.onChange(review),
    settings.failover.onChange(review),
    settings.licences.onChange(review),
    // Those of the site are copied to whom may succeed its host.
    settings.users.onChange(review),
    licences.onTurn(review),
    settings.site.onChange(review),
  ];
}

type Home = Pick<FailoverSetUp, 'kept' | 'snapshotsElsewhere'> & { readonly stop: () => Promise<void> };
/** What others recorded or took for this server, on its way home and where it stays. */
async function composeHome(parts: FailoverParts, peers: Peers): Promise<Home> {
  const { kept, stop } = await composeReturns(parts, peers);
  return { kept, stop, snapshotsElsewhere: await composeSnapshotReturns(parts, peers) };
}

const itemsOf =
  (parts: readonly Pick<FailoverSetUp, 'healthItems'>[]): FailoverSetUp['healthItems'] =>
  () =>
    parts.flatMap((part) => part.healthItems());

export async function setUpFailover(box: Box): Promise<FailoverSetUp> {
  const { clock, log, version } = box;
  const settings = underSite(box.settings);
  const progress = createRecordingProgress(clock);
  const document = createSettingsDocument({ settings, version, clock, suitability: suitabilityOf() });
  const incidents = await openIncidents(box.dataDir, clock, log);
  const licences = await composeLicences({ ...box, settings });
  const parts = { ...box, settings, progress, document, incidents, licences };
  const peers = await composePeers(parts);
  hearRecorded(parts, peers);
  const suitability = composeSuitability(parts, peers);
  const { stop: stopReturns, ...home } = await composeHome(parts, peers);
  const side = await composeCovering(parts, peers);
  const site = composeSite(parts, peers, side);
  const { stop: stopGateway, ...gateway } = composeGateway(parts, peers, site.lastContactAt);
  const review = (): void => {
    peers.hosting.review();
    peers.members.review();
    side.review();
  };
  const cancels = [
    startTicks(clock, side.tick),
    ...changesOf(parts, review),
    site.stop,
    stopGateway,
    lookForReturned(peers.network),
    settings.volumes.onChange(side.refresh),
  ];
  review();
  return {
    ...heldParts(side),
    ...mediaSide(parts, peers, side),
    servers: side.servers,
    failover: site.failover,
    ...licenceSide(parts, peers),
    ...gateway,
    handOver: composeHandOver(parts, peers),
    replacing: side.replacing,
    sitePolicy: site.routes,
    siteHost: peers.hosting.api,
    membership: () => siteViewOf(settings, peers.network.statusOf),
    healthItems: itemsOf([side, licences, peers.hosting, suitability]),
    ...home,
    siteServers: composeSiteServers(parts, peers, gateway.gateway, site.lastContactAt),
    peerPort: peers.network.port,
    announce: peers.announce,
    stop: async (handOver) => {
      if (handOver) await peers.protectedSide.handOver('planned stop');
      for (const cancel of cancels) cancel();
      document.stop();
      await licences.stop();
      await side.stop();
      await peers.stop();
      await stopReturns();
      await incidents.stop();
    },
  };
}
