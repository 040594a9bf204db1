import test from 'ava';
import { record, u16, zeros } from '../../src/smb/little-endian.ts';
import {
  encodeNegotiate,
  MAX_NEGOTIATE_CONTEXTS,
  MAX_TRANSFER_BYTES,
  parseNegotiate,
} from '../../src/smb/negotiate.ts';
import { mutate } from '../support/mutate.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { fromHex, toHex } from './hex.ts';
import { negotiateAnswer } from './server-messages.ts';

/** Of Windows 10, published by Microsoft with the keys of SMB 3.1.1. */
const WINDOWS_ANSWER = fromHex(
  `FE534D4240000100000000000000010001000000000000000100000000000000FFFE0000000000000000000000000000000000000000000000000000
   00000000410001001103020039CBCAF329714942BDCE5D60F09AB3FB2F000000000080000000800000008000D8DAE5ADCBAED00109094AB095AED001
   80004001C00100006082013C06062B0601050502A08201303082012CA01A3018060A2B06010401823702021E060A2B06010401823702020AA282010C
   048201084E45474F45585453010000000000000060000000700000007C7CC0FD06D6362D02DDE1CF343BFE292900F49750B4AA97934D9C4296B26E51
   FD370471B235E15A50DAE15BD5489C870000000000000000600000000100000000000000000000005C33530DEAF90D4DB2EC4AE3786EC3084E45474F
   45585453030000000100000040000000980000007C7CC0FD06D6362D02DDE1CF343BFE295C33530DEAF90D4DB2EC4AE3786EC3084000000058000000
   3056A05430523027802530233121301F06035504031318546F6B656E205369676E696E67205075626C6963204B65793027802530233121301F060355
   04031318546F6B656E205369676E696E67205075626C6963204B6579010026000000000001002000010060A3C3B95C3C7CCD51EC536648D9B3AC74C4
   83CA5B65385A251117BEB30712E50000020004000000000001000200`,
);
const refused = { code: 'smb-protocol' };

test('the answer of a Windows server is understood', (t) => {
  const { server, ...negotiated } = parseNegotiate(WINDOWS_ANSWER);
  t.deepEqual(negotiated, {
    dialect: '3.1.1',
    signing: 'aes-cmac',
    cipher: 'aes-128-gcm',
    manyCredits: true,
    maxRead: MAX_TRANSFER_BYTES,
    maxWrite: MAX_TRANSFER_BYTES,
  });
  t.is(toHex(server.guid), '39cbcaf329714942bdce5d60f09ab3fb');
});

test('the offer is laid out as [MS-SMB2] 2.2.3 has it, contexts at multiples of eight', (t) => {
  const body = encodeNegotiate({ guid: new Uint8Array(16).fill(0xab), salt: new Uint8Array(32).fill(0xcd) });
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  t.deepEqual([view.getUint16(0, true), view.getUint16(2, true), view.getUint16(4, true)], [36, 4, 2]);
  t.is(toHex(body.subarray(36, 44)), '1002000302031103');
  const seen: number[] = [];
  let at = view.getUint32(28, true) - 64;
  for (let left = view.getUint16(32, true); left > 0; left -= 1) {
    t.is((at + 64) % 8, 0);
    seen.push(view.getUint16(at, true));
    at = Math.ceil((at + 64 + 8 + view.getUint16(at + 2, true)) / 8) * 8 - 64;
  }
  t.deepEqual(seen, [1, 2, 8]);
});

test('each dialect has its signing and its cipher', (t) => {
  const of = (dialect: number, capabilities: number) => {
    const { signing, cipher } = parseNegotiate(negotiateAnswer({ dialect, capabilities }));
    return [signing, cipher];
  };
  t.deepEqual(of(0x0210, 0x44), ['hmac-sha256', undefined]);
  t.deepEqual(of(0x0300, 0x44), ['aes-cmac', 'aes-128-ccm']);
  t.deepEqual(of(0x0302, 0x04), ['aes-cmac', undefined]);
  t.throws(() => of(0x0202, 0), { code: 'smb-unsupported' });
  t.throws(() => of(0x02ff, 0), { code: 'smb-unsupported' });
});

const preauth = { kind: 1, data: record(u16(1), u16(0), u16(1)) };
const withContexts = (...contexts: readonly { readonly kind: number; readonly data: Uint8Array }[]) =>
  parseNegotiate(negotiateAnswer({ dialect: 0x0311, contexts }));

test('SMB 3.1.1 must protect the negotiation, and picks only from what was offered', (t) => {
  t.is(withContexts(preauth).signing, 'aes-cmac');
  t.is(withContexts(preauth).cipher, undefined);
  t.is(withContexts(preauth, { kind: 2, data: record(u16(1), u16(0)) }).cipher, undefined);
  t.is(withContexts(preauth, { kind: 2, data: record(u16(1), u16(4)) }).cipher, 'aes-256-gcm');
  t.is(withContexts(preauth, { kind: 8, data: record(u16(1), u16(2)) }).signing, 'aes-gmac');
  t.throws(() => withContexts(), refused);
  t.throws(() => withContexts({ kind: 1, data: record(u16(1), u16(0), u16(2)) }), refused);
  t.throws(() => withContexts(preauth, { kind: 2, data: record(u16(1), u16(9)) }), refused);
  t.throws(() => withContexts(preauth, { kind: 2, data: record(u16(2), u16(1), u16(2)) }), refused);
  t.throws(() => withContexts(preauth, { kind: 8, data: record(u16(1), u16(3)) }), refused);
  t.throws(() => withContexts(preauth, preauth), refused);
});

test('contexts are bounded in number', (t) => {
  const unknown = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ kind: 100 + index, data: zeros(2) }));
  t.notThrows(() => withContexts(preauth, ...unknown(MAX_NEGOTIATE_CONTEXTS - 1)));
  t.throws(() => withContexts(preauth, ...unknown(MAX_NEGOTIATE_CONTEXTS)), refused);
});

test('transfers are at most 1 MB, 64 KB without many credits, and never tiny', (t) => {
  const of = (bytes: number, capabilities: number) =>
    parseNegotiate(negotiateAnswer({ dialect: 0x0210, capabilities, maxTransfer: bytes })).maxWrite;
  t.is(of(8 * MAX_TRANSFER_BYTES, 4), MAX_TRANSFER_BYTES);
  t.is(of(MAX_TRANSFER_BYTES, 0), 65_536);
  t.is(of(65_536, 4), 65_536);
  t.throws(() => of(0, 4), refused);
});

test('a damaged or cut answer is understood or refused, never anything else', (t) => {
  for (let length = 0; length < WINDOWS_ANSWER.length; length += 1)
    t.throws(() => parseNegotiate(WINDOWS_ANSWER.subarray(0, length)));
  forSeeds(2000, (random) => {
    const bytes = random.chance(0.2) ? random.bytes(random.int(0, 300)) : mutate(random, WINDOWS_ANSWER);
    try {
      parseNegotiate(bytes);
    } catch (error) {
      t.true(error instanceof Error && 'code' in error, String(error));
    }
  });
});
