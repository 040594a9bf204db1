/** Giving covered footage back, put together: restorations of incidents, what they lead to, the share of the other side. */
import { join } from 'node:path';
import { nameOfServer } from '../control/failover-api.ts';
import { openOwedAccounts } from '../control/owed-accounts.ts';
import type { OwedAccounts } from '../control/owed-accounts.ts';
import { seconds } from '../core/clock.ts';
import type { Cancel } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { StreamRef } from '../failover/cover-reasons.ts';
import { startRestoration } from '../restoration/restoration.ts';
import type {
  Restoration,
  RestorationDeps,
  RestorationEvent,
  RestorationOrder,
  RestorationProgress,
} from '../restoration/restoration-types.ts';
import { RETURN_SECRET } from '../site/failover-settings.ts';
import { openSmbShare } from '../smb/smb-client.ts';
import { oweNotCovered, oweUnrecorded } from './account-set-up.ts';
import { reachedAt, standInOf } from './failover-box.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import type { Peers } from './peer-set-up.ts';
import { tellMissing } from './incident-account.ts';
import { createIncidentEnds } from './incident-ends.ts';
import type { IncidentEnds } from './incident-ends.ts';
import { createReceiptKeys } from './receipt-keys.ts';
import { openIncidentBook } from './restoration-book.ts';
import type { IncidentBook } from './restoration-book.ts';

export type RestorationSide = {
  readonly service: Restoration;
  readonly begin: (incident: string, order: RestorationOrder) => void;
  /** Nothing of the incident is covered any more. */
  readonly restoring: (serverId: string, incident: string) => void;
  /** Once all parts are there: incidents whose restoration ended while nobody could be told. */
  readonly resume: () => void;
};

const SHARE_TIMEOUT = seconds(20);
/** How soon the protected server hears that kept footage was deleted. */
const FORGET_SECONDS = 60;
/** How soon an incident ends of which nobody said so. */
const LOOK_SECONDS = 60;
const LIST_WITHIN = seconds(60);

export function composeRestoration(parts: FailoverParts, peers: Peers, side: Side): RestorationSide {
  const { network } = peers;
  const { log, dataDir } = parts;
  const incidents = openIncidentBook(join(dataDir, 'restoration-incidents.json'), log);
  const owed = openOwedAccounts({ path: join(dataDir, 'restoration-accounts.json'), request: network.request, log });
  const service = startService(parts, network, side, (event) => hear(event));
  // Streams may go home one after the other: an incident has several restorations then.
  const ends = createIncidentEnds({
    incidents: parts.incidents,
    book: incidents,
    isOver: (id) => service.get(id)?.finishedAt !== undefined,
    tell: (serverId, happening) => side.watch.tell(standInOf(parts, serverId) ?? serverId, happening),
    clock: parts.clock,
  });
  const settling: Settling = { parts, peers, side, service, incidents, owed, ends, busy: new Set() };
  const settleSoon = (id: string): void => {
    settle(settling, id)
      .catch((error: unknown) => log.error('a restoration was not settled', { id, reason: messageOf(error) }))
      .finally(() => reviewKnown(settling));
  };
  const hear = (event: RestorationEvent): void => {
    tell(parts, event);
    if (event.kind === 'file-received') ends.received(event);
    if (event.kind === 'restoration-stopped') owe(parts, network, owed, event);
    // What is told while it begins comes before its id is known.
    if (event.kind === 'restoration-ended' || event.kind === 'restoration-stopped')
      queueMicrotask(() => settleSoon(event.id));
  };
  const cancels = [
    keepTelling(parts, network, service, owed),
    parts.clock.every(seconds(LOOK_SECONDS), () => {
      ends.endAllOver(settling.busy);
      reviewKnown(settling);
    }),
  ];
  return {
    service: {
      ...service,
      stop: async () => {
        for (const cancel of cancels) cancel();
        await service.stop();
      },
    },
    begin: (incident, order) => {
      oweNotCovered(parts, peers, side, { owed, order });
      // Those of now: a later cover may overlap this range with its ring, and has a restoration of its own.
      const covers = coversIn(side, order);
      incidents.put(service.begin(addressed(parts, order)), { incident, covers });
    },
    restoring: (serverId, incident) =>
      // Behind the effects of this step: one of them begins the restoration.
      queueMicrotask(() => ends.endIfOver(serverId, incident)),
    resume: () => {
      for (const id of incidents.ids())
        if (service.get(id) === undefined) incidents.forget(id);
        else if (isToSettle(service.get(id)?.state, incidents.isTold(id))) settleSoon(id);
    },
  };
}

