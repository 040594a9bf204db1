/**
 * Incidents between servers: a protected server asks those that protect it what was covered of it, and is told when something is new, so
 * that its own page shows its failures too. Belongs here: the channel. Does not: what is answered (control/incidents-api.ts).
 */
import { z } from 'zod';
import type { LiveEvent } from '../api/contract/events.ts';
import { createIncidentsApi } from '../control/incidents-api.ts';
import type { IncidentsApi } from '../control/incidents-api.ts';
import { createFootage } from '../control/footage.ts';
import { createIncidentNews } from '../control/incident-news.ts';
import { checkWatcher } from '../control/protected-side.ts';
import { nameOfServer } from '../control/failover-api.ts';
import { seconds } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { FailoverParts } from './failover-box.ts';
import { isProtected } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import type { Peers } from './peer-set-up.ts';

const ANSWER_WITHIN = seconds(4);

type IncidentEvent = Extract<LiveEvent, { readonly kind: 'incident' }>;
const toldSchema = z.object({
  id: z.string().max(64),
  news: z.enum(['opened', 'changed', 'closed']),
  missingSeconds: z.number().min(0),
  files: z.number().int().min(0),
});

export type IncidentSharing = { readonly api: IncidentsApi; readonly stop: () => void };

export function composeIncidents(parts: FailoverParts, { network }: Peers, side: Side): IncidentSharing {
  const { settings, incidents, clock, log } = parts;
  const api = createIncidentsApi({
    settings,
    incidents,
    settingsOf: (serverId) => side.backups.latest(serverId)?.settings,
    notCovered: () => side.covering.notCovered(),
    watchers: () =>
      settings.peers
        .get()
        .peers.flatMap(({ id, watcher }) => (watcher && network.statusOf(id)?.connected === true ? [id] : [])),
    ask: async (id, method, params) => (await network.request(id, method, params, { timeoutMs: ANSWER_WITHIN })).result,
    accountOf: createFootage({ catalogue: parts.catalogue, clock, mediaIsUp: parts.recording.mediaIsUp }).accountOf,
    clock,
    log,
  });
  for (const [method, handler] of Object.entries(api.handlers))
    network.handle(method, async (peer, params) => await Promise.resolve({ result: handler(peer.id, params) }));
  hearNews(parts, network);
  const stop = createIncidentNews({
    incidents,
    self: () => ({ id: settings.server.get().id, name: settings.server.get().name }),
    nameOf: (serverId) => nameOfServer(settings, serverId),
    tell: (event) => {
      parts.publish(event);
      if (isProtected(parts, event.protected.id)) tellProtected(parts, network, event);
    },
    clock,
  });
  return { api, stop };
}

/** It may be away: then it asks for the list when somebody looks. */
function tellProtected({ log }: FailoverParts, network: Peers['network'], event: IncidentEvent): void {
  const { incidentId: id, news, missingSeconds, files } = event;
  const { id: serverId } = event.protected;
  if (network.statusOf(serverId)?.connected !== true) return;
  network
    .request(serverId, 'incident.news', { id, news, missingSeconds, files }, { timeoutMs: ANSWER_WITHIN })
    .catch((error: unknown) => log.debug('an incident was not told', { serverId, reason: messageOf(error) }));
}

function hearNews({ settings, publish }: FailoverParts, network: Peers['network']): void {
  network.handle('incident.news', async (peer, params) => {
    checkWatcher(settings, peer.id);
    const { id: incidentId, ...told } = toldSchema.parse(params);
    const { id, name } = settings.server.get();
    const by = { id: peer.id, name: nameOfServer(settings, peer.id) };
    publish({ kind: 'incident', incidentId, ...told, protected: { id, name }, by });
    return await Promise.resolve({ result: {} });
  });
}
