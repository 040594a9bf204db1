/** What one server may hear from another: strict, bounded parsers of `PeerMessage` and of the messages of pairing. */
import { UnderstudyError } from '../core/errors.ts';
import { isWebAddress } from '../core/web-address.ts';
import { MISSING_CAUSES } from '../ledger/causes.ts';
import type { MissingCause } from '../ledger/causes.ts';
import { MAX_STREAMS } from './media-protocol.ts';
import type { PairAnswer, PairRequest, PeerSelf } from './pairing-protocol.ts';
import { cameraIdText, idText, MAX_VOLUMES, serverIdText, streamNameText } from './parse-control-message.ts';
import { PEER_PROTOCOL_VERSION } from './peer-protocol.ts';
import type {
  CoverProgress,
  PeerBeat,
  PeerGoodbye,
  PeerHello,
  PeerKeepAlive,
  PeerMessage,
  PeerRequest,
  PeerResponse,
  StreamProgress,
  SuitabilityFacts,
} from './peer-protocol.ts';
import {
  listOf,
  matching,
  measure,
  objectOf,
  oneKindOf,
  oneOf,
  optional,
  parseJson,
  plainObject,
  text,
  whole,
} from './shape.ts';
import type { Read } from './shape.ts';

export const MAX_FRAME_GRABBERS = 32;
/** Servers that one server records at a moment; each has a camera at least, and there are 128 channels. */
export const MAX_COVERED_SERVERS = 128;
export const MAX_METHOD_LENGTH = 64;
export const MAX_MESSAGE_LENGTH = 1000;

export const sha256Text: Read<string> = matching((value) => /^[0-9a-f]{64}$/.test(value), 'a SHA-256 in hex');
export const missingCause: Read<MissingCause> = oneOf(MISSING_CAUSES);
/** SPKI of an Ed25519 key is 44 bytes (RFC 8410), of which the first twelve are the same for all. */
const RECEIPT_KEY = /^-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=\n-----END PUBLIC KEY-----\n$/;
const receiptKeyText = matching((value) => RECEIPT_KEY.test(value), 'an Ed25519 public key in PEM');
/** `params` and `result` are for whoever knows the method. */
const anything: Read<unknown> = (value) => value;

const port = whole(0, 65_535);
const mode = oneOf(['recording', 'failover', 'host'] as const);
const suitability: Read<SuitabilityFacts> = objectOf<SuitabilityFacts>({
  platform: text(32),
  frameGrabbers: listOf(text(200), MAX_FRAME_GRABBERS),
});
const aboutItself = {
  serverId: serverIdText,
  name: text(200),
  version: text(64),
  mode,
  instance: idText,
  startedAt: measure,
  httpPort: port,
  httpsFingerprint: sha256Text,
  receiptKey: receiptKeyText,
  suitability,
  clientAddress: optional(matching(isWebAddress, 'a host name or an IP address')),
};
const hello: Read<PeerHello> = objectOf<PeerHello>({
  ...aboutItself,
  kind: oneOf(['hello']),
  protocol: oneOf([PEER_PROTOCOL_VERSION]),
  purpose: oneOf(['watch', 'bulk']),
  at: measure,
  peerPort: port,
});
const beat: Read<PeerBeat> = objectOf<PeerBeat>({
  kind: oneOf(['beat']),
  seq: whole(0),
  at: measure,
  echo: optional(objectOf({ seq: whole(0), heldMs: measure })),
});
const streamProgress: Read<StreamProgress> = objectOf<StreamProgress>({
  cameraId: cameraIdText,
  stream: streamNameText,
  state: oneOf(['recording', 'waiting', 'failed']),
  cause: optional(missingCause),
  durableUntil: optional(measure),
  idleMs: optional(measure),
});
const streams = listOf(streamProgress, MAX_STREAMS);
const coverProgress: Read<CoverProgress> = objectOf<CoverProgress>({
  serverId: serverIdText,
  epoch: whole(1),
  state: oneOf(['covering', 'takeover', 'handing-over']),
  streams,
});
const keepAlive: Read<PeerKeepAlive> = objectOf<PeerKeepAlive>({
  kind: oneOf(['keep-alive']),
  seq: whole(0),
  at: measure,
  mode,
  media: oneOf(['up', 'down']),
  streams,
  volumes: listOf(objectOf({ id: idText, cause: optional(missingCause) }), MAX_VOLUMES),
  covering: listOf(coverProgress, MAX_COVERED_SERVERS),
  channels: objectOf({ max: whole(0), used: whole(0) }),
  settingsRevision: text(128),
  epoch: whole(1),
});
const goodbye: Read<PeerGoodbye> = objectOf<PeerGoodbye>({
  kind: oneOf(['goodbye']),
  reason: oneOf(['shutdown', 'restart', 'update', 'error', 'deauthorized', 'replaced', 'refused']),
  message: text(MAX_MESSAGE_LENGTH),
});
const request: Read<PeerRequest> = objectOf<PeerRequest>({
  kind: oneOf(['request']),
  id: whole(1),
  method: text(MAX_METHOD_LENGTH),
  params: anything,
});
const response: Read<Extract<PeerResponse, { kind: 'response' }>> = objectOf({
  kind: oneOf(['response'] as const),
  id: whole(1),
  result: anything,
});
const failure: Read<Extract<PeerResponse, { kind: 'failure' }>> = objectOf({
  kind: oneOf(['failure'] as const),
  id: whole(1),
  error: objectOf({ kind: text(32), code: text(64), message: text(MAX_MESSAGE_LENGTH) }),
});
const peerMessage: Read<PeerMessage> = oneKindOf<PeerMessage>({
  hello,
  beat,
  'keep-alive': keepAlive,
  goodbye,
  request,
  response,
  failure,
});

