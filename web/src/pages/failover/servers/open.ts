/** Which dialog of the page is open. */
import type { Action } from './rows.ts';

export type Ending = Extract<Action, 'disable' | 'detach' | 'forget'>;
export type Open =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'add'; readonly way: 'address' | 'code' }
  | { readonly kind: 'batch' }
  | { readonly kind: 'mode' }
  | { readonly kind: 'details'; readonly id: string }
  | { readonly kind: 'edit'; readonly id: string }
  | { readonly kind: 'authorize'; readonly id: string }
  | { readonly kind: 'ending'; readonly action: Ending; readonly ids: readonly string[] }
  | { readonly kind: 'results'; readonly action: Action; readonly results: readonly RowOutcome[] };
export const NOTHING: Open = { kind: 'nothing' };
export type SetOpen = (open: Open) => void;

/** What became of one server of several. */
export type RowOutcome = {
  readonly id: string;
  readonly name: string;
  readonly ok: boolean;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly state?: 'detached' | 'pending' | undefined;
};
