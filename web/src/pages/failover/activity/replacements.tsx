/** Servers that are being replaced: how far, and what stands against it; it goes on by itself, also after a break. */
import type { VNode } from 'preact';
import type { ReplacementView } from '../../../api/activity.ts';
import { t } from '../../../messages/activity/words.ts';
import { Icon } from '../../../ui/icon.tsx';
import { timeOf, type Open } from './parts.tsx';

const STEPS = ['planned', 'fenced', 'adopted', 'done'] as const;

/** Not done, or done and the original does not know it yet. */
export const isOfInterest = ({ state, originalTold }: ReplacementView): boolean => state !== 'done' || !originalTold;

type Props = { readonly replacement: ReplacementView; readonly open: Open };
export function ReplacementCard({ replacement, open }: Props): VNode {
  const { id, serverId, serverName, byName, state, startedAt } = replacement;
  const isDone = state === 'done';
  const words = t(isDone ? 'replacement.done' : 'replacement.running', { server: serverName, by: byName });
  return (
    <article class="card act-card tone-info" aria-label={words}>
      <header class="act-card-head">
        {isDone ? <Icon name="check" /> : <span class="spinner" />}
        <div class="grow">
          <h2>{words}</h2>
          <p class="muted">
            {isDone
              ? t('replacement.notTold', { server: serverName })
              : t('replacement.since', { time: timeOf(startedAt) })}
          </p>
        </div>
        {!isDone && (
          <button
            type="button"
            class="button"
            onClick={() => open({ kind: 'replace', serverId, name: serverName, replacement: id })}
          >
            {t('replacement.show')}
          </button>
        )}
      </header>
      {!isDone && <ReplacementSteps replacement={replacement} />}
    </article>
  );
}

/** What each step means, which are done, and why it does not go on just now. */
export function ReplacementSteps({
  replacement: { state, problem },
}: {
  readonly replacement: ReplacementView;
}): VNode {
  const reached = STEPS.indexOf(state);
  return (
    <>
      <ol class="act-steps">
        {STEPS.map((step, index) => {
          const isDone = index <= reached;
          const isNow = index === reached + 1;
          return (
            <li key={step} class={isDone ? 'done' : isNow ? 'now' : ''} aria-current={isNow ? 'step' : undefined}>
              {isNow ? <span class="spinner" /> : <Icon name={isDone ? 'check' : 'more'} />}
              <span>{t(`step.${step}`)}</span>
            </li>
          );
        })}
      </ol>
      {problem !== undefined && (
        <p class="act-problem">
          <Icon name="alert" />
          {problem}
        </p>
      )}
    </>
  );
}
