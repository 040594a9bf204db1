/** The peer channel with all that answers on it, the other servers this one knows, and the search on the LAN. */
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { z } from 'zod';
import { loadSigningKey } from '../archive/signing-key.ts';
import { createApiClient } from '../cli/api-client.ts';
import type { PeerIdentity } from '../api/contract/failover.ts';
import type { HeldFootage } from '../control/known-servers.ts';
import { isManageable, takeName } from '../control/management.ts';
import { openPartedKeys } from '../control/parted-keys.ts';
import { checkWatcher, createProtectedSide } from '../control/protected-side.ts';
import type { ProtectedSide } from '../control/protected-side.ts';
import { isCalmWith } from '../control/site-pace.ts';
import { createSiteMembers } from '../control/site-members.ts';
import type { SiteMembers } from '../control/site-members.ts';
import type { Cancel } from '../core/clock.ts';
import type { Running } from '../core/running.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { plainFingerprint } from '../core/fingerprint.ts';
import { createId } from '../core/ids.ts';
import { together } from '../core/together.ts';
import { durationMs } from '../core/units.ts';
import { WEB_ADDRESS_WORDS } from '../core/web-address.ts';
import type { LanDiscovery } from '../discovery/lan-discovery.ts';
import { homeEpoch } from '../failover/epochs.ts';
import { machineModel } from '../hardware/machine.ts';
import type { HttpServing } from '../peer/http-links.ts';
import { startPeerNetwork } from '../peer/peer-network.ts';
import type { KeepAliveFacts, PairedPeer, PeerNetwork } from '../peer/network-types.ts';
import { openPeerKeys } from '../settings/keys.ts';
import { peerIdentitySchema } from '../site/peer.ts';
import type { PeerRecord } from '../site/peer.ts';
import { managerOf } from '../site/membership.ts';
import type { PeerSelf } from '../wire/pairing-protocol.ts';
import type { CoverProgress, PeerKeepAlive } from '../wire/peer-protocol.ts';
import type { FailoverParts } from './failover-box.ts';
import { composeHost } from './host-set-up.ts';
import type { AttachedHost } from './host-set-up.ts';

type Discovery = Pick<LanDiscovery, 'search' | 'advertise' | 'stop'>;
export type Heard = { readonly keepAlive: PeerKeepAlive; readonly at: number };
export type Peers = Running & {
  readonly network: PeerNetwork;
  readonly protectedSide: ProtectedSide;
  readonly members: SiteMembers;
  readonly discovery: Discovery | undefined;
  readonly describe: () => PeerIdentity;
  readonly connected: () => readonly string[];
  /** The newest keep-alive of a peer that is connected now. */
  readonly heardOf: (peerId: string) => Heard | undefined;
  readonly announce: () => void;
  readonly hosting: AttachedHost;
  /** What is told by the covering side; nothing until it is set. */
  readonly late: {
    covering: () => { readonly progress: readonly CoverProgress[]; readonly channels: KeepAliveFacts['channels'] };
    paired: (peer: PairedPeer) => Promise<void>;
    heldOf: (serverId: string) => HeldFootage | undefined;
    forgotten: (serverId: string) => Promise<void>;
    /** What the host of this server asks by HTTP. */
    serving: HttpServing;
  };
};

const ALL_ADDRESSES = '::';
/** A host hears of hundreds in one breath when it starts, and each of them follows it; each review looks at all of them for all. */
const TOGETHER_MS = durationMs(200);

const untilItIsSet = (): Peers['late'] => ({
  covering: () => ({ progress: [], channels: { max: 0, used: 0 } }),
  paired: async () => await Promise.resolve(),
  heldOf: () => undefined,
  forgotten: async () => await Promise.resolve(),
  serving: { serves: () => false, serve: (_peerId, socket) => void socket.destroy() },
});

export async function composePeers(parts: FailoverParts): Promise<Peers> {
  const heard = new Map<string, Heard>();
  const late = untilItIsSet();
  const host = await composeHost(parts);
  const network = await openNetwork(parts, late, host.records, () => protectedSide);
  const connected = (): readonly string[] =>
    network.status().flatMap((status) => (status.connected ? [status.peerId] : []));
  const request = async (peerId: string, method: string, params: unknown, timeoutMs?: number): Promise<unknown> =>
    (await network.request(peerId, method, params, timeoutMs === undefined ? {} : { timeoutMs: durationMs(timeoutMs) }))
      .result;
  const protectedSide = createProtectedSide({
    ...parts,
    state: {
      streamOf: (cameraId, stream) => parts.recording.state()?.streamOf(cameraId, stream),
      volumeOf: (volumeId) => parts.recording.state()?.volumeOf(volumeId),
    },
    mediaIsUp: parts.recording.mediaIsUp,
    homeEpoch,
    request,
    connected,
  });
  const members = createSiteMembers({
    ...parts,
    connected,
    request,
    refresh: network.refresh,
    heldOf: (id) => late.heldOf(id),
    onForgotten: async (id) => await late.forgotten(id),
    mayTell: host.mayTell,
    describe: () => describe(),
  });
  answer(parts, network, { protectedSide, members });
  const reviewSoon = together(parts.clock, TOGETHER_MS, members.review);
  listen(parts, network, { protectedSide, members, reviewSoon }, heard);
  const lan = createLan(parts, network);
  const describe = createDescription(parts, network);
  const hosting = host.attach({ network, describe, onTold: reviewSoon });
  const cancelTelling = tellAddress(parts, network);
  return {
    network,
    protectedSide,
    members,
    discovery: lan.discovery,
    describe,
    connected,
    late,
    heardOf: (peerId) => heard.get(peerId),
    announce: lan.announce,
    hosting,
    stop: async () => {
      cancelTelling();
      await hosting.stop();
      await lan.stop();
      await network.stop();
    },
  };
}

