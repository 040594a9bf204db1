/** What if these servers die now: choose some, read what would become of their cameras. Nothing is changed by asking. */
import type { VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { protectionApi, type Plan } from '../../../api/protection.ts';
import { setQuery } from '../../../app/router.ts';
import { t as shell } from '../../../messages/messages.ts';
import { t } from '../../../messages/protection/words.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { FormError } from '../../../ui/field.tsx';
import { outcomeOf } from './outcome.ts';
import { OutcomeSentence, OutcomeTable } from './outcome-view.tsx';
import { byName, type Matrix } from './model.ts';
import { ServerPicker, type Pickable } from './server-picker.tsx';

/** Ids in one question (src/api/contract/failover.ts). */
const MAX_FAILED = 256;
const PAUSE_MS = 150;

type Props = {
  readonly matrix: Matrix;
  /** Ids with commas between them. */
  readonly asked: string;
  readonly onClose: () => void;
};
export function WhatIf({ matrix, asked, onClose }: Props): VNode {
  const chosen = useMemo(
    () =>
      new Set(
        asked
          .split(',')
          .filter((id) => id !== '')
          .slice(0, MAX_FAILED),
      ),
    [asked],
  );
  const answer = useSimulation(asked, chosen);
  const servers = useMemo(() => pickableOf(matrix), [matrix]);
  const names = new Map(servers.map(({ id, name }) => [id, name]));
  const nameOf = (id: string): string => names.get(id) ?? id.slice(0, 8);
  const { plan, error } = answer;
  return (
    <Dialog title={t('whatIf.title')} onClose={onClose} wide>
      <div class="what-if">
        <ServerPicker
          label={t('whatIf.servers')}
          servers={servers}
          chosen={chosen}
          onChange={(next) => setQuery({ if: [...next].join() })}
        />
        <div class="stack what-if-answer" aria-busy={answer.isAsking}>
          {chosen.size === 0 && <p class="muted">{t('whatIf.hint')}</p>}
          {answer.isAsking && <progress aria-label={t('whatIf.asking')} />}
          {error !== undefined && <FormError error={error} />}
          {plan !== undefined && chosen.size > 0 && (
            <>
              <OutcomeSentence outcome={outcomeOf(plan, chosen)} nameOf={nameOf} />
              <OutcomeTable plan={plan} nameOf={nameOf} />
              <p class="muted small">{t('whatIf.onlyAsked')}</p>
            </>
          )}
        </div>
      </div>
    </Dialog>
  );
}

function pickableOf({ rows, spares }: Matrix): readonly Pickable[] {
  const failover = spares.map(({ id, name }) => ({ id, name, note: shell('mode.failover') }));
  const ids = new Set(failover.map(({ id }) => id));
  const recording = rows
    .filter(({ id }) => !ids.has(id))
    .map(({ id, name, cameras }) => ({
      id,
      name,
      note: t(cameras.length === 1 ? 'row.camera' : 'row.cameras', { n: cameras.length }),
    }));
  return [...recording.toSorted(byName), ...failover];
}

type Answer = { readonly plan: Plan | undefined; readonly error: unknown; readonly isAsking: boolean };
function useSimulation(asked: string, failed: ReadonlySet<string>): Answer {
  const [answer, setAnswer] = useState<Answer>({ plan: undefined, error: undefined, isAsking: false });
  useEffect(() => {
    if (failed.size === 0) {
      setAnswer({ plan: undefined, error: undefined, isAsking: false });
      return undefined;
    }
    const abort = new AbortController();
    setAnswer(({ plan }) => ({ plan, error: undefined, isAsking: true }));
    const timer = setTimeout(() => {
      protectionApi
        .simulate([...failed], abort.signal)
        .then((plan) => setAnswer({ plan, error: undefined, isAsking: false }))
        .catch((error: unknown) => {
          if (!abort.signal.aborted) setAnswer({ plan: undefined, error, isAsking: false });
        });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [asked]);
  return answer;
}
