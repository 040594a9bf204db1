/** What stands in a folder. */
import { readdir } from 'node:fs/promises';
import { systemCodeOf } from './errors.ts';

/** Names in any order; none where there is nothing of that name. @throws system errors other than ENOENT, ENOTDIR for a file */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
