/**
 * A form as a record of texts: what was changed, and what becomes of it when somebody else changed the same meanwhile. Pure.
 * Belongs here: comparing and merging. Does not: which fields there are (fields.ts, policy-fields.ts), asking the box (use-draft.ts).
 */
export type Draft = Readonly<Record<string, string>>;

export const changedFields = (before: Draft, draft: Draft): readonly string[] =>
  Object.keys(draft).filter((name) => draft[name] !== before[name]);

/** One field that somebody else changed while it was being edited here. */
export type Met = {
  readonly name: string;
  readonly theirs: string;
  /** Undefined: it was not changed here. */
  readonly yours: string | undefined;
};
export type Merged = { readonly draft: Draft; readonly met: readonly Met[] };

/** Theirs, with our changes over it; `met` is what they changed, those first where both did. */
export function merge(before: Draft, mine: Draft, theirs: Draft): Merged {
  const ours = new Set(changedFields(before, mine));
  const met = changedFields(before, theirs)
    .filter((name) => theirs[name] !== mine[name])
    .map((name): Met => ({ name, theirs: theirs[name] ?? '', yours: ours.has(name) ? mine[name] : undefined }))
    .toSorted((a, b) => Number(a.yours === undefined) - Number(b.yours === undefined));
  const draft = { ...theirs, ...Object.fromEntries([...ours].map((name) => [name, mine[name] ?? ''])) };
  return { draft, met };
}