/** @throws wire/json, wire/shape */
export const parsePeerMessage = (json: string): PeerMessage => parseJson(json, peerMessage);

/**
 * The first message of a connection: a hello, or a goodbye from a server that takes none of ours.
 * @throws peer/version (also if the rest of it is not what we know), wire/json, wire/shape
 */
export const parseGreeting = (json: string): PeerHello | PeerGoodbye =>
  parseJson(json, (value, path) => {
    if (plainObject(value, path)['kind'] !== 'goodbye') refuseOtherVersion(value, path);
    return greeting(value, path);
  });
const greeting: Read<PeerHello | PeerGoodbye> = oneKindOf<PeerHello | PeerGoodbye>({ hello, goodbye });

const self: Read<PeerSelf & { readonly peerPort: number }> = objectOf<PeerSelf & { readonly peerPort: number }>({
  ...aboutItself,
  peerPort: port,
});
const pair: Read<PairRequest> = objectOf<PairRequest>({
  kind: oneOf(['pair']),
  protocol: oneOf([PEER_PROTOCOL_VERSION]),
  server: self,
  proof: sha256Text,
});
const paired: Read<PairAnswer> = objectOf<PairAnswer>({ kind: oneOf(['paired']), server: self, proof: sha256Text });
const pairReply: Read<PairAnswer | PeerGoodbye> = oneKindOf<PairAnswer | PeerGoodbye>({ paired, goodbye });

/** @throws peer/version, wire/json, wire/shape */
export const parsePairRequest = (json: string): PairRequest =>
  parseJson(json, (value, path) => {
    refuseOtherVersion(value, path);
    return pair(value, path);
  });
/** @throws wire/json, wire/shape */
export const parsePairReply = (json: string): PairAnswer | PeerGoodbye => parseJson(json, pairReply);

/** Before everything else is looked at: another version may have other properties. */
function refuseOtherVersion(value: unknown, path: string): void {
  const protocol = plainObject(value, path)['protocol'];
  if (typeof protocol !== 'number' || protocol === PEER_PROTOCOL_VERSION) return;
  const older = protocol < PEER_PROTOCOL_VERSION;
  throw new UnderstudyError(
    'unsupported',
    'peer/version',
    `This server speaks version ${PEER_PROTOCOL_VERSION} of the peer protocol, the other one ${protocol}: update ${older ? 'the other one' : 'this one'}.`,
  );
}
