/** What the routes of membership need: leaving the site, the lock, addresses, several servers at once. */
import type { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { KnownServer } from '../api/contract/failover.ts';
import type {
  bulkServersRequest,
  BulkServersResult,
  changeServerRequest,
  detachRequest,
  DetachResult,
} from '../api/contract/membership.ts';
import type { Editable, MembershipDeps } from '../api/routes/membership.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import type { PeerRecord } from '../site/peer.ts';
import type { DetachOutcome, Detaching } from './detaching.ts';
import type { KnownServers } from './known-servers.ts';
import { wordsOfWaiting } from './securing.ts';
import type { Securing } from './securing.ts';

export type MembershipApiDeps = {
  readonly settings: Pick<Settings, 'peers' | 'server'>;
  readonly known: Pick<KnownServers, 'find' | 'setEnabled'>;
  readonly detaching: Pick<Detaching, 'detach' | 'cancel' | 'refuseHeld' | 'isMember'>;
  readonly securing: Pick<Securing, 'secure' | 'cancel'>;
  readonly viewOf: (record: PeerRecord) => KnownServer;
  /** SHA-256 of the certificate at an address. @throws UnderstudyError when nothing answers */
  readonly fetchFingerprint: (host: string, port: number) => Promise<string>;
  /** The peer records changed. */
  readonly refresh: () => void;
  readonly activity: Pick<ActivityLog, 'record'>;
};
export type MembershipApi = MembershipDeps & {
  /** A member of the site is disabled only when nothing is lost by it. */
  readonly setEnabled: (id: string, enabled: boolean, user: string, confirmed?: boolean) => Promise<PeerRecord>;
  /** Now, or when its footage is home. */
  readonly disableSecured: (id: string, user: string) => Promise<PeerRecord>;
};

type Change = z.output<typeof changeServerRequest>;
type DetachWish = z.output<typeof detachRequest>;
type Bulk = z.output<typeof bulkServersRequest>;
type Row = BulkServersResult['rows'][number];
/** Each asks other servers. */
const MAX_AT_ONCE = 8;

export function createMembershipApi(deps: MembershipApiDeps): MembershipApi {
  const { known, detaching, securing, viewOf } = deps;
  const setEnabled: MembershipApi['setEnabled'] = async (id, enabled, user, confirmed = false) => {
    const record = known.find(id);
    const isTakenBack = enabled && (await securing.cancel(id, 'disable', user));
    if (isTakenBack && record.enabled) return known.find(id);
    if (!enabled && !confirmed && detaching.isMember(id)) await detaching.refuseHeld(record, 'be disabled');
    return await known.setEnabled(id, enabled, user);
  };
  return {
    setEnabled,
    disableSecured: async (id, user) => {
      await securing.secure(id, { action: 'disable', cameras: 'keep' }, user);
      return known.find(id);
    },
    detach: async (id, request, user) => {
      const { name } = known.find(id);
      return { id, name, ...(await detached(deps, id, request, user)) };
    },
    cancelDetach: async (id, user) => {
      const isTakenBack = await securing.cancel(id, 'detach', user);
      return viewOf(isTakenBack ? known.find(id) : await detaching.cancel(id, user));
    },
    changeServer: async (id, change, user, check) => viewOf(await changeServer(deps, { id, change, user, check })),
    bulk: async (request, user) => {
      const queue = [...new Set(request.ids)].entries();
      const rows: Row[] = [];
      const work = async (): Promise<void> => {
        for (const [index, id] of queue) rows[index] = await rowOf(deps, setEnabled, { id, request, user });
      };
      await Promise.all(Array.from({ length: MAX_AT_ONCE }, work));
      return { rows };
    },
  };
}

type Detached = Pick<DetachResult, 'state' | 'message'>;
async function detached(deps: MembershipApiDeps, id: string, request: DetachWish, user: string): Promise<Detached> {
  const { known, detaching, securing } = deps;
  const { name } = known.find(id);
  const { cameras, confirm, secure = false } = request;
  // A name that was typed means: now.
  if (secure && confirm === undefined && detaching.isMember(id)) {
    const waits = await securing.secure(id, { action: 'detach', cameras }, user);
    if (waits !== undefined) return { state: 'pending', message: `${wordsOfWaiting(name, 'detach')}: ${waits}` };
    const isThere = deps.settings.peers.get().peers.some((record) => record.id === id);
    const outcome: DetachOutcome = isThere ? { state: 'pending', problem: undefined } : { state: 'detached' };
    return { state: outcome.state, message: wordsOf(name, outcome) };
  }
  const outcome = await detaching.detach(id, { cameras, confirm }, user);
  return { state: outcome.state, message: wordsOf(name, outcome) };
}

function wordsOf(name: string, outcome: DetachOutcome): string {
  if (outcome.state === 'detached') return `${name} was detached from this site.`;
  const why = outcome.problem === undefined ? 'is away' : `has not confirmed it (${outcome.problem})`;
  return `${name} ${why}: it is detached when it returns.`;
}

type RowWork = { readonly id: string; readonly request: Bulk; readonly user: string };
async function rowOf(
  deps: MembershipApiDeps,
  setEnabled: MembershipApi['setEnabled'],
  { id, request, user }: RowWork,
): Promise<Row> {
  try {
    const { name } = deps.known.find(id);
    try {
      return { id, name, ok: true, ...(await act(deps, setEnabled, { id, request, user })) };
    } catch (error) {
      return { ...failed(id, error), name };
    }
  } catch (error) {
    return failed(id, error);
  }
}

/** What was not raised on purpose says nothing about itself. */
const failed = (id: string, error: unknown): Row => ({
  id,
  ok: false,
  code: error instanceof UnderstudyError ? error.code : 'internal',
  message: error instanceof UnderstudyError ? messageOf(error) : 'Something went wrong here; the log has the details.',
});

async function act(
  deps: MembershipApiDeps,
  setEnabled: MembershipApi['setEnabled'],
  { id, request: { action, cameras, confirm, secure = false }, user }: RowWork,
): Promise<Pick<Row, 'state' | 'message'>> {
  const { name } = deps.known.find(id);
  const isConfirmed = confirm.includes(name);
  switch (action) {
    case 'disable':
      if (secure && !isConfirmed) return await disabledWhenHome(deps, id, user);
      await setEnabled(id, false, user, isConfirmed);
      return {};
    case 'enable':
      await setEnabled(id, true, user);
      return {};
    case 'lock':
    case 'unlock':
      await changeServer(deps, { id, change: { locked: action === 'lock' }, user, check: () => undefined });
      return {};
    default:
      return await detached(deps, id, { cameras, confirm: isConfirmed ? name : undefined, secure }, user);
  }
}

async function disabledWhenHome(
  { known, securing }: MembershipApiDeps,
  id: string,
  user: string,
): Promise<Pick<Row, 'state' | 'message'>> {
  const { name } = known.find(id);
  const waits = await securing.secure(id, { action: 'disable', cameras: 'keep' }, user);
  return waits === undefined ? {} : { state: 'pending', message: `${wordsOfWaiting(name, 'disable')}: ${waits}` };
}

type Changing = {
  readonly id: string;
  readonly change: Change;
  readonly user: string;
  readonly check: (now: Editable) => void;
};
async function changeServer(deps: MembershipApiDeps, { id, change, user, check }: Changing): Promise<PeerRecord> {
  const { settings, known, activity, refresh } = deps;
  const before = known.find(id);
  check(before);
  refuseChange(deps, before, change);
  await refuseAnother(deps, changed(before, change), change);
  await settings.peers.update((file) => ({
    peers: file.peers.map((record) => {
      if (record.id !== id) return record;
      check(record);
      return changed(record, change);
    }),
  }));
  refresh();
  const after = known.find(id);
  if (JSON.stringify(after) !== JSON.stringify(before))
    activity.record({ severity: 'info', code: 'server-changed', message: wordsOfChange(before, after), user });
  return after;
}

function changed(record: PeerRecord, { host, httpPort, peerPort, locked }: Change): PeerRecord {
  const { host: hostBefore, locked: lockedBefore = false, ...rest } = record;
  const newHost = host === undefined ? hostBefore : (host ?? undefined);
  return {
    ...rest,
    ...(newHost === undefined ? {} : { host: newHost }),
    ...(httpPort === undefined ? {} : { httpPort }),
    ...(peerPort === undefined ? {} : { peerPort }),
    ...((locked ?? lockedBefore) ? { locked: true } : {}),
  };
}

/** @throws server/not-member, server/introduced */
function refuseChange({ detaching }: MembershipApiDeps, { id, name, introduced }: PeerRecord, change: Change): void {
  if (change.locked !== undefined && !detaching.isMember(id)) {
    const message = `${name} is not managed by this server: only a host locks servers, and only its own.`;
    throw new UnderstudyError('conflict', 'server/not-member', message);
  }
  const { host, httpPort, peerPort } = change;
  if (!introduced || [host, httpPort, peerPort].every((part) => part === undefined)) return;
  const message = `The host tells where ${name} is: change its address there.`;
  throw new UnderstudyError('conflict', 'server/introduced', message);
}

/** Nobody is sent where somebody else is. An address where nothing answers may be right soon. @throws server/another */
async function refuseAnother(deps: MembershipApiDeps, wanted: PeerRecord, change: Change): Promise<void> {
  const { id, name, host, httpPort, peerPort, httpsFingerprint } = wanted;
  if (
    host === undefined ||
    (change.host === undefined && change.httpPort === undefined && change.peerPort === undefined)
  )
    return;
  const there = deps.settings.peers
    .get()
    .peers.find((other) => other.id !== id && other.host === host && other.peerPort === peerPort);
  if (there !== undefined)
    throw new UnderstudyError('conflict', 'server/another', `${there.name} is at that address, not ${name}.`);
  if (httpPort === undefined || httpsFingerprint === undefined) return;
  const shown = await deps.fetchFingerprint(host, httpPort).catch(() => httpsFingerprint);
  if (shown === httpsFingerprint) return;
  const message = `At ${host} port ${httpPort} another certificate is shown than that of ${name}: it was reinstalled and must be authorized again, or it is not that server.`;
  throw new UnderstudyError('conflict', 'server/another', message);
}

function wordsOfChange(before: PeerRecord, { name, host, httpPort, locked = false }: PeerRecord): string {
  if (locked !== (before.locked ?? false))
    return locked
      ? `${name} is locked: only this host changes it from now on.`
      : `${name} is unlocked: it may be changed there again.`;
  const place = host === undefined ? 'it dials in' : `it is looked for at ${host} port ${httpPort ?? '(unknown)'}`;
  return `The address of ${name} was changed: ${place}.`;
}
