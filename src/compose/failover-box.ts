/** What the parts of failover are given of the box they run in. */
import type { ActivityLog } from '../api/activity.ts';
import type { LiveEvent } from '../api/contract/events.ts';
import type { TestCamera } from '../api/routes/camera-finding.ts';
import type { Catalogue } from '../archive/catalogue-types.ts';
import type { DamagedFootage } from '../control/damaged-footage.ts';
import type { Incidents } from '../control/incidents.ts';
import type { Licences } from '../control/licences.ts';
import type { LiveState } from '../control/live-state.ts';
import type { RecordingProgress } from '../control/recording-progress.ts';
import type { SettingsDocument } from '../control/settings-document.ts';
import type { CameraAddressPolicy } from '../core/camera-address.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { machineFacts } from '../hardware/machine.ts';
import type { Keys } from '../settings/keys.ts';
import type { Settings } from '../settings/settings.ts';
import { isGuarded } from '../site/introductions.ts';
import type { ServeOptions } from '../supervisor/serve-options.ts';
import type { OpenRelease } from '../updates/release-reader.ts';
import type { SuitabilityFacts } from '../wire/peer-protocol.ts';

export type Box = {
  readonly dataDir: string;
  /** Of this process, wall milliseconds. */
  readonly startedAt: number;
  readonly options: ServeOptions;
  readonly version: string;
  readonly keys: Keys;
  readonly settings: Settings;
  readonly catalogue: Catalogue;
  readonly activity: ActivityLog;
  readonly publish: (event: LiveEvent) => void;
  /** Footage turned out not to be what was recorded; it is booked. */
  readonly onDamage: DamagedFootage['found'];
  readonly clock: Clock;
  readonly log: Log;
  /** Of the recording side, which is started after failover. */
  readonly recording: {
    readonly order: () => void;
    readonly state: () => LiveState | undefined;
    readonly mediaIsUp: () => boolean;
    readonly reconcile: (reason: string, volumeId?: string) => void;
    /** Volumes are compared with the catalogue now. */
    readonly isReconciling: () => boolean;
  };
  readonly httpPort: () => number;
  readonly addresses: () => CameraAddressPolicy;
  readonly testCamera: TestCamera;
  /** What a server that is older is given before it is added. @throws server/older: there is none */
  readonly releaseForOthers: () => OpenRelease;
};
export type FailoverParts = Box & {
  readonly progress: RecordingProgress;
  readonly document: SettingsDocument;
  readonly incidents: Incidents;
  readonly licences: Licences;
};

export function suitabilityOf(): { platform: string; frameGrabbers: string[] } & SuitabilityFacts {
  const { platform, frameGrabbers } = machineFacts();
  return { platform, frameGrabbers };
}

/** The server that this one stands for until everything of that one is handed over to it: the channel of one, the machine of the other. */
export const standInOf = ({ settings }: Pick<Box, 'settings'>, id: string): string | undefined =>
  id === settings.server.get().id
    ? undefined
    : settings.peers.get().peers.find(({ watched, replacedBy }) => watched && replacedBy?.id === id)?.id;
/** Where a protected server is now: another one may be in its place. */
export const reachedAt = ({ settings }: Pick<Box, 'settings'>, id: string): string =>
  settings.peers.get().peers.find((peer) => peer.id === id)?.replacedBy?.id ?? id;

export const isProtected = ({ settings }: Pick<Box, 'settings'>, id: string): boolean =>
  settings.server.get().mode === 'failover' &&
  standInOf({ settings }, id) === undefined &&
  settings.peers.get().peers.some((peer) => peer.id === id && isGuarded(peer));

/** In the order of the records. */
export const protectedIds = (box: Pick<Box, 'settings'>): readonly string[] =>
  box.settings.peers.get().peers.flatMap(({ id }) => (isProtected(box, id) ? [id] : []));

/** Another server is in its place (docs/design/replacement.md). */
export const isReplaced = ({ settings }: Pick<Box, 'settings'>, id: string): boolean =>
  settings.peers.get().peers.some((peer) => peer.id === id && peer.replacedBy !== undefined);

/** This server is in its place. */
export const isReplacedHere = ({ settings }: Pick<Box, 'settings'>, id: string): boolean =>
  settings.peers.get().peers.some((peer) => peer.id === id && peer.replacedBy?.id === settings.server.get().id);
