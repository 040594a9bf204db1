/** Addresses of incidents, and of playback beside them. */
import type { IncidentReport, Listed } from '../../api/incidents.ts';

export const incidentPath = (at: string, id: string): string =>
  `/incidents/${encodeURIComponent(at)}/${encodeURIComponent(id)}`;
export const pathOf = ({ at, id }: Pick<Listed, 'at' | 'id'>): string => incidentPath(at, id);

/** Which incident the path names; undefined: the list. */
export function placeOf(path: string): { readonly at: string; readonly id: string } | undefined {
  const [, , at = '', id = ''] = path.split('/').map(decoded);
  return at === '' || id === '' ? undefined : { at, id };
}
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Begins so long before the failure. */
const LEAD_MS = 4000;
const MOST_CAMERAS = 4;

export function playbackPath(cameraIds: readonly string[], failedAt: number): string {
  const at = new Date(failedAt - LEAD_MS).toISOString();
  return `/playback?cameras=${cameraIds.map(encodeURIComponent).join(',')}&at=${at}`;
}

/** Some covered cameras, those with the longest gap first: there is something to see. */
export function playAcross({ streams, openedAt, lastSign }: IncidentReport): string | undefined {
  const covered = streams.filter(({ stream, firstCovered }) => stream === 'main' && firstCovered !== undefined);
  const chosen = covered.toSorted((a, b) => (b.gapMs ?? 0) - (a.gapMs ?? 0)).slice(0, MOST_CAMERAS);
  const failedAt = Math.min(openedAt, lastSign, ...chosen.map(({ lastFrame }) => lastFrame));
  return chosen.length === 0
    ? undefined
    : playbackPath(
        chosen.map(({ cameraId }) => cameraId),
        failedAt,
      );
}
