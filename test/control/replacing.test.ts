/** The driver of a replacement, killed at every moment: in the end exactly one server owns the identity. */
import test from 'ava';
import { startReplacing } from '../../src/control/replacing.ts';
import type { Replacing, ReplacingDeps } from '../../src/control/replacing.ts';
import { silentLog } from '../../src/core/log.ts';
import {
  afterStep,
  ownerOf,
  PLANNED_FOR_MS,
  replacementSchema,
  replacementsFileSchema,
} from '../../src/site/replacement.ts';
import type { Replacement, ReplacementsFile, ReplacementStep } from '../../src/site/replacement.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { serverIdOf } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';

const [R, F, N] = [serverIdOf(2), serverIdOf(1), serverIdOf(3)];
const nothingKept = async (): Promise<void> => await Promise.resolve();
const plannedAt = (startedAt: number): Replacement =>
  replacementSchema.parse({
    id: 'replacement-1',
    serverId: R,
    name: 'Hall',
    by: F,
    byName: 'Spare',
    kind: 'acting',
    hash: 'a'.repeat(64),
    epoch: 512,
    state: 'planned',
    startedAt,
    user: 'owner',
  });

/** What is on the disks of the two, and what happened. */
type World = {
  journal: ReplacementsFile;
  /** At the successor: whose cameras stand in its settings; at the original: it knows that it was replaced. */
  adopted: boolean;
  fenced: boolean;
  settled: boolean;
  online: boolean;
  givenUp: boolean;
  readonly clock: FakeClock;
  readonly codes: string[];
};
/** Asked at each moment at which a process can die; true: it dies there. */
type Dies = (where: string) => boolean;

const newWorld = (): World => ({
  journal: { replacements: [] },
  adopted: false,
  fenced: false,
  settled: false,
  online: false,
  givenUp: false,
  clock: createFakeClock(),
  codes: [],
});

/** A process over that world: from its death on nothing of it happens any more. */
function startProcess(world: World, dies: Dies, fails: (step: ReplacementStep) => string | undefined): Replacing {
  let dead = false;
  const moment = async (where: string): Promise<void> => {
    dead ||= dies(where);
    if (dead) await new Promise(() => undefined);
    await Promise.resolve();
  };
  const step = (name: ReplacementStep, happens: () => void): ReplacingDeps['steps'][ReplacementStep] => {
    return async () => {
      await moment(`before ${name}`);
      const why = fails(name);
      if (why !== undefined) throw new Error(why);
      happens();
      await moment(`after ${name}`);
    };
  };
  return startReplacing({
    file: {
      get: () => world.journal,
      update: async (change) => {
        await moment('before writing');
        world.journal = replacementsFileSchema.parse(change(world.journal));
        await moment('after writing');
        return world.journal;
      },
    },
    steps: {
      fence: step('fence', () => undefined),
      adopt: step('adopt', () => (world.adopted = true)),
      settle: step('settle', () => (world.settled = true)),
    },
    isThere: () => !dead && world.online,
    tell: async () => {
      await moment('before telling');
      if (!world.online) throw new Error('away');
      world.fenced = true;
      await moment('after telling');
    },
    report: async () => await moment('before reporting'),
    givenUp: async () => {
      world.givenUp = true;
      await Promise.resolve();
    },
    activity: { record: ({ code }) => void world.codes.push(code) },
    clock: world.clock,
    log: silentLog,
  });
}

/** @throws when two own it, or nobody does */
function checkWorld({ journal, adopted, fenced, settled }: World): void {
  const now = journal.replacements[0] ?? { ...plannedAt(0), told: false };
  const wrong = {
    'R owns it, and F acts as if it did': ownerOf(now) === R && (adopted || fenced || settled),
    'nobody has the settings': now.state === 'adopted' && !adopted,
    'done, and it is not': now.state === 'done' && !(adopted && settled),
    'said to be told': now.told && !fenced,
  };
  for (const [words, is] of Object.entries(wrong)) if (is) throw new Error(words);
}

const rests = async (clock: FakeClock, ms: number): Promise<void> => await clock.advance(ms);

async function playKilled(random: Random): Promise<World> {
  const world = newWorld();
  const dies: Dies = () => random.chance(0.12);
  const fails = (step: ReplacementStep): string | undefined => (random.chance(0.2) ? `${step} failed` : undefined);
  const { clock } = world;
  let process = startProcess(world, dies, fails);
  void process.begin(plannedAt(clock.now()), nothingKept).catch(() => undefined);
  for (let round = 0; round < random.int(2, 12); round += 1) {
    await rests(clock, random.int(0, 4000));
    checkWorld(world);
    if (random.chance(0.4)) world.online = !world.online;
    if (random.chance(0.5)) process = startProcess(world, dies, fails);
  }
  world.online = true;
  process = startProcess(
    world,
    () => false,
    () => undefined,
  );
  process.look();
  await rests(clock, 10_000);
  checkWorld(world);
  await process.stop();
  return world;
}

test('300 replacements with kills at every moment end with exactly one owner, who has everything', async (t) => {
  const ends = { done: 0, never: 0 };
  for (let seed = 1; seed <= 300; seed += 1) {
    const world = await playKilled(createRandom(seed));
    const [now] = world.journal.replacements;
    if (now === undefined) {
      ends.never += 1;
      t.false(world.adopted || world.fenced, `seed ${seed}`);
    } else {
      ends.done += 1;
      t.deepEqual(
        [now.state, now.told, world.adopted, world.fenced, world.settled],
        ['done', true, true, true, true],
        `seed ${seed}`,
      );
    }
  }
  t.log(JSON.stringify(ends));
  t.true(ends.done > 200 && ends.never > 0);
});

