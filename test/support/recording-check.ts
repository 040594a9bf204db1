/**
 * Holds what the media process recorded of a simulated camera against what it booked: between the first and the last recorded access
 * unit every one is there once, unaltered and in order, or a gap says when and why, no longer than what is missing.
 */
import { compareWithLedger, checkRecording, withinRecording } from '../../src/simulator/check.ts';
import type { BookedGap, CheckReport, Expectation } from '../../src/simulator/check.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import type { MediaUnderTest } from './media-process.ts';

/** A frame, and a read of the wall clock a little later than the one before. */
export const LEDGER_TOLERANCE_MS = 60;

export type Account = {
  readonly report: CheckReport;
  /** Those between the first and the last recorded access unit. */
  readonly gaps: readonly BookedGap[];
  readonly missingUnits: number;
  /** In words; empty if all is accounted for. */
  readonly problems: readonly string[];
};
export type AccountOptions = {
  /** So many pictures may have lost the packet that held nothing but the stamp: they are recorded, and whole. */
  readonly unstamped?: number;
  readonly toleranceMs?: number;
};

export async function accountOf(
  media: Pick<MediaUnderTest, 'unitsOf' | 'gapsOf'>,
  camera: Pick<SimulatedCamera, 'origin' | 'frameMs'>,
  expectation: Expectation,
  { unstamped = 0, toleranceMs = LEDGER_TOLERANCE_MS }: AccountOptions = {},
): Promise<Account> {
  const { cameraId, stream } = expectation;
  const report = checkRecording(await media.unitsOf(cameraId, stream), expectation);
  const gaps = withinRecording(media.gapsOf(cameraId, stream), report, camera);
  const bare = report.altered.filter(({ kind }) => kind === 'unstamped').length;
  const altered = report.altered.filter(({ kind }) => kind !== 'unstamped');
  const ledger = compareWithLedger(report.missing, gaps, camera, toleranceMs);
  const counters = (gap: BookedGap): string =>
    `${((gap.start - camera.origin) / camera.frameMs).toFixed(2)}..${((gap.end - camera.origin) / camera.frameMs).toFixed(2)} ${gap.cause} ${gap.detail ?? ''}`;
  const context = JSON.stringify({ missing: report.missing, gaps: gaps.map(counters) });
  const problems = [
    ...(report.first === undefined ? ['nothing was recorded'] : []),
    ...(report.doubled.length > 0 ? [`doubled: ${report.doubled.join(' ')}`] : []),
    ...(report.reordered.length > 0 ? [`out of order: ${report.reordered.join(' ')}`] : []),
    ...(altered.length > 0 ? [`altered: ${JSON.stringify(altered)}`] : []),
    ...(bare > unstamped ? [`${bare} without a stamp`] : []),
    ...ledger.map((problem) => `${JSON.stringify(problem)} in ${context}`),
  ];
  const missingUnits = report.missing.reduce((sum, { from, to }) => sum + to - from, 0);
  return { report, gaps, missingUnits, problems };
}
