/**
 * The marker file at the root of a volume. It tells our disk from the empty folder that is left when the disk is not mounted, and one
 * server's disk from another's. Pure.
 */
import { isServerId } from '../core/ids.ts';

export const MARKER_FILE = '.understudy-volume.json';
/** Written and removed again to learn whether the disk takes writes. */
export const PROBE_FILE = '.understudy-probe';
/** Ours takes about 150. */
export const MAX_MARKER_BYTES = 4096;

export type VolumeMarker = {
  readonly id: string;
  /** ISO 8601. */
  readonly created: string;
  /** The server that keeps its footage here; absent in markers made by hand. */
  readonly serverId: string | undefined;
};

const VOLUME_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;
export const isVolumeId = (text: string): boolean => VOLUME_ID.test(text);

export const encodeMarker = (marker: VolumeMarker): string => `${JSON.stringify(marker)}\n`;

/** `undefined` if it is not a marker; unknown keys are ignored. */
export function parseMarker(text: string): VolumeMarker | undefined {
  if (text.length > MAX_MARKER_BYTES) return undefined;
  const { id, created, serverId } = fieldsOf(text);
  if (typeof id !== 'string' || !isVolumeId(id) || typeof created !== 'string') return undefined;
  if (serverId === undefined) return { id, created, serverId };
  return typeof serverId === 'string' && isServerId(serverId) ? { id, created, serverId } : undefined;
}

function fieldsOf(text: string): Readonly<Partial<Record<keyof VolumeMarker, unknown>>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
