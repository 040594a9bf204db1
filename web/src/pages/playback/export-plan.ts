/** Which server cuts what: footage of one camera may lie on its own server and on those that covered it. Pure. */
import type { EpochParts, SitePlaylists } from '../../api/site-footage.ts';

/** Wall milliseconds, half open. */
export type Range = { readonly start: number; readonly end: number };
/** One request to one server. */
export type ExportPart = Range & { readonly serverId: string; readonly cameraIds: readonly string[] };
/** The API takes so many at once. */
const MAX_CAMERAS = 16;

type Held = Pick<EpochParts, 'start' | 'end' | 'serverId'>;
/**
 * A server that holds all there is of a camera gets the whole range: its manifest then accounts for what is missing as well. Where
 * several hold parts, each cuts from its first to its last.
 */
export function planOf(found: ReadonlyMap<string, readonly Held[]>, range: Range): readonly ExportPart[] {
  const parts = new Map<string, ExportPart>();
  for (const [cameraId, items] of found) {
    const holders = [...new Set(items.map(({ serverId }) => serverId))];
    for (const serverId of holders) {
      const part =
        holders.length === 1
          ? range
          : hullOf(
              items.filter((item) => item.serverId === serverId),
              range,
            );
      const key = `${serverId} ${part.start} ${part.end}`;
      const known = parts.get(key)?.cameraIds ?? [];
      parts.set(key, { ...part, serverId, cameraIds: [...known, cameraId] });
    }
  }
  return [...parts.values()].flatMap(chunked).toSorted((a, b) => a.start - b.start);
}

function hullOf(items: readonly Held[], range: Range): Range {
  return {
    start: Math.max(range.start, Math.min(...items.map(({ start }) => Date.parse(start)))),
    end: Math.min(range.end, Math.max(...items.map(({ end }) => Date.parse(end)))),
  };
}

function chunked(part: ExportPart): readonly ExportPart[] {
  const chunks = Math.ceil(part.cameraIds.length / MAX_CAMERAS);
  return Array.from({ length: chunks }, (_, index) => ({
    ...part,
    cameraIds: part.cameraIds.slice(index * MAX_CAMERAS, (index + 1) * MAX_CAMERAS),
  }));
}

/** For how long nobody knows, and who would: of the camera for which it is longest. */
export function unknownOf(
  answers: readonly Pick<SitePlaylists, 'away'>[],
): { readonly seconds: number; readonly server: string } | undefined {
  const sums = answers.flatMap(({ away }) => {
    const seconds = away.reduce((sum, { start, end }) => sum + (Date.parse(end) - Date.parse(start)) / 1000, 0);
    return away[0] === undefined ? [] : [{ seconds, server: away[0].server.name }];
  });
  return sums.toSorted((a, b) => b.seconds - a.seconds)[0];
}
