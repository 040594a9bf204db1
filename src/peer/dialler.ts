/**
 * Dials a peer port: TCP, TLS 1.3, and the certificate that is shown compared with the pinned one before a byte is written.
 * Belongs here: one attempt. Does not: when to try (redial.ts).
 */
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { PAIRING_ALPN, PEER_ALPN, peerTlsOptions, shownCertificate } from './peer-tls.ts';
import type { PeerAlpn, PeerEndpoint, PeerIdentity } from './peer-tls.ts';

/** TCP alone: while nothing answers, its repeats grow to 4 s, and a box that is back should be reached sooner. */
const CONNECT_WITHIN = durationMs(2000);
export const HANDSHAKE_WITHIN = durationMs(5000);

export type DialOptions = {
  readonly clock: Pick<Clock, 'after'>;
  readonly identity: PeerIdentity;
  readonly endpoint: PeerEndpoint;
  /** Undefined: whoever answers, for pairing. */
  readonly fingerprint: string | undefined;
  readonly signal: AbortSignal;
  /** What a connection to a known peer is for; absent: the peer protocol. */
  readonly alpn?: PeerAlpn | undefined;
};

/** @throws peer/unreachable, peer/key-changed (context: fingerprint), peer/aborted */
export async function dialPeer(options: DialOptions): Promise<TLSSocket> {
  const { clock, identity, endpoint, fingerprint, signal, alpn = PEER_ALPN } = options;
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const place = `${endpoint.host} port ${endpoint.port}`;
  if (signal.aborted) throw aborted(place);
  const socket = connect({
    ...peerTlsOptions(identity),
    ALPNProtocols: [fingerprint === undefined ? PAIRING_ALPN : alpn],
    host: endpoint.host,
    port: endpoint.port,
  });
  const fail = (error: UnderstudyError): void => {
    socket.destroy();
    reject(error);
  };
  const abort = (): void => fail(aborted(place));
  const late = (): void => fail(unreachable(place, 'no answer in time'));
  let cancel = clock.after(CONNECT_WITHIN, late);
  signal.addEventListener('abort', abort, { once: true });
  socket.once('connect', () => {
    cancel();
    cancel = clock.after(HANDSHAKE_WITHIN, late);
  });
  socket.on('error', (error) => fail(unreachable(place, messageOf(error))));
  socket.once('close', () => fail(unreachable(place, 'it ended the connection')));
  socket.once('secureConnect', () => {
    const shown = shownCertificate(socket)?.fingerprint;
    if (shown === undefined || (fingerprint !== undefined && shown !== fingerprint)) fail(keyChanged(place, shown));
    else resolve(socket);
  });
  try {
    return await promise;
  } finally {
    cancel();
    signal.removeEventListener('abort', abort);
  }
}

const unreachable = (place: string, why: string): UnderstudyError =>
  new UnderstudyError('unavailable', 'peer/unreachable', `${place} does not answer as a server of the site: ${why}`);
const keyChanged = (place: string, fingerprint: string | undefined): UnderstudyError =>
  new UnderstudyError(
    'forbidden',
    'peer/key-changed',
    `${place} shows another key than the one that was trusted: it was reinstalled, or it is not that server. If it was reinstalled, remove it and authorize it again.`,
    { context: { fingerprint } },
  );
const aborted = (place: string): UnderstudyError =>
  new UnderstudyError('unavailable', 'peer/aborted', `The connection to ${place} was given up here.`);
