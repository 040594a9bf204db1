/** The servers that one knows, with everything around them made up: settings, the other side, the channel. */
import type { NewActivity } from '../../src/api/activity.ts';
import type { RemotePlace } from '../../src/control/authorization.ts';
import { createKnownServers } from '../../src/control/known-servers.ts';
import type { HeldFootage, KnownServers } from '../../src/control/known-servers.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import type { PeerIdentity, PeerRecord } from '../../src/site/peer.ts';
import type { ServerSettings } from '../../src/site/server-settings.ts';
import type { Suitability } from '../../src/site/suitability.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { memorySettings, OWN_ID, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';

export const HTTPS = 'e'.repeat(64);
export const REQUEST = {
  host: '192.0.2.2',
  httpPort: 51_443,
  httpsFingerprint: HTTPS,
  username: 'olga',
  password: 'secret',
};

export type Remote = PeerIdentity & {
  readonly certificate: string;
  readonly password: string;
  readonly admin: boolean;
  readonly version: string;
  readonly site?: { readonly kind: string; readonly host?: { readonly id: string; readonly name: string } };
};
/** Of the release that runs here. */
export const OWN_VERSION = '0.2.0';
export const remoteOf = (more: Partial<Remote> = {}): Remote => ({
  id: serverIdOf(2),
  name: 'Hall',
  mode: 'recording',
  fingerprint: '2'.repeat(64),
  peerPort: 51_410,
  certificate: HTTPS,
  password: 'secret',
  admin: true,
  version: OWN_VERSION,
  ...more,
});

export type Rig = {
  readonly known: KnownServers;
  readonly settings: MemorySettings;
  readonly clock: FakeClock;
  readonly entries: NewActivity[];
  /** What the other side was sent, and which of its own were told to it. */
  readonly sent: string[];
  readonly forgets: string[];
  readonly forgotten: string[];
  readonly peers: () => readonly PeerRecord[];
  remote: Remote;
  reachable: boolean;
  backup: () => Promise<void>;
  covering: boolean;
  held: HeldFootage | undefined;
};

const SUITED: Suitability = { platform: 'linux', frameGrabbers: [] };
type Given = {
  readonly mode?: ServerSettings['mode'];
  readonly peers?: readonly PeerRecord[];
  readonly suitability?: Suitability;
};
export function rigOf(given: Given = {}): Rig {
  const settings = memorySettings(given);
  const clock = createFakeClock();
  const [entries, sent, forgets, forgotten]: [NewActivity[], string[], string[], string[]] = [[], [], [], []];
  const rig = {
    remote: remoteOf(),
    reachable: true,
    covering: false,
    held: undefined as HeldFootage | undefined,
    backup: async (): Promise<void> => await Promise.resolve(),
  };
  const refused = (status: number): UnderstudyError =>
    new UnderstudyError('unavailable', 'api/refused', `${status} refused`, { context: { status } });
  /** As the API of another server, and as the pinned client before it. */
  const answer = ({ fingerprint }: RemotePlace, path: string, body: object | undefined): unknown => {
    const { certificate, password, admin, version, site, ...identity } = rig.remote;
    if (certificate !== fingerprint) throw new UnderstudyError('forbidden', 'api/certificate', 'another certificate');
    if (path.startsWith('/sessions/current')) return undefined;
    sent.push(`${path} ${JSON.stringify(body ?? {})}`);
    if (path === '/sessions' && (body as typeof REQUEST).password !== password) throw refused(401);
    if (path === '/peers' && !admin) throw refused(403);
    return path === '/server' ? { ...identity, version, site } : path === '/peers' ? identity : {};
  };
  const known = createKnownServers({
    settings,
    // Nobody advances this clock: what waits is let through at once.
    clock: { ...clock, sleep: async (ms) => await clock.advance(ms) },
    remoteApi: (place) => ({ call: async (_method, path, body) => await Promise.resolve(answer(place, path, body)) }),
    version: OWN_VERSION,
    suitability: given.suitability ?? SUITED,
    describe: () => ({ id: OWN_ID, name: 'Own', mode: settings.server.get().mode, fingerprint: '1'.repeat(64) }),
    network: {
      refresh: () => undefined,
      revoke: () => undefined,
      isConnected: () => rig.reachable,
      sayForget: async (id) => {
        forgets.push(id);
        if (!rig.reachable) throw new UnderstudyError('unavailable', 'peer/not-connected', 'no connection');
        await Promise.resolve();
      },
    },
    firstBackup: async () => await rig.backup(),
    beforeForgetting: () => {
      if (rig.covering) throw new UnderstudyError('conflict', 'failover/covering', 'It is covered.');
    },
    heldOf: () => rig.held,
    onForgotten: async (id) => {
      forgotten.push(id);
      await Promise.resolve();
    },
    activity: { record: (entry) => entries.push(entry) },
  });
  const peers = (): readonly PeerRecord[] => settings.peers.get().peers;
  return Object.assign(rig, { known, settings, clock, entries, sent, forgets, forgotten, peers });
}

export const code = (wanted: string): { instanceOf: typeof UnderstudyError; code: string } => ({
  instanceOf: UnderstudyError,
  code: wanted,
});
