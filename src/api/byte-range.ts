/** One byte range of a request (RFC 9110 §14.1.2). Pure. */
export type ByteRange =
  | { readonly kind: 'whole' }
  /** `end` is exclusive. */
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

/** Several ranges, other units and nonsense are ignored as the RFC allows: the whole is sent. */
export function parseByteRange(header: string | undefined, size: number): ByteRange {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return { kind: 'whole' };
  if (first === '') return partOf(Math.max(0, size - Number(last)), size, size);
  const start = Number(first);
  if (last === '') return partOf(start, size, size);
  return Number(last) < start ? { kind: 'whole' } : partOf(start, Number(last) + 1, size);
}

const partOf = (start: number, end: number, size: number): ByteRange =>
  start >= size ? { kind: 'unsatisfiable' } : { kind: 'part', start, end: Math.min(end, size) };
