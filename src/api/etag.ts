/** Validators of what is asked often, or changed by several people (RFC 9110 §8.8.3, §13.1): strong, over the JSON of a value. */
import { createHash } from 'node:crypto';
import { HttpError } from './problem.ts';
import { json } from './route.ts';
import type { Reply } from './route.ts';

export const etagOf = (value: object): string =>
  `"${createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22)}"`;

/** `value`, or nothing if the caller has it already: `known` is its If-None-Match. */
export function jsonUnlessKnown<R extends object>(value: R, known: string | undefined): Reply<R> {
  const etag = etagOf(value);
  const headers = { etag, 'cache-control': 'private, no-cache' };
  return known === etag ? { kind: 'empty', status: 304, headers } : json(value, headers);
}

export type Changed = { readonly code: string; readonly message: string };
/** Without a header, and with `*`, everything is right. @throws HttpError 412 */
export function checkTag(header: string | undefined, tag: string, { code, message }: Changed): void {
  if (header === undefined || header.trim() === '*') return;
  if (header.split(',').some((one) => one.trim() === tag)) return;
  throw new HttpError(412, code, message, { headers: { etag: tag } });
}
