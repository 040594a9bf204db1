/** What the routes of `/servers` and `/peers` need, from the parts that know: records, the channel, watching, backups, the LAN. */
import type { ActivityLog } from '../api/activity.ts';
import type { KnownServer, PeerIdentity } from '../api/contract/failover.ts';
import type { ServersAddingDeps } from '../api/routes/servers-adding.ts';
import type { ServersDeps } from '../api/routes/servers.ts';
import { isoOf } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import type { StandbyView } from '../cover/cover-types.ts';
import type { DiscoveredPeer } from '../discovery/lan-peer.ts';
import type { State } from '../failover/machine-types.ts';
import type { PeerNetwork, PeerStatus } from '../peer/network-types.ts';
import type { Settings } from '../settings/settings.ts';
import { isHost } from '../site/host-role.ts';
import { isLeaving } from '../site/introductions.ts';
import type { DetachPending, PeerRecord, SecuringWish } from '../site/peer.ts';
import { unsuitedServer } from '../site/suitability.ts';
import type { PeerKeepAlive } from '../wire/peer-protocol.ts';
import type { Backups, BackupState } from './backups.ts';
import type { Detaching } from './detaching.ts';
import type { KnownServers } from './known-servers.ts';
import { createMembershipApi } from './membership-api.ts';
import type { Securing } from './securing.ts';
import { siteOfFound } from './site-view.ts';
import type { FoundSite } from './site-view.ts';
import { standbySummaryOf } from './standby-summary.ts';

export type ServersApiDeps = {
  readonly settings: Pick<Settings, 'peers' | 'server'>;
  readonly known: KnownServers;
  readonly network: Pick<PeerNetwork, 'statusOf' | 'refresh' | 'openPairing' | 'pairWith' | 'fingerprint'>;
  readonly stateOf: (serverId: string) => State | undefined;
  /** The newest keep-alive of a peer, and when it came (wall milliseconds). */
  readonly heardOf: (peerId: string) => { readonly keepAlive: PeerKeepAlive; readonly at: number } | undefined;
  readonly backups: Backups;
  /** How ready its cameras are here. */
  readonly standbyOf: (serverId: string) => readonly StandbyView[];
  readonly search: (seconds: number) => Promise<readonly DiscoveredPeer[]>;
  readonly adding: ServersAddingDeps;
  readonly detaching: Detaching;
  readonly securing: Pick<Securing, 'secure' | 'cancel' | 'problemOf'>;
  /** SHA-256 of the certificate at an address. @throws UnderstudyError when nothing answers */
  readonly fetchFingerprint: (host: string, port: number) => Promise<string>;
  readonly activity: Pick<ActivityLog, 'record'>;
};

export function createServersApi(deps: ServersApiDeps): ServersDeps {
  const { settings, known, network, backups, detaching } = deps;
  const viewOf = (record: PeerRecord): KnownServer => viewOfServer(deps, record);
  const { setEnabled, disableSecured, ...membership } = createMembershipApi({
    ...deps,
    viewOf,
    refresh: network.refresh,
  });
  const canAdd = (): void => {
    const server = settings.server.get();
    if (isHost(server) && server.mode !== 'host') {
      const message =
        'This server has the role of the host beside its mode: add servers by their address, with an account of theirs.';
      throw new UnderstudyError('conflict', 'server/mode', message);
    }
    if (server.mode !== 'recording') return;
    const message = 'Only a failover server or a host shows pairing codes: change the mode of this server first.';
    throw new UnderstudyError('conflict', 'server/mode', message);
  };
  return {
    // One that was replaced left the list; its record stays so that it is told when it returns.
    list: () =>
      settings.peers.get().peers.flatMap((record) => (record.replacedBy === undefined ? [viewOf(record)] : [])),
    find: (id) => viewOf(known.find(id)),
    ...deps.adding,
    ...membership,
    ...createJoiningApi(deps, viewOf),
    // A member learns that it is none any more, also when it is away now.
    deauthorize: async (id, user, remove) => {
      if (detaching.isMember(id)) await detaching.detach(id, { cameras: 'keep' }, user);
      else await known.deauthorize(id, user, remove);
    },
    setEnabled: async (id, enabled, user) => viewOf(await setEnabled(id, enabled, user)),
    disableSecured: async (id, user) => viewOf(await disableSecured(id, user)),
    backUp: async (id) => {
      const record = known.find(id);
      if (!record.watched)
        throw new UnderstudyError(
          'conflict',
          'server/not-protected',
          `${record.name} is not protected by this server.`,
        );
      await backups.take(id, 'by hand');
      return viewOf(record);
    },
    search: async (seconds) => {
      const isKnown = new Set(settings.peers.get().peers.map(({ id }) => id));
      const found = await deps.search(seconds);
      return found.map((peer) => ({ ...foundOf(peer, isKnown.has(peer.id)), ...siteOfFound(settings, peer, found) }));
    },
    issueCode: () => {
      canAdd();
      const { code, expiresAt } = network.openPairing();
      return { code, expiresAt: isoOf(expiresAt), fingerprint: network.fingerprint };
    },
  };
}

