/** The groups of pictures of a media playlist (RFC 8216): when each begins, and which bytes hold it and what comes before. Pure. */

export type Bytes = { readonly url: string; readonly offset: number; readonly length: number };
/** `wall` in milliseconds, `duration` in seconds. */
export type KeyGroup = {
  readonly wall: number;
  readonly duration: number;
  readonly init: Bytes;
  readonly bytes: Bytes;
};

/** Groups whose place in time or bytes is not told are left out. */
export function keyGroupsOf(playlist: string, baseUrl: string): readonly KeyGroup[] {
  const groups: KeyGroup[] = [];
  let init: Bytes | undefined;
  let wall: number | undefined;
  let duration = 0;
  let range: Omit<Bytes, 'url'> | undefined;
  for (const line of playlist.split('\n').map((text) => text.trim())) {
    const value = line.slice(line.indexOf(':') + 1);
    if (line.startsWith('#EXT-X-MAP:')) init = mapOf(value, baseUrl);
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) wall = timeOf(value);
    else if (line.startsWith('#EXTINF:')) duration = Number.parseFloat(value);
    else if (line.startsWith('#EXT-X-BYTERANGE:')) range = rangeOf(value);
    else if (line !== '' && !line.startsWith('#')) {
      const url = absolute(line, baseUrl);
      if (init !== undefined && wall !== undefined && range !== undefined && url !== undefined)
        groups.push({ wall, duration, init, bytes: { url, ...range } });
      [wall, range] = [undefined, undefined];
    }
  }
  return groups;
}

/** The group that holds `wall`. */
export function groupAt(groups: readonly KeyGroup[], wall: number): KeyGroup | undefined {
  const group = groups.findLast((candidate) => candidate.wall <= wall);
  return group !== undefined && wall < group.wall + group.duration * 1000 + 50 ? group : undefined;
}

const timeOf = (text: string): number | undefined => {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
};

/** "length@offset"; a range without an offset goes on behind the last one, which our playlists never say. */
function rangeOf(text: string): Omit<Bytes, 'url'> | undefined {
  const [, length, offset] = /^(\d{1,15})@(\d{1,15})$/.exec(text) ?? [];
  return length === undefined ? undefined : { length: Number(length), offset: Number(offset) };
}

function mapOf(attributes: string, baseUrl: string): Bytes | undefined {
  const url = absolute(/URI="([^"]*)"/.exec(attributes)?.[1] ?? '', baseUrl);
  const range = rangeOf(/BYTERANGE="([^"]*)"/.exec(attributes)?.[1] ?? '');
  return url === undefined || range === undefined ? undefined : { url, ...range };
}

function absolute(url: string, baseUrl: string): string | undefined {
  return url !== '' && URL.canParse(url, baseUrl) ? new URL(url, baseUrl).href : undefined;
}
