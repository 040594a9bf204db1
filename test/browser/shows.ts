/** What a page comes to show. A page is asked until it is so, never once: what was waited for before may be a moment ahead of it. */
import type { ExecutionContext } from 'ava';
import { settles, settlesTo } from '../support/settles.ts';

/** `read` comes to be `wanted`, within the usual patience; the assertion shows what it was last. */
export async function shows<T>(
  t: ExecutionContext,
  read: () => T | Promise<T>,
  wanted: T,
  message?: string,
): Promise<void> {
  t.deepEqual(await settles(wanted, read), wanted, message);
}

/** The text of `read` comes to match. */
export async function showsText(
  t: ExecutionContext,
  read: () => Promise<string | null>,
  wanted: RegExp,
  message?: string,
): Promise<void> {
  t.regex(
    await settlesTo(
      async () => (await read()) ?? '',
      (text) => wanted.test(text),
    ),
    wanted,
    message,
  );
}
