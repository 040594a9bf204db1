/**
 * A site of a host, two failover servers and recording servers, each with its real settings rules, role, copies and introductions, on one
 * network in memory that can be cut in two; any of them can be killed between two writes. For tests of who is the host.
 */
import type { NewActivity } from '../../src/api/activity.ts';
import { createHostRole } from '../../src/control/host-role.ts';
import type { HostRoleService } from '../../src/control/host-role.ts';
import { createHostTaking } from '../../src/control/host-taking.ts';
import type { HostTaking } from '../../src/control/host-taking.ts';
import { createSiteCopies, siteCopyFileSchema } from '../../src/control/site-copy.ts';
import type { SiteCopies, SiteCopyFile } from '../../src/control/site-copy.ts';
import { createSiteMembers } from '../../src/control/site-members.ts';
import type { SiteMembers } from '../../src/control/site-members.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import type { SettingsFile } from '../../src/settings/settings-file.ts';
import type { UserRecord } from '../../src/site/account.ts';
import { successorRecords } from '../../src/site/host-records.ts';
import type { PeerIdentity, PeerRecord } from '../../src/site/peer.ts';
import { serverSettingsSchema } from '../../src/site/server-settings.ts';
import type { ServerSettings } from '../../src/site/server-settings.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { cameraOf, memoryFile, memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';

export type Mode = ServerSettings['mode'];
type Services = {
  readonly role: HostRoleService;
  readonly copies: SiteCopies;
  readonly members: SiteMembers;
  readonly taking: HostTaking;
};
/** One server; its files outlive its process. */
export type Node = {
  readonly n: number;
  readonly id: string;
  readonly settings: MemorySettings;
  readonly copyFile: SettingsFile<SiteCopyFile>;
  readonly entries: NewActivity[];
  /** Of the running process; undefined: it is killed. */
  services: Services | undefined;
  /** Writes until it is killed; Infinity: it is not. */
  writesLeft: number;
  /** Of its processes the one that runs; it rises with each kill. */
  life: number;
};
export type HostSite = {
  readonly nodes: readonly Node[];
  readonly clock: FakeClock;
  readonly of: (n: number) => Node;
  readonly kill: (node: Node) => void;
  readonly start: (node: Node) => Promise<void>;
  /** Only servers of the same group reach each other. */
  readonly cut: (groups: readonly (readonly number[])[]) => void;
  readonly heal: () => void;
  /** Only these two do not reach each other. */
  readonly cutLink: (a: number, b: number) => void;
  readonly areLinked: (a: Node, b: Node) => boolean;
  /** Everybody looks, and says what is to be said, until nothing more happens. */
  readonly quiet: () => Promise<void>;
  readonly look: (node: Node) => void;
};

const keyOf = (n: number): string => n.toString(16).padStart(2, '0').repeat(32);
const NEVER = Number.POSITIVE_INFINITY;

/** `modes`: of the servers 1, 2, …; the first one is the host. */
export async function createHostSite(modes: readonly Mode[]): Promise<HostSite> {
  const clock = createFakeClock();
  const nodes = modes.map((mode, index) => nodeOf(index + 1, mode));
  const groups = new Map<number, number>();
  const links = new Set<string>();
  const of = (n: number): Node => {
    const node = nodes[n - 1];
    if (node === undefined) throw new Error(`no server ${n}`);
    return node;
  };
  const byId = (id: string): Node | undefined => nodes.find((node) => node.id === id);
  const areLinked = (a: Node, b: Node): boolean =>
    a.services !== undefined &&
    b.services !== undefined &&
    (groups.get(a.n) ?? 0) === (groups.get(b.n) ?? 0) &&
    !links.has(`${Math.min(a.n, b.n)} ${Math.max(a.n, b.n)}`) &&
    // Somebody has to dial, and both have to know the key of the other one.
    (a.settings.peers.get().peers.some(({ id, forgottenAt }) => id === b.id && forgottenAt === undefined) ||
      b.settings.peers.get().peers.some(({ id, forgottenAt }) => id === a.id && forgottenAt === undefined)) &&
    recordAt(a, b) !== undefined &&
    recordAt(b, a) !== undefined;
  const site: HostSite = {
    nodes,
    clock,
    of,
    kill,
    start: async (node) => {
      node.writesLeft = NEVER;
      const services = servicesOf(node, { clock, nodes, byId, areLinked });
      await services.role.settle();
      node.services = services;
    },
    cut: (given) => {
      groups.clear();
      for (const [index, group] of given.entries()) for (const n of group) groups.set(n, index + 1);
    },
    heal: () => {
      groups.clear();
      links.clear();
    },
    cutLink: (a, b) => void links.add(`${Math.min(a, b)} ${Math.max(a, b)}`),
    areLinked,
    look: (node) => look(node),
    quiet: async () => {
      for (let round = 0; round < 12; round += 1) {
        for (const node of nodes) look(node);
        await turns(60);
      }
    },
  };
  await introduce(site, modes);
  return site;
}

