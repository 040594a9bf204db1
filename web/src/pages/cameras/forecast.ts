/** How long footage lasts at a server with several volumes. Pure. */
import type { Volume } from '../../api/api.ts';

/** Of several volumes together: the days of each, weighed by what is written there in a day. */
export function fitOf(volumes: readonly Pick<Volume, 'forecast'>[]): number | undefined {
  let rate = 0;
  let room = 0;
  for (const { forecast } of volumes) {
    if (forecast.daysFit === undefined || forecast.bytesPerDay === undefined) continue;
    rate += forecast.bytesPerDay;
    room += forecast.daysFit * forecast.bytesPerDay;
  }
  return rate > 0 ? room / rate : undefined;
}
