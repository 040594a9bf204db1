/** A slice of the coordination campaign, and that it would notice if something broke. The whole: `./build.sh campaign coordination`. */
import test from 'ava';
import { MUTANTS, playMutant } from './coordination-mutants.ts';
import { playSeeds } from './coordination/player.ts';
import { simulate } from './coordination/simulation.ts';

/** A test each, so that a slow machine shows progress. */
const SLICES = 10;
const SEEDS_A_SLICE = 40;
const MUTANT_SEEDS = 400;

for (let slice = 0; slice < SLICES; slice += 1) {
  const first = 100_001 + slice * SEEDS_A_SLICE;
  test(`random faults break no invariant of the coordination, seeds ${first} to ${first + SEEDS_A_SLICE - 1}`, (t) => {
    t.timeout(300_000);
    for (let seed = first; seed < first + SEEDS_A_SLICE; seed += 1) {
      const { violations } = simulate(seed);
      if (violations.length > 0) t.fail(`seed ${seed}: ${violations.join('; ')}`);
    }
    t.pass();
  });
}

/** F and R paused at the same time: R, just thawed, was believed. */
const FOUND = [2872];
test('seeds that found something once break nothing any more', (t) => {
  for (const seed of FOUND) t.deepEqual(simulate(seed).violations, [], `seed ${seed}`);
});

test('the same seed plays the same run', (t) => {
  t.deepEqual(simulate(7), simulate(7));
});

test('seeds played on all cores have the outcomes that they have one by one, in their order', async (t) => {
  t.timeout(300_000);
  const played = await playSeeds(1, 70, () => false);
  t.deepEqual(
    played,
    Array.from({ length: 70 }, (_, index) => ({ seed: 1 + index, outcome: simulate(1 + index) })),
  );
});

test('no more seeds are begun when enough is known', async (t) => {
  t.deepEqual(await playSeeds(1, 10_000, () => true), []);
});

for (const mutant of MUTANTS)
  test(`caught: ${mutant.name}`, async (t) => {
    t.timeout(300_000);
    const caught = await playMutant(mutant, MUTANT_SEEDS);
    t.truthy(caught, `not within ${MUTANT_SEEDS} seeds`);
    t.log(`seed ${caught?.seed}: ${caught?.violation}`);
  });
