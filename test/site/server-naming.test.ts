import test from 'ava';
import { nameProblemOf } from '../../src/site/name.ts';
import { namingSchema } from '../../src/api/contract/adding.ts';
import { MAX_PREFIX_CHARACTERS, modelNameOf, nameServers } from '../../src/site/server-naming.ts';
import type { Naming, ToName } from '../../src/site/server-naming.ts';
import { createRandom } from '../support/seeded-random.ts';

const FORBIDDEN: readonly string[] = Array.from('`~!@#$%^&*()_=+[{]}\\|;:\'"<>/?');
const names = (naming: Naming, servers: readonly Partial<ToName>[], taken: readonly string[] = []): string[] =>
  nameServers(
    naming,
    servers.map((one) => ({ model: undefined, name: undefined, ...one })),
    taken,
  ).map((one) => (one.kind === 'named' ? one.name : `${one.code}: ${one.message}`));
const DS = { model: 'DS1522+' };

type Given = { readonly servers: readonly Partial<ToName>[]; readonly taken?: readonly string[] };
const named = test.macro<[naming: Naming, given: Given, wanted: string[]]>({
  title: (given) => given ?? '',
  exec: (t, naming, { servers, taken }, wanted) => t.deepEqual(names(naming, servers, taken), wanted),
});
const MODEL = { kind: 'model' } as const;
const MODEL_NUMBER = { kind: 'model-number' } as const;
const CUSTOM = { kind: 'custom' } as const;
const hall = { kind: 'prefix-number', prefix: 'Hall' } as const;

const LONG = { model: 'M'.repeat(40) };
test('the default is the model name', named, MODEL, { servers: [DS, { model: 'TS-464' }] }, ['DS1522', 'TS-464']);
test('two of one model are told apart', named, MODEL, { servers: [DS, DS, DS] }, ['DS1522', 'DS1522-2', 'DS1522-3']);
test('a model number begins with 1', named, MODEL_NUMBER, { servers: [DS, DS] }, ['DS1522-1', 'DS1522-2']);
const taken = ['Hall-1', 'Hall-7'];
test('numbers go on behind those that are taken', named, hall, { servers: [DS, DS], taken }, ['Hall-8', 'Hall-9']);
const alike = ['Hall-x', 'Hall-007', 'hall-9'];
test('names that only look numbered do not count', named, hall, { servers: [DS], taken: alike }, ['Hall-1']);
const between = { servers: [DS, { name: 'Hall-1' }, DS] };
test('a typed name goes before the rule', named, hall, between, ['Hall-2', 'Hall-1', 'Hall-3']);
const below = { servers: [DS, { name: 'DS1522' }] };
test('a rule goes around names typed further down', named, MODEL, below, ['DS1522-2', 'DS1522']);
test('case counts', named, CUSTOM, { servers: [{ name: 'Hall' }, { name: 'hall' }] }, ['Hall', 'hall']);
test('a machine that does not say what it is', named, MODEL_NUMBER, { servers: [{}, {}] }, ['Server-1', 'Server-2']);
test('a long model gives way to its number', named, MODEL_NUMBER, { servers: [LONG] }, [`${'M'.repeat(30)}-1`]);

test('a typed name that is taken, or missing, is refused in its row only', (t) => {
  const found = names(CUSTOM, [{ name: 'Hall' }, { name: 'Hall' }, {}, { name: 'Yard' }], ['Office']);
  t.is(found[0], 'Hall');
  t.regex(found[1] ?? '', /^server\/name-taken: .*Hall/);
  t.regex(found[2] ?? '', /^server\/name: /);
  t.is(found[3], 'Yard');
  t.regex(names(CUSTOM, [{ name: 'Office' }], ['Office'])[0] ?? '', /name-taken/);
  t.regex(names(CUSTOM, [{ name: 'Cafe\u0301' }], ['Caf\u00e9'])[0] ?? '', /name-taken/, 'the same to every eye');
});

test('typed names keep the rules of names, each problem in words', (t) => {
  const bad = FORBIDDEN.map((one) => `a${one}b`);
  for (const name of [...bad, '', 'x'.repeat(33), '-a', ' a', 'a ', 'a\u0007', 'a\nb', '\ud800'])
    t.regex(names(CUSTOM, [{ name }])[0] ?? '', /^server\/name: A name /, JSON.stringify(name));
  for (const name of ['x'.repeat(32), 'a-b c', '😀'.repeat(32), 'Küche', '倉庫', '1'])
    t.is(names(CUSTOM, [{ name }])[0], name);
});

test('a prefix leaves room for its number', (t) => {
  const isGood = (prefix: string): boolean => namingSchema.safeParse({ kind: 'prefix-number', prefix }).success;
  for (const prefix of ['Hall', '😀'.repeat(MAX_PREFIX_CHARACTERS), 'Hall ']) t.true(isGood(prefix), prefix);
  for (const prefix of ['', '-a', ' a', 'a/b', 'x'.repeat(MAX_PREFIX_CHARACTERS + 1)]) t.false(isGood(prefix), prefix);
});

test('models become names', (t) => {
  for (const [model, name] of [
    ['DS1522+', 'DS1522'],
    ['Standard PC (Q35 + ICH9, 2009)', 'Standard PC Q35 ICH9, 2009'],
    ['--- /', 'Server'],
    ['  NAS\u0000\n1 ', 'NAS 1'],
    ['', 'Server'],
    [undefined, 'Server'],
  ] as const)
    t.is(modelNameOf(model), name);
});

test('whatever machines say and people type, names are good and none is given twice', (t) => {
  const alphabet = [...FORBIDDEN, 'a', 'b', '-', ' ', '1', '😀', '\u0301', '\ud800', '\u2028', '\t'];
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = createRandom(seed);
    const text = (): string => Array.from({ length: random.int(0, 40) }, () => random.pick(alphabet)).join('');
    const maybe = (): string | undefined => (random.chance(0.5) ? text() : undefined);
    const naming = random.pick<Naming>([MODEL, MODEL_NUMBER, CUSTOM, hall]);
    const taken = Array.from({ length: 5 }, () => random.pick(['Server', 'Server-1', 'Hall-2', text()]));
    const servers = Array.from({ length: random.int(1, 20) }, () => ({ model: maybe(), name: maybe() }));
    const given = nameServers(naming, servers, taken);
    t.is(given.length, servers.length);
    const good = given.flatMap((one) => (one.kind === 'named' ? [one.name] : []));
    t.deepEqual(
      good.map(nameProblemOf).filter((problem) => problem !== undefined),
      [],
      `seed ${seed}`,
    );
    t.is(new Set([...taken, ...good]).size, new Set(taken).size + good.length, `seed ${seed}`);
  }
});
