/**
 * Real processes on loopback: a failover server is killed (SIGKILL) again and again while it takes the role of the host, and after each
 * start there is one clear state; in the end one host, whom all follow.
 */
import test from 'ava';
import type { SiteHostView } from '../../src/api/contract/site-host.ts';
import type { SiteView } from '../../src/api/contract/site.ts';
import type { SiteServer } from '../../src/demo/demo-site.ts';
import { createRandom } from '../support/seeded-random.ts';
import { judgeAll, killServer, PATIENCE_MS, recordedUntil, serversOf, startSpares } from '../support/spares-site.ts';
import { waitFor } from '../support/wait-for.ts';

const SEED = Number(process.env['SEED'] ?? 20_261_122);
/** In one run; `./build.sh campaign interruptions` makes many. */
const KILLS = 2;
const NOTHING_LOST = { problems: [], missing: 0, doubled: 0, reordered: 0, altered: 0 };
/** What the host is told to do, and its lists. */
const policyAt = async (server: SiteServer): Promise<unknown> => {
  const { policy, protection } = (await server.box().api.call('GET', '/site')) as SiteView;
  return { policy, protection };
};
const hostAt = async (server: SiteServer): Promise<SiteHostView> =>
  (await server.box().api.call('GET', '/site/host')) as SiteHostView;
const until = async (what: string, look: () => Promise<boolean>): Promise<void> => {
  const looked = async (): Promise<boolean> => {
    if (await look().catch(() => false)) return true;
    await new Promise((done) => setTimeout(done, 100));
    return false;
  };
  await waitFor(what, looked, PATIENCE_MS);
};

test('killed while it takes the role, a server has it or has it not, and all others agree', async (t) => {
  t.timeout(235_000);
  const site = await startSpares(t, { recorders: ['Recorder'], camerasEach: 1, standbyLevel: 'hot' });
  const { host } = site;
  const [spare, other] = site.spares;
  if (spare === undefined || other === undefined) throw new Error('two failover servers are needed');
  const since = Date.now();
  await recordedUntil(site, since + 1000);
  await host.box().api.call('PATCH', '/site', { policy: { standbyLevels: { low: 'warm' } } });
  const policy = await policyAt(host);
  await until('the newest copy to be with both', async () => {
    const { successors } = await hostAt(host);
    const named = successors.filter(({ hasCopy }) => hasCopy === true).map(({ name }) => name);
    return site.spares.every(({ name }) => named.includes(name));
  });
  const random = createRandom(SEED);
  let present: SiteServer = host;
  let term = 1;
  const outcomes: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const next = present === spare ? other : spare;
    await until(`${next.name} to have a copy`, async () => (await hostAt(next)).here.canTake);
    const taken = next
      .box()
      .api.call('POST', '/site/take-host', { confirm: present.name })
      .then(
        () => 'answered',
        () => 'unanswered',
      );
    await new Promise((done) => setTimeout(done, random.int(0, 60)));
    await killServer(next);
    const answer = await taken;
    await next.start();
    // Whatever it was: it knows itself, and the others come to the same answer.
    const { isHost } = await hostAt(next);
    if (answer === 'answered') t.true(isHost, 'what was answered is durable');
    const after = isHost ? next : present;
    for (const server of serversOf(site))
      await until(`${server.name} to follow ${after.name}`, async () => {
        const view = await hostAt(server);
        return view.host?.name === after.name && view.isHost === (server === after);
      });
    const { term: now = 0 } = await hostAt(after);
    t.true(now >= term, `${now} after ${term}`);
    outcomes.push(`${next.name} ${answer}, host ${after.name}, term ${now}`);
    [present, term] = [after, now];
  }
  t.log(outcomes.join('; '));
  t.deepEqual(await policyAt(present), policy, 'the site is what it was');
  const end = Date.now();
  await recordedUntil(site, end + 1000);
  for (const { problems, missing, doubled, reordered, altered, accessUnits } of await judgeAll(
    site,
    since + 1000,
    end,
  )) {
    t.deepEqual({ problems, missing, doubled, reordered, altered }, NOTHING_LOST);
    t.true(accessUnits > 0);
  }
});
