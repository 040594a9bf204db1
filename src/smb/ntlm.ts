/**
 * Logging on with NTLMv2, [MS-NLMP] §2.2.1, §3.1.5, §3.3.2. Never answers with anything weaker: no LM, no NTLMv1.
 *
 * Belongs here: the three messages and their keys, as values. Does not: SMB around them (session-messages.ts), random numbers and the clock.
 */
import { createHmac } from 'node:crypto';
import { ascii, readerOf, record, u16, u32, u64, utf16, zeros } from './little-endian.ts';
import { md4 } from './md4.ts';
import { rc4 } from './rc4.ts';
import { brokenProtocol } from './smb-error.ts';

export type NtlmAccount = { readonly username: string; readonly password: string; readonly domain: string };

const FLAG = {
  unicode: 0x0000_0001,
  requestTarget: 0x0000_0004,
  sign: 0x0000_0010,
  ntlm: 0x0000_0200,
  alwaysSign: 0x0000_8000,
  extendedSessionSecurity: 0x0008_0000,
  targetInfo: 0x0080_0000,
  version: 0x0200_0000,
  key128: 0x2000_0000,
  keyExchange: 0x4000_0000,
} as const;
const OFFERED = Object.values(FLAG).reduce((all, flag) => all | flag, 0) >>> 0;
const NEEDED = [FLAG.unicode, FLAG.extendedSessionSecurity, FLAG.targetInfo];

const SIGNATURE = ascii('NTLMSSP\0');
/** Of Windows 10, NTLMSSP revision 15: §2.2.2.10; servers only log it. */
const VERSION = Uint8Array.of(10, 0, 0, 0, 0, 0, 0, 15);
const AV = { end: 0, flags: 6, timestamp: 7, targetName: 9, channelBindings: 10 } as const;
const AV_FLAG_MIC = 2;
/** Windows sends six to eight pairs in some hundred bytes. */
export const MAX_TARGET_INFO_BYTES = 4096;
export const MAX_AV_PAIRS = 64;
const MIC_AT = 72;
const FIXED_BYTES = 88;

/** The first message. */
export const encodeNtlmNegotiate = (): Uint8Array => record(SIGNATURE, u32(1), u32(OFFERED), zeros(16), VERSION);

type AvPair = { readonly id: number; readonly value: Uint8Array };
export type NtlmChallenge = {
  readonly bytes: Uint8Array;
  readonly flags: number;
  readonly serverChallenge: Uint8Array;
  readonly pairs: readonly AvPair[];
  /** The server's time as a FILETIME; where there is one, our answer carries a message integrity code. */
  readonly timestamp: bigint | undefined;
};

/** The second message, from the server. @throws `smb-protocol` */
export function parseNtlmChallenge(bytes: Uint8Array): NtlmChallenge {
  const reader = readerOf(bytes, 'NTLM challenge');
  if (!Buffer.from(reader.bytes(0, 8)).equals(SIGNATURE) || reader.u32(8) !== 2)
    throw brokenProtocol('Expected an NTLM challenge from the server, got something else: does it allow NTLMv2?');
  const flags = reader.u32(20);
  if (NEEDED.some((flag) => (flags & flag) === 0))
    throw brokenProtocol('The server does not offer NTLMv2: nothing weaker is answered. Allow NTLMv2 on it.');
  const length = reader.u16(40);
  if (length > MAX_TARGET_INFO_BYTES)
    throw brokenProtocol(
      `The NTLM challenge has ${length} bytes of target information; ${MAX_TARGET_INFO_BYTES} allowed.`,
    );
  const pairs = pairsOf(reader.bytes(reader.u32(44), length));
  const stamp = pairs.find(({ id }) => id === AV.timestamp)?.value;
  return {
    bytes,
    flags,
    serverChallenge: reader.bytes(24, 8),
    pairs,
    timestamp: stamp === undefined ? undefined : readerOf(stamp, 'NTLM timestamp').u64(0),
  };
}

function pairsOf(info: Uint8Array): readonly AvPair[] {
  const reader = readerOf(info, 'NTLM target information');
  const pairs: AvPair[] = [];
  for (let at = 0; reader.u16(at) !== AV.end;) {
    if (pairs.length === MAX_AV_PAIRS)
      throw brokenProtocol(`The NTLM challenge has more than ${MAX_AV_PAIRS} attributes.`);
    const length = reader.u16(at + 2);
    pairs.push({ id: reader.u16(at), value: reader.bytes(at + 4, length) });
    at += 4 + length;
  }
  return pairs;
}