async function openNetwork(
  parts: FailoverParts,
  late: Peers['late'],
  successors: () => readonly PeerRecord[],
  protectedSide: () => ProtectedSide,
): Promise<PeerNetwork> {
  const { settings, clock, log } = parts;
  return await startPeerNetwork({
    clock,
    log,
    identity: await openPeerKeys(parts.dataDir, settings.server.get().id),
    bind: parts.options.bind ?? ALL_ADDRESSES,
    port: parts.options.peerPort,
    self: createSelf(parts, (await loadSigningKey(parts.keys.exportSigningKeyPath)).publicKey),
    // Whoever deauthorized this server refuses it; only a new authorization, or a new code, joins the two again.
    peers: () => [
      ...settings.peers.get().peers.filter(({ forgottenAt }) => forgottenAt === undefined),
      ...successors(),
    ],
    keepAlive: () => keepAliveOf(protectedSide(), settings.server.get().mode, late),
    parted: openPartedKeys(parts.dataDir, log),
    paired: async (peer) => await late.paired(peer),
    random: Math.random,
    isCalm: (record) => isCalmWith(settings, record),
    serving: {
      serves: (peerId) => late.serving.serves(peerId),
      serve: (peerId, socket) => late.serving.serve(peerId, socket),
    },
  });
}

/** What this server says on the LAN follows its settings from the first `announce` on: name, mode, whether it may be managed. */
function createLan(parts: FailoverParts, network: PeerNetwork): Pick<Peers, 'discovery' | 'announce' | 'stop'> {
  const discovery = isLoopback(parts.options.bind) ? undefined : createLateDiscovery(parts);
  const say = (): void => discovery?.advertise(factsOf(parts, network));
  let cancel: Cancel | undefined;
  return {
    discovery,
    announce: () => {
      say();
      cancel ??= changesOf(parts, say);
    },
    stop: async () => {
      cancel?.();
      await discovery?.stop();
    },
  };
}

function changesOf({ settings }: FailoverParts, say: () => void): Cancel {
  const cancels = [settings.server.onChange(say), settings.peers.onChange(say)];
  return () => {
    for (const cancel of cancels) cancel();
  };
}

/** From the first announcement or search on. Its libraries are a sixth of all that control loads, and nothing that records needs them. */
function createLateDiscovery({ clock, log }: FailoverParts): Discovery {
  let started: Promise<LanDiscovery> | undefined;
  const start = async (): Promise<LanDiscovery> =>
    (await import('../discovery/lan-discovery.ts')).startLanDiscovery({ clock, log });
  const running = async (): Promise<LanDiscovery> => await (started ??= start());
  return {
    search: async (seconds) => await (await running()).search(seconds),
    advertise: (facts) => void running().then((discovery) => discovery.advertise(facts)),
    stop: async () => await (await started)?.stop(),
  };
}

/** Nobody else could reach what would be told. */
const isLoopback = (bind: string | undefined): boolean => bind !== undefined && /^(127\.|::1$)/.test(bind);

function createSelf(
  { settings, version, keys, document, httpPort, clock }: FailoverParts,
  receiptKey: string,
): () => PeerSelf {
  const instance = createId('control');
  const startedAt = clock.now();
  const { suitability } = document.document();
  return () => {
    const { id: serverId, name, mode } = settings.server.get();
    const httpsFingerprint = keys.tls.fingerprint;
    const own = { serverId, name, mode, version, instance, startedAt };
    const { clientAddress } = settings.failover.get();
    return { ...own, httpPort: httpPort(), httpsFingerprint, receiptKey, suitability, clientAddress };
  };
}

function keepAliveOf(side: ProtectedSide, mode: KeepAliveFacts['mode'], late: Peers['late']): KeepAliveFacts {
  const { progress: covering, channels } = late.covering();
  return { ...side.facts(), mode, covering, channels };
}

/** An address that others can dial, if the owner named one; else they use the one where they found this server. */
const createDescription =
  ({ settings }: FailoverParts, network: PeerNetwork): (() => PeerIdentity) =>
  () => {
    const host = settings.failover.get().serverAddress;
    return { ...network.describe(), ...(host === undefined ? {} : { host }) };
  };

