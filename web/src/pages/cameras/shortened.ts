/** Cameras of which footage goes when fewer days are to be kept. Pure. */
import type { SiteCamera } from '../../api/site.ts';

const DAY_MS = 86_400_000;
/** What is about to go of itself is nothing to ask about. */
const LEAST_DAYS = 1 / 24;

export type Shortened = { readonly name: string; readonly keptDays: number };
type Kept = Pick<SiteCamera, 'name' | 'oldestFootageAt' | 'retention'>;

/** `days`: as typed; 0 or less keeps footage until space is needed. */
export function shortenedBy(cameras: readonly Kept[], days: number, now: number): readonly Shortened[] {
  if (!(days > 0)) return [];
  return cameras.flatMap(({ name, oldestFootageAt, retention }) => {
    if (oldestFootageAt === undefined || days >= (retention.maxDays ?? Infinity)) return [];
    const keptDays = (now - Date.parse(oldestFootageAt)) / DAY_MS;
    return keptDays > days + LEAST_DAYS ? [{ name, keptDays }] : [];
  });
}
