/** A form over what several people may change: loaded with its tag, sent with it, merged when somebody was faster. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, type Tagged } from '../../../api/client.ts';
import { useFresh } from '../fresh.ts';
import { changedFields, merge, type Draft, type Met } from './draft.ts';

const EVERY_MS = 10_000;

type Options<T> = {
  /** Does not change in the life of the component: give that a `key` of its own. */
  readonly key: string;
  readonly load: (abort: AbortSignal) => Promise<Tagged<T>>;
  readonly draftOf: (value: T) => Draft;
  readonly send: (before: Draft, draft: Draft, tag: string | undefined) => Promise<Tagged<T>>;
  readonly onSaved: () => void;
};
export type DraftForm<T> = {
  readonly value: T;
  readonly draft: Draft;
  readonly changed: readonly string[];
  /** What somebody else changed while this was edited. */
  readonly met: readonly Met[];
  readonly error: unknown;
  readonly isBusy: boolean;
  readonly set: (name: string, text: string) => void;
  readonly discard: () => void;
  readonly save: () => void;
};
type Edited<T> = Tagged<T> & { readonly before: Draft; readonly draft: Draft; readonly met: readonly Met[] };
function begunWith<T>({ value, tag }: Tagged<T>, draftOf: (value: T) => Draft): Edited<T> {
  const before = draftOf(value);
  return { value, tag, before, draft: before, met: [] };
}
type Looked<T> = Tagged<T> & { readonly askedIn: number };
const isUnchanged = (edited: Edited<unknown> | undefined): boolean =>
  edited === undefined || changedFields(edited.before, edited.draft).length === 0;

export function useDraft<T>(options: Options<T>): { readonly form: DraftForm<T> | undefined; readonly error: unknown } {
  const { key, load, draftOf, send, onSaved } = options;
  /** Counts what was saved here: what was asked for before may be older than that, whenever it comes. */
  const round = useRef(0);
  const look = async (abort: AbortSignal): Promise<Looked<T>> => {
    const askedIn = round.current;
    return { ...(await load(abort)), askedIn };
  };
  const loaded = useFresh(look, { key, everyMs: EVERY_MS });
  const [edited, setEdited] = useState<Edited<T>>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  // What is being edited is not changed under the hands: it meets the other's when it is saved.
  const isClean = isUnchanged(edited);
  useEffect(() => {
    const { value: now } = loaded;
    // Asked of what is there by then: somebody may have typed since this was painted.
    if (now !== undefined && now.askedIn === round.current && !isBusy)
      setEdited((before) => (isUnchanged(before) ? begunWith(now, draftOf) : before));
  }, [loaded.value, isClean]);
  if (edited === undefined) return { form: undefined, error: loaded.error };

  const outdate = (): void => {
    round.current += 1;
    loaded.refresh();
  };
  const meet = async (mine: Edited<T>): Promise<void> => {
    const now = await load(new AbortController().signal);
    const before = draftOf(now.value);
    setEdited((typed = mine) => ({ ...now, before, ...merge(mine.before, typed.draft, before) }));
    outdate();
  };
  const save = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const saved = await send(edited.before, edited.draft, edited.tag);
      const before = draftOf(saved.value);
      // What was typed meanwhile stays, and is not saved yet.
      setEdited((typed = edited) => ({
        ...saved,
        before,
        draft: merge(edited.draft, typed.draft, before).draft,
        met: [],
      }));
      outdate();
      onSaved();
    } catch (failure) {
      if (failure instanceof ApiError && failure.problem.status === 412) await meet(edited).catch(setError);
      else setError(failure);
    }
    setBusy(false);
  };
  const set = (name: string, text: string): void =>
    setEdited((now) => now && { ...now, draft: { ...now.draft, [name]: text } });
  const discard = (): void => {
    setError(undefined);
    setEdited((now) => now && { ...now, draft: now.before, met: [] });
    loaded.refresh();
  };
  const { value, draft, met, before } = edited;
  const changed = changedFields(before, draft);
  const form = { value, draft, changed, met, error, isBusy, set, discard, save: () => void save() };
  return { form, error: loaded.error };
}
