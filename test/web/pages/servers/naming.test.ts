import test from 'ava';
import { namesFor } from '../../../../web/src/pages/failover/servers/batch/naming.ts';
import type { NamingKind } from '../../../../web/src/pages/failover/servers/batch/naming.ts';

const PICKED = [
  { key: 'a', name: 'Attic', model: 'DS1522+' },
  { key: 'b', name: 'Cellar', model: 'DS1522+' },
  { key: 'c', name: 'Garage', model: undefined },
];
const preview = (naming: NamingKind, typed: Readonly<Record<string, string>> = {}, prefix = 'Hall') =>
  namesFor({ naming, prefix, typed }, PICKED, ['DS1522', 'Hall-4']).map(({ name, problem }) => name ?? problem);

test('without a rule each keeps its name, but for what was typed', (t) => {
  t.deepEqual(preview('keep'), ['Attic', 'Cellar', 'Garage']);
  t.deepEqual(preview('keep', { b: 'Keller' }), ['Attic', 'Keller', 'Garage']);
});

test('rules go by the model and around what is taken, as the box does it', (t) => {
  t.deepEqual(preview('model'), ['DS1522-2', 'DS1522-3', 'Server']);
  t.deepEqual(preview('model-number'), ['DS1522-1', 'DS1522-2', 'Server-1']);
  t.deepEqual(preview('prefix-number'), ['Hall-5', 'Hall-6', 'Hall-7']);
});

test('a typed name goes before the rule; one that is taken or no name says so in its own row', (t) => {
  const [first, second, third] = preview('prefix-number', { a: 'Hall-4', b: 'No/slash' });
  t.regex(String(first), /is called Hall-4/);
  t.regex(String(second), /must not contain/);
  t.is(third, 'Hall-5');
});

test('custom wants a name for each; a prefix that is none is told for each', (t) => {
  t.regex(String(preview('custom', { a: 'One' })[1]), /Type a name/);
  t.true(preview('prefix-number', {}, '').every((one) => /at least one character/.test(String(one))));
});
