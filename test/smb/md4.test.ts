import test from 'ava';
import { ascii } from '../../src/smb/little-endian.ts';
import { md4 } from '../../src/smb/md4.ts';
import { toHex } from './hex.ts';

const VECTORS: readonly (readonly [message: string, digest: string])[] = [
  ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
  ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
  ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
  ['message digest', 'd9130a8164549fe818874806e1c7014b'],
  ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
  ['1234567890'.repeat(8), 'e33b4ddc9c38f2199c3e7b164fcc0536'],
];

test('the digests of RFC 1320 come out', (t) => {
  for (const [message, digest] of VECTORS) t.is(toHex(md4(ascii(message))), digest, message);
});

test('messages around the length of a block are padded into the next one', (t) => {
  const digests = [55, 56, 63, 64, 65, 119, 120].map((length) => toHex(md4(new Uint8Array(length))));
  t.is(new Set(digests).size, digests.length);
});
