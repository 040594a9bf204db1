/** Servers of a site for the mock API: every state once, as many more as wanted, and those that answer a search. The same for every run. */
import type { z } from 'zod';
import type { KnownServer, searchResult } from '../../src/api/contract/failover.ts';
import type { Server } from '../../src/api/contract/server.ts';
import type { SiteServerView } from '../../src/api/contract/site.ts';
import { FINGERPRINT, iso } from './mock-data.ts';

export type FoundServer = z.infer<typeof searchResult>['items'][number];
export type MockServers = {
  status: SiteServerView[];
  known: KnownServer[];
  found: FoundServer[];
  site: Server['site'];
  /** A server that has footage that is not home: refused until its name is typed. */
  readonly held: ReadonlyMap<string, string>;
  /** Changes of others between reading and saving. */
  conflict: Partial<KnownServer> | undefined;
  readonly asked: { readonly call: string; readonly body: Readonly<Record<string, unknown>> }[];
};
export const OWN_ID = 'srv-1';
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

type Spec = {
  readonly name: string;
  readonly mode?: SiteServerView['mode'];
  readonly state?: SiteServerView['state'];
  readonly version?: string;
  readonly more?: Partial<SiteServerView>;
  readonly known?: Partial<KnownServer>;
};
const NAMED = { yard: { serverId: 'srv-2', name: 'Yard-NAS' }, spare: { serverId: 'srv-3', name: 'Spare-1' } };

const SPECS: readonly Spec[] = [
  {
    name: 'Yard-NAS',
    state: 'covered',
    more: { coveredBy: [NAMED.spare], watchedBy: [NAMED.spare], cameras: { total: 32, recording: 31 } },
    known: { connected: false },
  },
  {
    name: 'Spare-1',
    mode: 'failover',
    state: 'covering',
    more: {
      channels: { max: 128, used: 31, free: 97 },
      watches: [
        { ...NAMED.yard, state: 'taken-over' },
        { serverId: 'srv-5', name: 'Office-NAS', state: 'alive' },
        { serverId: 'srv-6', name: 'Gate-NAS', state: 'alive' },
      ],
    },
  },
  { name: 'Spare-2', mode: 'failover', version: '0.0.9', more: { channels: { max: 64, used: 0, free: 64 } } },
  { name: 'Office-NAS', more: { watchedBy: [NAMED.spare], cameras: { total: 16, recording: 16 } } },
  {
    name: 'Gate-NAS',
    more: {
      watchedBy: [NAMED.spare],
      cameras: { total: 8, recording: 7 },
      backupProblem: 'The backup directory on Spare-1 is full: nothing was written since yesterday.',
    },
    known: {
      locked: true,
      unsuited: { code: 'server/frame-grabber', message: 'Gate-NAS has frame grabber cards (109e:036e).' },
    },
  },
  {
    name: 'Barn-NAS',
    state: 'offline',
    version: '0.2.0',
    more: { cameras: { total: 4, recording: 0 }, watchedBy: [] },
    known: { connected: false, clientAddress: 'barn.example.org' },
  },
  { name: 'Old office', state: 'disabled', known: { enabled: false, connected: false } },
  {
    name: 'Container-7',
    state: 'detach-pending',
    known: { connected: false, detachPending: { since: iso(Date.now() - 2 * DAY_MS), cameras: 'keep' } },
  },
];

export function mockServers(began: number, count = SPECS.length, names?: readonly string[]): MockServers {
  const specs = Array.from({ length: count }, (_, index): Spec => specOf(index, names));
  return {
    status: [ownStatus(began), ...specs.map((spec, index) => statusOf(spec, index, began))],
    known: specs.map((spec, index) => knownOf(spec, index, began)),
    found: mockFound(),
    site: { kind: 'host', locked: false, members: count },
    held: new Map([['Spare-1', 'Spare-1 has footage of Yard-NAS: 214 files (18.3 GB), and it is covered now']]),
    conflict: undefined,
    asked: [],
  };
}

/** This box with nobody beside it. */
export const aloneServers = (began: number, site: Server['site']): MockServers => {
  const { status, ...rest } = mockServers(began, 0);
  return { ...rest, status: status.slice(0, 1), site };
};

