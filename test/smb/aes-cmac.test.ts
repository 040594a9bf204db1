import test from 'ava';
import { createAesCmac } from '../../src/smb/aes-cmac.ts';
import { createRandom, forSeeds } from '../support/seeded-random.ts';
import { fromHex, toHex } from './hex.ts';

const KEY = fromHex('2b7e151628aed2a6abf7158809cf4f3c');
const MESSAGE = fromHex(
  `6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
   30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710`,
);

test('the codes of RFC 4493 §4 come out', (t) => {
  const cmac = createAesCmac(KEY);
  const vectors = [
    [0, 'bb1d6929e95937287fa37d129b756746'],
    [16, '070a16b46b4d4144f79bdd9dd04a287c'],
    [40, 'dfa66747de9ae63030ca32611497c827'],
    [64, '51f0bebf7e3b9d92fc49741779363cfe'],
  ] as const;
  for (const [length, code] of vectors) t.is(toHex(cmac([MESSAGE.subarray(0, length)])), code, `${length} bytes`);
});

test('it makes no difference how a message is cut into parts', (t) => {
  const whole = createRandom(1).bytes(200_000);
  const cmac = createAesCmac(KEY);
  const expected = toHex(cmac([whole]));
  forSeeds(20, (random) => {
    const cuts = [0, random.int(0, 64), random.int(64, 70_000), random.int(70_000, 200_000), 200_000];
    const parts = cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
    t.is(toHex(cmac(parts)), expected);
  });
});
