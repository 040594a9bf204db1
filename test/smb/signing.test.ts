import test from 'ava';
import { record } from '../../src/smb/little-endian.ts';
import type { SigningAlgorithm } from '../../src/smb/negotiate.ts';
import { extended } from '../../src/smb/session.ts';
import { createSigner } from '../../src/smb/signing.ts';
import { createRandom } from '../support/seeded-random.ts';
import { fromHex, toHex } from './hex.ts';

/** The last answer of the logon that Microsoft published with the keys of SMB 3.1.1. */
const SIGNED_BY_WINDOWS = fromHex(
  `FE534D4240000100000000000100800009000000000000000300000000000000FFFE0000000000001900000000100000
   EBE146DA120BA25FC3376A49DFE31BC10900000048001D00A11B3019A0030A0100A3120410010000003B453CDC3524164200000000`,
);
const WINDOWS_KEY = fromHex('73FE7A9A77BEF0BDE49C650D8CCB5F76');

test('the published answer of Windows is signed with AES-CMAC, and no longer when a bit changes', (t) => {
  const signer = createSigner('aes-cmac', WINDOWS_KEY);
  t.true(signer.isSigned(SIGNED_BY_WINDOWS, 3n));
  for (let at = 0; at < SIGNED_BY_WINDOWS.length; at += 1) {
    const changed = SIGNED_BY_WINDOWS.map((byte, index) => (index === at ? byte ^ 0x80 : byte));
    t.false(signer.isSigned(changed, 3n), `byte ${at}`);
  }
});

test('a signature lies in the header and covers header, body and payload', (t) => {
  const random = createRandom(3);
  const key = random.bytes(16);
  for (const algorithm of ['hmac-sha256', 'aes-cmac', 'aes-gmac'] satisfies SigningAlgorithm[]) {
    const signer = createSigner(algorithm, key);
    const parts = [random.bytes(112), random.bytes(70_001)];
    const before = record(...parts);
    signer.sign(parts, 9n);
    const after = record(...parts);
    t.is(toHex(after.subarray(0, 48)), toHex(before.subarray(0, 48)));
    t.is(toHex(after.subarray(64)), toHex(before.subarray(64)));
    const again = [record(...parts)];
    again[0]?.fill(0, 48, 64);
    signer.sign(again, 9n);
    const joined = [record(...parts.map((part) => Uint8Array.from(part)))];
    joined[0]?.fill(0, 48, 64);
    signer.sign(joined, 9n);
    t.is(toHex(record(...joined)), toHex(record(...again)), algorithm);
    // GMAC says who speaks: what we signed is not taken for an answer of the server.
    t.is(signer.isSigned(record(...again), 9n), algorithm !== 'aes-gmac');
  }
});

test('the transcript that Microsoft published comes out, message by message', (t) => {
  const request = fromHex(
    `FE534D4240000100000000000000800000000000000000000100000000000000FFFE0000000000000000000000000000
     0000000000000000000000000000000024000500000000003F000000ECD86F326276024F9F7752B89BB33F3A70000000
     020000000202100200030203110300000100260000000000010020000100FA49E6578F1F3A9F4CD3E9CC14A67AA884B3
     D05844E0E5A118225C15887F32FF00000200060000000000020002000100`,
  );
  const expected = `dd94efc5321bb618a2e208ba8920d2f422992526947a409b5037de1e0fe8c736
    2b8c47122594cde0ce26aa9dfc8bcdbde0621957672623351a7540f1e54a0426`.replaceAll(/\s/g, '');
  t.is(toHex(extended(new Uint8Array(64), request)), expected);
});
