/**
 * Walking boxes in bytes that nobody vouches for (ISO/IEC 14496-12 §4.2.2). Sizes of 64 bits and "to the end" are read.
 */
import { UnderstudyError } from '../../core/errors.ts';
import { fourCc, read32 } from './bytes.ts';

/** Boxes in one parent; our own files have at most a dozen. */
export const MAX_BOXES = 4096;

export type BoxAt = {
  /** Four characters; others than printable ones are shown as `?`. */
  readonly type: string;
  readonly start: number;
  /** Where its content begins, behind size and type; the extended type of a `uuid` belongs to the content. */
  readonly body: number;
  readonly end: number;
};

/** @throws UnderstudyError `mp4/box` */
export function boxesIn(bytes: Uint8Array, start: number, end: number): readonly BoxAt[] {
  const found: BoxAt[] = [];
  for (let offset = start; offset < end; offset = found.at(-1)?.end ?? end) {
    if (found.length === MAX_BOXES) throw corrupt(`more than ${MAX_BOXES} boxes side by side`, offset);
    found.push(boxAt(bytes, offset, end));
  }
  return found;
}

/**
 * The box whose header lies at `start`; `limit` is where its parent ends, `end` where the bytes at hand end.
 * @throws UnderstudyError `mp4/box`
 */
export function boxAt(bytes: Uint8Array, start: number, end: number, limit: number = end): BoxAt {
  if (start + 8 > end || end > bytes.length) throw corrupt('no room for the header of a box', start);
  const type = typeOf(bytes, start + 4);
  const size = read32(bytes, start);
  const large = size === 1;
  if (large && start + 16 > end) throw corrupt(`no room for the size of ${type}`, start);
  const body = start + (large ? 16 : 8);
  const boxEnd =
    size === 0 ? limit : start + (large ? read32(bytes, start + 8) * 2 ** 32 + read32(bytes, start + 12) : size);
  if (boxEnd < body || boxEnd > limit)
    throw corrupt(`${type} claims ${boxEnd - start} bytes, ${limit - start} are there`, start);
  return { type, start, body, end: boxEnd };
}

/** The first child of that type. */
export function childOf(bytes: Uint8Array, parent: Pick<BoxAt, 'body' | 'end'>, type: string): BoxAt {
  const child = boxesIn(bytes, parent.body, parent.end).find((box) => box.type === type);
  if (child === undefined) throw corrupt(`no ${type} where one must be`, parent.body);
  return child;
}

/** Descends through the first child of each type. */
export const descend = (bytes: Uint8Array, from: Pick<BoxAt, 'body' | 'end'>, ...types: readonly string[]): BoxAt =>
  types.reduce<BoxAt>((box, type) => childOf(bytes, box, type), { type: '', start: from.body, ...from });

export const isType = (bytes: Uint8Array, at: number, type: string): boolean => read32(bytes, at + 4) === fourCc(type);

export const corrupt = (what: string, offset: number): UnderstudyError =>
  new UnderstudyError('corrupt', 'mp4/box', `${what} (at byte ${offset})`, { context: { offset } });

const typeOf = (bytes: Uint8Array, at: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + 4)).replaceAll(/[^ -~]/g, '?');