type JoiningApi = Pick<ServersDeps, 'add' | 'authorize' | 'pair' | 'introduce'>;
/** How two servers come to know each other; what is refused is an entry of the log. */
function createJoiningApi(deps: ServersApiDeps, viewOf: (record: PeerRecord) => KnownServer): JoiningApi {
  const { known, network } = deps;
  return {
    add: async (request, user) => {
      const refused = { code: 'server-refused', words: `${request.host} was not added`, user };
      return viewOf(await refusalsTold(deps, refused, async () => await known.add(request, user)));
    },
    authorize: async (id, request, user) => {
      const refused = { code: 'server-refused', words: `${known.find(id).name} was not authorized`, user };
      return viewOf(await refusalsTold(deps, refused, async () => await known.authorize(id, request, user)));
    },
    pair: async ({ host, peerPort, code }, user) => {
      const refused = { code: 'pairing-refused', words: `This server was not paired with ${host}`, user };
      return await refusalsTold(deps, refused, async () => {
        const { server, fingerprint, peerPort: port } = await network.pairWith({ host, port: peerPort }, code);
        const identity = identityOf(server, fingerprint, port);
        const { version, suitability } = server;
        return viewOf(await known.paired({ identity, host, version, suitability }));
      });
    },
    introduce: async (request, user) => {
      const refused = {
        code: 'server-refused',
        words: `${request.peer.name} asked to be let in and was refused`,
        user,
      };
      return await refusalsTold(deps, refused, async () => await known.introduce(request, user));
    },
  };
}

type Refused = { readonly code: string; readonly words: string; readonly user: string };
/** Whoever asks is signed in as an owner: nobody else can fill the log with it. What comes with a reason is told, a bug is not. */
async function refusalsTold<T>(
  { activity }: Pick<ServersApiDeps, 'activity'>,
  { code, words, user }: Refused,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof UnderstudyError)
      activity.record({ severity: 'warning', code, message: `${words}: ${messageOf(error)}`, user });
    throw error;
  }
}

type Told = Pick<PeerIdentity, 'id' | 'name' | 'mode'> & {
  readonly httpPort: number;
  readonly httpsFingerprint: string;
  readonly clientAddress?: string | undefined;
};
export const identityOf = (
  {
    serverId: id,
    name,
    mode,
    httpPort,
    httpsFingerprint,
    clientAddress,
  }: Omit<Told, 'id'> & { readonly serverId: string },
  fingerprint: string,
  peerPort: number,
): PeerIdentity => ({
  id,
  name,
  mode,
  fingerprint,
  httpsFingerprint,
  httpPort,
  peerPort,
  ...(clientAddress === undefined ? {} : { clientAddress }),
});

type FoundServer = Awaited<ReturnType<ServersDeps['search']>>[number];
const foundOf = (peer: DiscoveredPeer, known: boolean): Omit<FoundServer, keyof FoundSite> => ({
  id: peer.id,
  name: peer.name,
  mode: peer.mode,
  version: peer.version,
  addresses: [...peer.addresses],
  httpPort: peer.httpPort,
  peerPort: peer.peerPort,
  httpsFingerprint: peer.fingerprint,
  ...(peer.model === undefined ? {} : { model: peer.model }),
  enabled: peer.enabled,
  via: peer.via,
  known,
});

function viewOfServer(deps: ServersApiDeps, record: PeerRecord): KnownServer {
  const {
    addedAt,
    joining: _joining,
    provisional: _provisional,
    forgottenAt,
    replacedBy: _replacedBy,
    replacing: _replacing,
    detachPending,
    securing,
    ...rest
  } = record;
  const status = deps.network.statusOf(record.id);
  const heard = deps.heardOf(record.id);
  const isProtected = record.watched && !isLeaving(record);
  return {
    ...rest,
    knownSince: isoOf(epochMs(addedAt)),
    connected: status?.connected ?? false,
    ...contactOf(status),
    ...(heard === undefined
      ? {}
      : { lastContactAt: isoOf(epochMs(heard.at)), channels: { ...heard.keepAlive.channels } }),
    watched: isProtected,
    ...(isProtected ? { watch: watchOf(deps, record.id) } : {}),
    ...unsuitedOf(deps, record),
    ...(forgottenAt === undefined ? {} : { forgottenSince: isoOf(epochMs(forgottenAt)) }),
    ...(securing === undefined ? {} : { securing: waitingOf(securing, deps.securing.problemOf(record.id)) }),
    ...(detachPending === undefined
      ? {}
      : { detachPending: leavingOf(detachPending, deps.detaching.problemOf(record.id)) }),
  };
}

