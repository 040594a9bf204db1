/**
 * Names for servers that are added, several at once (product A5, A6): by their model, by a number behind the model or a prefix, or as
 * typed. One place for API, command line and pages, which show a name before it is given: nothing but name.ts is imported. Pure.
 *
 * Belongs here: which name a new server gets. Does not: what a name may be (name.ts), how a rule is asked for (api/contract/adding.ts).
 *
 * Invariant: whatever comes out passes `nameProblemOf`, and no two servers get the same name.
 */
import { nameProblemOf } from './name.ts';

/** So that five digits fit behind it. */
export const MAX_PREFIX_CHARACTERS = 26;
const MAX_NAME_CHARACTERS = 32;
/** Numbers that are continued; a name that ends in a longer one is a name. */
const NUMBER = /^[1-9]\d{0,4}$/;
/** Of a machine that does not say what it is. */
const NAMELESS = 'Server';

export type Naming =
  /** The model name; `NAME-2` where it is taken. */
  | { readonly kind: 'model' }
  /** `Model-1`, `Model-2`. */
  | { readonly kind: 'model-number' }
  /** `Prefix-1`, `Prefix-2`. */
  | { readonly kind: 'prefix-number'; readonly prefix: string }
  /** Each as typed. */
  | { readonly kind: 'custom' };

export function prefixProblemOf(prefix: string): string | undefined {
  const length = Array.from(prefix).length;
  if (length > MAX_PREFIX_CHARACTERS)
    return `A prefix has 1 to ${MAX_PREFIX_CHARACTERS} characters, for a number follows it; this one has ${length}.`;
  return prefix === '' ? 'A prefix has at least one character.' : nameProblemOf(`${prefix}-1`);
}

export type ToName = {
  /** Make and model of the machine, as it says. */
  readonly model: string | undefined;
  /** As typed for this one: goes before every rule. */
  readonly name: string | undefined;
};
export type Named =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'refused'; readonly code: 'server/name' | 'server/name-taken'; readonly message: string };

/** A name for each, in this order; `taken`: names of the site. Typed names are given out first: a rule goes around them. */
export function nameServers(naming: Naming, servers: readonly ToName[], taken: readonly string[]): readonly Named[] {
  const used = new Set(taken.map(sameNameOf));
  const typed = servers.map(({ name }) => (name === undefined ? undefined : asTyped(name, used)));
  return servers.map(({ model }, index) => typed[index] ?? byRule(naming, modelNameOf(model), used));
}

/** Case counts, the way a letter is composed does not. */
const sameNameOf = (name: string): string => name.normalize('NFC');

function asTyped(name: string, used: Set<string>): Named {
  const problem = nameProblemOf(name);
  if (problem !== undefined) return { kind: 'refused', code: 'server/name', message: problem };
  if (!used.has(sameNameOf(name))) return take(name, used);
  const message = `Another server of the site, or of this list, is called ${name}.`;
  return { kind: 'refused', code: 'server/name-taken', message };
}

function byRule(naming: Naming, model: string, used: Set<string>): Named {
  if (naming.kind === 'custom')
    return { kind: 'refused', code: 'server/name', message: 'Type a name for this server.' };
  if (naming.kind === 'model' && !used.has(sameNameOf(model))) return take(model, used);
  return take(
    numbered(naming.kind === 'prefix-number' ? naming.prefix : model, naming.kind === 'model' ? 2 : 1, used),
    used,
  );
}

function take(name: string, used: Set<string>): Named {
  used.add(sameNameOf(name));
  return { kind: 'named', name };
}

/** The number behind the highest one that is taken, so that no name comes back to another server. */
function numbered(base: string, first: number, used: ReadonlySet<string>): string {
  const start = `${sameNameOf(base)}-`;
  const numbers = [...used].flatMap((name) => {
    const rest = name.startsWith(start) ? name.slice(start.length) : '';
    return NUMBER.test(rest) ? [Number(rest)] : [];
  });
  for (let number = Math.max(first - 1, ...numbers) + 1; ; number += 1) {
    const name = withNumber(base, number);
    if (!used.has(sameNameOf(name))) return name;
  }
}

/** The base gives way: two long models differ in their numbers at least. */
function withNumber(base: string, number: number): string {
  const tail = `-${number}`;
  return `${cutTo(base, MAX_NAME_CHARACTERS - tail.length)}${tail}`;
}

/** What a machine says of itself, as a name: `DS1522+` is `DS1522`. */
export function modelNameOf(model: string | undefined): string {
  const allowed = Array.from((model ?? '').toWellFormed().normalize('NFC'), (character) =>
    nameProblemOf(`x${character}x`) === undefined ? character : ' ',
  );
  const words = allowed.join('').replaceAll(/\s+/gu, ' ');
  return cutTo(words.replace(/^[\s-]+/u, ''), MAX_NAME_CHARACTERS) || NAMELESS;
}

const cutTo = (text: string, characters: number): string => Array.from(text).slice(0, characters).join('').trimEnd();
