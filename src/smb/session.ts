/**
 * From a TCP connection to a session that is logged on and a share that is connected, [MS-SMB2] §3.2.4.2, §3.2.5.2 to §3.2.5.5.
 *
 * Belongs here: the order of the steps, and the keys. Does not: bytes of the messages.
 * Invariants: no guest session; what was negotiated is proven before the first byte of a file is sent: by the pre-authentication hash (3.1.1) or
 * by asking again with a signature (before).
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Answer, Connection } from './connection.ts';
import { createEncryption } from './encryption.ts';
import type { Encryption } from './encryption.ts';
import { COMMAND } from './header.ts';
import { derivedKey } from './key-derivation.ts';
import { ascii, zeros } from './little-endian.ts';
import { encodeNegotiate, parseNegotiate, SALT_BYTES } from './negotiate.ts';
import type { Negotiated, Offer } from './negotiate.ts';
import { answerNtlm, encodeNtlmNegotiate, parseNtlmChallenge } from './ntlm.ts';
import type { NtlmAccount } from './ntlm.ts';
import {
  encodeSessionSetup,
  encodeTreeConnect,
  encodeValidateNegotiate,
  isSameNegotiation,
  parseSessionSetup,
  parseTreeConnect,
} from './session-messages.ts';
import { createSigner } from './signing.ts';
import type { Signer } from './signing.ts';
import { brokenProtocol, refusalOf, STATUS } from './smb-error.ts';
import { serverNameOf, uncOf } from './smb-path.ts';

export type SessionOptions = {
  readonly host: string;
  readonly share: string;
  readonly account: NtlmAccount;
  readonly encrypt: 'when-offered' | 'required';
  readonly clock: Pick<Clock, 'now'>;
};
export type Session = {
  readonly negotiated: Negotiated;
  readonly treeId: number;
  readonly encrypted: boolean;
  readonly writable: boolean;
};

export async function startSession(connection: Connection, options: SessionOptions): Promise<Session> {
  const unc = uncOf(options.host, options.share);
  const offer: Offer = { guid: randomBytes(16), salt: randomBytes(SALT_BYTES) };
  const greeting = await connection.request({
    command: COMMAND.negotiate,
    body: encodeNegotiate(offer),
    doing: 'agree on a dialect of SMB from 2.1 to 3.1.1',
  });
  const negotiated = parseNegotiate(greeting.message);
  connection.agree({ charges: negotiated.manyCredits });
  const logon = await logOn(connection, options, { negotiated, transcript: transcriptOf(zeros(64), greeting) });
  return await connectTree(connection, { ...logon, negotiated, offer, unc, options });
}

/** The hash over everything said before there were keys, §3.2.5.2, §3.2.5.3. */
const transcriptOf = (before: Uint8Array, { sent, message }: Pick<Answer, 'sent' | 'message'>): Uint8Array =>
  extended(extended(before, sent), message);
export const extended = (hash: Uint8Array, message: Uint8Array): Uint8Array =>
  createHash('sha512').update(hash).update(message).digest();

type Greeted = { readonly negotiated: Negotiated; readonly transcript: Uint8Array };
type LoggedOn = { readonly signer: Signer; readonly encryption: Encryption | undefined; readonly mustEncrypt: boolean };

async function logOn(connection: Connection, options: SessionOptions, greeted: Greeted): Promise<LoggedOn> {
  const first = await setUp(connection, encodeNtlmNegotiate(), [STATUS.moreProcessing]);
  if (first.header.status !== STATUS.moreProcessing)
    throw brokenProtocol('The server logged us on before it asked for a password: it is not to be trusted.');
  const { sessionId } = first.header;
  connection.agree({ sessionId });
  const challenge = parseNtlmChallenge(parseSessionSetup(first.message).token);
  const { message, sessionKey } = answerNtlm(challenge, options.account, {
    clientChallenge: randomBytes(8),
    sessionKey: randomBytes(16),
    now: fileTimeOf(options.clock.now()),
    target: `cifs/${serverNameOf(options.host)}`,
    workstation: 'UNDERSTUDY',
  });
  const last = await setUp(connection, message, []);
  const { guest, mustEncrypt } = parseSessionSetup(last.message);
  if (guest) throw guestRefused();
  const keys = keysOf(greeted.negotiated, sessionKey, extended(transcriptOf(greeted.transcript, first), last.sent));
  const signer = createSigner(greeted.negotiated.signing, keys.signing);
  checkLogon(last, signer, greeted.negotiated);
  const { cipher } = greeted.negotiated;
  const encryption = cipher === undefined ? undefined : createEncryption(cipher, keys, sessionId);
  return { signer, encryption, mustEncrypt };
}

const setUp = async (connection: Connection, token: Uint8Array, accept: readonly number[]): Promise<Answer> =>
  await connection.request({ command: COMMAND.sessionSetup, body: encodeSessionSetup(token), doing: 'log on', accept });

