/** The host's view of its site: what is gathered from records, signs of life, reports and licences, for plan and status. */
import type { FailoverDeps } from '../api/routes/failover.ts';
import type { SiteServerView } from '../api/contract/site.ts';
import { seatsOrCovered } from '../control/cover-seats.ts';
import { loadNow, reportedCamera } from '../control/member-report.ts';
import { planOfSite } from '../control/site-plan.ts';
import type { SitePlanFacts, SiteServer, SiteSpare } from '../control/site-plan.ts';
import { siteInForce } from '../control/site-policies.ts';
import type { SiteReports } from '../control/site-reports.ts';
import { statusOfSite } from '../control/site-status.ts';
import type { StatusFacts } from '../control/site-status.ts';
import { UnderstudyError } from '../core/errors.ts';
import { machineModel } from '../hardware/machine.ts';
import type { PeerRecord } from '../site/peer.ts';
import { protects } from '../site/site-policy.ts';
import type { PeerKeepAlive } from '../wire/peer-protocol.ts';
import type { FailoverParts } from './failover-box.ts';
import { coveredIn } from './licence-set-up.ts';
import type { Peers } from './peer-set-up.ts';

type Site = {
  readonly parts: FailoverParts;
  readonly peers: Peers;
  readonly reports: SiteReports;
  /** Cameras that this server, if it is a failover server too, does not reach. */
  readonly unreachable: () => ReadonlySet<string>;
};

const membersOf = ({ parts }: Site): readonly PeerRecord[] =>
  parts.settings.peers.get().peers.filter(({ managesUs }) => !managesUs);

/** This server first. */
export function serversOfSite(site: Site): readonly SiteServerView[] {
  return statusOfSite([ownFacts(site), ...membersOf(site).map((record) => factsOf(site, record))]);
}

function ownFacts({ parts, peers }: Site): StatusFacts {
  const { settings, clock, version } = parts;
  const { id, name, mode } = settings.server.get();
  const { progress: covering, channels } = peers.late.covering();
  const model = machineModel();
  return {
    record: { id, name, mode, host: settings.failover.get().serverAddress, enabled: true },
    isDetachPending: false,
    isConnected: true,
    version,
    keepAlive: { channels, covering },
    known: {
      report: { revision: '', load: loadNow(), ...(model === undefined ? {} : { model }) },
      cameras: settings.cameras.get().cameras.map(reportedCamera),
      lastContactAt: clock.now(),
    },
  };
}

function factsOf({ peers, reports }: Site, record: PeerRecord): StatusFacts {
  const status = peers.network.statusOf(record.id);
  return {
    record,
    isDetachPending: 'detachPending' in record && record.detachPending !== undefined,
    isConnected: status?.connected ?? false,
    version: status?.hello?.version,
    keepAlive: peers.heardOf(record.id)?.keepAlive,
    known: reports.of(record.id),
  };
}

/** Made anew only when something that it depends on has changed; asked for a simulation, each time. */
export function createSitePlan(site: Site): FailoverDeps['plan'] {
  let last: { readonly inputs: readonly unknown[]; readonly plan: ReturnType<FailoverDeps['plan']> } | undefined;
  return (failed) => {
    if (failed !== undefined) {
      refuseUnknown(site, failed);
      return planOfSite(factsForPlan(site), failed);
    }
    const facts = factsForPlan(site);
    const inputs = inputsOf(site, facts);
    const isSame = last !== undefined && inputs.every((input, index) => input === last?.inputs[index]);
    if (last === undefined || !isSame) last = { inputs, plan: planOfSite(facts, undefined) };
    return last.plan;
  };
}

function factsForPlan(site: Site): SitePlanFacts {
  const { settings } = site.parts;
  const { policy } = siteInForce(settings);
  const spares = sparesOf(site);
  const own = settings.server.get().mode === 'failover' ? [settings.failover.get()] : [];
  const reported = [...own, ...spares.flatMap(({ id }) => site.reports.of(id).report?.failover ?? [])];
  return {
    servers: serversForPlan(site),
    spares,
    shortage: policy.shortagePolicy ?? reported[0]?.shortagePolicy ?? 'by-priority',
    oneServerAtATime: reported.length > 0 && reported.every(({ oneServerAtATime }) => oneServerAtATime),
  };
}

function serversForPlan(site: Site): readonly SiteServer[] {
  const { settings } = site.parts;
  const { id, name, mode } = settings.server.get();
  const own = settings.cameras.get().cameras.map(reportedCamera);
  return [
    ...(own.length === 0 || mode === 'failover' ? [] : [{ id, name, cameras: own }]),
    ...membersOf(site).flatMap((record) =>
      record.mode === 'recording' && record.enabled
        ? [{ id: record.id, name: record.name, cameras: site.reports.of(record.id).cameras }]
        : [],
    ),
  ];
}

function sparesOf(site: Site): readonly SiteSpare[] {
  const own = site.parts.settings.server.get();
  const members = membersOf(site).flatMap(({ id, name, mode, enabled }) => {
    const heard = mode === 'failover' && enabled ? site.peers.heardOf(id)?.keepAlive : undefined;
    const unreachable = site.reports.of(id).report?.failover?.unreachable ?? [];
    return heard === undefined ? [] : [spareOf(site, { id, name, unreachable, ...heard })];
  });
  if (own.mode !== 'failover') return members;
  // It took the role of the host and covers as before.
  const { progress: covering, channels } = site.peers.late.covering();
  return [spareOf(site, { ...own, unreachable: [...site.unreachable()], covering, channels }), ...members];
}

type Spare = Pick<SiteSpare, 'id' | 'name' | 'unreachable'> & Pick<PeerKeepAlive, 'covering' | 'channels'>;
function spareOf({ parts }: Site, { id, name, unreachable, covering, channels }: Spare): SiteSpare {
  const { protection } = siteInForce(parts.settings);
  const recorded = covering.map(
    ({ serverId, streams }) =>
      [
        serverId,
        streams.flatMap(({ cameraId, stream, state }) =>
          stream === 'main' && state === 'recording' ? [cameraId] : [],
        ),
      ] as const,
  );
  return {
    id,
    name,
    channels: channels.max,
    seats: seatsOrCovered(parts.licences.coverSeatsOf(id), coveredIn(covering)),
    unreachable,
    protects: (serverId: string) => protects(protection, id, serverId),
    covering: new Map(recorded),
  };
}

/** Settings are replaced whole: the same value is the same settings. */
const inputsOf = ({ parts, reports }: Site, { spares }: SitePlanFacts): readonly unknown[] => {
  const { server, peers, cameras, site } = parts.settings;
  const members = spares.map(({ id, channels, seats, covering }) => [id, channels, seats, [...covering]]);
  return [server.get(), peers.get(), cameras.get(), site.get(), reports.version(), JSON.stringify(members)];
};

/** @throws server/unknown */
function refuseUnknown(site: Site, failed: readonly string[]): void {
  const known = new Set([site.parts.settings.server.get().id, ...membersOf(site).map(({ id }) => id)]);
  const odd = failed.find((id) => !known.has(id));
  if (odd === undefined) return;
  throw new UnderstudyError('not-found', 'server/unknown', `No server of this site has the id ${odd.slice(0, 64)}.`);
}
