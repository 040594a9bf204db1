import test from 'ava';
import { createCredits, MAX_CREDITS } from '../../src/smb/credits.ts';
import { createLimiter } from '../../src/smb/limiter.ts';
import { createRandom } from '../support/seeded-random.ts';

test('a connection begins with one credit, and whoever wants more waits in line', async (t) => {
  const credits = createCredits();
  t.is(await credits.take(1), 1);
  const order: string[] = [];
  const big = credits.take(16).then((taken) => order.push(`big ${taken}`));
  const small = credits.take(1).then((taken) => order.push(`small ${taken}`));
  credits.grant(10);
  await Promise.resolve();
  t.deepEqual(order, []);
  credits.grant(7);
  await Promise.all([big, small]);
  t.deepEqual(order, ['big 16', 'small 1']);
  t.is(credits.available(), 0);
});

test('a server that grants few is asked for less, one that grants none is given up', async (t) => {
  const credits = createCredits();
  t.is(await credits.take(16), 1, 'all there is, as nothing is under way');
  const next = credits.take(16);
  credits.grant(3);
  credits.settle();
  t.is(await next, 3);
  const last = credits.take(1);
  credits.settle();
  await t.throwsAsync(last, { code: 'smb-protocol' });
});

test('grants are bounded', (t) => {
  const credits = createCredits();
  for (let round = 0; round < 100; round += 1) credits.grant(65_535);
  t.is(credits.available(), MAX_CREDITS);
});

test('after a failure nobody waits', async (t) => {
  const credits = createCredits();
  await credits.take(1);
  const waiting = credits.take(1);
  credits.fail(new Error('gone'));
  await t.throwsAsync(waiting, { message: 'gone' });
  await t.throwsAsync(async () => await credits.take(1), { message: 'gone' });
});

test('random takers and grants: never more out than granted, and everyone is served', async (t) => {
  const random = createRandom(11);
  const credits = createCredits();
  let granted = 1;
  let spent = 0;
  let served = 0;
  await Promise.all(
    Array.from({ length: 500 }, async () => {
      const taken = await credits.take(random.int(1, 16));
      spent += taken;
      t.true(taken >= 1 && spent <= granted);
      await Promise.resolve();
      const back = random.int(1, 20);
      granted += back;
      credits.grant(back);
      credits.settle();
      served += 1;
    }),
  );
  t.is(served, 500);
});

test('a limiter runs so many at once, in order, and goes on after failures', async (t) => {
  const limit = createLimiter(4);
  let running = 0;
  let most = 0;
  const started: number[] = [];
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) =>
      limit(async () => {
        started.push(index);
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => void setImmediate(resolve));
        running -= 1;
        if (index % 7 === 0) throw new Error('no');
      }),
    ),
  );
  t.is(most, 4);
  t.deepEqual(
    started,
    Array.from({ length: 50 }, (_, index) => index),
  );
  t.is(results.filter(({ status }) => status === 'rejected').length, 8);
});