/** §3.2.5.3.1: from 3.0 on the server's last word is signed; before, the next answer is the first that proves it has the key. */
function checkLogon({ header, message }: Answer, signer: Signer, { dialect }: Negotiated): void {
  const mayBeBare = dialect === '2.1' && !header.signed;
  if (!mayBeBare && !(header.signed && signer.isSigned(message, header.messageId)))
    throw brokenProtocol('The server could not prove that it knows the password: something may be between it and us.');
}

type SessionKeys = { readonly signing: Uint8Array; readonly toServer: Uint8Array; readonly toClient: Uint8Array };

/** §3.1.4.2. */
export function keysOf(
  { dialect, cipher }: Pick<Negotiated, 'dialect' | 'cipher'>,
  sessionKey: Uint8Array,
  transcript: Uint8Array,
): SessionKeys {
  if (dialect === '2.1') return { signing: sessionKey, toServer: zeros(16), toClient: zeros(16) };
  if (dialect === '3.1.1') {
    const key = (label: string, length: 16 | 32): Uint8Array =>
      derivedKey(sessionKey, ascii(`${label}\0`), transcript, length);
    const length = cipher === 'aes-256-gcm' || cipher === 'aes-256-ccm' ? 32 : 16;
    return {
      signing: key('SMBSigningKey', 16),
      toServer: key('SMBC2SCipherKey', length),
      toClient: key('SMBS2CCipherKey', length),
    };
  }
  const key = (label: string, context: string): Uint8Array =>
    derivedKey(sessionKey, ascii(`${label}\0`), ascii(`${context}\0`), 16);
  return {
    signing: key('SMB2AESCMAC', 'SmbSign'),
    toServer: key('SMB2AESCCM', 'ServerIn '),
    toClient: key('SMB2AESCCM', 'ServerOut'),
  };
}

type Tree = LoggedOn & {
  readonly negotiated: Negotiated;
  readonly offer: Offer;
  readonly unc: string;
  readonly options: SessionOptions;
};

async function connectTree(connection: Connection, tree: Tree): Promise<Session> {
  const { signer, encryption, negotiated, options } = tree;
  const atOnce = tree.mustEncrypt || options.encrypt === 'required';
  if (atOnce && encryption === undefined) throw noEncryption(negotiated);
  connection.agree({ security: { signer, encryption: atOnce ? encryption : undefined } });
  const answer = await connection.request({
    command: COMMAND.treeConnect,
    body: encodeTreeConnect(tree.unc),
    doing: `connect to the share ${options.share}`,
  });
  const share = parseTreeConnect(answer.message);
  if (!share.isDisk) throw notADisk(options.share);
  const { treeId } = answer.header;
  if (negotiated.dialect !== '3.1.1') await checkNegotiation(connection, { negotiated, offer: tree.offer, treeId });
  if (share.mustEncrypt && encryption === undefined) throw noEncryption(negotiated);
  const encrypted = atOnce || share.mustEncrypt;
  connection.agree({ security: { signer, encryption: encrypted ? encryption : undefined } });
  return { negotiated, treeId, encrypted, writable: share.writable };
}

type Proof = { readonly negotiated: Negotiated; readonly offer: Offer; readonly treeId: number };
/** What servers say that do not know the question; signed like every answer, so nobody else can have said it. */
const UNKNOWN_QUESTION: readonly number[] = [STATUS.fileClosed, STATUS.invalidDevice, STATUS.notSupported];

/** §3.2.5.5: nobody on the way took the better dialects or encryption out of what was offered. */
async function checkNegotiation(connection: Connection, { negotiated, offer, treeId }: Proof): Promise<void> {
  const { header, message } = await connection.request({
    command: COMMAND.ioctl,
    body: encodeValidateNegotiate(offer.guid),
    treeId,
    doing: 'have the negotiation confirmed',
    accept: UNKNOWN_QUESTION,
  });
  if (header.status === STATUS.success && !isSameNegotiation(message, negotiated))
    throw brokenProtocol('The server negotiated something else than arrived here: something on the way changed it.');
}

/** 100 ns since 1601. */
const fileTimeOf = (epochMs: number): bigint => (BigInt(Math.trunc(epochMs)) + 11_644_473_600_000n) * 10_000n;

const guestRefused = (): UnderstudyError =>
  new UnderstudyError(
    'unauthenticated',
    'smb-logon-failed',
    'The server let us in as a guest only, because it does not know this user: footage is not sent to a server that proves nothing. ' +
      'Check the user name, and give the user an account there.',
  );

const noEncryption = ({ dialect }: Negotiated): UnderstudyError =>
  new UnderstudyError(
    'unsupported',
    'smb-encryption-missing',
    `Encryption is required, but the server offers none with SMB ${dialect}: allow SMB 3 with encryption on it.`,
  );

/** As if it were not there: nothing can be put on a printer. */
const notADisk = (share: string): UnderstudyError => refusalOf(0xc000_00cc, `use ${share} as a share with files`);
