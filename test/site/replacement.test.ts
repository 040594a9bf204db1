import test from 'ava';
import {
  afterStep,
  isGivenUp,
  MAX_REPLACEMENTS,
  nextStep,
  ownerOf,
  PLANNED_FOR_MS,
  replacementSchema,
  withReplacement,
} from '../../src/site/replacement.ts';
import type { Replacement, ReplacementsFile } from '../../src/site/replacement.ts';
import { serverIdOf } from '../support/memory-settings.ts';

const [R, F] = [serverIdOf(2), serverIdOf(1)];
const planned = replacementSchema.parse({
  id: 'replacement-1',
  serverId: R,
  name: 'Hall',
  by: F,
  byName: 'Spare',
  kind: 'acting',
  hash: 'a'.repeat(64),
  epoch: 512,
  state: 'planned',
  startedAt: 1000,
  user: 'owner',
});

test('steps follow each other, and the identity changes hands with one of them', (t) => {
  const owners: string[] = [];
  let now: Replacement = planned;
  for (let step = nextStep(now); step !== undefined; step = nextStep(now)) {
    owners.push(`${step}: ${ownerOf(now) === R ? 'R' : 'F'}`);
    now = afterStep(now, step, 5000);
  }
  t.deepEqual(owners, ['fence: R', 'adopt: F', 'settle: F']);
  t.like(now, { state: 'done', finishedAt: 5000 });
});

test('a step that was repeated, or comes out of order, changes nothing', (t) => {
  const fenced = afterStep(planned, 'fence', 1);
  t.is(afterStep(fenced, 'fence', 2), fenced);
  t.is(afterStep(planned, 'settle', 2), planned);
  t.is(afterStep(planned, 'adopt', 2), planned);
});

test('what stood in the way is forgotten with the step that it stood before', (t) => {
  t.is(afterStep({ ...planned, problem: 'away' }, 'fence', 1).problem, undefined);
});

test('only what is not fenced is given up, after two minutes or when the clock was set back', (t) => {
  t.false(isGivenUp(planned, 1000 + PLANNED_FOR_MS));
  t.true(isGivenUp(planned, 1001 + PLANNED_FOR_MS));
  t.true(isGivenUp(planned, 999));
  for (const state of ['fenced', 'adopted', 'done'] as const) t.false(isGivenUp({ ...planned, state }, 1e12));
});

test('finished ones whose originals know make room for new ones, others never', (t) => {
  const many = Array.from({ length: MAX_REPLACEMENTS }, (_, index): Replacement => ({
    ...planned,
    id: `replacement-${index}`,
    state: index === 3 || index === 4 ? 'done' : 'fenced',
    told: index === 4,
  }));
  const { replacements } = withReplacement({ replacements: many }, { ...planned, id: 'new' });
  t.is(replacements.length, MAX_REPLACEMENTS);
  t.deepEqual(
    many.filter(({ id }) => !replacements.some((one) => one.id === id)).map(({ id }) => id),
    ['replacement-4'],
  );
  const full: ReplacementsFile = withReplacement({ replacements: replacements.slice(0, -1) }, { ...planned, id: 'x' });
  t.is(
    withReplacement(full, { ...planned, id: 'y' }).replacements.length,
    MAX_REPLACEMENTS + 1,
    'refused by the schema',
  );
});
