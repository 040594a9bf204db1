/** Failover activity in the shapes of the contract, for the mock API (mock-activity.ts): a calm site, and parts of a busy one. */
import type { z } from 'zod';
import type * as Failover from '../../src/api/contract/failover.ts';
import type { ReplacementView } from '../../src/api/contract/replacing.ts';
import type { SiteHostView } from '../../src/api/contract/site-host.ts';
import { FINGERPRINT, iso } from './mock-data.ts';
import { HOST, MEMBER, SPARE } from './mock-site.ts';

export type Drill = z.infer<typeof Failover.drill>;
type Probe = z.infer<typeof Failover.probe>;
export type MockActivity = {
  takeovers: Failover.Takeover[];
  restorations: Failover.RestorationView[];
  drills: Drill[];
  replacements: ReplacementView[];
  probes: Probe[];
  /** When the checks of the member were taken. */
  checkedAt: string;
  servers: Failover.KnownServer[];
  siteHost: SiteHostView;
  drillDays: number;
  /** Whether a drill whose cameras are all measured ends; a test that looks at a running one decides. */
  drillsEnd: () => boolean;
  /** What was asked for, as `method path`. */
  readonly asked: string[];
};

const DAY_MS = 86_400_000;
export const MEMBER_CAMERAS = [
  'Gate north',
  'Gate south',
  'Car park',
  'Loading dock',
  'Warehouse east',
  'Workshop',
].map((name, index) => ({ id: `yard-${index + 1}`, name }));

export const knownMock = (more: Partial<Failover.KnownServer>): Failover.KnownServer => ({
  ...MEMBER,
  mode: 'recording',
  host: '192.168.1.11',
  httpPort: 51_443,
  peerPort: 51_410,
  fingerprint: FINGERPRINT,
  watched: true,
  watcher: false,
  managesUs: false,
  introduced: false,
  enabled: true,
  connected: true,
  version: '0.1.0',
  lastContactAt: iso(Date.now() - 400),
  ...more,
});
export const watchMock = (
  more: Partial<NonNullable<Failover.KnownServer['watch']>>,
): NonNullable<Failover.KnownServer['watch']> => ({
  state: 'alive',
  since: iso(Date.now() - 3 * DAY_MS),
  cameras: MEMBER_CAMERAS.length,
  covered: 0,
  backupAt: iso(Date.now() - 5 * 3_600_000),
  ...more,
});

export function takeoverMock(more: Partial<Failover.Takeover> = {}): Failover.Takeover {
  const at = Date.now() - 754_000;
  return {
    id: 'incident-1',
    serverId: MEMBER.id,
    serverName: MEMBER.name,
    state: 'taken-over',
    automatic: true,
    reason: 'connection-lost',
    suspectedAt: iso(at),
    declaredAt: iso(at + 300_000),
    epoch: 2,
    cameras: MEMBER_CAMERAS.map(({ id, name }, index) =>
      index === 3
        ? { cameraId: id, name, covered: false, cause: 'not-covered-priority' as const }
        : {
            cameraId: id,
            name,
            covered: true,
            firstFrameAt: iso(at + 1200 + index * 140),
            lastFrameAt: iso(Date.now() - 600),
          },
    ),
    ...more,
  };
}

export const restorationMock = (more: Partial<Failover.RestorationView> = {}): Failover.RestorationView => ({
  id: 'restoration-1',
  serverId: MEMBER.id,
  serverName: MEMBER.name,
  state: 'running',
  policy: 'return',
  transport: 'direct',
  startedAt: iso(Date.now() - 95_000),
  files: { done: 31, total: 84 },
  bytes: { done: 1.9e9, total: 5.2e9 },
  bytesPerSecond: 21.4e6,
  secondsLeft: 154,
  remaining: { files: 53, bytes: 3.3e9, seconds: 3120 },
  ...more,
});

export const drillMock = (id: string, ago: number, more: Partial<Drill> = {}): Drill => ({
  id,
  serverId: MEMBER.id,
  startedAt: iso(Date.now() - ago),
  endedAt: iso(Date.now() - ago + 6000),
  cameras: MEMBER_CAMERAS.map((camera, index) => ({
    cameraId: camera.id,
    standbyLevel: index < 2 ? 'hot' : index < 5 ? 'warm' : 'cold',
    firstFrameAfter: index < 2 ? 0 : 0.62 + index * 0.41,
  })),
  ...more,
});

/** A calm site: everything is well, a drill twelve days ago. */
export function mockActivity(isHost: boolean, more: Partial<MockActivity> = {}): MockActivity {
  return {
    takeovers: [],
    restorations: [],
    drills: [drillMock('drill-2', 12 * DAY_MS), drillMock('drill-1', 43 * DAY_MS)],
    replacements: [],
    checkedAt: iso(Date.now() - 1_240_000),
    probes: MEMBER_CAMERAS.map(({ id }, index) => ({
      serverId: MEMBER.id,
      cameraId: id,
      at: iso(Date.now() - 1_240_000),
      ok: true,
      message: 'A key frame came.',
      milliseconds: 180 + index * 37,
    })),
    servers: isHost
      ? [
          knownMock({ watch: watchMock({}) }),
          knownMock({ ...SPARE, mode: 'failover', watched: false, host: '192.168.1.12' }),
        ]
      : [],
    siteHost: isHost ? ownHost() : { isHost: false, successors: [], here: { canTake: false } },
    drillDays: 30,
    drillsEnd: () => true,
    asked: [],
    ...more,
  };
}

export const ownHost = (): SiteHostView => ({
  host: { ...HOST, address: '192.168.1.10', httpPort: 51_443, connected: true },
  term: 1,
  since: iso(Date.now() - 90 * DAY_MS),
  isHost: true,
  successors: [
    { ...SPARE, mode: 'failover', address: '192.168.1.12', httpPort: 51_443, connected: true, hasCopy: true },
    { ...MEMBER, mode: 'recording', address: '192.168.1.11', httpPort: 51_443, connected: true, hasCopy: false },
  ],
  here: { canTake: false, reason: 'This server is the host.' },
});