test('without a fault it is done when the request is answered; the original is told when it returns, once', async (t) => {
  const world = newWorld();
  const process = startProcess(
    world,
    () => false,
    () => undefined,
  );
  const after = await process.begin(plannedAt(world.clock.now()), nothingKept);
  t.like(after, { state: 'done', told: false });
  t.deepEqual(world.codes, ['replacement-fence', 'replacement-settle']);
  await rests(world.clock, 5000);
  t.false(world.fenced);
  world.online = true;
  await rests(world.clock, 5000);
  t.true(world.fenced);
  t.is(world.codes.filter((code) => code === 'replacement-told').length, 1);
  await process.stop();
});

test('what stands against it before it is fenced ends it after two minutes, and nothing was changed', async (t) => {
  const world = newWorld();
  const process = startProcess(
    world,
    () => false,
    () => 'nothing is covered',
  );
  t.like(await process.begin(plannedAt(world.clock.now()), nothingKept), {
    state: 'planned',
    problem: 'nothing is covered',
  });
  await rests(world.clock, PLANNED_FOR_MS + 5000);
  t.deepEqual(world.journal.replacements, []);
  t.true(world.givenUp);
  t.is(world.codes.at(-1), 'replacement-given-up');
  await process.stop();
});

test('behind the fence nothing gives it up, and it says why it does not go on', async (t) => {
  const world = newWorld();
  let broken = true;
  const process = startProcess(
    world,
    () => false,
    (step) => (broken && step === 'adopt' ? 'the disk is full' : undefined),
  );
  t.like(await process.begin(afterStep(plannedAt(world.clock.now()), 'fence', 1), nothingKept), {
    state: 'fenced',
    problem: 'the disk is full',
  });
  await rests(world.clock, 10 * PLANNED_FOR_MS);
  t.is(process.list()[0]?.state, 'fenced');
  broken = false;
  await rests(world.clock, 2000);
  t.like(process.list()[0], { state: 'done' });
  t.is(process.list()[0]?.problem, undefined);
  await process.stop();
});

test('of two that are asked for at once, and share a server, only the first comes about', async (t) => {
  const others: readonly Partial<Replacement>[] = [
    { by: N, kind: 'other' },
    {},
    { serverId: N },
    { serverId: F, by: N },
  ];
  for (const other of others) {
    const world = newWorld();
    const process = startProcess(
      world,
      () => false,
      (step) => (step === 'settle' ? 'its footage is on its way' : undefined),
    );
    const first = plannedAt(world.clock.now());
    const kept: string[] = [];
    const begin = async (one: Replacement): Promise<Replacement> =>
      await process.begin(one, async () => void kept.push(await Promise.resolve(one.id)));
    const [is, isNot] = await Promise.allSettled([begin(first), begin({ ...first, id: 'replacement-2', ...other })]);
    t.like(is, { status: 'fulfilled', value: { id: first.id, state: 'adopted' } });
    t.like(isNot, { status: 'rejected', reason: { code: 'replace/again' } });
    t.deepEqual([kept, process.list().map(({ id }) => id)], [[first.id], [first.id]], 'what the first kept stays');
    await process.stop();
  }
});

test('what cannot be kept begins nothing', async (t) => {
  const world = newWorld();
  const process = startProcess(
    world,
    () => false,
    () => undefined,
  );
  const full = async (): Promise<void> => await Promise.reject(new Error('the disk is full'));
  await t.throwsAsync(process.begin(plannedAt(world.clock.now()), full), { message: 'the disk is full' });
  t.deepEqual([process.list(), world.adopted], [[], false]);
  await process.stop();
});

test('one that is given up leaves what another one of the same server still needs', async (t) => {
  const world = newWorld();
  const now = world.clock.now();
  world.journal = {
    replacements: [afterStep(plannedAt(now), 'fence', now), { ...plannedAt(now), id: 'replacement-2' }],
  };
  const process = startProcess(
    world,
    () => false,
    () => 'away',
  );
  await rests(world.clock, PLANNED_FOR_MS + 5000);
  t.deepEqual([process.list().map(({ id }) => id), world.givenUp], [['replacement-1'], false]);
  await process.stop();
});

test('an original that returns while the hand-over goes on is told, once; before it is fenced it is not', async (t) => {
  const handingOver = (step: ReplacementStep): string | undefined => (step === 'settle' ? 'on its way' : undefined);
  const away = (step: ReplacementStep): string | undefined => (step === 'fence' ? 'nothing is covered' : undefined);
  for (const [fails, state, isTold] of [
    [handingOver, 'adopted', true],
    [away, 'planned', false],
  ] as const) {
    const world = newWorld();
    world.online = true;
    const process = startProcess(world, () => false, fails);
    await process.begin(plannedAt(world.clock.now()), nothingKept);
    await rests(world.clock, 5000);
    t.like(process.list()[0], { state, told: isTold });
    t.is(world.fenced, isTold);
    t.is(world.codes.filter((code) => code === 'replacement-told').length, isTold ? 1 : 0);
    await process.stop();
  }
});