/** As it said last; else as its newest settings backup says. */
function unsuitedOf(
  { network, backups }: ServersApiDeps,
  { id, name, mode }: PeerRecord,
): Pick<KnownServer, 'unsuited'> {
  const suitability = network.statusOf(id)?.hello?.suitability ?? backups.latest(id)?.suitability;
  const unsuited = suitability && unsuitedServer({ name, mode, suitability });
  return unsuited === undefined ? {} : { unsuited };
}

function waitingOf({ since, action }: SecuringWish, problem: string | undefined): NonNullable<KnownServer['securing']> {
  return { since: isoOf(epochMs(since)), action, ...(problem === undefined ? {} : { problem }) };
}

function leavingOf(
  { since, cameras }: DetachPending,
  problem: string | undefined,
): NonNullable<KnownServer['detachPending']> {
  return { since: isoOf(epochMs(since)), cameras, ...(problem === undefined ? {} : { problem }) };
}

function contactOf(status: PeerStatus | undefined): Pick<KnownServer, 'version' | 'roundTripMs' | 'clockOffsetMs'> {
  const { hello, roundTripMs, clockOffsetMs } = status ?? {};
  return {
    ...(hello === undefined ? {} : { version: hello.version }),
    ...(roundTripMs === undefined ? {} : { roundTripMs }),
    // The channel says what to add to its times to have ours; people ask how far its clock is ahead.
    ...(clockOffsetMs === undefined ? {} : { clockOffsetMs: -clockOffsetMs }),
  };
}

function watchOf(deps: ServersApiDeps, serverId: string): NonNullable<KnownServer['watch']> {
  const { stateOf, backups, standbyOf } = deps;
  const state = stateOf(serverId);
  const views = standbyOf(serverId);
  const nameOf = (cameraId: string): string | undefined =>
    backups.latest(serverId)?.settings.cameras.find(({ id }) => id === cameraId)?.name;
  return {
    state: wordOf(state),
    since: isoOf(state?.takeover?.sinceWall ?? state?.lastSignWall ?? epochMs(0)),
    ...(state?.trouble === undefined ? {} : { reason: state.trouble }),
    ...countsOf(state),
    ...backupOf(backups.stateOf(serverId)),
    ...(views.length === 0 ? {} : { standby: standbySummaryOf(views, nameOf) }),
  };
}

function countsOf(state: State | undefined): { readonly cameras: number; readonly covered: number } {
  const wanted = Object.values(state?.wanted ?? {}).filter(({ covered }) => covered);
  return {
    cameras: new Set(state?.roster.map(({ cameraId }) => cameraId)).size,
    covered: new Set(wanted.map(({ stream }) => stream.cameraId)).size,
  };
}

const backupOf = ({
  takenAt,
  problem,
}: BackupState): Pick<NonNullable<KnownServer['watch']>, 'backupAt' | 'backupProblem'> => ({
  ...(takenAt === undefined ? {} : { backupAt: isoOf(epochMs(takenAt)) }),
  ...(problem === undefined ? {} : { backupProblem: problem }),
});

type Word = NonNullable<KnownServer['watch']>['state'];
const LINK_WORDS = {
  never: 'unknown',
  connected: 'connected',
  started: 'started',
  alive: 'alive',
  leaving: 'shut-down',
  down: 'failed',
} as const satisfies Record<State['link']['kind'], Word>;

function wordOf(state: State | undefined): Word {
  if (state === undefined) return 'unknown';
  if (state.watching !== 'on') return 'disabled';
  const isBack = state.link.kind === 'alive' && state.trouble === undefined;
  if (state.takeover !== undefined) return isBack && isHandedBack(state) ? 'returning' : 'taken-over';
  return isBack ? wordOfCalm(state) : wordOfTrouble(state);
}

/** A takeover by hand of a server that is well lasts until somebody restores it. */
const isHandedBack = ({ takeover, restoreAsked }: State): boolean => takeover?.by !== 'manual' || restoreAsked;

function wordOfCalm({ wanted, restoring }: State): Word {
  if (Object.keys(wanted).length > 0) return 'returning';
  return restoring.length > 0 ? 'restoring' : 'alive';
}

function wordOfTrouble({ trouble, link }: State): Word {
  if (trouble !== undefined && trouble !== 'shutdown') return 'suspected';
  return link.kind === 'down' && link.ending === 'normal' ? 'shut-down' : LINK_WORDS[link.kind];
}
