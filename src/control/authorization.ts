/**
 * Authorizing another server with the account of one of its administrators, of its owner for a host: signs in there over HTTPS pinned to the confirmed
 * certificate, exchanges identities, and makes the record. Nothing is stored here.
 *
 * Belongs here: that conversation, and which servers cannot be to each other what was asked. Does not: the records (known-servers.ts).
 */
import { z } from 'zod';
import type { addServerRequest } from '../api/contract/failover.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import { isHost } from '../site/host-role.ts';
import { foreignSiteOf, lockedBy, managerOf } from '../site/membership.ts';
import type { SiteTold } from '../site/membership.ts';
import { peerIdentitySchema, peerRecordSchema } from '../site/peer.ts';
import type { PeerIdentity, PeerRecord } from '../site/peer.ts';
import { unsuitedRemote } from '../site/suitability.ts';
import type { Unsuited } from '../site/suitability.ts';
import { isOlder } from '../site/version.ts';

/** An API of another server, pinned to a fingerprint, with a session of its own. */
export type RemoteApi = { readonly call: (method: string, path: string, body?: object) => Promise<unknown> };
export type RemotePlace = { readonly host: string; readonly port: number; readonly fingerprint: string };

export type AuthorizationDeps = {
  readonly settings: Pick<Settings, 'peers' | 'server'>;
  readonly remoteApi: (place: RemotePlace) => RemoteApi;
  /** This server, as the others shall know it. */
  readonly describe: () => PeerIdentity;
  /** Of the release that runs here. */
  readonly version: string;
  readonly clock: Pick<Clock, 'now'>;
};
export type Joining = z.output<typeof addServerRequest>;

const remoteServer = z.looseObject({
  id: peerIdentitySchema.shape.id,
  name: peerIdentitySchema.shape.name,
  mode: peerIdentitySchema.shape.mode,
  version: z.string().max(64).optional(),
  site: z
    .looseObject({
      kind: z.string().max(32).optional(),
      host: z.looseObject({ id: z.string(), name: z.string() }).optional(),
    })
    .optional(),
  platform: z
    .looseObject({ os: z.string(), frameGrabbers: z.array(z.string().max(200)).max(32).optional() })
    .optional(),
});
export type Remote = Pick<PeerIdentity, 'id' | 'name' | 'mode'> & {
  readonly version?: string | undefined;
  readonly site?: SiteTold | undefined;
  readonly platform?: { readonly os: string; readonly frameGrabbers?: readonly string[] | undefined } | undefined;
};

/**
 * `before`: the record of a server that is authorized again.
 * @throws server/fingerprint, server/credentials, server/not-admin, server/not-owner, server/not-one, and the refusals
 */
export async function authorizeAt(
  deps: AuthorizationDeps,
  request: Joining,
  before: PeerRecord | undefined,
): Promise<PeerRecord> {
  const { host, httpPort, httpsFingerprint, username, password } = request;
  const api = deps.remoteApi({ host, port: httpPort, fingerprint: httpsFingerprint });
  const role = isHost(deps.settings.server.get()) ? 'manages' : 'protects';
  try {
    await api.call('POST', '/sessions', { username, password });
    const remote = parsed(remoteServer, await api.call('GET', '/server'), host);
    refuseUnsuited(deps, remote, before);
    const answer = await api.call('POST', '/peers', { peer: deps.describe(), role });
    const identity = parsed(peerIdentitySchema, answer, host);
    if (identity.id !== remote.id) throw notOne(host, 'it gives two ids');
    return recordOf(deps, { ...identity, httpsFingerprint, httpPort }, { host, before, lock: request.lock });
  } catch (error) {
    throw wordsFor(error, host, role);
  } finally {
    await signOut(api);
  }
}

/** Of what was asked there with the account of a person, who stays signed in elsewhere. A release that does not know it forgets the session by itself. */
export async function signOut(api: RemoteApi): Promise<void> {
  await api.call('DELETE', '/sessions/current?others=keep').catch(() => undefined);
}

