/** What servers say of themselves: written and read again, and whatever strangers write. */
import test from 'ava';
import { MAX_FACTS_BYTES, MAX_PAIR_BYTES, asciiOf, encodeFacts, parseFacts } from '../../src/discovery/lan-peer.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { aPeer, idOf } from '../support/lan-facts.ts';

const pairsWith = (...changed: readonly string[]): readonly string[] => {
  const keys = new Set(changed.map((pair) => pair.split('=', 1)[0]));
  return [...encodeFacts(aPeer()).filter((pair) => !keys.has(pair.split('=', 1)[0])), ...changed];
};

test('what is written is read again, names of any script included', (t) => {
  for (const name of ['Attic', 'Küche; "=" & Söhne', '東京サーバー'.repeat(5), '📷 north', 'x'.repeat(32)]) {
    const facts = aPeer({ name, model: 'DS 920+; rev=2', hostId: idOf(7) });
    t.deepEqual(parseFacts(encodeFacts(facts)), facts);
    t.deepEqual(parseFacts(asciiOf(encodeFacts(facts).join(';')).split(';')), facts);
  }
  t.deepEqual(parseFacts(encodeFacts(aPeer())), { ...aPeer(), model: undefined });
});

test('each pair fits a TXT string, all of the longest facts fit the bound, and a header of them is ASCII', (t) => {
  const longest = aPeer({
    name: '📷'.repeat(40),
    model: '%;='.repeat(30),
    version: 'v'.repeat(32),
    hostId: idOf(7),
    httpPort: 65_535,
    peerPort: 65_535,
  });
  const pairs = encodeFacts(longest);
  for (const pair of pairs) t.true(Buffer.byteLength(pair) <= MAX_PAIR_BYTES);
  const header = asciiOf(pairs.join(';'));
  t.regex(header, /^[\x20-\x7e]+$/);
  t.true(header.length <= MAX_FACTS_BYTES);
  const read = parseFacts(header.split(';'));
  t.is(read?.name, '📷'.repeat(32));
  t.is(read?.model, '%;='.repeat(7).slice(0, 20));
});

test('a value that is missing, too long or of another kind makes the whole worthless', (t) => {
  t.truthy(parseFacts(pairsWith()));
  for (const pair of [
    'v=2',
    'id=attic',
    `id=${idOf(0xabc).toUpperCase()}`,
    'name=',
    'name=%20%0A',
    'name=%E0%A4',
    `name=${'x'.repeat(33)}`,
    'mode=owner',
    'version=',
    'version=1 0',
    `version=${'1'.repeat(33)}`,
    'http=0',
    'http=65536',
    'http=1e3',
    'peer=-1',
    `fp=${'g'.repeat(64)}`,
    'fp=ab',
    'cms=yes',
  ])
    t.is(parseFacts(pairsWith(pair)), undefined, pair);
  for (const key of ['v', 'id', 'name', 'mode', 'version', 'http', 'peer', 'fp', 'cms'])
    t.is(parseFacts(encodeFacts(aPeer()).filter((pair) => !pair.startsWith(`${key}=`))), undefined, key);
});

test('unknown keys are left out, the first of two counts, and keys may be in any case', (t) => {
  const pairs = encodeFacts(aPeer()).map((pair) => pair.replace('mode=', 'MODE='));
  t.deepEqual(parseFacts([...pairs, 'mode=host', 'colour=red', '__proto__=x', '=', 'x']), {
    ...aPeer(),
    model: undefined,
  });
});

test('control characters and marks that turn text around are left out of names', (t) => {
  const name = encodeURIComponent('At\u202etic\u0007\u200b');
  t.is(parseFacts(pairsWith(`name=${name}`))?.name, 'Attic');
});

test('more than the bound is not looked at', (t) => {
  t.is(parseFacts(pairsWith(`x=${'y'.repeat(MAX_FACTS_BYTES)}`)), undefined);
});

test('random pairs never throw, and what passes is within bounds', (t) => {
  forSeeds(3000, (random) => {
    const pairs = [...encodeFacts(aPeer())];
    for (let changes = random.int(1, 4); changes > 0; changes -= 1) {
      const at = random.int(0, pairs.length - 1);
      const bytes = Buffer.from(pairs[at] ?? '', 'latin1');
      if (bytes.length > 0) bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
      pairs[at] = random.chance(0.2)
        ? Buffer.from(random.bytes(random.int(0, 40))).toString('latin1')
        : bytes.toString('latin1');
    }
    const facts = parseFacts(pairs);
    if (facts === undefined) return;
    if (Array.from(facts.name).length > 32 || /\p{Cc}/u.test(facts.name)) throw new Error(facts.name);
    if (!(facts.httpPort > 0 && facts.httpPort < 65_536)) throw new Error(String(facts.httpPort));
  });
  t.pass();
});