function specOf(index: number, names: readonly string[] | undefined): Spec {
  const spec = SPECS[index];
  const name = names?.[index];
  if (spec !== undefined) return name === undefined ? spec : { ...spec, name };
  return {
    name: name ?? `NAS-${index + 1}`,
    more: { watchedBy: [NAMED.spare], cameras: { total: 12, recording: 12 } },
  };
}

const ownStatus = (began: number): SiteServerView => ({
  id: OWN_ID,
  name: 'Hall-NAS',
  mode: 'host',
  state: 'online',
  enabled: true,
  host: '192.168.1.10',
  version: '0.1.0',
  model: 'DS1522+',
  load: 0.21,
  cameras: { total: 16, recording: 15 },
  watches: [],
  watchedBy: [NAMED.spare],
  coveredBy: [],
  lastBackupAt: iso(began - 4_000_000),
  lastDrill: { at: iso(began - 12 * DAY_MS), cameras: 16, recorded: 16 },
  lastContactAt: iso(began),
});

function statusOf({ name, mode = 'recording', state = 'online', version, more }: Spec, index: number, began: number) {
  const isAway = state === 'offline' || state === 'covered' || state === 'detach-pending';
  const status: SiteServerView = {
    id: `srv-${index + 2}`,
    name,
    mode,
    state,
    enabled: state !== 'disabled',
    host: `192.168.1.${20 + (index % 200)}`,
    version: version ?? '0.1.0',
    model: mode === 'failover' ? 'NUC 12' : 'DS923+',
    load: 0.1 + (index % 7) / 10,
    cameras: { total: 0, recording: 0 },
    watches: [],
    watchedBy: [],
    coveredBy: [],
    ...(mode === 'recording' ? { lastBackupAt: iso(began - 3_600_000 * (1 + (index % 20))) } : {}),
    ...(index % 3 === 0
      ? { lastDrill: { at: iso(began - DAY_MS * (1 + (index % 30))), cameras: 32, recorded: 31 } }
      : {}),
    // In hours, which are told as the same for half an hour: a test may take minutes.
    lastContactAt: iso(isAway ? began - 5 * HOUR_MS : began),
    ...more,
  };
  return status;
}

function knownOf({ name, mode = 'recording', version, known }: Spec, index: number, began: number): KnownServer {
  return {
    id: `srv-${index + 2}`,
    name,
    mode,
    host: `192.168.1.${20 + (index % 200)}`,
    httpPort: 51_443,
    peerPort: 51_410,
    fingerprint: FINGERPRINT,
    httpsFingerprint: FINGERPRINT.split('').toReversed().join(''),
    watched: false,
    watcher: mode === 'failover',
    managesUs: false,
    introduced: false,
    enabled: true,
    connected: true,
    version: version ?? '0.1.0',
    lastContactAt: iso(began),
    roundTripMs: 0.8,
    clockOffsetMs: index % 2 === 0 ? 12 : -41,
    ...known,
  };
}

const mockFound = (): FoundServer[] =>
  (
    [
      ['Attic', 'recording', '0.1.0', { model: 'DS1522+' }],
      ['Cellar', 'recording', '0.1.0', { model: 'DS1522+' }],
      ['Garage', 'recording', '0.1.0', { model: 'RS422+' }],
      ['Spare-3', 'failover', '0.1.0', {}],
      ['Shed', 'recording', '0.0.7', { model: 'DS220+' }],
      ['Porch', 'recording', '0.1.0', { enabled: false }],
      ['Neighbour', 'recording', '0.1.0', { membership: 'foreign', host: { id: 'far', name: 'Their-Host' } }],
      ['Their-Host', 'host', '0.1.0', { membership: 'foreign' }],
      ['Office-NAS', 'recording', '0.1.0', { known: true, membership: 'joined' }],
    ] as const
  ).map(([name, mode, version, more], index) => ({
    id: `found-${index + 1}`,
    name,
    mode,
    version,
    addresses: [`192.168.1.${220 + index}`],
    httpPort: 51_443,
    peerPort: 51_410,
    httpsFingerprint: FINGERPRINT.slice(2) + String(10 + index),
    enabled: true,
    via: 'both',
    known: false,
    membership: 'undefined',
    ...more,
  }));
