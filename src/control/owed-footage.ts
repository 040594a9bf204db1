/**
 * How much footage lies here that is owed to protected servers: this server recorded it in their place, and nobody else is known to
 * have it (cover/owed.ts). Belongs here: the sums, their words, and what is refused because of them. Does not: giving it back.
 */
import type { Catalogue, SegmentRow } from '../archive/catalogue-types.ts';
import { parseKeptVolume } from '../archive/kept-volume.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { CoverService } from '../cover/cover-service.ts';
import type { VolumeSettings } from '../site/server-settings.ts';

export type OwedFootage = {
  /** Whose footage it is; `undefined`: of a camera that no backup and no cover names any more. */
  readonly serverId: string | undefined;
  readonly volumeId: string;
  readonly files: number;
  readonly bytes: number;
};
export type OwedFootageDeps = {
  readonly catalogue: { readonly segments: Pick<Catalogue['segments'], 'totals' | 'oldest' | 'openOnes'> };
  readonly cover: Pick<CoverService, 'owed' | 'covered'>;
  /** By settings backups: which server has this camera. */
  readonly serverOf: (cameraId: string) => string | undefined;
};
/** Of one stream on one volume: two years in files of ten minutes. */
const MAX_SEGMENTS = 100_000;

/** One row a server and volume. Reads the catalogue: for commands and events, not for every second. */
export function owedFootage({ catalogue, cover, serverOf }: OwedFootageDeps): readonly OwedFootage[] {
  const { segments } = catalogue;
  const isOwed = cover.owed();
  const byCover = new Map(cover.covered().map(({ cameraId, serverId }) => [cameraId, serverId]));
  const closed = segments
    .totals()
    .filter(({ volumeId }) => parseKeptVolume(volumeId) === undefined)
    .flatMap((total) => segments.oldest(total, total.volumeId, MAX_SEGMENTS));
  const owed = [...closed, ...segments.openOnes()].filter(isOwed);
  const ownerOf = ({ cameraId }: SegmentRow): string | undefined => byCover.get(cameraId) ?? serverOf(cameraId);
  return [...Map.groupBy(owed, (row) => `${ownerOf(row) ?? ''}/${row.volumeId}`).values()].flatMap((rows) => {
    const [first] = rows;
    if (first === undefined) return [];
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    return [{ serverId: ownerOf(first), volumeId: first.volumeId, files: rows.length, bytes }];
  });
}

/** Such as `3 files (12.4 MB) of Hall and 1 file (0.2 MB) of Barn`. */
export function wordsOfOwed(owed: readonly OwedFootage[], nameOf: (serverId: string) => string): string {
  const byServer = [...Map.groupBy(owed, ({ serverId }) => serverId)];
  return byServer
    .map(([serverId, rows]) => {
      const name = serverId === undefined ? 'a server that is not known any more' : nameOf(serverId);
      return `${sizeOfOwed(rows)} of ${name}`;
    })
    .join(' and ');
}
/** Such as `3 files (12.4 MB)`. */
export function sizeOfOwed(rows: readonly Pick<OwedFootage, 'files' | 'bytes'>[]): string {
  const files = rows.reduce((sum, row) => sum + row.files, 0);
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  return `${files} file${files === 1 ? '' : 's'} (${sizeOf(bytes)})`;
}
/** Decimal units, as disks are sold. */
function sizeOf(bytes: number): string {
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return bytes < 1e12 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e12).toFixed(1)} TB`;
}

/**
 * A volume that is forgotten gives nothing back. `confirm`: its path, when the disk will never come back.
 * @throws volume/owed
 */
export function refuseOwedVolume(
  { id, path }: Pick<VolumeSettings, 'id' | 'path'>,
  confirm: string | undefined,
  { owed, nameOf }: { readonly owed: () => readonly OwedFootage[]; readonly nameOf: (serverId: string) => string },
): void {
  if (confirm === path) return;
  const here = owed().filter(({ volumeId }) => volumeId === id);
  if (here.length === 0) return;
  const message =
    `${path} holds ${wordsOfOwed(here, nameOf)}, recorded here in its place and not home yet. Wait until it is (understudy restoration list), ` +
    `or stop that restoration, which deletes it. If the disk is lost, confirm with the path ${path}: the volume is forgotten, and what lies on it does not go home unless it is added again.`;
  throw new UnderstudyError('conflict', 'volume/owed', message);
}
