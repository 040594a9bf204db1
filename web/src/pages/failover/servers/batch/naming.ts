/** The names that servers would get, by the same rules as the box gives them. Pure. */
import { nameServers, prefixProblemOf, type Naming } from '../../../../../../src/site/server-naming.ts';

export const NAMINGS = ['keep', 'model', 'model-number', 'prefix-number', 'custom'] as const;
export type NamingKind = (typeof NAMINGS)[number];
export type Preview = {
  readonly key: string;
  readonly before: string;
  readonly name: string | undefined;
  readonly problem: string | undefined;
};
type Rule = {
  readonly naming: NamingKind;
  readonly prefix: string;
  readonly typed: Readonly<Record<string, string>>;
};
type ToName = { readonly key: string; readonly name: string; readonly model: string | undefined };

export function namesFor(rule: Rule, picked: readonly ToName[], taken: readonly string[]): readonly Preview[] {
  const { naming, prefix, typed } = rule;
  const prefixProblem = naming === 'prefix-number' ? prefixProblemOf(prefix) : undefined;
  const asked = picked.map(({ key, model }) => ({
    key,
    model,
    name: (typed[key] ?? '') === '' ? undefined : typed[key],
  }));
  // Without a rule only what was typed is a new name.
  const going = naming === 'keep' ? asked.filter(({ name }) => name !== undefined) : asked;
  const given = prefixProblem === undefined ? nameServers(ruleOf(naming, prefix), going, taken) : [];
  const byKey = new Map(going.map(({ key }, index) => [key, given[index]]));
  return picked.map(({ key, name: before }): Preview => {
    const one = byKey.get(key);
    if (one?.kind === 'named') return { key, before, name: one.name, problem: undefined };
    if (one !== undefined) return { key, before, name: undefined, problem: one.message };
    if (naming === 'keep') return { key, before, name: before, problem: undefined };
    return { key, before, name: undefined, problem: prefixProblem };
  });
}

function ruleOf(kind: NamingKind, prefix: string): Naming {
  if (kind === 'prefix-number') return { kind, prefix };
  return { kind: kind === 'keep' ? 'custom' : kind };
}