/** What must not be guessed, and what the answer is for. */
export type NtlmInputs = {
  /** 8 random bytes. */
  readonly clientChallenge: Uint8Array;
  /** 16 random bytes. */
  readonly sessionKey: Uint8Array;
  /** FILETIME for servers that send none. */
  readonly now: bigint;
  /** Such as `cifs/nas`: a server that checks it takes no answer that was meant for another. */
  readonly target: string;
  readonly workstation: string;
};
export type NtlmAnswer = { readonly message: Uint8Array; readonly sessionKey: Uint8Array };

/** The third message and the key of the session. */
export function answerNtlm(challenge: NtlmChallenge, account: NtlmAccount, inputs: NtlmInputs): NtlmAnswer {
  const withMic = challenge.timestamp !== undefined;
  const info = encodePairs(withMic ? withFlagsAndTarget(challenge.pairs, inputs.target) : challenge.pairs);
  const keys = ntlmV2(account, {
    serverChallenge: challenge.serverChallenge,
    clientChallenge: inputs.clientChallenge,
    time: challenge.timestamp ?? inputs.now,
    targetInfo: info,
  });
  const exchanges = (challenge.flags & FLAG.keyExchange) !== 0;
  const sessionKey = exchanges ? inputs.sessionKey : keys.sessionBaseKey;
  const message = encodeAuthenticate(challenge.flags, [
    withMic ? zeros(24) : keys.lmResponse,
    keys.ntResponse,
    utf16(account.domain),
    utf16(account.username),
    utf16(inputs.workstation),
    exchanges ? rc4(keys.sessionBaseKey, sessionKey) : zeros(0),
  ]);
  if (withMic) message.set(hmacMd5(sessionKey, encodeNtlmNegotiate(), challenge.bytes, message), MIC_AT);
  return { message, sessionKey };
}

/** §3.1.5.1.2: says that there is an integrity code, for whom the answer is, and that no TLS is around it. */
const withFlagsAndTarget = (pairs: readonly AvPair[], target: string): readonly AvPair[] => [
  ...pairs.filter(({ id }) => id !== AV.flags && id !== AV.targetName && id !== AV.channelBindings),
  { id: AV.flags, value: u32(AV_FLAG_MIC) },
  { id: AV.channelBindings, value: zeros(16) },
  { id: AV.targetName, value: utf16(target) },
];

const encodePairs = (pairs: readonly AvPair[]): Uint8Array =>
  record(...pairs.flatMap(({ id, value }) => [u16(id), u16(value.length), value]), u32(AV.end));

/** Six fields, in the order of §2.2.1.3, with a place for the integrity code. */
function encodeAuthenticate(challengeFlags: number, fields: readonly Uint8Array[]): Uint8Array {
  const places: Uint8Array[] = [];
  let at = FIXED_BYTES;
  for (const { length } of fields) {
    places.push(u16(length), u16(length), u32(at));
    at += length;
  }
  const flags = (OFFERED & challengeFlags) | FLAG.version;
  return record(SIGNATURE, u32(3), ...places, u32(flags >>> 0), VERSION, zeros(16), ...fields);
}

type NtlmV2Inputs = {
  readonly serverChallenge: Uint8Array;
  readonly clientChallenge: Uint8Array;
  readonly time: bigint;
  readonly targetInfo: Uint8Array;
};
type NtlmV2Keys = {
  readonly responseKey: Uint8Array;
  readonly lmResponse: Uint8Array;
  readonly ntResponse: Uint8Array;
  readonly sessionBaseKey: Uint8Array;
};

/** §3.3.2. */
export function ntlmV2(account: NtlmAccount, inputs: NtlmV2Inputs): NtlmV2Keys {
  const { serverChallenge, clientChallenge } = inputs;
  const responseKey = hmacMd5(md4(utf16(account.password)), utf16(upperCase(account.username) + account.domain));
  const temp = record(
    Uint8Array.of(1, 1),
    zeros(6),
    u64(inputs.time),
    clientChallenge,
    zeros(4),
    inputs.targetInfo,
    zeros(4),
  );
  const proof = hmacMd5(responseKey, serverChallenge, temp);
  return {
    responseKey,
    lmResponse: record(hmacMd5(responseKey, serverChallenge, clientChallenge), clientChallenge),
    ntResponse: record(proof, temp),
    sessionBaseKey: hmacMd5(responseKey, proof),
  };
}

/** Letter by letter as Windows does it: `ß` stays, where JavaScript would make two letters of it. */
const upperCase = (text: string): string =>
  Array.from(text, (letter) => (letter.toUpperCase().length === letter.length ? letter.toUpperCase() : letter)).join(
    '',
  );

function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac('md5', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}
