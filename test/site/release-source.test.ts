import test from 'ava';
import { RELEASE_SOURCE_WORDS, releaseSourceSchema } from '../../src/site/release-source.ts';

test('an address by HTTP without an account is a place to fetch from, nothing else', (t) => {
  const good = ['https://example.org/releases.json', 'http://192.0.2.1:8080/x', 'https://[2001:db8::1]/a?b=c'];
  for (const text of good) t.true(releaseSourceSchema.safeParse(text).success, text);
  const bad = [
    '',
    'example.org/releases.json',
    'ftp://example.org/x',
    'file:///etc/passwd',
    'https://anna:secret@example.org/x',
    'https://anna@example.org/x',
    ' https://example.org/x',
    'https://',
    `https://example.org/${'x'.repeat(1024)}`,
  ];
  for (const text of bad) t.false(releaseSourceSchema.safeParse(text).success, text);
  t.is(releaseSourceSchema.safeParse('x').error?.issues[0]?.message, RELEASE_SOURCE_WORDS);
});
