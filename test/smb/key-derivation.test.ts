import test from 'ava';
import { counterModeKey } from '../../src/smb/key-derivation.ts';
import { keysOf } from '../../src/smb/session.ts';
import { fromHex, toHex } from './hex.ts';

test('the key of the NIST test of SP 800-108 comes out', (t) => {
  // KDFCTR_gen, HMAC_SHA256, counter of 32 bits before the fixed input, L = 128, count 0.
  const key = fromHex('dd1d91b7d90b2bd3138533ce92b272fbf8a369316aefe242e659cc0ae238afe0');
  const fixedInput = fromHex(
    `01322b96b30acd197979444e468e1c5c6859bf1b1cf951b7e725303e237e46b864a145fab25e517b
     08f8683d0315bb2911d80a0e8aba17f3b413faac`,
  );
  t.is(toHex(counterModeKey(key, fixedInput, 16)), '10621342bfb0fd40046c0e29f2cfdbf0');
});

test('the keys of SMB 3.0 that Microsoft published come out', (t) => {
  const none = new Uint8Array(0);
  const keys = keysOf({ dialect: '3.0', cipher: 'aes-128-ccm' }, fromHex('7CD451825D0450D235424E44BA6E78CC'), none);
  t.is(toHex(keys.signing), '0b7e9c5cac36c0f6ea9ab275298cedce');
  t.is(toHex(keys.toServer), 'fad27796665b313ebb578f388632b4f7');
  t.is(toHex(keys.toClient), 'b0f0427f7ceb416d1d9dcc0cd4f99447');
});

test('the keys of SMB 3.1.1 that Microsoft published come out', (t) => {
  const transcript = fromHex(
    `0DD13628CC3ED218EF9DF9772D436D0887AB9814BFAE63A80AA845F36909DB79
     28622DDDAD522D9751640A459762C5A9D6BB084CBB3CE6BDADEF5D5BCE3C6C01`,
  );
  const sessionKey = fromHex('270E1BA896585EEB7AF3472D3B4C75A7');
  const keys = keysOf({ dialect: '3.1.1', cipher: 'aes-128-gcm' }, sessionKey, transcript);
  t.is(toHex(keys.signing), '73fe7a9a77bef0bde49c650d8ccb5f76');
  t.is(toHex(keys.toServer), '629bcbc54422a0f572b97f45989b6073');
  t.is(toHex(keys.toClient), 'e2af0dcefac68da71a0dfbd0d1350d74');
  const long = keysOf({ dialect: '3.1.1', cipher: 'aes-256-gcm' }, sessionKey, transcript);
  t.deepEqual([long.signing.length, long.toServer.length, long.toClient.length], [16, 32, 32]);
});
