/** What the peer channel tells, and to whom: the machines, the claims, the backups, people. */
import { z } from 'zod';
import { messageOf } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { seatsOrCovered } from '../control/cover-seats.ts';
import type { OtherMember } from '../control/cover-request.ts';
import { nameOfServer } from '../control/failover-api.ts';
import { identityOf } from '../control/servers-api.ts';
import { siteInForce } from '../control/site-policies.ts';
import type { PeerEvent, RefusedCause } from '../peer/network-types.ts';
import type { CoverProgress } from '../wire/peer-protocol.ts';
import type { PeerRecord } from '../site/peer.ts';
import { protects } from '../site/site-policy.ts';
import { createStrangerNews } from './stranger-news.ts';
import { isProtected, isReplaced, standInOf } from './failover-box.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import { coveredIn } from './licence-set-up.ts';
import type { Peers } from './peer-set-up.ts';

/** The answer is on its way for so long. */
const FORGET_AFTER_MS = 200;

/** Other failover servers that are heard. */
export function othersOf({ settings, licences }: FailoverParts, peers: Peers): readonly OtherMember[] {
  const { protection } = siteInForce(settings);
  return settings.peers.get().peers.flatMap(({ id, mode }) => {
    const heard = mode === 'failover' ? peers.heardOf(id) : undefined;
    if (heard === undefined) return [];
    const { channels, covering } = heard.keepAlive;
    const isInList = (serverId: string): boolean => protects(protection, id, serverId);
    return [{ id, channels: channels.max, seats: seatsOf(licences, id, covering), covering, protects: isInList }];
  });
}

const seatsOf = (licences: FailoverParts['licences'], id: string, covering: readonly CoverProgress[]): number =>
  seatsOrCovered(licences.coverSeatsOf(id), coveredIn(covering));

const heldSchema = z.looseObject({ holdSeconds: z.number().int().min(1).max(3600).optional() });

export function hear(parts: FailoverParts, peers: Peers, side: Side): void {
  const { network, late } = peers;
  const { settings } = parts;
  network.listen((event) => {
    if (event.kind === 'refused' || isReplaced(parts, event.peerId)) return;
    const original = standInOf(parts, event.peerId);
    if (original !== undefined) return side.watch.hear({ ...event, peerId: original });
    if (!isProtected(parts, event.peerId)) return;
    side.watch.hear(event);
    if (event.kind === 'keep-alive') side.backups.sawRevision(event.peerId, event.keepAlive.settingsRevision);
  });
  network.listen((event) => hearClaims(parts, side, event));
  network.listen(({ kind, ...event }) => {
    if (kind === 'refused' && event.peerId !== undefined) hearRefusal(parts, peers, side, event.peerId);
  });
  network.listen(createStrangerNews(parts));
  network.listen((event) => {
    if (event.kind !== 'key-changed') return;
    const message = `Another key answers in the name of ${nameOfServer(settings, event.peerId)} (${event.address}): it was reinstalled, or it is not that server. Nothing was accepted.`;
    parts.activity.record({ severity: 'error', code: 'key-changed', message });
  });
  network.handle('handover.request', async ({ id }, params) => {
    // Older servers say nothing of it, and stop at once.
    const { holdSeconds } = heldSchema.safeParse(params).data ?? {};
    const holdMs = holdSeconds === undefined ? undefined : holdSeconds * 1000;
    return { result: await side.effects.handOver(id, holdMs) };
  });
  network.handle('peer.forget', async ({ id }) => {
    // Answered first: the connection ends with the record.
    parts.clock.after(durationMs(FORGET_AFTER_MS), () => forgotten(parts, side, id));
    return await Promise.resolve({ result: {} });
  });
  late.covering = () => ({
    progress: side.cover.progress((serverId) =>
      side.watch.stateOf(serverId)?.takeover === undefined ? 'covering' : 'takeover',
    ),
    channels: side.cover.channels(),
  });
  late.paired = async ({ server, fingerprint, peerPort, host }) => {
    const { version, suitability } = server;
    await side.known.paired({ identity: identityOf(server, fingerprint, peerPort), host, version, suitability });
  };
}

/** What was heard before there was a machine for it. */
export function hearRefusals(parts: FailoverParts, peers: Peers, side: Side): void {
  for (const { id } of parts.settings.peers.get().peers) hearRefusal(parts, peers, side, id);
}

/**
 * A protected server that is there, by its key, and does not let this one in: it is not down, and is not covered. If it deauthorized
 * this server while that was away the same follows as if it had been told (`peer.forget`); what a host introduced is for the host to end.
 */
function hearRefusal(parts: FailoverParts, { network }: Peers, side: Side, peerId: string): void {
  const refused = network.statusOf(peerId)?.refused;
  const record = parts.settings.peers.get().peers.find(({ id }) => id === peerId);
  if (refused === undefined || record === undefined) return;
  if (record.replacedBy !== undefined) return hearReplaced(parts, side, record, refused);
  if (!isProtected(parts, peerId) || side.watch.stateOf(peerId)?.watching !== 'on') return;
  const isFinal = refused.cause === 'deauthorized-by-peer' && isAuthorizedHere(record);
  const goodbye = { reason: isFinal ? 'deauthorized' : 'refused', message: refused.message } as const;
  side.watch.hear({ kind: 'goodbye', peerId, goodbye });
  if (isFinal) forgotten(parts, side, peerId);
}

/** Its successor is watched in its place. When that is over, and it was set up anew, nobody is left to be told. */
function hearReplaced(parts: FailoverParts, side: Side, { id, watched }: PeerRecord, { cause }: Refused): void {
  if (cause === 'deauthorized-by-peer' && !watched) forgotten(parts, side, id);
}
type Refused = { readonly cause: RefusedCause };

const isAuthorizedHere = ({ introduced, detachPending }: PeerRecord): boolean =>
  !introduced && detachPending === undefined;

function forgotten({ log }: FailoverParts, { known }: Side, id: string): void {
  known.forgottenBy(id).catch((error: unknown) => {
    log.error('a server that deauthorized this one was not forgotten', { id, reason: messageOf(error) });
  });
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

/** What other failover servers record for a server counts for its machine too: nobody waits for it. */
export function tellOthers(parts: FailoverParts, peers: Peers, { watch, covering }: Side): void {
  for (const { covering: claims } of othersOf(parts, peers))
    for (const { serverId, streams } of claims) {
      const theirs = streams.filter(
        ({ state, cameraId }) => state === 'recording' && covering.epochOfCamera(cameraId) === undefined,
      );
      if (theirs.length > 0) watch.tell(serverId, { kind: 'cover-progress', streams: theirs });
    }
}