/** To whoever is in the place of the protected server now: it has no disc in common with this one, and names another share. */
function addressed(parts: FailoverParts, order: RestorationOrder): RestorationOrder {
  const serverId = reachedAt(parts, order.serverId);
  if (serverId === order.serverId) return order;
  return { ...order, serverId, policy: order.policy === 'shared' ? 'return' : order.policy, transport: 'direct' };
}

type Settling = {
  readonly parts: FailoverParts;
  readonly peers: Peers;
  readonly side: Side;
  readonly service: Pick<Restoration, 'get'>;
  readonly incidents: IncidentBook;
  readonly owed: OwedAccounts;
  readonly ends: IncidentEnds;
  /** Incidents whose last words are on their way. */
  readonly busy: Set<string>;
};
/** Servers of which something was kept only for the sake of their footage. */
function reviewKnown({ parts, side }: Settling): void {
  side.known
    .review()
    .catch((error: unknown) => parts.log.error('known servers not reviewed', { reason: messageOf(error) }));
}

/** A restoration is over: the protected server hears why seconds are missing, covers are settled, the incident ends. */
async function settle(settling: Settling, id: string): Promise<void> {
  const { parts, peers, side, service, incidents, owed, ends, busy } = settling;
  const order = service.get(id)?.order;
  const incident = incidents.take(id);
  if (order === undefined) return;
  if (incident !== undefined) oweUnrecorded(parts, peers, { owed, order });
  await owed.settle(order.serverId);
  const state = service.get(id)?.state;
  await settleCovers(side, state, incidents.coversOf(id) ?? coversIn(side, order));
  if (state === 'done' || state === 'stopped') incidents.forget(id);
  if (order.policy === 'keep') await tellKept(parts, peers.network, order.serverId);
  if (incident === undefined) return;
  busy.add(incident);
  await tellMissing(parts, peers.network, order, incident);
  busy.delete(incident);
  ends.endIfOver(order.serverId, incident);
}

/** Answers about kept footage, and what other servers are told when they are back; the result ends the telling by the clock. */
function keepTelling(
  parts: FailoverParts,
  network: Peers['network'],
  service: Restoration,
  owed: OwedAccounts,
): Cancel {
  for (const [method, handler] of Object.entries(service.keptHandlers)) network.handle(method, handler);
  network.listen((event) => {
    if (event.kind !== 'hello') return;
    service.nudge(event.peerId);
    void owed.settle(event.peerId);
  });
  return parts.clock.every(seconds(FORGET_SECONDS), () => {
    for (const serverId of service.forgetDeleted()) void tellKept(parts, network, serverId);
  });
}

function startService(
  parts: FailoverParts,
  network: Peers['network'],
  side: Side,
  publish: RestorationDeps['publish'],
): Restoration {
  const { settings, clock, log, dataDir, catalogue } = parts;
  return startRestoration({
    ownServerId: settings.server.get().id,
    dataDirectory: dataDir,
    catalogue,
    volumes: () => settings.volumes.get().volumes,
    isReady: () => parts.recording.mediaIsUp() && !parts.recording.isReconciling(),
    request: network.request,
    clockOffsetOf: (serverId) => {
      const offset = network.statusOf(serverId)?.clockOffsetMs;
      // The channel says what to add to its times to have ours.
      return offset === undefined ? undefined : -offset;
    },
    ownersOf: (serverId) => [
      serverId,
      ...settings.peers.get().peers.flatMap(({ id, replacedBy }) => (replacedBy?.id === serverId ? [id] : [])),
    ],
    receiptKeyOf: createReceiptKeys(parts, network).keyOf,
    isCovering: (key) =>
      side.cover
        .covered()
        .some(({ cameraId, stream, to }) => to === undefined && cameraId === key.cameraId && stream === key.stream),
    rateLimit: () => settings.failover.get().restorationLimit,
    openShare: createShareOpener(parts, side),
    publish,
    clock,
    log,
  });
}

