/** Every MP4 file of a directory, in the order of names. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Volumes are four folders deep; more is not ours. */
const MAX_DEPTH = 8;

/** Every `.mp4` below `path`, or `path` itself. Symbolic links are not followed. @throws system errors */
export async function* mp4FilesIn(path: string, depth = 0): AsyncGenerator<string> {
  if (!(await stat(path)).isDirectory()) {
    yield path;
    return;
  }
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const inside = join(path, entry.name);
    if (entry.isDirectory() && depth < MAX_DEPTH) yield* mp4FilesIn(inside, depth + 1);
    else if (entry.isFile() && entry.name.endsWith('.mp4')) yield inside;
  }
}
