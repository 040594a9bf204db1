/**
 * What is known of footage that was given back: in the header of its file, or, where a segment was adopted as it lay on a shared disc,
 * in a small file beside it, because nothing ever rewrites a byte of a segment.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeIfThere, syncDirectory } from '../core/durable-file.ts';
import { systemCodeOf } from '../core/errors.ts';
import { parseReturnNote } from '../media/mp4/segment-header.ts';
import type { ReturnNote, SegmentHeader } from '../media/mp4/segment-header.ts';

/** Behind the name of the segment. */
export const RETURN_NOTE_SUFFIX = '.returned';

/** The note beside `file` wins over the one inside. @throws UnderstudyError of kind `corrupt`; system errors */
export async function returnNoteOf(file: string, header: SegmentHeader): Promise<ReturnNote | undefined> {
  try {
    return parseReturnNote(parsed(await readFile(`${file}${RETURN_NOTE_SUFFIX}`, 'utf8')));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return header.returned;
    throw error;
  }
}

/** Not JSON is none of ours: `parseReturnNote` says so. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Durable when it resolves. */
export async function writeReturnNote(file: string, note: ReturnNote): Promise<void> {
  const target = `${file}${RETURN_NOTE_SUFFIX}`;
  const temporary = `${target}.new`;
  const handle = await open(temporary, 'w', 0o640);
  try {
    await handle.writeFile(JSON.stringify(note));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, target);
  await syncDirectory(dirname(target));
}

export const removeReturnNote = async (file: string): Promise<void> => removeIfThere(`${file}${RETURN_NOTE_SUFFIX}`);
