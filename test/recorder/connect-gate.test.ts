/** However many cameras come back at once, only so many are being connected. */
import test from 'ava';
import { createConnectGate, MAX_CONNECTING } from '../../src/recorder/connect-gate.ts';
import { forSeeds } from '../support/seeded-random.ts';

test('128 at once: never more than the bound inside, and each gets its turn', async (t) => {
  const gate = createConnectGate();
  const { signal } = new AbortController();
  let [inside, most, done] = [0, 0, 0];
  await Promise.all(
    Array.from({ length: 128 }, async (_, at) => {
      const leave = await gate.enter(signal);
      inside += 1;
      most = Math.max(most, inside);
      for (let turn = 0; turn <= at % 5; turn += 1) await new Promise((next) => setImmediate(next));
      inside -= 1;
      done += 1;
      leave?.();
      leave?.();
    }),
  );
  t.deepEqual([most, done], [MAX_CONNECTING, 128]);
});

test('those who give up while they wait take nobody a place', async (t) => {
  await forSeedsAsync(50, async (random) => {
    const gate = createConnectGate(2);
    const waiting = Array.from({ length: 20 }, () => {
      const giveUp = new AbortController();
      return { giveUp, entered: gate.enter(giveUp.signal) };
    });
    const quitters = waiting.filter(() => random.chance(0.5));
    for (const { giveUp } of quitters) giveUp.abort();
    const entered = await Promise.all(
      waiting.map(async (one) => {
        const leave = await one.entered;
        leave?.();
        return leave !== undefined;
      }),
    );
    const stayed = waiting.filter((one) => !quitters.includes(one));
    t.true(stayed.every((one) => entered[waiting.indexOf(one)]));
  });
});

async function forSeedsAsync(
  count: number,
  run: (random: Parameters<Parameters<typeof forSeeds>[1]>[0]) => Promise<void>,
): Promise<void> {
  const runs: Promise<void>[] = [];
  forSeeds(count, (random) => void runs.push(run(random)));
  await Promise.all(runs);
}
