import test from 'ava';
import { createLineReader, encodeLine } from '../../src/wire/lines.ts';
import { forSeeds } from '../support/seeded-random.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

test('lines come out whole however the bytes are cut', (t) => {
  const lines = ['', '{"a":"ä€😀"}', 'x'.repeat(500), '', 'end'];
  const all = bytesOf(lines.map((line) => `${line}\n`).join(''));
  forSeeds(200, (random) => {
    const reader = createLineReader(1024);
    const got: string[] = [];
    for (let at = 0; at < all.length;) {
      const size = random.int(1, 60);
      got.push(...reader.push(all.subarray(at, at + size)));
      at += size;
    }
    t.deepEqual(got, lines);
    t.is(reader.rest().length, 0);
  });
});

test('what stands behind a header line is not touched', (t) => {
  const reader = createLineReader(64);
  t.is(reader.pushOne(bytesOf('{"kind":')), undefined);
  t.is(reader.pushOne(bytesOf('"live"}\n\u0001\n\u0002')), '{"kind":"live"}');
  t.deepEqual(reader.rest(), Uint8Array.of(1, 10, 2));
});

test('a line longer than the bound is refused, also when it never ends', (t) => {
  const error = { code: 'wire/line-too-long' };
  t.throws(() => createLineReader(8).push(bytesOf('123456789\n')), error);
  const reader = createLineReader(8);
  t.notThrows(() => reader.push(bytesOf('12345678')));
  t.throws(() => reader.push(bytesOf('9')), error);
});

test('bytes that are not UTF-8 are refused', (t) => {
  t.throws(() => createLineReader(8).push(Uint8Array.of(0xff, 0x0a)), { code: 'wire/line-not-utf8' });
});

test('an encoded message is one line', (t) => {
  t.is(encodeLine({ a: 'x\ny' }), '{"a":"x\\ny"}\n');
});
