/** Validators of what several people may change at once (RFC 9110 §8.8.3, §13.1.1): strong, over the JSON of a value. */
import { createHash } from 'node:crypto';
import { HttpError } from './problem.ts';

export const etagOf = (value: object): string =>
  `"${createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22)}"`;

export type Changed = { readonly code: string; readonly message: string };
/** Without a header, and with `*`, everything is right. @throws HttpError 412 */
export function checkTag(header: string | undefined, tag: string, { code, message }: Changed): void {
  if (header === undefined || header.trim() === '*') return;
  if (header.split(',').some((one) => one.trim() === tag)) return;
  throw new HttpError(412, code, message, { headers: { etag: tag } });
}
