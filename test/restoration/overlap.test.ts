/**
 * A server that fails again before its footage is home: two restorations whose ranges share segments, since footage recorded before one
 * cover, and kept ready, may be of the cover before. Cut and killed at random, neither may lose, double or leave anything.
 */
import test from 'ava';
import { ended, judge, outage } from '../support/outage.ts';
import { START_MS } from '../support/covered-camera.ts';
import { createRandom } from '../support/seeded-random.ts';
import { ALL, FINE, KEY, orderOf, twoServers } from '../support/two-servers.ts';
import { waitFor } from '../support/wait-for.ts';

/** In the middle of what F recorded. */
const MIDDLE = START_MS + 540 * 40;

test('two restorations that share segments both end with everything at home', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  const problems: string[] = [];
  const first = two.restoration().begin(orderOf({ end: MIDDLE }));
  const second = two.restoration().begin(orderOf({ start: MIDDLE - 2000 }));
  t.is(await ended(two, first), 'done');
  t.is(await ended(two, second), 'done');
  for (const event of two.events) if (event.kind === 'restoration-problem') problems.push(event.code);
  t.deepEqual(problems, []);
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), []);
  const offered = two.calls.filter(({ method }) => method === 'footage.insert').map(({ params }) => idIn(params));
  t.is(new Set(offered).size, offered.length, 'a file was inserted twice');
  await judge(t, two);
});

test('of two restorations to one server the bytes of one file are on their way at a time', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  const underWay: string[] = [];
  let most = 0;
  two.fate = ({ method, params }) => {
    if (method !== 'footage.append') return FINE;
    const { id } = params as { readonly id: string };
    underWay.push(id);
    most = Math.max(most, new Set(underWay).size);
    return { reaches: true, answers: () => underWay.splice(underWay.indexOf(id), 1).length === 1 };
  };
  const orders = [orderOf({ end: MIDDLE }), orderOf({ start: MIDDLE - 2000 })];
  for (const id of orders.map((order) => two.restoration().begin(order))) t.is(await ended(two, id), 'done');
  t.true(two.calls.filter(({ method }) => method === 'footage.insert').length > 1);
  t.is(most, 1);
  await judge(t, two);
});

const idIn = (params: unknown): string => (params as { readonly file: { readonly id: string } }).file.id;

test('cut and killed at random, two restorations that share segments end with everything at home', async (t) => {
  t.timeout(110_000);
  for (let seed = 1; seed <= 6; seed += 1) {
    const random = createRandom(seed);
    const two = await twoServers(t);
    await outage(two);
    let restart: (() => Promise<void>) | undefined;
    let cuts = 0;
    two.fate = () => {
      if (cuts >= 12 || !random.chance(0.15)) return FINE;
      cuts += 1;
      if (random.chance(0.4)) restart = random.pick([two.restartR, two.restartF]);
      return { reaches: random.chance(0.5), answers: () => false };
    };
    const ids = [orderOf({ end: MIDDLE }), orderOf({ start: MIDDLE - 2000 })].map((order) =>
      two.restoration().begin(order),
    );
    await waitFor(
      'the end',
      async () => {
        const pending = restart;
        restart = undefined;
        await pending?.();
        return ids.every((id) => two.restoration().get(id)?.finishedAt !== undefined);
      },
      60_000,
    );
    t.deepEqual(
      ids.map((id) => two.restoration().get(id)?.state),
      ['done', 'done'],
      `seed ${seed}`,
    );
    t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), [], `seed ${seed}`);
    await judge(t, two);
  }
});