function parsed<T>(schema: z.ZodType<T>, answer: unknown, host: string): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw notOne(host, `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim());
}

const notOne = (host: string, why: string): UnderstudyError =>
  new UnderstudyError('protocol', 'server/not-one', `${host} does not answer as an Understudy server: ${why}.`);

/** What the other side said, as something that the person here can act on. */
export function wordsFor(error: unknown, host: string, role: 'manages' | 'protects'): unknown {
  if (!(error instanceof UnderstudyError)) return error;
  if (error.code === 'api/certificate')
    return new UnderstudyError('forbidden', 'server/fingerprint', error.message, { cause: error });
  if (error.code !== 'api/refused') return error;
  if (error.context['status'] === 401) {
    const message = `${host} knows no such user with this password; nothing was changed.`;
    return new UnderstudyError('invalid', 'server/credentials', message, { cause: error });
  }
  const theirs = error.context['code'];
  if (error.context['status'] === 409 && typeof theirs === 'string')
    return new UnderstudyError('conflict', theirs, error.message, { cause: error });
  if (error.context['status'] !== 403) return error;
  const [code, needs] =
    role === 'manages'
      ? ['server/not-owner', 'only its owner lets a host manage it']
      : ['server/not-admin', "the account there must be an administrator's"];
  return new UnderstudyError('invalid', code, `${host} refuses: ${needs}. It says: ${error.message}`, { cause: error });
}

function refuseKnown(peers: readonly PeerRecord[], { id, name }: Remote): void {
  const known = peers.find((peer) => peer.id === id);
  if (known === undefined) return;
  const { introduced, forgottenAt, joining, replacedBy, watched } = known;
  if (introduced || forgottenAt !== undefined || joining !== undefined) return;
  if (replacedBy === undefined) throw new UnderstudyError('conflict', 'server/known', `${name} is known here already.`);
  if (!watched) return;
  // By its old record its successor still hears of it.
  const message = `${name} was replaced, and what was recorded for it here is still being handed over: add it when that is done (understudy restoration).`;
  throw new UnderstudyError('conflict', 'server/known', message);
}

function refuseUnsuited(deps: AuthorizationDeps, remote: Remote, before: PeerRecord | undefined): void {
  refuseItself(deps, remote.id);
  if (before !== undefined && before.id !== remote.id) {
    const message = `Another server, ${remote.name}, is at the address of ${before.name}.`;
    throw new UnderstudyError('conflict', 'server/another', message);
  }
  const { peers, server } = deps.settings;
  if (before === undefined) refuseKnown(peers.get().peers, remote);
  if (server.get().mode === 'recording' && !isHost(server.get())) {
    const message = 'This server records. Only a failover server or a host adds others: change its mode first.';
    throw new UnderstudyError('conflict', 'server/mode', message);
  }
  refuseModes(deps, remote);
  refuseForeign(deps, remote);
  refuseOlder(deps, remote);
  refuseUnprotectable(unsuitedRemote(remote));
}

/** @throws server/netbsd, server/frame-grabber */
export function refuseUnprotectable(unsuited: Unsuited | undefined): void {
  if (unsuited !== undefined) throw new UnderstudyError('unsupported', unsuited.code, unsuited.message);
}

/**
 * A server of another site must leave that one first.
 * @throws server/foreign
 */
function refuseForeign({ settings }: Pick<AuthorizationDeps, 'settings'>, { id, name, site }: Remote): void {
  const server = settings.server.get();
  const own = isHost(server) ? server.id : managerOf(settings.peers.get().peers)?.id;
  if (own === undefined) return;
  const message = foreignSiteOf({ id, name, site }, own);
  if (message !== undefined) throw new UnderstudyError('conflict', 'server/foreign', message);
}

/**
 * A host may say things that an older release does not understand (product A10).
 * @throws server/older
 */
export function refuseOlder(
  { settings, version }: Pick<AuthorizationDeps, 'settings' | 'version'>,
  remote: Pick<Remote, 'name' | 'mode' | 'version'>,
): void {
  if (remote.version === undefined) return;
  if (isHost(settings.server.get()) && isOlder(remote.version, version)) {
    const message = `${remote.name} runs release ${remote.version}, which is older than ${version} of this host: update it first, then add it.`;
    throw new UnderstudyError('conflict', 'server/older', message);
  }
  if (remote.mode !== 'host' || !isOlder(version, remote.version)) return;
  const message = `This server runs release ${version}, which is older than ${remote.version} of the host ${remote.name}: update it first, then join.`;
  throw new UnderstudyError('conflict', 'server/older', message);
}

/**
 * Nobody but its host gives a locked server somebody new to trust.
 * @throws server/locked
 */
export function refuseLocked(
  { settings }: Pick<AuthorizationDeps, 'settings'>,
  peer: Pick<PeerIdentity, 'id' | 'fingerprint'>,
): void {
  const host = lockedBy(settings.peers.get().peers);
  if (host === undefined || (host.id === peer.id && host.fingerprint === peer.fingerprint)) return;
  const why =
    host.id === peer.id
      ? ', and has another key than this: whoever succeeds it as the host unlocks this server.'
      : ': add it to the site there.';
  const message = `${host.name} manages this server and locks it${why}`;
  throw new UnderstudyError('conflict', 'server/locked', message);
}

const SAME_MODE: Readonly<Record<PeerIdentity['mode'], string>> = {
  recording: 'records too. Recording servers have nothing to do for each other; a failover server protects both.',
  failover: 'is a failover server too. A failover server protects recording servers; a host manages both.',
  host: 'is a host too. A site has one host.',
};
/** @throws server/mode, server/managed */
export function refuseModes({ settings }: Pick<AuthorizationDeps, 'settings'>, remote: Remote): void {
  const own = settings.server.get();
  if (isHost(own) ? remote.mode === 'host' : own.mode === remote.mode)
    throw new UnderstudyError('conflict', 'server/mode', `${remote.name} ${SAME_MODE[remote.mode]}`);
  if (remote.mode === 'host') refuseSecondManager(settings.peers.get().peers, remote.id);
}

/** @throws server/managed */
export function refuseSecondManager(peers: readonly PeerRecord[], peerId: string): void {
  const manager = managerOf(peers.filter(({ id }) => id !== peerId));
  if (manager === undefined) return;
  const message = `This server belongs to the site of ${manager.name}: it must be detached there first, or ${manager.name} deauthorized here.`;
  throw new UnderstudyError('conflict', 'server/managed', message);
}

/** @throws server/itself */
export function refuseItself({ settings }: Pick<AuthorizationDeps, 'settings'>, peerId: string): void {
  if (peerId !== settings.server.get().id) return;
  const message = 'That is this server itself; give the address of another one.';
  throw new UnderstudyError('conflict', 'server/itself', message);
}

type RecordMore = {
  readonly host: string | undefined;
  readonly before: PeerRecord | undefined;
  /** Only a host locks; absent: as it was. */
  readonly lock?: boolean | undefined;
};
/** What the two servers are to each other follows from their modes. */
export function recordOf(
  { settings, clock }: Pick<AuthorizationDeps, 'settings' | 'clock'>,
  identity: PeerIdentity,
  { host, before, lock = before?.locked }: RecordMore,
): PeerRecord {
  const { mode } = settings.server.get();
  const record = {
    ...placed({ ...identity, host }),
    watched: mode === 'failover' && identity.mode === 'recording',
    watcher: mode === 'recording' && identity.mode === 'failover',
    managesUs: mode !== 'host' && identity.mode === 'host',
    introduced: false,
    enabled: before?.enabled ?? true,
    addedAt: before?.addedAt ?? clock.now(),
    ...lockOf(lock === true && isHost(settings.server.get())),
  };
  return parsed<PeerRecord>(peerRecordSchema, record, host ?? identity.name);
}

/** Absent where it is not locked. */
export const lockOf = (isLocked: boolean): Pick<PeerRecord, 'locked'> => (isLocked ? { locked: true } : {});

type Placed = Pick<
  PeerRecord,
  'id' | 'name' | 'mode' | 'fingerprint' | 'httpsFingerprint' | 'host' | 'peerPort' | 'httpPort' | 'clientAddress'
>;
/** What another server says of itself, without what it does not know. */
export function placed({
  id,
  name,
  mode,
  fingerprint,
  ...optional
}: Omit<PeerIdentity, 'host'> & { readonly host?: string | undefined }): Placed {
  const known = Object.entries(optional).filter(([, value]) => value !== undefined);
  return { id, name, mode, fingerprint, ...Object.fromEntries(known) };
}
