/**
 * The other servers this one knows and trusts: authorizing with an administrator's account of theirs, pairing codes, being
 * introduced, forgetting. Discovery gives hints, never trust: credentials go only to a confirmed fingerprint.
 *
 * Belongs here: the records and the conversation that makes them. Does not: the channel (peer), what a trusted server may do.
 */
import { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { addServerRequest, authorizeServerRequest, introducePeerRequest } from '../api/contract/failover.ts';
import { peerIdentity } from '../api/contract/failover.ts';
import type { PeerIdentity } from '../api/contract/failover.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import type { PeerRecord } from '../site/peer.ts';

/** An API of another server, pinned to a fingerprint, with a session of its own. */
export type RemoteApi = { readonly call: (method: string, path: string, body?: object) => Promise<unknown> };
export type RemotePlace = { readonly host: string; readonly port: number; readonly fingerprint: string };

export type KnownServersDeps = {
  readonly settings: Pick<Settings, 'peers' | 'server'>;
  readonly remoteApi: (place: RemotePlace) => RemoteApi;
  /** This server, as the others shall know it. */
  readonly describe: () => PeerIdentity;
  readonly network: {
    readonly refresh: () => void;
    readonly revoke: (peerId: string) => void;
    readonly isConnected: (peerId: string) => boolean;
    /** `peer.forget`: the other side shall forget this one. */
    readonly sayForget: (peerId: string) => Promise<void>;
  };
  /** A protected server was authorized: its first backup, which is required, and whether it can be protected at all. */
  readonly firstBackup: (serverId: string) => Promise<void>;
  /** @throws failover/covering when footage would be lost by it */
  readonly beforeForgetting: (serverId: string) => void;
  readonly onForgotten: (serverId: string) => Promise<void>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
};
export type KnownServers = {
  readonly add: (request: z.output<typeof addServerRequest>, user: string) => Promise<PeerRecord>;
  readonly authorize: (
    id: string,
    request: z.output<typeof authorizeServerRequest>,
    user: string,
  ) => Promise<PeerRecord>;
  readonly deauthorize: (id: string, user: string, remove: boolean) => Promise<void>;
  readonly setEnabled: (id: string, enabled: boolean, user: string) => Promise<PeerRecord>;
  readonly introduce: (request: z.output<typeof introducePeerRequest>, user: string) => Promise<PeerIdentity>;
  /** From a pairing that both sides proved. */
  readonly paired: (peer: PairedServer) => Promise<PeerRecord>;
  /** The other side deauthorized this one. */
  readonly forgottenBy: (id: string) => Promise<void>;
  /** @throws server/unknown */
  readonly find: (id: string) => PeerRecord;
};
export type PairedServer = {
  readonly identity: PeerIdentity;
  /** Where it was dialled; undefined: it dialled us. */
  readonly host: string | undefined;
};

const CONNECT_WITHIN_MS = 10_000;
const POLL_MS = 50;

const remoteServer = z.looseObject({
  id: z.string(),
  name: z.string(),
  mode: z.enum(['recording', 'failover', 'host']),
});

export function createKnownServers(deps: KnownServersDeps): KnownServers {
  const { settings, network, activity } = deps;
  const peers = (): readonly PeerRecord[] => settings.peers.get().peers;
  const find = (id: string): PeerRecord => {
    const record = peers().find((peer) => peer.id === id);
    if (record !== undefined) return record;
    throw new UnderstudyError('not-found', 'server/unknown', `No server with the id ${id.slice(0, 64)} is known here.`);
  };
  const put = async (record: PeerRecord): Promise<void> => {
    await settings.peers.update((file) => ({ peers: [...file.peers.filter(({ id }) => id !== record.id), record] }));
    network.refresh();
  };
  const drop = async (id: string): Promise<void> => {
    network.revoke(id);
    await settings.peers.update((file) => ({ peers: file.peers.filter((peer) => peer.id !== id) }));
    network.refresh();
    await deps.onForgotten(id);
  };
  const admitted = createAdmission(deps, put, drop);
  const forgotten = async (id: string, message: string, user: string | undefined): Promise<void> => {
    const { name } = find(id);
    await drop(id);
    activity.record({
      severity: 'warning',
      code: 'server-removed',
      message: `${name} ${message}`,
      ...(user && { user }),
    });
  };
  const join = createJoining(deps, admitted, find);
  return {
    find,
    add: async (request, user) => await join(request, user, undefined),
    authorize: async (id, request, user) => {
      const before = find(id);
      const { host, httpPort } = before;
      if (host === undefined || httpPort === undefined)
        throw new UnderstudyError('conflict', 'server/dials-in', `${before.name} dials in: pair it with a new code.`);
      return await join({ ...request, host, httpPort }, user, before);
    },
    deauthorize: async (id, user) => {
      find(id);
      deps.beforeForgetting(id);
      await network.sayForget(id).catch(() => undefined);
      await forgotten(id, 'was deauthorized.', user);
    },
    setEnabled: async (id, enabled, user) => {
      const before = find(id);
      if (!enabled) deps.beforeForgetting(id);
      await put({ ...before, enabled });
      const message = `${before.name} was ${enabled ? 'enabled' : 'disabled'}.`;
      activity.record({ severity: 'info', code: 'server-changed', message, user });
      return find(id);
    },
    introduce: async ({ peer, role }, user) => await introduced(deps, { peer, role, put, user }),
    paired: async ({ identity, host }) => {
      const record = recordOf(identity, { host, before: peers().find(({ id }) => id === identity.id), deps });
      await admitted(record);
      const message = `${record.name} was paired by a code.`;
      activity.record({ severity: 'info', code: 'server-authorized', message });
      return find(record.id);
    },
    forgottenBy: async (id) => {
      if (peers().some((peer) => peer.id === id)) await forgotten(id, 'deauthorized this server.', undefined);
    },
  };
}

/** Connected and, if protected, backed up; else nothing of it stays on either side. */
function createAdmission(
  { network, firstBackup, clock }: KnownServersDeps,
  put: (record: PeerRecord) => Promise<void>,
  drop: (id: string) => Promise<void>,
): (record: PeerRecord) => Promise<void> {
  return async (record) => {
    await put(record);
    try {
      await connected({ network, clock }, record);
      if (record.watched) await firstBackup(record.id);
    } catch (error) {
      await network.sayForget(record.id).catch(() => undefined);
      await drop(record.id);
      throw error;
    }
  };
}

type Joining = z.output<typeof addServerRequest>;

function createJoining(
  deps: KnownServersDeps,
  admitted: (record: PeerRecord) => Promise<void>,
  find: (id: string) => PeerRecord,
): (request: Joining, user: string, before: PeerRecord | undefined) => Promise<PeerRecord> {
  return async (request, user, before) => {
    const record = await conversation(deps, request, before);
    await admitted(record);
    const message = `${record.name} was authorized: this server ${record.watched ? 'protects' : 'manages'} it.`;
    deps.activity.record({ severity: 'info', code: 'server-authorized', message, user });
    return find(record.id);
  };
}

/** Signs in at the other server and exchanges identities. Nothing is stored here yet. */
async function conversation(
  deps: KnownServersDeps,
  request: Joining,
  before: PeerRecord | undefined,
): Promise<PeerRecord> {
  const { host, httpPort, httpsFingerprint, username, password } = request;
  const api = deps.remoteApi({ host, port: httpPort, fingerprint: httpsFingerprint });
  // The session is forgotten with this function; signing out would end those of the person too.
  await api.call('POST', '/sessions', { username, password });
  const remote = remoteServer.parse(await api.call('GET', '/server'));
  refuseUnsuited(deps, remote, before);
  const role = deps.settings.server.get().mode === 'host' ? 'manages' : 'protects';
  const identity = peerIdentity.parse(await api.call('POST', '/peers', { peer: deps.describe(), role }));
  return recordOf({ ...identity, httpsFingerprint, httpPort }, { host, before, deps });
}

function refuseUnsuited(
  { settings }: KnownServersDeps,
  remote: z.infer<typeof remoteServer>,
  before: PeerRecord | undefined,
): void {
  const self = settings.server.get();
  if (remote.id === self.id)
    throw new UnderstudyError(
      'conflict',
      'server/itself',
      'That is this server itself; give the address of another one.',
    );
  if (before !== undefined && before.id !== remote.id)
    throw new UnderstudyError(
      'conflict',
      'server/another',
      `Another server, ${remote.name}, is at the address of ${before.name}.`,
    );
  const isKnown = settings.peers.get().peers.some(({ id, introduced: byHost }) => id === remote.id && !byHost);
  if (before === undefined && isKnown)
    throw new UnderstudyError('conflict', 'server/known', `${remote.name} is known here already.`);
  if (self.mode === 'recording') {
    const message = 'This server records. Only a failover server or a host adds others: change its mode first.';
    throw new UnderstudyError('conflict', 'server/mode', message);
  }
  if (self.mode === 'failover' && remote.mode === 'failover') {
    const message = `${remote.name} is a failover server too. A failover server protects recording servers; a host manages both.`;
    throw new UnderstudyError('conflict', 'server/mode', message);
  }
}

type RecordMore = {
  readonly host: string | undefined;
  readonly before: PeerRecord | undefined;
  readonly deps: KnownServersDeps;
};
function recordOf(identity: PeerIdentity, { host, before, deps }: RecordMore): PeerRecord {
  const { mode } = deps.settings.server.get();
  return {
    ...placed({ ...identity, host }),
    watched: mode === 'failover' && identity.mode !== 'failover',
    watcher: mode === 'recording' && identity.mode === 'failover',
    managesUs: mode !== 'host' && identity.mode === 'host',
    introduced: false,
    enabled: before?.enabled ?? true,
    addedAt: before?.addedAt ?? deps.clock.now(),
  };
}

type Placed = Pick<
  PeerRecord,
  'id' | 'name' | 'mode' | 'fingerprint' | 'httpsFingerprint' | 'host' | 'peerPort' | 'httpPort'
>;
/** What another server says of itself, without what it does not know. */
function placed({
  id,
  name,
  mode,
  fingerprint,
  ...optional
}: Omit<PeerIdentity, 'host'> & { host?: string | undefined }): Placed {
  const known = Object.entries(optional).filter(([, value]) => value !== undefined);
  return { id, name, mode, fingerprint, ...Object.fromEntries(known) };
}

type Introduction = z.output<typeof introducePeerRequest> & {
  readonly put: (record: PeerRecord) => Promise<void>;
  readonly user: string;
};
function refuseIntroduction(
  { peers, server }: KnownServersDeps['settings'],
  peerId: string,
  role: Introduction['role'],
): void {
  const manager = peers.get().peers.find(({ managesUs, id }) => managesUs && id !== peerId);
  if (role === 'manages' && manager !== undefined) {
    const message = `${manager.name} manages this server already; it must be deauthorized here first.`;
    throw new UnderstudyError('conflict', 'server/managed', message);
  }
  if (peerId === server.get().id)
    throw new UnderstudyError('conflict', 'server/itself', 'A server cannot be introduced to itself.');
}

/** The other side has signed in here as an administrator: that is its authority. */
async function introduced(deps: KnownServersDeps, { peer, role, put, user }: Introduction): Promise<PeerIdentity> {
  const { settings, activity, clock } = deps;
  const before = settings.peers.get().peers.find(({ id }) => id === peer.id);
  refuseIntroduction(settings, peer.id, role);
  await put({
    ...placed({ ...peer, host: peer.host }),
    watched: before?.watched ?? false,
    watcher: role === 'protects' || before?.watcher === true,
    managesUs: role === 'manages' || before?.managesUs === true,
    introduced: false,
    enabled: true,
    addedAt: before?.addedAt ?? clock.now(),
  });
  const message = `${peer.name} ${role === 'manages' ? 'manages' : 'protects'} this server from now on.`;
  activity.record({ severity: 'warning', code: 'server-introduced', message, user });
  return deps.describe();
}

async function connected(
  { network, clock }: Pick<KnownServersDeps, 'network' | 'clock'>,
  { id, name }: PeerRecord,
): Promise<void> {
  const until = clock.monotonic() + CONNECT_WITHIN_MS;
  while (!network.isConnected(id)) {
    if (clock.monotonic() > until) {
      const message = `${name} accepted this server, but no connection to its peer port came about: is it open in the firewall?`;
      throw new UnderstudyError('unavailable', 'server/peer-port', message);
    }
    await clock.sleep(durationMs(POLL_MS));
  }
}