type Answering = { readonly protectedSide: ProtectedSide; readonly members: SiteMembers };
function listen(
  { clock }: FailoverParts,
  network: PeerNetwork,
  { protectedSide, members, reviewSoon }: Answering & { readonly reviewSoon: () => void },
  heard: Map<string, Heard>,
): void {
  network.listen((event) => {
    if (event.kind === 'up') members.forget(event.peerId);
    if (event.kind === 'down') heard.delete(event.peerId);
    if (event.kind === 'hello') {
      members.learn(event.peerId, event.hello);
      members.locate(event.peerId, event.hello.clientAddress);
    }
    if (event.kind !== 'keep-alive') return;
    if (!heard.has(event.peerId)) reviewSoon();
    heard.set(event.peerId, { keepAlive: event.keepAlive, at: clock.now() });
    protectedSide.heard(event.peerId, event.keepAlive);
  });
}

function answer(parts: FailoverParts, network: PeerNetwork, { protectedSide, members }: Answering): void {
  for (const [method, handler] of Object.entries(protectedSide.handlers))
    network.handle(method, async (peer, params) => {
      checkWatcher(parts.settings, peer.id);
      return { result: await handler(params) };
    });
  network.handle('site.rename', async (peer, params) => {
    await takeName(parts, peer.id, params);
    return { result: {} };
  });
  network.handle('peer.address', async (peer, params) => {
    members.locate(peer.id, addressIn(params));
    return await Promise.resolve({ result: {} });
  });
  network.handle('site.set', async (peer, params) => {
    await members.take(peer.id, params);
    return { result: {} };
  });
}

/** Its hello says it too, but a connection may live for months. */
function tellAddress({ settings }: FailoverParts, network: PeerNetwork): Cancel {
  let told = settings.failover.get().clientAddress;
  return settings.failover.onChange(() => {
    const { clientAddress } = settings.failover.get();
    if (clientAddress === told) return;
    told = clientAddress;
    for (const { peerId, connected } of network.status())
      // Whoever does not answer hears it with the next hello.
      if (connected) network.request(peerId, 'peer.address', { clientAddress }).catch(() => undefined);
  });
}

const addressParams = z.strictObject({ clientAddress: peerIdentitySchema.shape.clientAddress });
/** @throws peer/params */
function addressIn(params: unknown): string | undefined {
  const parsed = addressParams.safeParse(params);
  if (parsed.success) return parsed.data.clientAddress;
  throw new UnderstudyError('protocol', 'peer/params', `peer.address: ${WEB_ADDRESS_WORDS}.`);
}

function factsOf(
  { settings, version, httpPort, keys }: FailoverParts,
  network: PeerNetwork,
): NonNullable<Parameters<LanDiscovery['advertise']>[0]> {
  const { id, name, mode } = settings.server.get();
  const { port: peerPort } = network;
  const own = { id, name, mode, version, httpPort: httpPort(), peerPort, fingerprint: keys.tls.fingerprint };
  const hostId = managerOf(settings.peers.get().peers)?.id;
  return { ...own, model: machineModel(), enabled: isManageable(settings), hostId };
}

/** Nobody vouches for whoever answers there: eight may be asked at once. */
export const REMOTE_LIMITS = { wholeMs: 30_000, answerBytes: 1024 * 1024 } as const;

/** An API of another server; brackets are for URLs, not for sockets. */
export const remoteApi: (place: { host: string; port: number; fingerprint: string }) => {
  readonly call: (method: string, path: string, body?: object) => Promise<unknown>;
} = ({ host, port, fingerprint }) => {
  const bare = host.replaceAll(/^\[|\]$/g, '');
  return createApiClient(
    () => ({ host: isIP(bare) === 0 ? host : bare, port, fingerprint, token: undefined }),
    REMOTE_LIMITS,
  );
};

const ANSWER_WITHIN_MS = 5000;
/** SHA-256 of the certificate that an HTTPS server shows; nothing is sent to it. @throws server/no-answer */
export async function fingerprintAt(host: string, port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host, port, rejectUnauthorized: false, timeout: ANSWER_WITHIN_MS }, () =>
    resolve(plainFingerprint(socket.getPeerCertificate().fingerprint256)),
  );
  const failed = (why: string): void =>
    reject(
      new UnderstudyError(
        'unavailable',
        'server/no-answer',
        `Nothing answers by HTTPS at ${host} port ${port}: ${why}.`,
      ),
    );
  socket.once('error', (error) => failed(messageOf(error)));
  const tooLate = (): void => failed(`no answer within ${ANSWER_WITHIN_MS / 1000} s`);
  socket.once('timeout', tooLate);
  // A handshake that comes a byte at a time is never silent.
  AbortSignal.timeout(ANSWER_WITHIN_MS).addEventListener('abort', tooLate, { once: true });
  return await promise.finally(() => socket.destroy());
}
