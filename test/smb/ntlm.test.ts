import { createHmac } from 'node:crypto';
import test from 'ava';
import { ascii, record, u16, u32, utf16, zeros } from '../../src/smb/little-endian.ts';
import {
  answerNtlm,
  encodeNtlmNegotiate,
  MAX_AV_PAIRS,
  MAX_TARGET_INFO_BYTES,
  ntlmV2,
  parseNtlmChallenge,
} from '../../src/smb/ntlm.ts';
import type { NtlmInputs } from '../../src/smb/ntlm.ts';
import { rc4 } from '../../src/smb/rc4.ts';
import { fromHex, toHex } from './hex.ts';

// [MS-NLMP] §4.2.1, §4.2.4.
const ACCOUNT = { username: 'User', password: 'Password', domain: 'Domain' };
const INPUTS: NtlmInputs = {
  clientChallenge: new Uint8Array(8).fill(0xaa),
  sessionKey: new Uint8Array(16).fill(0x55),
  now: 0n,
  target: 'cifs/server',
  workstation: 'COMPUTER',
};
const CHALLENGE = fromHex(
  `4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000060070170000000f
   53006500720076006500720002000c0044006f006d00610069006e0001000c0053006500720076006500720000000000`,
);
/** From the session that Microsoft published with the keys of SMB 3.1.1. */
const WINDOWS_CHALLENGE = fromHex(
  `4E544C4D53535000020000000C000C003800000015828AE20D1D8BA31179D008000000000000000050005000440000000A0092270000000F
   53005500540033003100310002000C0053005500540033003100310001000C0053005500540033003100310004000C005300550054003300
   3100310003000C0053005500540033003100310007000800A1A1F5ADCBAED00100000000`,
);

const fieldOf = (message: Uint8Array, at: number): Uint8Array => {
  const view = new DataView(message.buffer, message.byteOffset);
  return message.subarray(view.getUint32(at + 4, true), view.getUint32(at + 4, true) + view.getUint16(at, true));
};

test('the values of [MS-NLMP] 4.2.4 come out', (t) => {
  const challenge = parseNtlmChallenge(CHALLENGE);
  const keys = ntlmV2(ACCOUNT, {
    serverChallenge: challenge.serverChallenge,
    clientChallenge: INPUTS.clientChallenge,
    time: 0n,
    targetInfo: CHALLENGE.subarray(68),
  });
  t.is(toHex(keys.responseKey), '0c868a403bfd7a93a3001ef22ef02e3f');
  t.is(toHex(keys.lmResponse), '86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa');
  t.is(toHex(keys.ntResponse.subarray(0, 16)), '68cd0ab851e51c96aabc927bebef6a1c');
  t.is(toHex(keys.sessionBaseKey), '8de40ccadbc14a82f15cb0ad0de95ca3');
});

test('the answer carries them where [MS-NLMP] 2.2.1.3 has them', (t) => {
  const { message, sessionKey } = answerNtlm(parseNtlmChallenge(CHALLENGE), ACCOUNT, INPUTS);
  t.is(toHex(message.subarray(0, 12)), `${toHex(ascii('NTLMSSP\0'))}03000000`);
  t.is(toHex(fieldOf(message, 12)), '86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa');
  t.is(toHex(fieldOf(message, 20).subarray(0, 16)), '68cd0ab851e51c96aabc927bebef6a1c');
  t.is(toHex(fieldOf(message, 28)), toHex(utf16('Domain')));
  t.is(toHex(fieldOf(message, 36)), toHex(utf16('User')));
  t.is(toHex(fieldOf(message, 44)), toHex(utf16('COMPUTER')));
  t.is(toHex(fieldOf(message, 52)), 'c5dad2544fc9799094ce1ce90bc9d03e');
  t.is(toHex(sessionKey), '55'.repeat(16));
});

