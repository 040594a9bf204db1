/** Answers of `/servers` and `/failover` with something in every field, for tests. */
import type { KnownServer, RestorationView, Takeover } from '../../src/api/contract/failover.ts';

export const SERVER_ID = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001';
export const AT = '2026-11-22T02:00:00.000Z';

export const knownServerOf = (more: Partial<KnownServer> = {}): KnownServer => ({
  id: SERVER_ID,
  name: 'Hall',
  mode: 'recording',
  host: '192.168.1.20',
  httpPort: 51_443,
  peerPort: 51_410,
  fingerprint: 'a'.repeat(64),
  httpsFingerprint: 'b'.repeat(64),
  watched: true,
  watcher: false,
  managesUs: false,
  introduced: false,
  enabled: true,
  connected: true,
  version: '0.1.0',
  watch: { state: 'alive', since: AT, cameras: 4, covered: 0, backupAt: AT },
  ...more,
});

export const takeoverOf = (more: Partial<Takeover> = {}): Takeover => ({
  id: 'incident-1',
  serverId: SERVER_ID,
  serverName: 'Hall',
  state: 'taken-over',
  automatic: false,
  reason: 'command',
  suspectedAt: AT,
  declaredAt: AT,
  epoch: 3,
  cameras: [
    { cameraId: 'cam-door', name: 'Door', covered: true, firstFrameAt: AT },
    { cameraId: 'cam-yard', name: 'Yard', covered: false, cause: 'not-covered-priority' },
  ],
  ...more,
});

export const restorationOf = (more: Partial<RestorationView> = {}): RestorationView => ({
  id: 'restoration-1',
  serverId: SERVER_ID,
  serverName: 'Hall',
  state: 'running',
  policy: 'return',
  transport: 'direct',
  startedAt: AT,
  files: { done: 3, total: 8 },
  bytes: { done: 3_000_000, total: 8_000_000 },
  bytesPerSecond: 1_000_000,
  secondsLeft: 5,
  ...more,
});
