/** The vectors are those of Microsoft's articles on encryption in SMB 3.0 (2012) and SMB 3.1.1 (2015). */
import test from 'ava';
import {
  createEncryption,
  decryptMessage,
  encryptMessage,
  isEncrypted,
  TRANSFORM_BYTES,
} from '../../src/smb/encryption.ts';
import { record } from '../../src/smb/little-endian.ts';
import type { CipherName } from '../../src/smb/negotiate.ts';
import { createRandom, forSeeds } from '../support/seeded-random.ts';
import { fromHex, toHex } from './hex.ts';

const CCM = {
  sessionId: 0x8e40014000011n,
  toServer: fromHex('261B72350558F2E9DCF613070383EDBF'),
  toClient: fromHex('8FE2B57EC34D2DB5B1A9727F526BBDB5'),
  nonce: fromHex('66E69A111892584FB5ED524A744DA3EE'),
  plain: fromHex(
    `FE534D4240000100000000000900400008000000000000000400000000000000FFFE0000010000001100001400E4080000000000000000000000
     000000000000310070001700000000000000000000001501000039000002010000003902000000000000000000007000000000000000536D6233
     20656E6372797074696F6E2074657374696E67`,
  ),
  encrypted: `fd534d4281a286535415445dae393921e44fa42e66e69a111892584fb5ed524a744da3ee87000000000001001100001400e40800
     25c8fee16605a437832d1cd52da9f4645333482a175fe5384563f45fcdafaef38bc62ba4d5c62897996625a44c29be5658de2e61175857
     79e7b59ffd971278d08580d7fa899e410e910eabf5aa1db43050b33b49182637759ac15d84bfcdf5b6b238993c0f4cf4d6012023f6c627
     297075d84b7803912d0a9639634453595ef3e33ffe4e7ac2ab`.replaceAll(/\s/g, ''),
  answer: fromHex(
    `FD534D42A6015530A18F6D9AFFE22AFAE8E66484860000000000000011000014
     00E4080050000000000001001100001400E40800DBF46435C5F14169293CE079E344479BF670227E49873F458672C3098DAC467DD5809F369D
     67409166515787 1483E01F7BECD02064EAC3E235F913668BBC2F097980D4B378F1993EFF6E60D177309E5B`,
  ),
  answered:
    `fe534d4240000100000000000900210009000000000000000400000000000000fffe0000010000001100001400e40800000000000000
     0000000000000000000011000000170000000000000000000000`.replaceAll(/\s/g, ''),
};
const GCM_ANSWER = fromHex(
  `FD534D42ACBE1CB7ED343ADF1725EF144D90D4B0E06831DD2E8EB7B400000000000000005000000000000100250000000010000026BBBF949983
   A6C1C796559D0F2C510CB651D1F7B6AC8DED32A2A0B8F2D793A815C6F6B848D69767A215841A42D400AE6DDB5F0B44173A014973321FDD7950DA
   6179159B82E03C9E18A050FF0EA1C967`,
);
const GCM_KEY = fromHex('748C50868C90F302962A5C35F5F9A8BF');
const GCM_SESSION = 0x100000000025n;

test('the published WRITE of SMB 3.0 comes out encrypted with AES-128-CCM', (t) => {
  const parts = [CCM.plain.subarray(0, 112), CCM.plain.subarray(112)];
  const { sessionId, nonce } = CCM;
  t.is(toHex(record(...encryptMessage('aes-128-ccm', CCM.toServer, { nonce, sessionId, parts }))), CCM.encrypted);
});

test('the published answers of SMB 3.0 and 3.1.1 decrypt', (t) => {
  t.is(toHex(decryptMessage('aes-128-ccm', CCM.toClient, CCM.sessionId, CCM.answer)), CCM.answered);
  const plain = toHex(decryptMessage('aes-128-gcm', GCM_KEY, GCM_SESSION, GCM_ANSWER));
  t.true(plain.startsWith('fe534d42400001000000000009000100010000000000000005'), plain);
  t.true(isEncrypted(GCM_ANSWER));
  t.false(isEncrypted(fromHex(plain)));
});

test('every cipher brings back what it encrypted, with a nonce of its own each time', (t) => {
  const random = createRandom(7);
  for (const cipher of ['aes-128-ccm', 'aes-128-gcm', 'aes-256-ccm', 'aes-256-gcm'] satisfies CipherName[]) {
    const key = random.bytes(cipher.includes('256') ? 32 : 16);
    const encryption = createEncryption(cipher, { toServer: key, toClient: key }, 5n);
    const parts = [random.bytes(112), random.bytes(100_000)];
    const [one, other] = [record(...encryption.encrypt(parts)), record(...encryption.encrypt(parts))];
    t.notDeepEqual(one, other);
    t.is(toHex(encryption.decrypt(one)), toHex(record(...parts)), cipher);
    t.is(toHex(encryption.decrypt(other)), toHex(record(...parts)), cipher);
  }
});

test('a message that was changed anywhere, cut or made for another session is refused', (t) => {
  const refused = { code: 'smb-protocol' };
  for (let at = 4; at < GCM_ANSWER.length; at += 1) {
    // Of the nonce, GCM takes 12 of 16 bytes; the rest is authenticated all the same.
    const changed = GCM_ANSWER.map((byte, index) => (index === at ? byte ^ 1 : byte));
    t.throws(() => decryptMessage('aes-128-gcm', GCM_KEY, GCM_SESSION, changed), refused, `byte ${at}`);
  }
  for (let length = 0; length < GCM_ANSWER.length; length += 1)
    t.throws(() => decryptMessage('aes-128-gcm', GCM_KEY, GCM_SESSION, GCM_ANSWER.subarray(0, length)), refused);
  t.throws(() => decryptMessage('aes-128-gcm', GCM_KEY, GCM_SESSION + 1n, GCM_ANSWER), refused);
  t.throws(() => decryptMessage('aes-128-gcm', GCM_KEY, GCM_SESSION, GCM_ANSWER.subarray(0, TRANSFORM_BYTES)), refused);
  forSeeds(200, (random) => {
    const noise = random.bytes(random.int(0, 200));
    t.throws(() => decryptMessage('aes-128-ccm', CCM.toClient, CCM.sessionId, noise), refused);
  });
});
