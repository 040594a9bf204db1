import test from 'ava';
import { rc4 } from '../../src/smb/rc4.ts';
import { fromHex, toHex } from './hex.ts';

test('the key streams of RFC 6229 come out', (t) => {
  const vectors = [
    ['0102030405', 'b2396305f03dc027ccc3524a0a1118a8'],
    ['0102030405060708090a0b0c0d0e0f10', '9ac7cc9a609d1ef7b2932899cde41b97'],
  ] as const;
  for (const [key, stream] of vectors) t.is(toHex(rc4(fromHex(key), new Uint8Array(16))), stream);
});

test('encrypting twice gives the same again', (t) => {
  const key = fromHex('00112233445566778899aabbccddeeff');
  const data = fromHex('55555555555555555555555555555555');
  t.deepEqual(new Uint8Array(rc4(key, rc4(key, data))), data);
});
