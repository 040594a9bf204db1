/**
 * The access units that somebody sees who plays a range of a camera: playlist and byte ranges from the API, as a player asks for
 * them. What judges failover looks through these eyes, so that files, catalogue and playlist are judged together.
 */
import type { ApiClient } from '../cli/api-client.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { RecordedUnit } from '../simulator/check.ts';
import { readSegment } from '../simulator/recorded-units.ts';

type Piece = { readonly url: string; readonly first: number; readonly last: number };
/** Several pieces that lie together are asked for at once, up to so many bytes. */
const MAX_READ_BYTES: number = 16 * 1024 * 1024;

export type PlayedRange = { readonly cameraId: string; readonly start: string; readonly end: string };

/** In the order of the playlist. @throws what the API refuses */
export async function playedUnits(
  api: ApiClient,
  { cameraId, start, end }: PlayedRange,
): Promise<readonly RecordedUnit[]> {
  const query = new URLSearchParams({ start, end, stream: 'main' }).toString();
  return await unitsOfPlaylist(api, `/cameras/${cameraId}/playlist.m3u8?${query}`);
}

/** `path` below `/api/v1`; what the playlist names lies beside it. */
export async function unitsOfPlaylist(api: ApiClient, path: string): Promise<readonly RecordedUnit[]> {
  const playlist = (await api.read(path)).toString('utf8');
  const folder = path.slice(0, path.lastIndexOf('/', path.indexOf('?')));
  const units: RecordedUnit[] = [];
  for (const { url, first, last } of joined(piecesOf(playlist))) {
    const bytes = await api.read(`${folder}/${url}`, { first, last });
    const { units: found, tornBytes } = readSegment(bytes, `${url} from ${first}`);
    if (tornBytes > 0) throw new UnderstudyError('corrupt', 'demo/torn', `${url} is not whole at ${last - tornBytes}.`);
    for (const unit of found) units.push(unit);
  }
  return units;
}

/** RFC 8216 §4.3.2.2: `#EXT-X-BYTERANGE:length@offset`, then the URL. */
function piecesOf(playlist: string): readonly Piece[] {
  return [...playlist.matchAll(/^#EXT-X-BYTERANGE:(\d+)@(\d+)\n([^\n#]+)$/gm)].map(([, length, offset, url = '']) => {
    const first = Number(offset);
    return { url, first, last: first + Number(length) - 1 };
  });
}

function joined(pieces: readonly Piece[]): readonly Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const before = result.at(-1);
    const isNext = before?.url === piece.url && before.last + 1 === piece.first;
    if (before !== undefined && isNext && piece.last - before.first < MAX_READ_BYTES)
      result[result.length - 1] = { ...before, last: piece.last };
    else result.push(piece);
  }
  return result;
}
