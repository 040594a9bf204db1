/** Paths given by a person: an error that says which one is wrong, before any work is done. */
import { access, constants } from 'node:fs/promises';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';

/** @throws UnderstudyError `cli/usage` */
export async function readableOrThrow(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    const why = systemCodeOf(error) === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new UnderstudyError('invalid', 'cli/usage', `${path} ${why}`);
  }
}
