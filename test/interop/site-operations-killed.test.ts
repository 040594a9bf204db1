/**
 * What a host does with its members, with real processes: the host or the member is killed (SIGKILL) at a random moment of it, and there is
 * one clear state that all agree on; asked again it ends well. `SEED` draws who is killed and when, `KILLS` how often in each operation;
 * `./build.sh campaign interruptions` plays many.
 */
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { durationMs } from '../../src/core/units.ts';
import {
  hostAt,
  leftOvers,
  peersKeptAt,
  serverOf,
  standingAt,
  startOperatedSite,
  until,
} from '../support/operated-site.ts';
import type { Operated, OperatedSite, Victims } from '../support/operated-site.ts';
import { OPERATIONS, readyToTake } from '../support/operations.ts';
import type { Change } from '../support/operations.ts';
import { createRandom } from '../support/seeded-random.ts';

const SEED = Number(process.env['SEED'] ?? 20_261_123);
const KILLS = Number(process.env['KILLS'] ?? 2);
/** From so many on nobody minds the minute, or the ten seconds, after which half of a pairing is forgotten. */
const LONG = 5;
/** Behind the first record of a pairing the others follow within it. */
const WRITTEN_MS = 20;
const random = createRandom(SEED);
const teardowns: (() => unknown)[] = [];
const bench = { teardown: (undo: () => unknown) => void teardowns.push(undo) };
let shared: Promise<OperatedSite> | undefined;
const siteOf = (t: ExecutionContext): Promise<OperatedSite> => {
  t.timeout(120_000 + KILLS * 60_000);
  t.log(`SEED=${SEED} KILLS=${KILLS}`);
  return (shared ??= startOperatedSite(bench));
};
test.after.always('all servers stop', async () => {
  for (const undo of teardowns.toReversed()) await undo();
});

type Answer = 'answered' | 'unanswered';
const answerTo = async (asked: Promise<unknown>): Promise<Answer> =>
  await asked.then(
    () => 'answered',
    () => 'unanswered',
  );

/** The victim dies so long after this was asked, or after it `began` to be on a disk; it is there again when this resolves. */
async function killedIn(
  ask: () => Promise<unknown>,
  victim: Operated,
  { longestMs, began = () => true }: { readonly longestMs: number; readonly began?: () => boolean },
): Promise<Cut> {
  const which = random.pick(['control', 'all'] as const);
  const over = new AbortController();
  const asked = answerTo(ask()).finally(() => over.abort());
  // The first quarter, in which most is written, has half of the kills.
  const afterMs = Math.round(longestMs * random.next() ** 2);
  while (!over.signal.aborted && !began()) await systemClock.sleep(durationMs(1));
  await systemClock.sleep(durationMs(afterMs));
  await victim.kill(which);
  const answer = await asked;
  await victim.start();
  return { which, afterMs, answer };
}
type Cut = { readonly which: Victims; readonly afterMs: number; readonly answer: Answer };

/** What all say of each thing that changes, once they agree. */
const agreed = async ({ views, before, after }: Change): Promise<readonly string[]> =>
  await until('all to say the same', async () => {
    const seen = await views();
    const isOne = ([first = '', ...rest]: readonly string[], index: number): boolean =>
      (first === before[index] || first === after[index]) && rest.every((one) => one === first);
    if (seen.every(isOne)) return seen.map(([first = '']) => first);
    throw new Error(JSON.stringify(seen));
  });
const done = async (change: Change): Promise<void> =>
  void (await until('it to be done', async () => (await agreed(change)).join() === change.after.join()));

async function isWhole(t: ExecutionContext, servers: readonly Operated[]): Promise<void> {
  // One that was introduced is kept for the time being until it is heard.
  const looked = async (): Promise<boolean> => {
    const left = (await Promise.all(servers.map(leftOvers))).flat();
    if (left.length > 0) throw new Error(left.join());
    return true;
  };
  t.true(await until('nothing to be half-done', looked));
}

for (const operation of OPERATIONS)
  test.serial(`killed in the middle: ${operation.name}`, async (t) => {
    const site = await siteOf(t);
    // Once without a kill: how long it takes here, until everybody knows.
    const began = performance.now();
    await operation.change(site, 0).ask();
    await done(operation.change(site, 0));
    const longestMs = performance.now() - began;
    for (let round = 1; round <= KILLS; round += 1) {
      const change = operation.change(site, round);
      t.deepEqual(await agreed(change), change.before);
      const victim = round % 2 === 1 ? site.H : site[operation.member];
      const cut = await killedIn(change.ask, victim, { longestMs });
      const state = await agreed(change);
      t.log(`${(await serverOf(victim)).name} killed: ${JSON.stringify(cut)}, then ${state.join(', ')}`);
      if (cut.answer === 'answered') t.deepEqual(state, change.after, 'what was answered is durable');
      const isDone = state.join() === change.after.join();
      await until('it to be asked again', async () => {
        const again = change.ask();
        // What is done already may be refused as such.
        await (isDone ? again.catch(() => undefined) : again);
        return true;
      });
      await done(change);
      await isWhole(t, [site.H, site.R, site.F, site.G]);
    }
    // As it was: nobody is left locked or disabled.
    if (KILLS % 2 === 0 && operation.name !== 'renaming') {
      const back = operation.change(site, KILLS + 1);
      await back.ask();
      await done(back);
    }
    t.like(await site.R.call('PATCH', '/server', { name: 'Shop' }), { name: 'Shop' });
  });

