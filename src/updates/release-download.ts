/**
 * Fetches release lists and releases by HTTP. Nothing that comes is believed here.
 * Belongs here: bounds of time and size, words for what fails. Does not: what is in it (release-list.ts, release-file.ts).
 */
import { withDeadline } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { shownAddress } from '../site/release-source.ts';
import { MAX_LIST_BYTES } from './release-list.ts';

/** Without a byte for so long the other side counts as gone. */
export const SILENCE_MS = 30_000;

export type Downloading = { readonly clock: Pick<Clock, 'sleep'>; readonly signal: AbortSignal };

/** @throws updates/source */
export async function fetchReleaseList(address: string, how: Downloading): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of download(address, how)) {
    bytes += part.length;
    if (bytes > MAX_LIST_BYTES) throw sourceProblem(address, `it is longer than the ${MAX_LIST_BYTES} bytes of a list`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

export type Expected = { readonly address: string; readonly bytes: number; readonly partBytes: number };
/** All of it in parts of `partBytes`, the last one shorter; each is valid until the next one is asked for. @throws updates/source: also if it is not `bytes` long */
export async function* fetchParts(
  { address, bytes, partBytes }: Expected,
  how: Downloading,
): AsyncGenerator<Uint8Array> {
  const part = Buffer.alloc(partBytes);
  let [filled, received] = [0, 0];
  for await (const chunk of download(address, how)) {
    received += chunk.length;
    if (received > bytes) throw sourceProblem(address, `it is longer than the ${bytes} bytes of its list`);
    for (let rest = chunk; rest.length > 0;) {
      const fits = rest.subarray(0, partBytes - filled);
      part.set(fits, filled);
      filled += fits.length;
      rest = rest.subarray(fits.length);
      if (filled < partBytes) continue;
      yield part;
      filled = 0;
    }
  }
  if (received < bytes) throw sourceProblem(address, `it ended after ${received} of ${bytes} bytes`);
  if (filled > 0) yield part.subarray(0, filled);
}

async function* download(address: string, { clock, signal }: Downloading): AsyncGenerator<Uint8Array> {
  const over = new AbortController();
  const inTime = async <T>(work: Promise<T>): Promise<T> => {
    const result = await withDeadline(clock, durationMs(SILENCE_MS), work);
    if (result !== undefined) return result;
    throw sourceProblem(address, `nothing came for ${SILENCE_MS / 1000} s`);
  };
  try {
    const headers = { 'accept-encoding': 'identity' };
    const response = await inTime(fetch(address, { headers, signal: AbortSignal.any([signal, over.signal]) }));
    if (!response.ok) throw sourceProblem(address, `the answer is ${response.status} ${response.statusText}`.trim());
    if (response.body === null) return;
    const reader = response.body.getReader();
    for (let next = await inTime(reader.read()); !next.done; next = await inTime(reader.read())) yield next.value;
  } catch (error) {
    if (error instanceof UnderstudyError || signal.aborted) throw error;
    throw sourceProblem(address, whyOf(error));
  } finally {
    over.abort();
  }
}

/** What `fetch` throws says only that it failed; its cause says why. */
function whyOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const message = messageOf(cause);
  return message === '' ? (systemCodeOf(cause) ?? 'it did not answer') : message;
}

const sourceProblem = (address: string, why: string): UnderstudyError =>
  new UnderstudyError(
    'unavailable',
    'updates/source',
    `${shownAddress(address)} could not be fetched: ${why}. Check the address, and whether this server reaches it.`,
  );
