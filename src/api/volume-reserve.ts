/**
 * How much of a volume is to stay free: refused where nothing would be left for footage, or where footage would go for it and nobody said
 * so. Pure.
 */
import { UnderstudyError } from '../core/errors.ts';
import type { VolumeSettings } from '../site/server-settings.ts';
import type { Volume } from './contract/server.ts';

/** @throws volume/reserve. `totalBytes` undefined: nobody has looked at it yet. */
export function refuseWholeVolume(path: string, reserveBytes: number, totalBytes: number | undefined): void {
  if (totalBytes === undefined || totalBytes === 0 || reserveBytes < totalBytes) return;
  const message = `${gigabytes(reserveBytes)} cannot stay free on ${path}, which has ${gigabytes(totalBytes)}: nothing would be kept there. Choose less.`;
  throw new UnderstudyError('invalid', 'volume/reserve', message);
}

export type ReserveChange = { readonly reserveBytes: number; readonly confirm?: string | undefined };
/** @throws volume/reserve, volume/would-delete */
export function refuseReserve(
  { path, reserveBytes: before }: VolumeSettings,
  { freeBytes, totalBytes, footageBytes }: Pick<Volume, 'freeBytes' | 'totalBytes' | 'footageBytes'>,
  { reserveBytes, confirm }: ReserveChange,
): void {
  refuseWholeVolume(path, reserveBytes, totalBytes);
  // Below its reserve it makes room already.
  const goes = Math.min(footageBytes, reserveBytes - Math.max(before, freeBytes ?? Infinity));
  if (goes <= 0 || confirm === path) return;
  const message = `About ${gigabytes(goes)} of the oldest footage on ${path} would be deleted so that ${gigabytes(reserveBytes)} are free there. If that is meant, repeat it with its path, ${path}, as "confirm".`;
  throw new UnderstudyError('conflict', 'volume/would-delete', message);
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
