/**
 * TLS as the peer channel has it: 1.3 only, a certificate from both sides, no authorities. Who may come in is decided by the
 * SHA-256 of the certificate (RFC 5280 encoding, DER) alone, before anything is read or written.
 * Belongs here: options and what a connection shows. Does not: whom to trust (listener.ts, dialler.ts).
 */
import type { PeerCertificate, SecureContextOptions, TLSSocket } from 'node:tls';
import { plainFingerprint } from '../core/fingerprint.ts';

export const DEFAULT_PEER_PORT = 51_410;

/** PEM. */
export type PeerIdentity = { readonly key: string; readonly certificate: string };
export type PeerEndpoint = { readonly host: string; readonly port: number };

/** RFC 7301: which of the two talks a connection is for, before the first message. */
export const PEER_ALPN = 'understudy-peer';
export const PAIRING_ALPN = 'understudy-pairing';
/** HTTP/1.1 of the site gateway: the host asks, whoever dialled. */
export const HTTP_ALPN = 'understudy-http';
export type PeerAlpn = typeof PEER_ALPN | typeof HTTP_ALPN;

/** For both sides. Possession of the key is proven by CertificateVerify (RFC 8446 §4.4.3); a chain would say nothing. */
export const peerTlsOptions = (
  identity: PeerIdentity,
): SecureContextOptions & { readonly requestCert: true; readonly rejectUnauthorized: false } => ({
  key: identity.key,
  cert: identity.certificate,
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  requestCert: true,
  rejectUnauthorized: false,
});

export type ShownCertificate = {
  readonly fingerprint: string;
  /** Of its subject: the id of the server, by its own word. */
  readonly commonName: string | undefined;
};

/** Undefined: none was shown. */
export function shownCertificate(socket: TLSSocket): ShownCertificate | undefined {
  const shown = socket.getPeerCertificate() as Partial<PeerCertificate>;
  if (shown.fingerprint256 === undefined) return undefined;
  const commonName: unknown = shown.subject?.CN;
  return {
    fingerprint: plainFingerprint(shown.fingerprint256),
    commonName: typeof commonName === 'string' ? commonName : undefined,
  };
}

/** RFC 9266 `tls-exporter`: 32 bytes that only the two ends of this very connection share. */
export const channelBindingOf = (socket: TLSSocket): Uint8Array =>
  socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));

/** An IPv4 address as people write it, also where the socket listens to both families. */
export const addressOf = (socket: TLSSocket): string => (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
