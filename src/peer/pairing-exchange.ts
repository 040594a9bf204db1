/**
 * The two messages of pairing over a fresh TLS connection: `pair` from the server where the code was typed, `paired` or a
 * goodbye from the one that shows it. Belongs here: the exchange. Does not: codes and proofs (pairing.ts).
 */
import type { TLSSocket } from 'node:tls';
import { withDeadline } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { MonotonicMs } from '../core/units.ts';
import { MAX_PAIRING_BYTES } from '../wire/pairing-protocol.ts';
import type { PairAnswer, PairRequest, PeerSelf } from '../wire/pairing-protocol.ts';
import { parsePairReply, parsePairRequest } from '../wire/parse-peer-message.ts';
import { PEER_PROTOCOL_VERSION } from '../wire/peer-protocol.ts';
import { lastWords } from './connection.ts';
import { refusal } from './conversation.ts';
import { createFrameReader, encodeFrame } from './frames.ts';
import type { PairedPeer } from './network-types.ts';
import { isStill, noPairing, pairingProofs, plainCode, sameProof, takeTry } from './pairing.ts';
import type { Pairing } from './pairing.ts';
import { channelBindingOf, shownCertificate } from './peer-tls.ts';
import type { PeerEndpoint } from './peer-tls.ts';

const LIMITS = { jsonBytes: MAX_PAIRING_BYTES, attachmentBytes: 0 };
/** Both reckon scrypt within it. */
const EXCHANGED_WITHIN = durationMs(15_000);
export const CODE_REFUSED = 'The pairing code is wrong, used up or expired: have the other server show a new one.';

type Self = { readonly server: PeerSelf & { readonly peerPort: number }; readonly fingerprint: string };

export type PairingDesk = {
  readonly clock: Clock;
  readonly self: () => Self;
  readonly pairing: () => Pairing;
  readonly setPairing: (pairing: Pairing) => void;
  readonly paired: (peer: PairedPeer) => Promise<void>;
  /** `isTry`: one of the tries that the code has was used for it. */
  readonly refused: (isTry: boolean, message: string) => void;
};

/** A stranger dialled while a code is shown. Never rejects; the socket is closed in any case. */
export async function answerPairing(desk: PairingDesk, socket: TLSSocket): Promise<void> {
  const { clock } = desk;
  let isTry = false;
  const counting: PairingDesk = {
    ...desk,
    setPairing: (pairing) => {
      isTry ||= pairing.kind === 'open';
      desk.setPairing(pairing);
    },
  };
  try {
    const answer = await withDeadline(clock, EXCHANGED_WITHIN, judged(counting, socket));
    if (answer === undefined) throw refused('No pairing request came in time.');
    lastWords(socket, clock, encodeFrame(answer, undefined, LIMITS));
  } catch (error) {
    const words = error instanceof UnderstudyError ? messageOf(error) : 'The pairing could not be stored.';
    desk.refused(isTry, words.slice(0, 500));
    lastWords(socket, clock, encodeFrame(refusal(words.slice(0, 500)), undefined, LIMITS));
  }
}

async function judged(desk: PairingDesk, socket: TLSSocket): Promise<PairAnswer> {
  const request = parsePairRequest(await firstFrame(socket));
  const certificate = shownCertificate(socket);
  const now = (): MonotonicMs => desk.clock.monotonic();
  const { pairing, code } = takeTry(desk.pairing(), now());
  desk.setPairing(pairing);
  if (code === undefined || certificate === undefined) throw refused(CODE_REFUSED);
  const { server, fingerprint } = desk.self();
  const basis = { dialler: certificate.fingerprint, shower: fingerprint, channelBinding: channelBindingOf(socket) };
  const proofs = await pairingProofs(code, basis);
  if (!sameProof(request.proof, proofs.dialler) || !isStill(desk.pairing(), code, now())) throw refused(CODE_REFUSED);
  if (request.server.serverId !== certificate.commonName || request.server.serverId === server.serverId)
    throw refused('The other server does not name itself as its certificate does.');
  desk.setPairing(noPairing);
  await desk.paired(pairedPeer(request, certificate.fingerprint, undefined));
  return { kind: 'paired', server, proof: proofs.shower };
}

export type AskPairing = {
  readonly clock: Clock;
  readonly socket: TLSSocket;
  readonly place: PeerEndpoint;
  readonly self: Self;
  /** As it was typed. */
  readonly typed: string;
};
/** Here the code was typed. @throws peer/pairing-refused, peer/version */
export async function askPairing({ clock, socket, place, self, typed }: AskPairing): Promise<PairedPeer> {
  const code = plainCode(typed);
  const certificate = shownCertificate(socket);
  try {
    if (code === undefined || certificate === undefined) throw refused('Expected a code of 10 letters and digits.');
    const { server, fingerprint } = self;
    const basis = { dialler: fingerprint, shower: certificate.fingerprint, channelBinding: channelBindingOf(socket) };
    const proofs = await pairingProofs(code, basis);
    const request = { kind: 'pair', protocol: PEER_PROTOCOL_VERSION, server, proof: proofs.dialler };
    socket.write(Buffer.concat(encodeFrame(request, undefined, LIMITS)));
    const json = await withDeadline(clock, EXCHANGED_WITHIN, firstFrame(socket));
    if (json === undefined) throw refused('The other server did not answer in time.');
    const reply = parsePairReply(json);
    if (reply.kind === 'goodbye') throw refused(reply.message);
    if (!sameProof(reply.proof, proofs.shower))
      throw refused('The other server does not know the code: it is not the one that shows it.');
    if (reply.server.serverId !== certificate.commonName)
      throw refused('The other server does not name itself as its certificate does.');
    return pairedPeer(reply, certificate.fingerprint, place.host);
  } finally {
    socket.destroy();
  }
}

function pairedPeer({ server }: PairRequest | PairAnswer, fingerprint: string, host: string | undefined): PairedPeer {
  const { peerPort, ...facts } = server;
  return { server: facts, fingerprint, peerPort, host };
}

/** Only one is read. */
async function firstFrame(socket: TLSSocket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const reader = createFrameReader(LIMITS);
  socket.on('error', reject);
  socket.once('close', () => reject(refused('The other server ended the connection.')));
  socket.on('data', (chunk: Buffer) => {
    try {
      reader.push(chunk, ({ json }) => {
        resolve(json);
        return false;
      });
    } catch (error) {
      reject(error);
    }
  });
  return await promise;
}

const refused = (message: string): UnderstudyError => new UnderstudyError('forbidden', 'peer/pairing-refused', message);
