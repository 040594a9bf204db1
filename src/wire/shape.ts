/**
 * Strict readers for values from JSON: each takes an unknown value and returns it typed, or says where it is not what it
 * should be. Hand-written because the media process must stay lean; zod alone would cost it 10 MB.
 */
import { UnderstudyError } from '../core/errors.ts';

/** @throws wire/shape */
export type Read<T> = (value: unknown, path: string) => T;

export const text =
  (max: number): Read<string> =>
  (value, path) =>
    typeof value === 'string' && value.length <= max ? value : unexpected(path, `text of at most ${max} characters`);

export const matching =
  (isRight: (value: string) => boolean, what: string): Read<string> =>
  (value, path) =>
    typeof value === 'string' && isRight(value) ? value : unexpected(path, what);

export const flag: Read<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : unexpected(path, 'true or false');

export const whole =
  (min: number, max: number = Number.MAX_SAFE_INTEGER): Read<number> =>
  (value, path) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? value
      : unexpected(path, `a whole number from ${min} to ${max}`);

export const measure: Read<number> = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? value
    : unexpected(path, 'a number not below zero');

export const oneOf =
  <T extends string | number>(choices: readonly T[]): Read<T> =>
  (value, path) =>
    choices.find((choice) => choice === value) ?? unexpected(path, `one of ${choices.join(', ')}`);

/** Absent in JSON is `undefined` here; the property is always there. */
export const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, path) =>
    value === undefined || value === null ? undefined : read(value, path);

export const listOf =
  <T>(read: Read<T>, max: number): Read<readonly T[]> =>
  (value, path) => {
    if (!Array.isArray(value) || value.length > max) return unexpected(path, `a list of at most ${max}`);
    return value.map((item: unknown, position) => read(item, `${path}[${position}]`));
  };

export type Shape<T> = { readonly [Name in keyof T]-?: Read<T[Name]> };
/** Exactly the named properties: an unknown one is refused, a misspelt one must not pass for an absent one. */
export function objectOf<T extends object>(shape: Shape<T>): Read<T> {
  const names = Object.keys(shape) as (keyof T & string)[];
  return (value, path) => {
    const given = plainObject(value, path);
    for (const name of Object.keys(given))
      if (!Object.hasOwn(shape, name)) unexpected(path, `no property "${name.slice(0, 64)}"`);
    const result: Partial<Record<keyof T, unknown>> = {};
    for (const name of names) result[name] = shape[name](given[name], `${path}.${name}`);
    return result as T;
  };
}

/** Chooses the reader by the property `kind`. */
export function oneKindOf<T extends { readonly kind: string }>(readers: {
  readonly [Kind in T['kind']]: Read<Extract<T, { readonly kind: Kind }>>;
}): Read<T> {
  const byKind = new Map<unknown, Read<T>>(Object.entries<Read<T>>(readers));
  return (value, path) => {
    const read = byKind.get(plainObject(value, path)['kind']);
    return read ? read(value, path) : unexpected(`${path}.kind`, `one of ${[...byKind.keys()].join(', ')}`);
  };
}

export function plainObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return unexpected(path, 'an object');
  return value as Record<string, unknown>;
}

/** @throws wire/json, wire/shape */
export function parseJson<T>(line: string, read: Read<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new UnderstudyError('protocol', 'wire/json', 'Expected a line of JSON.', { cause });
  }
  return read(value, 'message');
}

/** Never repeats the value: it may be a password. */
function unexpected(path: string, what: string): never {
  throw new UnderstudyError('protocol', 'wire/shape', `Expected ${what} at ${path}.`);
}
