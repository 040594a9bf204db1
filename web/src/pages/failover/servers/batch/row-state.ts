/** Whether a server that was found can be added, as far as its own words on the LAN tell; the box asks it again. Pure. */
import type { CmsMode, FoundServer } from '../../../../api/servers.ts';
import { isOlder } from '../../../../../../src/site/version.ts';

export type OwnSide = { readonly mode: CmsMode; readonly version: string; readonly isOfSite: boolean };
export const FOUND_STATES = ['available', 'off', 'older', 'foreign', 'incompatible', 'added'] as const;
export type FoundState = (typeof FOUND_STATES)[number];
type Judged = Pick<FoundServer, 'mode' | 'version' | 'known' | 'membership' | 'enabled'>;

/** The first of these that is true of it. */
export function foundState(found: Judged, own: OwnSide): FoundState {
  if (found.known) return 'added';
  if (found.mode === own.mode || own.mode === 'recording') return 'incompatible';
  if (own.isOfSite && found.membership === 'foreign') return 'foreign';
  if (own.mode !== 'host') return 'available';
  if (isOlder(found.version, own.version)) return 'older';
  return found.enabled ? 'available' : 'off';
}

/** The states in which adding it may succeed. */
export const isAddable = (state: FoundState): boolean => state === 'available';

/** What a row of a batch was refused with, in one word for its chip. */
export const refusalOf = (
  code: string | undefined,
): 'older' | 'foreign' | 'locked' | 'off' | 'added' | 'incompatible' | 'failed' => {
  switch (code) {
    case 'server/older':
      return 'older';
    case 'server/foreign':
    case 'server/managed':
      return 'foreign';
    case 'server/locked':
      return 'locked';
    case 'server/cms-off':
      return 'off';
    case 'server/known':
    case 'server/twice':
      return 'added';
    case 'server/mode':
    case 'server/netbsd':
    case 'server/frame-grabber':
      return 'incompatible';
    default:
      return 'failed';
  }
};