function kill(node: Node): void {
  node.services = undefined;
  node.life += 1;
}

/** The host knows all, and each knows the host: the rest is said by it. */
async function introduce(site: HostSite, modes: readonly Mode[]): Promise<void> {
  const [host, ...others] = site.nodes;
  if (host === undefined) throw new Error('no host');
  const recordOf = (node: Node, more: Partial<PeerRecord>): PeerRecord =>
    peerOf(node.n, { mode: modes[node.n - 1] ?? 'recording', fingerprint: keyOf(node.n), ...more });
  await host.settings.peers.update(() => ({ peers: others.map((node) => recordOf(node, {})) }));
  for (const node of others)
    await node.settings.peers.update(() => ({ peers: [recordOf(host, { mode: 'host', managesUs: true })] }));
  for (const node of site.nodes) await site.start(node);
  await site.quiet();
}

export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What a running server does when somebody connects or something changes. */
function look({ services }: Node): void {
  if (services === undefined) return;
  for (const id of services.role.disputes().keys()) services.role.forget(id);
  services.role
    .review()
    .then(services.copies.review, () => undefined)
    .catch(() => undefined);
  services.members.review();
}

/** What `a` lets `b` in by. */
function recordAt(a: Node, b: Node): PeerRecord | undefined {
  const { peers } = a.settings.peers.get();
  const known = [...peers, ...successorRecords(a.settings.server.get(), peers)];
  return known.find(({ id, enabled, forgottenAt, fingerprint }) => {
    return id === b.id && enabled && forgottenAt === undefined && fingerprint === keyOf(b.n);
  });
}

const userOf = (id: string, role: UserRecord['role']): UserRecord => ({
  id,
  username: id,
  role,
  passwordHash: `hash of ${id}`,
  createdAt: 1,
});
/** At the first host beside its owner, `own-1`, and a viewer. */
export const SITE_USER: UserRecord = { ...userOf('anna', 'operator'), cameraIds: ['cam-4'] };

function nodeOf(n: number, mode: Mode): Node {
  const node: Node = {
    n,
    id: serverIdOf(n),
    settings: undefined as unknown as MemorySettings,
    copyFile: memoryFile<SiteCopyFile>(siteCopyFileSchema, {}),
    entries: [],
    services: undefined,
    writesLeft: NEVER,
    life: 0,
  };
  const users = {
    users: [userOf(`own-${n}`, 'owner'), userOf(`view-${n}`, 'viewer'), ...(n === 1 ? [SITE_USER] : [])],
    tokens: [],
  };
  const settings = memorySettings({ mode, users, cameras: mode === 'failover' ? [] : [cameraOf(`cam-${n}`)] });
  const server = memoryFile(serverSettingsSchema, { ...settings.server.get(), id: serverIdOf(n), name: `Server ${n}` });
  return Object.assign(node, { settings: { ...settings, server } });
}

