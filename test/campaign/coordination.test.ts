/** A slice of the coordination campaign, and that it would notice if something broke. The whole: `./build.sh campaign coordination`. */
import test from 'ava';
import { MUTANTS, playMutant } from './coordination-mutants.ts';
import { simulate } from './coordination/simulation.ts';

const SLICE = 400;
const MUTANT_SEEDS = 400;

test('random faults break no invariant of the coordination', (t) => {
  t.timeout(300_000);
  for (let seed = 100_001; seed <= 100_000 + SLICE; seed += 1) {
    const { violations } = simulate(seed);
    if (violations.length > 0) t.fail(`seed ${seed}: ${violations.join('; ')}`);
  }
  t.pass();
});

test('the same seed plays the same run', (t) => {
  t.deepEqual(simulate(7), simulate(7));
});

for (const mutant of MUTANTS)
  test(`caught: ${mutant.name}`, async (t) => {
    t.timeout(300_000);
    const caught = await playMutant(mutant, MUTANT_SEEDS);
    t.truthy(caught, `not within ${MUTANT_SEEDS} seeds`);
    t.log(`seed ${caught?.seed}: ${caught?.violation}`);
  });
