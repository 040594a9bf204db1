/** Servers that are to be disabled, detached or forgotten: which are left, what is at risk, what must be typed, and doing it. */
import { useState } from 'preact/hooks';
import { now } from '../../../app/stores.ts';
import { toast } from '../../../app/toasts.tsx';
import { plural } from '../../../messages/servers/words.ts';
import { doAction } from './do-action.ts';
import type { Ending, RowOutcome } from './open.ts';
import { useRisks, type Risk } from './risk.ts';
import { isAtWork, type ServerRow } from './rows.ts';
import { rowById } from './store.ts';
import { useWork, type Work } from './use-work.ts';

export type How = 'secure' | 'now';
export type EndingState = Pick<Work, 'busy' | 'error'> & {
  /** To which it was not done yet. */
  readonly left: readonly ServerRow[];
  readonly outcomes: readonly RowOutcome[];
  readonly risks: readonly Risk[];
  /** Whose footage is not home, as far as it is known here or was said by the box. */
  readonly held: readonly ServerRow[];
  /** They do not know yet that they are to leave. */
  readonly untold: readonly ServerRow[];
  /** With a name typed it is done all the same. */
  readonly canForce: boolean;
  readonly how: How;
  readonly setHow: (how: How) => void;
  readonly mustType: readonly ServerRow[];
  readonly typed: Readonly<Record<string, string>>;
  readonly type: (id: string, text: string) => void;
  readonly cameras: 'keep' | 'remove';
  readonly setCameras: (cameras: 'keep' | 'remove') => void;
  readonly isReady: boolean;
  readonly go: () => Promise<void>;
};

/** Refused because footage is not home; with its name typed a member goes all the same. */
const HELD = ['failover/covering', 'site/unreachable'];

export function useEnding(action: Ending, ids: readonly string[], onDone: () => void): EndingState {
  const [left, setLeft] = useState<readonly ServerRow[]>(() => ids.flatMap((id) => rowById(id) ?? []));
  const [outcomes, setOutcomes] = useState<readonly RowOutcome[]>([]);
  const [how, setHow] = useState<How>('secure');
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [cameras, setCameras] = useState<'keep' | 'remove'>('keep');
  const { busy, error, during } = useWork();
  const risks = useRisks(left.filter(isAtWork), () => now.value) ?? [];
  const codeOf = (id: string): string => outcomes.find((outcome) => outcome.id === id)?.code ?? '';
  const held = left.filter((row) => isAtWork(row) || HELD.includes(codeOf(row.id)));
  const untold = action === 'detach' ? left.filter(({ state }) => state === 'detach-pending') : [];
  const mustType = [...new Set([...untold, ...(how === 'now' ? held : [])])];
  return {
    busy,
    error,
    left,
    outcomes,
    risks,
    held,
    untold,
    how,
    setHow,
    mustType,
    typed,
    cameras,
    setCameras,
    canForce: action !== 'forget' && held.some(({ isMember }) => isMember),
    type: (id, text) => setTyped({ ...typed, [id]: text }),
    isReady: left.length > 0 && mustType.every(({ id, name }) => typed[id] === name),
    go: async () => {
      let isOver = false;
      await during(async () => {
        const confirm = mustType.map(({ name }) => name);
        const secure = how === 'secure' && held.length > 0;
        const results = await doAction({ action, ids: left.map(({ id }) => id), cameras, confirm, secure });
        const failed = new Set(results.filter(({ ok }) => !ok).map(({ id }) => id));
        setOutcomes(results);
        setLeft(left.filter(({ id }) => failed.has(id)));
        tell(action, results);
        isOver = failed.size === 0;
      });
      if (isOver) onDone();
    },
  };
}

/** One that is away, or whose footage is awaited, ends later: that is said in the words of the box. */
function tell(action: Ending, results: readonly RowOutcome[]): void {
  const isLater = ({ state, message }: RowOutcome): boolean => state === 'pending' && message !== undefined;
  for (const { message = '' } of results.filter(isLater)) toast(message);
  const done = results.filter((one) => one.ok && !isLater(one));
  const [first] = done;
  if (first === undefined) return;
  const words = plural(done.length, `done.${action}.one`, `done.${action}.many`);
  toast(done.length === 1 ? (first.message ?? words) : words);
}