/** Of one process: after the kill none of its writes comes to be, and nothing more of it is heard. */
function mortal<T>(node: Node, file: SettingsFile<T>, isAlive: () => boolean): SettingsFile<T> {
  return {
    ...file,
    update: async (change) =>
      await file.update((before) => {
        if (!isAlive()) throw new Error('this process was killed');
        const after = change(before);
        if (after === before) return before;
        node.writesLeft -= 1;
        if (node.writesLeft < 0) {
          kill(node);
          throw new Error('this process is killed now');
        }
        return after;
      }),
  };
}

type World = {
  readonly clock: FakeClock;
  readonly nodes: readonly Node[];
  readonly byId: (id: string) => Node | undefined;
  readonly areLinked: (a: Node, b: Node) => boolean;
};
function servicesOf(node: Node, world: World): Services {
  const { clock, nodes, byId, areLinked } = world;
  const { life } = node;
  const isAlive = (): boolean => node.life === life;
  const { settings } = node;
  const files = {
    server: mortal(node, settings.server, isAlive),
    peers: mortal(node, settings.peers, isAlive),
    site: mortal(node, settings.site, isAlive),
    licences: mortal(node, settings.licences, isAlive),
    users: mortal(node, settings.users, isAlive),
    sessions: mortal(node, settings.sessions, isAlive),
    cameras: settings.cameras,
    failover: settings.failover,
  };
  const connected = (): readonly string[] =>
    nodes.filter((other) => other !== node && areLinked(node, other)).map(({ id }) => id);
  const request = async (peerId: string, method: string, params: unknown): Promise<unknown> => {
    await turns(1);
    const other = byId(peerId);
    if (other === undefined || !isAlive() || !areLinked(node, other)) throw lost();
    const answer = await answerOf(other, node, method, structuredClone(params));
    await turns(1);
    if (!areLinked(node, other)) throw lost();
    return answer;
  };
  const shared = {
    clock,
    log: silentLog,
    connected,
    request,
    activity: { record: (entry: NewActivity) => void node.entries.push(entry) },
  };
  const describe = (): PeerIdentity => ({
    id: node.id,
    name: `Server ${node.n}`,
    mode: settings.server.get().mode,
    fingerprint: keyOf(node.n),
    host: `192.0.2.${node.n}`,
    peerPort: 51_410,
    httpPort: 51_443,
  });
  const copies = createSiteCopies({
    ...shared,
    settings: files,
    file: mortal(node, node.copyFile, isAlive),
    reachable: () => role.successors().flatMap(({ id }) => (connected().includes(id) && role.isTold(id) ? [id] : [])),
  });
  const role: HostRoleService = createHostRole({
    ...shared,
    settings: files,
    copies,
    refresh: () => undefined,
    onTold: () => {
      members.review();
      copies.review().catch(() => undefined);
    },
  });
  const members: SiteMembers = createSiteMembers({
    ...shared,
    settings: files,
    licences: { forMember: () => undefined, take: async () => await Promise.resolve() },
    heldOf: () => undefined,
    mayTell: role.isTold,
    describe,
    refresh: () => undefined,
    onForgotten: async () => await Promise.resolve(),
  });
  const taking = createHostTaking({ ...shared, settings: files, fingerprint: keyOf(node.n), role, copies });
  return { role, copies, members, taking };
}

const lost = (): UnderstudyError => new UnderstudyError('unavailable', 'peer/closed', 'The connection is gone.');

async function answerOf(to: Node, from: Node, method: string, params: unknown): Promise<unknown> {
  const record = recordAt(to, from);
  const { services } = to;
  if (record === undefined || services === undefined) throw lost();
  if (method === 'site.role') return await services.role.hear({ id: from.id, record }, params);
  if (method === 'site.copy') return await services.copies.take(from.id, params);
  if (method === 'site.set') return await services.members.take(from.id, params);
  if (method === 'site.host-heard') return services.taking.answer();
  throw new UnderstudyError('unsupported', 'peer/unknown-method', method);
}
