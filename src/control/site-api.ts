/**
 * What the routes of `/site` need: the policy as it is, and its change at the host.
 * Nothing that a failover server still has of another one's footage loses its way home by a change of a list.
 */
import { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { SiteView } from '../api/contract/site.ts';
import type { SiteDeps } from '../api/routes/site.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import { browserAddressOf, isHost } from '../site/host-role.ts';
import { MAX_PEERS } from '../site/peer.ts';
import type { PeerRecord } from '../site/peer.ts';
import { changedSite, protects } from '../site/site-policy.ts';
import type { SiteChange, SiteFile } from '../site/site-policy.ts';
import { nameOfServer } from './failover-api.ts';
import type { HeldFootage } from './known-servers.ts';
import { hostOf, siteInForce } from './site-policies.ts';

export type SiteApiDeps = {
  readonly settings: Pick<Settings, 'server' | 'peers' | 'site'>;
  /** To a member. @throws UnderstudyError when it does not answer */
  readonly request: (peerId: string, method: string, params: unknown) => Promise<unknown>;
  readonly activity: Pick<ActivityLog, 'record'>;
};

export function createSiteApi(deps: SiteApiDeps): Pick<SiteDeps, 'site' | 'changeSite'> {
  const { settings, activity } = deps;
  const view = (): SiteView => viewOf(settings, siteInForce(settings));
  return {
    site: view,
    changeSite: async (change, user, check) => {
      const { id } = settings.server.get();
      if (!isHost(settings.server.get())) throw notHost(deps);
      refuseUnknown(deps, change);
      await refuseHeld(deps, change);
      await settings.site.update(() => {
        check(view());
        return changedSite(siteInForce(settings), change, id);
      });
      const message = 'The policy of the site was changed; its servers are told.';
      activity.record({ severity: 'info', code: 'site-policy-changed', message, user });
      return view();
    },
  };
}

function viewOf(settings: SiteApiDeps['settings'], { policy, protection }: SiteFile): SiteView {
  const { id, name } = settings.server.get();
  const isOwn = isHost(settings.server.get());
  const host = isOwn ? { id, name } : hostOf(settings);
  return {
    isHost: isOwn,
    ...(host === undefined ? {} : { host: { id: host.id, name: host.name } }),
    policy,
    protection: protection.map((list) => ({ ...list, name: nameOfServer(settings, list.failoverServerId) })),
  };
}

function notHost({ settings }: SiteApiDeps): UnderstudyError {
  const host = hostOf(settings);
  const message =
    host === undefined
      ? 'This server is no host: a site has a policy when one of its servers is in mode host.'
      : `The policy of the site is changed at its host, ${host.name}${placeOf(host)}.`;
  return new UnderstudyError('conflict', 'site/not-host', message);
}

function placeOf({ httpPort, ...place }: PeerRecord): string {
  const host = browserAddressOf(place);
  return host === undefined ? '' : `, at https://${host.includes(':') ? `[${host}]` : host}:${httpPort ?? 443}/`;
}

/** Lists name failover servers and what these can protect: recording servers, and the host for its own cameras. @throws site/unknown-server */
function refuseUnknown({ settings }: SiteApiDeps, { protection = {} }: SiteChange): void {
  const modes = new Map(serversIn(settings).map(({ id, mode }) => [id, mode]));
  const ownId = settings.server.get().id;
  for (const [failoverId, serverIds] of Object.entries(protection)) {
    // One that is gone may still be taken from the lists.
    if (serverIds !== null && modes.get(failoverId) !== 'failover') throw unknown('failover server', failoverId);
    const odd = serverIds?.find((id) => id !== ownId && modes.get(id) !== 'recording');
    if (odd !== undefined) throw unknown('recording server', odd);
  }
}
/** This one among them: a failover server may have the role of the host. */
const serversIn = ({ server, peers }: SiteApiDeps['settings']): readonly Pick<PeerRecord, 'id' | 'name' | 'mode'>[] => [
  ...peers.get().peers,
  server.get(),
];
const unknown = (what: string, id: string): UnderstudyError =>
  new UnderstudyError('not-found', 'site/unknown-server', `No ${what} of this site has the id ${id.slice(0, 64)}.`);

/** `site.held` of a failover server: what of these servers lies there and is not home. */
export const heldRequest = z.strictObject({ serverIds: z.array(z.string().max(64)).max(MAX_PEERS) });
export const heldAnswer = z.strictObject({
  held: z.array(z.strictObject({ serverId: z.string().max(64), words: z.string().max(500) })).max(MAX_PEERS),
});
export const heldOfThese = (
  params: unknown,
  heldOf: (serverId: string) => HeldFootage | undefined,
): z.infer<typeof heldAnswer> => ({
  held: askedIn(params).flatMap((serverId) => {
    const held = heldOf(serverId);
    return held === undefined ? [] : [{ serverId, words: held.words }];
  }),
});

/** @throws peer/params */
function askedIn(params: unknown): readonly string[] {
  const parsed = heldRequest.safeParse(params);
  if (parsed.success) return parsed.data.serverIds;
  throw new UnderstudyError('protocol', 'peer/params', 'site.held expects the ids of servers.');
}

/** Whoever is protected no more must have nothing at the failover server that protected it. @throws failover/covering, site/unreachable */
async function refuseHeld(deps: SiteApiDeps, change: SiteChange): Promise<void> {
  for (const { id: failoverId, name, serverIds } of lostBy(deps, change)) {
    const answer = await deps.request(failoverId, 'site.held', { serverIds }).catch((cause: unknown) => {
      const message = `${name} does not answer, so it is not known whether it still has footage of servers that it would protect no more. Try again when it is there, or remove it from the site.`;
      throw new UnderstudyError('unavailable', 'site/unreachable', message, { cause });
    });
    const [first] = heldAnswer.parse(answer).held;
    if (first === undefined) continue;
    const message = `${name} has footage of ${nameOfServer(deps.settings, first.serverId)} that is not home: ${first.words}. Let it go home first.`;
    throw new UnderstudyError('conflict', 'failover/covering', message);
  }
}

type Lost = { readonly id: string; readonly name: string; readonly serverIds: readonly string[] };
function lostBy({ settings }: SiteApiDeps, change: SiteChange): readonly Lost[] {
  const peers = serversIn(settings);
  const { id: ownId } = settings.server.get();
  const before = siteInForce(settings);
  const after = changedSite(before, change, ownId);
  const protectable = [ownId, ...peers.filter(({ mode }) => mode === 'recording').map(({ id }) => id)];
  return peers.flatMap(({ id, name, mode }) => {
    if (mode !== 'failover') return [];
    const serverIds = protectable.filter(
      (serverId) => protects(before.protection, id, serverId) && !protects(after.protection, id, serverId),
    );
    return serverIds.length === 0 ? [] : [{ id, name, serverIds }];
  });
}
