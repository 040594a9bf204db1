/** Servers with a peer channel and nothing else, for tests: real TLS on loopback, records in memory. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { createServerId } from '../../src/core/ids.ts';
import { silentLog } from '../../src/core/log.ts';
import { createFrameReader, encodeFrame, BULK_LIMITS } from '../../src/peer/frames.ts';
import type { PairedPeer, PeerEvent, PeerNetwork, PeerNetworkDeps } from '../../src/peer/network-types.ts';
import { startPeerNetwork } from '../../src/peer/peer-network.ts';
import { PEER_ALPN, peerTlsOptions } from '../../src/peer/peer-tls.ts';
import { createPeerCertificate } from '../../src/settings/self-signed-certificate.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import type { PeerSelf } from '../../src/wire/pairing-protocol.ts';
import type { PeerHello, PeerMessage } from '../../src/wire/peer-protocol.ts';
import { waitFor } from './wait-for.ts';

export type Identity = {
  readonly id: string;
  readonly key: string;
  readonly certificate: string;
  readonly fingerprint: string;
};
export async function createIdentity(id: string = createServerId()): Promise<Identity> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = await createPeerCertificate(privateKey, id);
  const fingerprint = new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
  return { id, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate, fingerprint };
}
/** Two, the one with the smaller id first. */
export async function twoIdentities(): Promise<readonly [Identity, Identity]> {
  return [await createIdentity(`0${createServerId().slice(1)}`), await createIdentity(`f${createServerId().slice(1)}`)];
}

/** Of RFC 8410 §10.1. */
export const RECEIPT_KEY =
  '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n';
export const selfOf = ({ id }: Identity, instance = `run-${id.slice(0, 8)}`): PeerSelf => ({
  serverId: id,
  name: `Server ${id.slice(0, 4)}`,
  version: '0.3.0',
  mode: 'recording',
  instance,
  startedAt: 1,
  httpPort: 51_443,
  httpsFingerprint: 'b'.repeat(64),
  receiptKey: RECEIPT_KEY,
  suitability: { platform: 'linux', frameGrabbers: [] },
});
export const FACTS: ReturnType<PeerNetworkDeps['keepAlive']> = {
  mode: 'recording',
  media: 'up',
  streams: [],
  volumes: [],
  covering: [],
  channels: { max: 128, used: 0 },
  settingsRevision: 'r1',
  epoch: 1,
};

export type Box = {
  readonly identity: Identity;
  readonly network: PeerNetwork;
  readonly events: PeerEvent[];
  readonly records: PeerRecord[];
  readonly paired: PairedPeer[];
  readonly kinds: (peerId?: string) => readonly string[];
  /** Waits for an event of that kind behind those that `from` counts. */
  readonly next: <Kind extends PeerEvent['kind']>(
    kind: Kind,
    from?: number,
  ) => Promise<Extract<PeerEvent, { kind: Kind }>>;
};
export type BoxOptions = Partial<PeerNetworkDeps> & { readonly instance?: string; readonly records?: PeerRecord[] };

/** As `<data>/deauthorized.json` keeps them. */
export function partedKeys(): PeerNetworkDeps['parted'] {
  const keys = new Set<string>();
  return { has: (fingerprint) => keys.has(fingerprint), add: (fingerprint) => void keys.add(fingerprint) };
}

export async function startBox(
  t: Pick<ExecutionContext, 'teardown'>,
  identity: Identity,
  { instance, records = [], ...more }: BoxOptions = {},
): Promise<Box> {
  const events: PeerEvent[] = [];
  const paired: PairedPeer[] = [];
  const network = await startPeerNetwork({
    clock: systemClock,
    log: silentLog,
    identity,
    bind: '127.0.0.1',
    port: 0,
    self: () => selfOf(identity, instance),
    peers: () => records,
    keepAlive: () => FACTS,
    parted: partedKeys(),
    paired: async (peer) => void paired.push(peer),
    random: () => 0.5,
    ...more,
  });
  t.teardown(() => network.stop());
  network.listen((event) => events.push(event));
  return {
    identity,
    network,
    events,
    records,
    paired,
    kinds: (peerId) =>
      events
        .filter((event) => event.kind !== 'beat' && event.kind !== 'keep-alive')
        .filter((event) => peerId === undefined || event.peerId === peerId)
        .map(({ kind }) => kind),
    next: async (kind, from = 0) =>
      await waitFor(`an event ${kind}`, () =>
        events.slice(from).find((event): event is Extract<PeerEvent, { kind: typeof kind }> => event.kind === kind),
      ),
  };
}

export const recordOf = ({ id, fingerprint }: Identity, port?: number, more: Partial<PeerRecord> = {}): PeerRecord => ({
  id,
  name: `Server ${id.slice(0, 4)}`,
  mode: 'recording',
  fingerprint,
  host: port === undefined ? undefined : '127.0.0.1',
  peerPort: port,
  watched: true,
  watcher: false,
  managesUs: false,
  introduced: false,
  enabled: true,
  addedAt: 1,
  ...more,
});

/** `first` dials `second`. Both know each other. */
export async function pairOfBoxes(
  t: Pick<ExecutionContext, 'teardown'>,
  options: { readonly first?: BoxOptions; readonly second?: BoxOptions } = {},
): Promise<readonly [Box, Box]> {
  const [one, two] = await twoIdentities();
  const second = await startBox(t, two, { records: [recordOf(one)], ...options.second });
  const first = await startBox(t, one, { records: [recordOf(two, second.network.port)], ...options.first });
  await Promise.all([first.next('beat'), second.next('beat')]);
  return [first, second];
}

/** A peer that says what it is told to. */
export type RawPeer = {
  readonly socket: TLSSocket;
  readonly messages: PeerMessage[];
  readonly say: (message: object, attachment?: Uint8Array) => void;
  readonly closed: Promise<void>;
};
export async function rawPeer(
  port: number,
  identity: Identity | undefined,
  more: ConnectionOptions = {},
): Promise<RawPeer> {
  const { key: _key, cert: _cert, ...rest } = peerTlsOptions(identity ?? { key: '', certificate: '' });
  const socket = connect({
    ...rest,
    ...(identity && { key: identity.key, cert: identity.certificate }),
    host: '127.0.0.1',
    port,
    ALPNProtocols: [PEER_ALPN],
    ...more,
  });
  const closed = Promise.withResolvers<void>();
  const messages: PeerMessage[] = [];
  const reader = createFrameReader(BULK_LIMITS);
  socket.on('data', (chunk: Buffer) =>
    reader.push(chunk, ({ json }) => {
      messages.push(JSON.parse(json) as PeerMessage);
      return true;
    }),
  );
  socket.on('error', () => closed.resolve());
  socket.on('close', () => closed.resolve());
  await new Promise<void>((resolve) => {
    socket.once('secureConnect', resolve);
    socket.once('close', () => resolve());
  });
  const say = (message: object, attachment?: Uint8Array): void => {
    for (const piece of encodeFrame(message, attachment, BULK_LIMITS)) socket.write(piece);
  };
  return { socket, messages, say, closed: closed.promise };
}
export const helloOf = (identity: Identity, more: Partial<PeerHello> = {}): PeerHello => ({
  kind: 'hello',
  protocol: 1,
  purpose: 'watch',
  at: Date.now(),
  peerPort: 1,
  ...selfOf(identity),
  ...more,
});
