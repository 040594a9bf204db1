/** The site, put together: what its host decides and asks, and what its members answer. */
import type { FailoverDeps } from '../api/routes/failover.ts';
import type { SiteDeps } from '../api/routes/site.ts';
import { createMemberReport } from '../control/member-report.ts';
import { createPlacesCheck } from '../control/failover-places.ts';
import { createRemoteSettings, createSettingsAnswers } from '../control/remote-settings.ts';
import { createSiteApi, heldOfThese } from '../control/site-api.ts';
import { startSiteReports } from '../control/site-reports.ts';
import type { SiteReports } from '../control/site-reports.ts';
import type { Cancel } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { machineModel } from '../hardware/machine.ts';
import type { PeerCaller, PeerNetwork } from '../peer/network-types.ts';
import { isHost } from '../site/host-role.ts';
import type { CoverSide } from './cover-set-up.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Peers } from './peer-set-up.ts';
import { createSitePlan, serversOfSite } from './site-views.ts';

export type SiteSide = {
  readonly routes: SiteDeps;
  /** On a host the plan of the whole site, else that of this failover server. */
  readonly failover: FailoverDeps;
  /** Wall milliseconds of the last sign of life of a member, at its host. */
  readonly lastContactAt: (serverId: string) => number | undefined;
  readonly stop: Cancel;
};

export function composeSite(parts: FailoverParts, peers: Peers, side: CoverSide): SiteSide {
  const { settings } = parts;
  const request = async (peerId: string, method: string, params: unknown): Promise<unknown> => {
    // A failover server that has the role of the host asks itself too.
    if (peerId === settings.server.get().id && method === 'site.held') return heldOfThese(params, peers.late.heldOf);
    return (await peers.network.request(peerId, method, params)).result;
  };
  answerTheHost(parts, peers, side);
  const reports = composeReports(parts, peers, request);
  const facts = { parts, peers, reports, unreachable: side.unreachable };
  const planOfSite = createSitePlan(facts);
  return {
    routes: {
      ...createSiteApi({ ...parts, request }),
      servers: () => serversOfSite(facts),
      remote: createRemoteSettings({ ...parts, request }),
    },
    failover: {
      ...side.failover,
      plan: (failed) => (isHost(settings.server.get()) ? planOfSite(failed) : side.failover.plan(failed)),
    },
    lastContactAt: (serverId) => reports.of(serverId).lastContactAt,
    stop: reports.stop,
  };
}

function composeReports(
  { settings, clock, log }: FailoverParts,
  { network, heardOf }: Peers,
  request: (peerId: string, method: string, params: unknown) => Promise<unknown>,
): SiteReports {
  const reports = startSiteReports({
    clock,
    log,
    members: () => {
      if (!isHost(settings.server.get())) return [];
      return settings.peers.get().peers.flatMap(({ id, managesUs }) => (managesUs ? [] : [id]));
    },
    isConnected: (id) => heardOf(id) !== undefined,
    request,
  });
  network.listen((event) => {
    if (event.kind === 'beat') reports.alive(event.peerId);
    if (event.kind === 'keep-alive') reports.heard(event.peerId, event.keepAlive);
  });
  return reports;
}

function answerTheHost(parts: FailoverParts, { network, late }: Peers, side: CoverSide): void {
  const { settings, document } = parts;
  const report = createMemberReport({
    settings,
    revision: document.revision,
    model: machineModel(),
    servers: side.servers,
    rehearsals: side.failover,
    unreachable: side.unreachable,
  });
  const answers = createSettingsAnswers({ ...parts, checkPlaces: createPlacesCheck(parts) });
  answerHost(network, 'site.report', async (_host, params) => await Promise.resolve(report(params)));
  answerHost(network, 'site.held', async (_host, params) => await Promise.resolve(heldOfThese(params, late.heldOf)));
  answerHost(network, 'failover.settings', async () => await Promise.resolve(answers.read()));
  answerHost(network, 'failover.change', async ({ record }, params) => await answers.change(record.name, params));
}

type Answer = (host: PeerCaller, params: unknown) => Promise<unknown>;
/** Only the host may ask and tell these things; anybody else gets peer/not-yours. */
function answerHost({ handle }: Pick<PeerNetwork, 'handle'>, method: string, answer: Answer): void {
  handle(method, async (peer, params) => {
    if (!peer.record.managesUs)
      throw new UnderstudyError('forbidden', 'peer/not-yours', 'Only the host of this server may do this.');
    return { result: await answer(peer, params) };
  });
}
