/** Random cuts, kills between any two writes, and takings of the role: in the end one host, and nobody ever noticed in covering. */
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { isAbove, isHost } from '../../src/site/host-role.ts';
import type { HostRole } from '../../src/site/host-role.ts';
import { managerOf } from '../../src/site/membership.ts';
import { ownAccountsOf } from '../../src/site/site-accounts.ts';
import { createRandom } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';
import { createHostSite, SITE_USER, turns } from './host-site.ts';
import type { HostSite, Node } from './host-site.ts';

const RUNS = 60;
const STEPS = 30;

const hostsIn = ({ nodes }: HostSite): readonly Node[] => nodes.filter(({ settings }) => isHost(settings.server.get()));
/** Who is protected by whom, as everybody has it: nothing of it may change with the host. */
function protectionIn({ nodes }: HostSite): readonly string[] {
  return nodes
    .flatMap(({ n, settings }) =>
      settings.peers
        .get()
        .peers.flatMap(({ id, watched, watcher, forgottenAt }) => [
          ...(watched && forgottenAt === undefined ? [`${n} watches ${id}`] : []),
          ...(watcher ? [`${n} is watched by ${id}`] : []),
        ]),
    )
    .toSorted();
}

async function step(site: HostSite, random: Random): Promise<string> {
  const node = random.pick(site.nodes);
  switch (random.int(0, 5)) {
    case 0: {
      const all = random.shuffle(site.nodes.map(({ n }) => n));
      const at = random.int(1, all.length - 1);
      site.cut([all.slice(0, at), all.slice(at)]);
      return `cut ${all.slice(0, at).join(' ')} | ${all.slice(at).join(' ')}`;
    }
    case 1:
      site.heal();
      return 'heal';
    case 2:
      site.kill(node);
      return `kill ${node.n}`;
    case 3:
      if (node.services === undefined) await site.start(node);
      return `start ${node.n}`;
    default: {
      if (random.chance(0.5)) node.writesLeft = random.int(0, 6);
      const name = managerOf(node.settings.peers.get().peers)?.name;
      node.services?.taking.take(name, 'owner').catch(() => undefined);
      return `take ${node.n} after ${node.writesLeft}`;
    }
  }
}

/** Somebody can always sign in, and what is its own is there or waits. */
function keepsItsAccounts({ n, settings }: Node): boolean {
  const file = settings.users.get();
  const own = new Set(ownAccountsOf(file).users.map(({ id }) => id));
  return file.users.some(({ role }) => role === 'owner') && own.has(`own-${n}`) && own.has(`view-${n}`);
}

/** At the host those of the site are in force, and at all others their own, as they were before any of it. */
function judgeAccounts({ t, site, what }: Judged, host: Node): void {
  const ofSite = ['anna', 'own-1', 'view-1'];
  for (const node of site.nodes) {
    const { users, own } = node.settings.users.get();
    const ids = users.map(({ id }) => id).toSorted();
    const mine = node.n === 1 ? ofSite : [`own-${node.n}`, `view-${node.n}`];
    if (node !== host) t.deepEqual([ids, own], [mine, undefined], `${node.n} ${what}`);
    else t.deepEqual(ids, [...new Set([...ofSite, `own-${node.n}`])].toSorted(), what);
  }
  t.deepEqual(
    host.settings.users.get().users.find(({ id }) => id === 'anna'),
    SITE_USER,
    what,
  );
}

/** After each step: nobody went back to an earlier host, and whoever covers goes on covering for everybody. Undefined: so it is. */
function createWatch(site: HostSite): () => string | undefined {
  const watching = protectionIn(site).filter((line) => line.includes('watches'));
  const ranks = new Map<number, HostRole>();
  return () => {
    for (const { n, settings } of site.nodes) {
      const role = settings.server.get().hostRole;
      const last = ranks.get(n);
      if (role === undefined) continue;
      if (last !== undefined && isAbove(last, role)) return `${n} went back`;
      ranks.set(n, role);
    }
    const locked = site.nodes.find((node) => !keepsItsAccounts(node));
    if (locked !== undefined) return `${locked.n} lost accounts of its own, or has no owner`;
    const now = protectionIn(site);
    const lost = watching.find((line) => !now.includes(line));
    return lost === undefined ? undefined : `${lost} no more`;
  };
}

async function allRun(site: HostSite): Promise<void> {
  site.heal();
  for (const node of site.nodes) {
    node.writesLeft = Number.POSITIVE_INFINITY;
    if (node.services === undefined) await site.start(node);
  }
  await site.quiet();
}

type Judged = { readonly t: ExecutionContext; readonly site: HostSite; readonly what: string };
/** One host, whom everybody follows; its term. */
function judge({ t, site, what }: Judged): number {
  const [host, ...more] = hostsIn(site);
  t.is(more.length, 0, what);
  const role = host?.settings.server.get().hostRole;
  if (host === undefined || role === undefined) throw new Error(`no host: ${what}`);
  for (const { id, n, settings } of site.nodes) {
    const { peers } = settings.peers.get();
    t.is(managerOf(peers)?.id, id === host.id ? undefined : host.id, `${n} ${what}`);
    if (id === host.id) t.is(peers.length, site.nodes.length - 1, what);
    const { term, hostId, siteId } = role;
    t.like(settings.server.get().hostRole, { term, hostId, siteId }, what);
  }
  judgeAccounts({ t, site, what }, host);
  return role.term;
}

test('whatever is cut and killed, terms never fall, covering goes on, and there is one host in the end', async (t) => {
  t.timeout(240_000);
  let takings = 0;
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const random = createRandom(seed);
    const site = await createHostSite(['host', 'failover', 'failover', 'recording', 'recording']);
    const before = protectionIn(site);
    const watch = createWatch(site);
    const trace: string[] = [`seed ${seed}`];
    for (let count = 0; count < STEPS; count += 1) {
      trace.push(await step(site, random));
      if (random.chance(0.7)) site.look(random.pick(site.nodes));
      await turns(random.int(0, 12));
      t.is(watch(), undefined, trace.join('; '));
    }
    await allRun(site);
    t.is(watch(), undefined, trace.join('; '));
    takings += judge({ t, site, what: trace.join('; ') }) - 1;
    t.deepEqual(protectionIn(site), before, trace.join('; '));
  }
  t.log(`${RUNS} sites, the role changed hands ${takings} times`);
  t.true(takings > RUNS);
});
