/**
 * Selecting rows: click, Ctrl/Cmd, Shift, arrows, Space, Ctrl+A, Escape. Pure: the state goes in and comes out.
 * `focus` is the row that holds the tab stop; `anchor` is where a Shift range begins.
 */
export type Selection = { readonly ids: ReadonlySet<string>; readonly anchor: number; readonly focus: number };
export const NOTHING_SELECTED: Selection = { ids: new Set(), anchor: 0, focus: 0 };
export type Modifiers = { readonly ctrl: boolean; readonly shift: boolean };

export function clickRow(
  selection: Selection,
  rows: readonly string[],
  index: number,
  { ctrl, shift }: Modifiers,
): Selection {
  const id = rows[index];
  if (id === undefined) return selection;
  if (shift) {
    const from = Math.min(selection.anchor, index);
    const ids = new Set(ctrl ? selection.ids : []);
    for (const row of rows.slice(from, Math.max(selection.anchor, index) + 1)) ids.add(row);
    return { ids, anchor: selection.anchor, focus: index };
  }
  if (!ctrl) return { ids: new Set([id]), anchor: index, focus: index };
  const ids = new Set(selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { ids, anchor: index, focus: index };
}

/** `undefined`: the key means nothing here and stays the browser's. */
export function pressKey(
  selection: Selection,
  rows: readonly string[],
  key: string,
  { ctrl, shift }: Modifiers,
): Selection | undefined {
  const { focus } = selection;
  switch (key) {
    case 'ArrowDown':
      return moveTo(selection, rows, focus + 1, shift);
    case 'ArrowUp':
      return moveTo(selection, rows, focus - 1, shift);
    case 'PageDown':
      return moveTo(selection, rows, focus + 10, shift);
    case 'PageUp':
      return moveTo(selection, rows, focus - 10, shift);
    case 'Home':
      return moveTo(selection, rows, 0, shift);
    case 'End':
      return moveTo(selection, rows, rows.length - 1, shift);
    case ' ':
      return clickRow(selection, rows, focus, { ctrl: true, shift });
    case 'a':
      return ctrl ? { ...selection, ids: new Set(rows) } : undefined;
    case 'Escape':
      return selection.ids.size === 0 ? undefined : { ...selection, ids: new Set() };
    default:
      return undefined;
  }
}

/** Forgets rows that are gone and keeps the tab stop inside the table. */
export function keepExisting(selection: Selection, rows: readonly string[]): Selection {
  const existing = new Set(rows);
  const last = Math.max(0, rows.length - 1);
  if (selection.focus <= last && selection.anchor <= last && [...selection.ids].every((id) => existing.has(id)))
    return selection;
  return {
    ids: new Set([...selection.ids].filter((id) => existing.has(id))),
    anchor: Math.min(selection.anchor, last),
    focus: Math.min(selection.focus, last),
  };
}

function moveTo(selection: Selection, rows: readonly string[], to: number, shift: boolean): Selection {
  const index = Math.max(0, Math.min(rows.length - 1, to));
  if (shift) return clickRow(selection, rows, index, { ctrl: false, shift: true });
  return { ...selection, anchor: index, focus: index };
}