test('a challenge with a time is answered with an integrity code over all three messages', (t) => {
  const challenge = parseNtlmChallenge(WINDOWS_CHALLENGE);
  t.is(challenge.timestamp, 0x01d0aecbadf5a1a1n);
  const { message } = answerNtlm(challenge, ACCOUNT, INPUTS);
  const bare = Uint8Array.from(message).fill(0, 72, 88);
  const hmac = createHmac('md5', INPUTS.sessionKey)
    .update(encodeNtlmNegotiate())
    .update(WINDOWS_CHALLENGE)
    .update(bare);
  t.is(toHex(message.subarray(72, 88)), hmac.digest('hex'));
  t.is(toHex(fieldOf(message, 12)), '00'.repeat(24), 'no LM answer beside it');
  const info = toHex(fieldOf(message, 20).subarray(44));
  t.true(info.includes('060004000200000'), 'says that there is a code');
  t.true(info.includes(toHex(utf16('cifs/server'))), 'says for whom it is');
});

test('without key exchange the session key is the one of the password', (t) => {
  const flags = new DataView(CHALLENGE.buffer).getUint32(20, true) & ~0x4000_0000;
  const bytes = Uint8Array.from(CHALLENGE);
  bytes.set(u32(flags >>> 0), 20);
  const { message, sessionKey } = answerNtlm(parseNtlmChallenge(bytes), ACCOUNT, INPUTS);
  t.is(toHex(sessionKey), '8de40ccadbc14a82f15cb0ad0de95ca3');
  t.is(fieldOf(message, 52).length, 0);
  t.is(new DataView(message.buffer, message.byteOffset).getUint32(60, true) & 0x4000_0000, 0);
  t.is(rc4(sessionKey, sessionKey).length, 16);
});

test('user names count in upper case letter by letter, domains as they are', (t) => {
  const keyOf = (username: string, domain: string) =>
    toHex(
      ntlmV2(
        { username, password: 'p', domain },
        { serverChallenge: zeros(8), clientChallenge: zeros(8), time: 0n, targetInfo: zeros(4) },
      ).responseKey,
    );
  t.is(keyOf('jürgen', 'D'), keyOf('JÜRGEN', 'D'));
  t.is(keyOf('voß', 'D'), keyOf('VOß', 'D'));
  t.not(keyOf('voß', 'D'), keyOf('voss', 'D'));
  t.not(keyOf('u', 'd'), keyOf('u', 'D'));
});

const challengeWith = (info: Uint8Array, flags = 0xe28a_8233): Uint8Array =>
  record(ascii('NTLMSSP\0'), u32(2), zeros(8), u32(flags), zeros(16), u16(info.length), u16(0), u32(48), info);
const refused = { code: 'smb-protocol' };

test('a server that offers less than NTLMv2 gets no answer', (t) => {
  const info = zeros(4);
  t.notThrows(() => parseNtlmChallenge(challengeWith(info)));
  for (const flag of [0x1, 0x8_0000, 0x80_0000])
    t.throws(() => parseNtlmChallenge(challengeWith(info, (0xe28a_8233 & ~flag) >>> 0)), refused);
  t.throws(() => parseNtlmChallenge(record(ascii('NTLMSSP\0'), u32(3), zeros(60))), refused);
  t.throws(() => parseNtlmChallenge(fromHex('a181b03081ada003')), refused);
});

test('target information is bounded in bytes and in attributes, and ends', (t) => {
  const pairs = (count: number) => record(...Array.from({ length: count }, () => record(u16(1), u16(0))), zeros(4));
  t.is(parseNtlmChallenge(challengeWith(pairs(MAX_AV_PAIRS))).pairs.length, MAX_AV_PAIRS);
  t.throws(() => parseNtlmChallenge(challengeWith(pairs(MAX_AV_PAIRS + 1))), refused);
  const long = (length: number) => record(u16(1), u16(length - 8), zeros(length - 8), zeros(4));
  t.notThrows(() => parseNtlmChallenge(challengeWith(long(MAX_TARGET_INFO_BYTES))));
  t.throws(() => parseNtlmChallenge(challengeWith(long(MAX_TARGET_INFO_BYTES + 1))), refused);
  t.throws(() => parseNtlmChallenge(challengeWith(record(u16(1), u16(0)))), refused);
  t.throws(() => parseNtlmChallenge(challengeWith(record(u16(7), u16(2), u16(0), zeros(4)))), refused);
});