test.serial('killed in the middle: pairing by a code', async (t) => {
  const site = await siteOf(t);
  const { H } = site;
  const N = await site.another('New');
  const shownCode = async (): Promise<string> =>
    ((await H.call('POST', '/servers/pairing-code')) as { code: string }).code;
  const pair = async (code: string): Promise<unknown> =>
    await N.call('POST', '/servers/pair', { host: '127.0.0.1', peerPort: H.peerPort, code });
  const views: Change['views'] = async () => {
    const half = [...(await leftOvers(H)), ...(await leftOvers(N))].join();
    const pairs = [
      [H, N],
      [N, H],
      [site.F, N],
      [site.G, N],
    ] as const;
    const standings = await Promise.all(pairs.map(async ([at, other]) => await standingAt(at, other)));
    return [[...standings, ...(half === '' ? [] : [half])]];
  };
  const change = (code: string): Change => {
    return { ask: async () => await pair(code), views, before: ['strangers'], after: ['paired'] };
  };
  const part = async (): Promise<void> => {
    await until('it to leave', async () => {
      await H.call('POST', `/servers/${N.id}/detach`, { cameras: 'keep' });
      return true;
    });
    await until('them to be strangers', async () => (await agreed(change(''))).join() === 'strangers');
  };
  const began = performance.now();
  await pair(await shownCode());
  await done(change(''));
  const longestMs = performance.now() - began;
  for (let round = 1; round <= (KILLS < LONG ? 1 : KILLS); round += 1) {
    await part();
    const code = await shownCode();
    const victim = round % 2 === 1 ? H : N;
    // Both reckon most of the time; then two records are written within some milliseconds.
    const stored = (): boolean => peersKeptAt(H).some(({ id }) => id === N.id);
    const moment = KILLS < LONG || random.chance(0.5) ? { longestMs } : { longestMs: WRITTEN_MS, began: stored };
    const cut = await killedIn(change(code).ask, victim, moment);
    const [state] = await agreed(change(code));
    t.log(`${victim === H ? 'shower' : 'dialler'} killed: ${JSON.stringify(cut)}, then ${state}`);
    if (cut.answer === 'answered') t.is(state, 'paired', 'what was answered is durable');
    const again = await answerTo(pair(code));
    if (state === 'paired' || victim === H)
      t.is(again, 'unanswered', 'a code is good for one pairing, and for one run');
    if (again === 'unanswered' && state !== 'paired') await pair(await shownCode());
    await done(change(code));
    t.is(await answerTo(pair(code)), 'unanswered', 'a used code');
    await isWhole(t, [H, N, site.F, site.G]);
  }
});

type Reign = { readonly present: Operated; readonly term: number; readonly longestMs: number };
test.serial('killed in the middle: a host that yields', async (t) => {
  const site = await siteOf(t);
  const { H, R, F, G } = site;
  await H.call('PATCH', `/servers/${R.id}`, { locked: true });
  await until('the lock', async () => (await serverOf(R)).site.locked);
  // Once without a kill.
  let reign = await succeeded(t, site, { present: H, term: 1, longestMs: 0 }, async (take) => {
    await take();
    return { which: 'all', afterMs: 0, answer: 'answered' };
  });
  const { longestMs } = reign;
  for (let round = 1; round <= KILLS; round += 1) {
    const { present: old } = reign;
    const victim = random.pick([old, old, old === F ? G : F]);
    // It yields as soon as it hears it, or when it is back.
    const isAway = random.chance(0.5);
    reign = await succeeded(t, site, { ...reign, longestMs }, async (take) => {
      if (!isAway) return await killedIn(take, victim, { longestMs });
      await old.kill('all');
      await take();
      await old.start();
      return await killedIn(async () => await Promise.resolve(), victim, { longestMs });
    });
    t.log(`${(await serverOf(victim)).name} killed${isAway ? ' when the host before is back' : ''}`);
  }
  await reign.present.call('PATCH', `/servers/${R.id}`, { locked: false });
  await until('the lock to be gone', async () => !(await serverOf(R)).site.locked);
});

/** Another failover server takes the role, somebody is killed; then there is one host, whom all follow, and nothing is lost. */
async function succeeded(
  t: ExecutionContext,
  { H, R, F, G }: OperatedSite,
  { present: old, term }: Reign,
  cutOff: (take: () => Promise<unknown>) => Promise<Cut>,
): Promise<Reign> {
  const all = [H, R, F, G];
  const taker = old === F ? G : F;
  const [before, after] = [(await serverOf(old)).name, (await serverOf(taker)).name];
  const take = async (): Promise<unknown> => await taker.call('POST', '/site/take-host', { confirm: before });
  const views: Change['views'] = async () => [await Promise.all(all.map(hostSeen))];
  const change: Change = { ask: take, views, before: [before], after: [after] };
  await until('the newest copy', async () => await readyToTake(taker, old));
  const began = performance.now();
  const cut = await cutOff(take);
  const [state] = await agreed(change);
  t.log(`${JSON.stringify(cut)}, then ${state}`);
  const longestMs = performance.now() - began;
  if (cut.answer === 'answered') t.is(state, after, 'what was answered is durable');
  else await until('it to be asked again', async () => (await hostAt(taker)).isHost || (await take().then(() => true)));
  await done(change);
  const { term: now = 0 } = await hostAt(taker);
  t.true(now > term, `${now} after ${term}`);
  await isWhole(t, all);
  t.true((await serverOf(R)).site.locked);
  return { present: taker, term: now, longestMs };
}

/** Who is the host, as this server says it. */
async function hostSeen(one: Operated): Promise<string> {
  const [{ host, isHost }, { name }] = [await hostAt(one), await serverOf(one)];
  if (isHost !== (host?.name === name)) return `${host?.name}, and itself: ${isHost}`;
  return host?.name ?? 'nobody';
}