/** It lists again what is kept here for it; if it is not there it does so when it connects. */
async function tellKept({ log }: FailoverParts, network: Peers['network'], serverId: string): Promise<void> {
  try {
    await network.request(serverId, 'footage.kept-changed', {}, { timeoutMs: LIST_WITHIN });
  } catch (error) {
    log.info('a protected server lists what is kept when it connects', { serverId, reason: messageOf(error) });
  }
}

/** It was there and was deleted on order: the protected server says so where it is missing. */
function owe(
  { settings }: FailoverParts,
  network: Peers['network'],
  owed: OwedAccounts,
  { serverId, lost }: Extract<RestorationEvent, { kind: 'restoration-stopped' }>,
): void {
  const offset = -(network.statusOf(serverId)?.clockOffsetMs ?? 0);
  const detail = `Deleted on ${settings.server.get().name} before it was given back: its restoration was stopped.`;
  owed.owe(
    serverId,
    lost.map(({ start, end, ...key }) => ({
      ...key,
      start: start + offset,
      end: end + offset,
      cause: 'deleted',
      detail,
    })),
  );
}

/** Ended while nobody could be told, or in the middle of telling. What is left of others waits for a person, or for retention. */
function isToSettle(state: RestorationProgress['state'] | undefined, isTold: boolean): boolean {
  return state === 'done' || state === 'stopped' || (!isTold && (state === 'incomplete' || state === 'kept'));
}

/** What was not given back stays until somebody deletes it: a settled cover would leave it to the ring. */
async function settleCovers(
  { cover }: Side,
  state: RestorationProgress['state'] | undefined,
  covers: readonly string[],
): Promise<void> {
  if (state === 'kept') return await cover.keeps(covers);
  if (state === 'done' || state === 'stopped') await cover.settled(covers);
}

/** Closed covers whose footage lay in what was given back. */
function coversIn({ cover }: Side, { serverId, streams, start, end }: RestorationOrder): readonly string[] {
  const isOne = (one: StreamRef): boolean =>
    streams.some(({ cameraId, stream }) => one.cameraId === cameraId && one.stream === stream);
  return cover.covered().flatMap((one) => {
    const isInside = one.to !== undefined && one.from < end && one.to > start;
    return one.serverId === serverId && isOne(one) && isInside ? [one.id] : [];
  });
}

const WORDS = {
  done: 'All footage that was recorded for it is back',
  incomplete: 'Footage that was recorded for it is back, but for what was damaged or refused',
  kept: 'Footage that was recorded for it stays here',
} as const;

function tell({ activity, settings, publish }: FailoverParts, event: RestorationEvent): void {
  const name = nameOfServer(settings, event.serverId);
  publish({ kind: 'server' });
  switch (event.kind) {
    case 'restoration-started':
      return activity.record({
        severity: 'info',
        code: event.kind,
        message: `${name}: its footage is on its way home.`,
      });
    case 'restoration-problem':
      return activity.record({ severity: 'warning', code: event.code, message: `${name}: ${event.message}` });
    case 'restoration-ended': {
      // Tried again in vain: that was told.
      if (event.isAgain && event.state === 'incomplete') return undefined;
      const severity = event.state === 'incomplete' ? 'warning' : 'info';
      return activity.record({ severity, code: event.kind, message: `${name}: ${WORDS[event.state]}.` });
    }
    // Booked with the name of who did it (control/failover-api.ts).
    case 'restoration-stopped':
    case 'file-received':
      return undefined;
  }
}

/** The share is named in the settings of the protected server, and so in its backup. */
function createShareOpener({ clock }: FailoverParts, { backups }: Side): RestorationDeps['openShare'] {
  return async (serverId, signal) => {
    const backup = backups.latest(serverId);
    const place = backup?.settings.server.returnShare;
    if (backup === undefined || place === undefined)
      throw new UnderstudyError(
        'unavailable',
        'footage/no-share',
        'The protected server names no share for returned footage.',
      );
    const { host, port, share, username, domain, encryption: encrypt, folder } = place;
    const password = backup.settings.secrets[RETURN_SECRET] ?? '';
    const account = { username, password, domain };
    const opened = await openSmbShare({
      host,
      port,
      share,
      ...account,
      encrypt,
      clock,
      timeoutMs: SHARE_TIMEOUT,
      signal,
    });
    return { share: opened, folder };
  };
}
