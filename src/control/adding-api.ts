/**
 * What the routes that add servers need: Test Connection, many at once, switching management on from afar.
 * Belongs here: joining these to settings and channel. Does not: the tests (connection-test.ts), the steps of a batch (batch-add.ts).
 */
import type { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { enableServerRequest, enableServerResult } from '../api/contract/adding.ts';
import type { ServersAddingDeps } from '../api/routes/servers-adding.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import type { PeerRecord } from '../site/peer.ts';
import { isHost } from '../site/host-role.ts';
import { managerOf } from '../site/membership.ts';
import { nameServers } from '../site/server-naming.ts';
import type { OpenRelease } from '../updates/release-reader.ts';
import type { Joining, RemoteApi } from './authorization.ts';
import { signOut, wordsFor } from './authorization.ts';
import { createBatchAdd } from './batch-add.ts';
import type { RowServer } from './batch-add.ts';
import { remoteServerAnswer } from './connection-checks.ts';
import type { OwnSide } from './connection-checks.ts';
import { testConnection } from './connection-test.ts';
import type { ConnectionTestDeps } from './connection-test.ts';
import type { KnownServers } from './known-servers.ts';
import { updateRemote } from './update-remote.ts';

export type AddingApiDeps = Pick<ConnectionTestDeps, 'lookUp' | 'fetchFingerprint' | 'remoteApi' | 'hintOf'> & {
  readonly settings: Pick<Settings, 'server' | 'peers'>;
  readonly known: Pick<KnownServers, 'add' | 'find'>;
  readonly isConnected: (peerId: string) => boolean;
  readonly version: string;
  /** What a server that is older is given before it is added. @throws server/older: there is none */
  readonly releaseForOthers: () => OpenRelease;
  /** `site.rename` over the channel. */
  readonly sendName: (id: string, name: string) => Promise<void>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
};

export function createAddingApi(deps: AddingApiDeps): ServersAddingDeps {
  const { settings, activity } = deps;
  const own = (): OwnSide => ownSideOf(deps);
  return {
    test: async (request) => await testConnection({ ...deps, own }, request),
    batch: createBatchAdd({
      isHost: () => isHost(settings.server.get()),
      at: (row) => serverOfRow(deps, row, own),
      taken: () => [settings.server.get().name, ...settings.peers.get().peers.map(({ name }) => name)],
      activity,
    }),
    enable: async (request, user) => await enableThere(deps, request, user),
    rename: async (id, name, user) => await renameKnown(deps, { id, name }, user),
  };
}

/** A row is looked at and joined in one session: a small box works half a second on each sign-in. */
function serverOfRow(deps: AddingApiDeps, row: Joining, own: () => OwnSide): RowServer {
  const { known, remoteApi } = deps;
  const { host, httpPort: port, httpsFingerprint: fingerprint } = row;
  const place = { host, port, fingerprint };
  const { api, forget, end } = withOneSession(remoteApi(place));
  // Half a second a row that nobody reads.
  const hintOf = async (): Promise<undefined> => await Promise.resolve(undefined);
  return {
    look: async () => await testConnection({ ...deps, own, hintOf, remoteApi: () => api }, row),
    join: async ({ name, lock }, user) => {
      const complete = async (record: PeerRecord): Promise<void> => {
        if (name !== undefined && name !== record.name) await renameMember(deps, record.id, name);
      };
      return await known.add({ ...row, ...(lock ? { lock } : {}) }, user, { api, complete });
    },
    update: async () => {
      await updateThere(deps, row, remoteApi(place));
      // It was started anew.
      forget();
    },
    end,
  };
}

/** As its owner, who is signed in there again when it is back. */
async function updateThere(deps: AddingApiDeps, { host, username, password }: Joining, api: RemoteApi): Promise<void> {
  const found = deps.releaseForOthers();
  const signIn = async (): Promise<unknown> => await api.call('POST', '/sessions', { username, password });
  await signIn();
  try {
    await updateRemote({
      name: host,
      found,
      clock: deps.clock,
      signal: new AbortController().signal,
      ask: async (method, path, json) => {
        try {
          return await api.call(method, path, json);
        } catch (error) {
          if (!(error instanceof UnderstudyError) || error.context['status'] !== 401) throw error;
          await signIn();
          return await api.call(method, path, json);
        }
      },
      isReachable: () => true,
      show: () => undefined,
      isBrokenOff: () => false,
    });
  } finally {
    await signOut(api);
  }
}

/** Whoever signs in there again, with the same account, gets the session there is; it ends with `end`. */
type OneSession = { readonly api: RemoteApi; readonly forget: () => void; readonly end: () => Promise<void> };
function withOneSession(remote: RemoteApi): OneSession {
  let session: Promise<unknown> | undefined;
  return {
    api: {
      call: async (method, path, body) => {
        if (path === '/sessions') return await (session ??= remote.call(method, path, body));
        return path.startsWith('/sessions/current') ? undefined : await remote.call(method, path, body);
      },
    },
    forget: () => {
      session = undefined;
    },
    end: async () => {
      if (session !== undefined) await signOut(remote);
    },
  };
}

function ownSideOf({ settings, version }: AddingApiDeps): OwnSide {
  const server = settings.server.get();
  const { id } = server;
  // Whatever else it does: as a host it adds.
  const mode = isHost(server) ? 'host' : server.mode;
  const { peers } = settings.peers.get();
  const known = peers.filter(
    ({ introduced, forgottenAt, joining }) => !introduced && forgottenAt === undefined && joining === undefined,
  );
  const siteId = mode === 'host' ? id : managerOf(peers)?.id;
  return { id, mode, version, siteId, knownIds: known.map((peer) => peer.id) };
}

type Renamed = { readonly id: string; readonly name: string };
async function renameKnown(deps: AddingApiDeps, { id, name }: Renamed, user: string): Promise<Renamed> {
  const { settings, known, isConnected, activity } = deps;
  const { name: before, managesUs, introduced } = known.find(id);
  const server = settings.server.get();
  if (!isHost(server) || managesUs || introduced) {
    const message = `Only its host renames ${before}; any other server is renamed by itself.`;
    throw new UnderstudyError('conflict', 'server/not-member', message);
  }
  const others = settings.peers.get().peers.filter((peer) => peer.id !== id && peer.replacedBy === undefined);
  const [found] = nameServers(
    { kind: 'custom' },
    [{ model: undefined, name }],
    [server.name, ...others.map((one) => one.name)],
  );
  if (found?.kind === 'refused') throw new UnderstudyError('conflict', found.code, found.message);
  if (!isConnected(id)) {
    const message = `${before} is away: it is renamed while it is connected.`;
    throw new UnderstudyError('unavailable', 'server/away', message);
  }
  await renameMember(deps, id, name);
  activity.record({
    severity: 'info',
    code: 'server-renamed',
    message: `${before} is called ${name} from now on.`,
    user,
  });
  return { id, name };
}

/** There first: a name that it refused is not shown here. */
async function renameMember({ settings, sendName }: AddingApiDeps, id: string, name: string): Promise<void> {
  await sendName(id, name);
  await settings.peers.update(({ peers }) => ({
    peers: peers.map((peer) => (peer.id === id ? { ...peer, name } : peer)),
  }));
}

type Enable = z.output<typeof enableServerRequest>;
/** Nothing else is changed there; adding it is the next step. @throws as authorizing does */
async function enableThere(
  { remoteApi, activity }: AddingApiDeps,
  { host, httpPort: port, httpsFingerprint: fingerprint, username, password }: Enable,
  user: string,
): Promise<z.infer<typeof enableServerResult>> {
  const api: RemoteApi = remoteApi({ host, port, fingerprint });
  try {
    await api.call('POST', '/sessions', { username, password });
    const answer = remoteServerAnswer.safeParse(await api.call('GET', '/server'));
    if (!answer.success)
      throw new UnderstudyError('protocol', 'server/not-one', `${host} does not answer as an Understudy server.`);
    await api.call('PATCH', '/server/settings', { managed: 'allowed' });
    const { id, name } = answer.data;
    activity.record({ severity: 'info', code: 'server-enabled', message: `${name} may be managed from now on.`, user });
    return { id, name };
  } catch (error) {
    throw wordsFor(error, host, 'manages');
  } finally {
    await signOut(api);
  }
}
