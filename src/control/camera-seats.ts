/** Seats of the licence where cameras are set up: what is recorded stays, and one camera more needs a seat. */
import { UnderstudyError } from '../core/errors.ts';
import type { SettingsFile } from '../settings/settings-file.ts';
import type { CamerasFile } from '../settings/settings.ts';

/** The same file, but a change after which more cameras are recorded than before, and more than there are seats, is refused. */
export const withSeats = (file: SettingsFile<CamerasFile>, seats: () => number): SettingsFile<CamerasFile> => ({
  ...file,
  update: async (change) =>
    await file.update((before) => {
      const after = change(before);
      refuseBeyond(seats(), recordedIn(before), recordedIn(after));
      return after;
    }),
});

export const recordedIn = ({ cameras }: Pick<CamerasFile, 'cameras'>): number =>
  cameras.filter(({ enabled, record }) => enabled && record).length;

/** @throws camera/no-seat */
export function refuseBeyond(seats: number, before: number, after: number): void {
  if (after <= before || after <= seats) return;
  const message = `The licence lets this server record ${seats} cameras; ${before} are recorded now, and ${after} would be. Add a licence, or let another camera go. Nothing was changed.`;
  throw new UnderstudyError('conflict', 'camera/no-seat', message);
}
