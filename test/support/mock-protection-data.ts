/** What the mock of Protection and failover Settings answers from: a site with its cameras, lists, settings and licences; tests change it. */
import { createHash } from 'node:crypto';
import type { KnownServer } from '../../src/api/contract/failover.ts';
import type { Licences } from '../../src/api/contract/licences.ts';
import type { CmsMode } from '../../src/api/contract/server.ts';
import type { SiteServerView } from '../../src/api/contract/site.ts';
import { failoverSettingsSchema } from '../../src/site/failover-settings.ts';
import type { FailoverSettings, ReturnShare } from '../../src/site/failover-settings.ts';
import type { ReportedCamera } from '../../src/site/member-report.ts';
import { siteFileSchema } from '../../src/site/site-policy.ts';
import type { SiteFile } from '../../src/site/site-policy.ts';

export type FailoverServer = {
  readonly id: string;
  readonly name: string;
  readonly mode: CmsMode;
  readonly state?: SiteServerView['state'];
  readonly channels?: number;
  readonly used?: number;
  readonly seats?: number;
  readonly cameras?: readonly ReportedCamera[];
};
type NotReady = NonNullable<NonNullable<KnownServer['watch']>['standby']>['notReady'][number];
export type ProtectionSite = {
  /** The one that is looked at; the host if `isHost`. */
  readonly own: FailoverServer;
  readonly isHost: boolean;
  readonly host: { readonly id: string; readonly name: string } | undefined;
  servers: readonly FailoverServer[];
  file: SiteFile;
  readonly settings: Map<string, FailoverSettings>;
  readonly shares: Map<string, ReturnShare & { readonly hasPassword: boolean }>;
  /** By failover server and protected server, with a blank between. */
  readonly notReady: Map<string, readonly NotReady[]>;
  readonly backedUp: Map<string, string>;
  licences: Licences;
  /** What was asked for and was no reading. */
  readonly asked: string[];
};

export const cameraOf = (name: string, more: Partial<ReportedCamera> = {}): ReportedCamera => ({
  id: `cam-${createHash('sha256').update(name).digest('hex').slice(0, 10)}`,
  name,
  priority: 'medium',
  standbyLevel: 'warm',
  recording: true,
  ...more,
});

export type Shape = Partial<Omit<ProtectionSite, 'own' | 'settings'>> & {
  readonly servers: readonly FailoverServer[];
  readonly ownId?: string;
};
export function createProtectionSite(shape: Shape): ProtectionSite {
  const own = shape.servers.find(({ id }) => id === shape.ownId) ?? shape.servers[0];
  if (own === undefined) throw new Error('a site has a server');
  const isHost = shape.isHost ?? own.mode === 'host';
  return {
    isHost,
    host: isHost ? { id: own.id, name: own.name } : undefined,
    file: siteFileSchema.parse({}),
    shares: new Map(),
    notReady: new Map(),
    backedUp: new Map(),
    licences: { items: [], covering: [], recording: [], issuers: [] },
    asked: [],
    ...shape,
    own,
    settings: new Map(shape.servers.map(({ id }) => [id, failoverSettingsSchema.parse({})])),
  };
}

const PLACES = [
  'Dock',
  'Gate',
  'Yard',
  'Hall',
  'Stairs',
  'Roof',
  'Lobby',
  'Ramp',
  'Office',
  'Store',
  'Lift',
  'Canteen',
];
/** So many cameras, named after places; the first is never covered, the second hot, one in eleven not recorded continuously. */
export const camerasOf = (server: string, count: number): readonly ReportedCamera[] =>
  Array.from({ length: count }, (_, index) => {
    const round = Math.floor(index / PLACES.length);
    const name = `${PLACES[index % PLACES.length] ?? ''}${round === 0 ? '' : ` ${round + 1}`}`;
    return {
      ...cameraOf(`${server} ${name}`),
      name,
      priority: index === 0 ? 'never' : index < 4 ? 'high' : index % 5 === 4 ? 'low' : 'medium',
      standbyLevel: index === 1 ? 'hot' : index % 7 === 6 ? 'cold' : 'warm',
      recording: index % 11 !== 10,
    };
  });

const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const ID = { host: idOf(1), r1: idOf(2), r2: idOf(3), r3: idOf(4), f1: idOf(5), f2: idOf(6) } as const;

/** A host, two recorders and two failover servers, one of which protects one recorder only. */
export function smallSite(shape: Partial<Shape> = {}): ProtectionSite {
  const site = createProtectionSite({
    servers: [
      { id: ID.host, name: 'Head office', mode: 'host' },
      { id: ID.r1, name: 'NAS-2', mode: 'recording', cameras: camerasOf('NAS-2', 12) },
      { id: ID.r2, name: 'NAS-10', mode: 'recording', cameras: camerasOf('NAS-10', 6) },
      { id: ID.f1, name: 'Hall-Spare', mode: 'failover', used: 3 },
      { id: ID.f2, name: 'Yard-Spare', mode: 'failover', channels: 32, seats: 8 },
    ],
    licences: {
      items: [],
      covering: [{ serverId: ID.f2, name: 'Yard-Spare', seats: 8, used: 0 }],
      recording: [],
      issuers: [],
    },
    ...shape,
  });
  site.backedUp.set(ID.r1, new Date(Date.now() - 7_400_000).toISOString());
  return site;
}
