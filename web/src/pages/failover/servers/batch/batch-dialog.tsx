/** Several servers at once, in steps: which ones, with which accounts, under which names, and what became of each. */
import type { VNode } from 'preact';
import { t as shell } from '../../../../messages/messages.ts';
import { plural, t } from '../../../../messages/adding/words.ts';
import { Dialog } from '../../../../ui/dialog.tsx';
import type { DialogPart } from '../dialogs.tsx';
import { Accounts } from './accounts.tsx';
import { Choose } from './choose.tsx';
import { Names } from './names.tsx';
import { Results } from './results.tsx';
import { useBatch, type Batch } from './use-batch.ts';

export function BatchDialog({ onClose }: DialogPart<'batch'>): VNode {
  const batch = useBatch();
  const { step } = batch.plan;
  const next = stepAfter(batch, 1);
  const go = (): void => {
    if (!batch.isReady || batch.busy) return;
    if (step === 'results') onClose();
    else if (next === 'results') void batch.run();
    else if (next !== undefined) batch.set({ step: next });
  };
  return (
    <Dialog
      title={t('batch.title')}
      onClose={onClose}
      foot={<Foot batch={batch} onClose={onClose} />}
      onSubmit={go}
      wide
    >
      <Stepper batch={batch} />
      <Body batch={batch} />
    </Dialog>
  );
}

function stepAfter({ plan, steps }: Batch, by: 1 | -1): Batch['steps'][number] | undefined {
  return steps[steps.indexOf(plan.step) + by];
}

function Stepper({ batch: { plan, steps } }: { readonly batch: Batch }): VNode {
  const at = steps.indexOf(plan.step);
  return (
    <ol class="stepper" aria-label={t('batch.steps')}>
      {steps.map((step, index) => (
        <li key={step} aria-current={index === at ? 'step' : undefined} class={index < at ? 'past' : ''}>
          <i aria-hidden="true">{index + 1}</i>
          {t(`step.${step}`)}
        </li>
      ))}
    </ol>
  );
}

function Body({ batch }: { readonly batch: Batch }): VNode {
  const { step } = batch.plan;
  switch (step) {
    case 'choose':
      return <Choose batch={batch} />;
    case 'accounts':
      return <Accounts batch={batch} />;
    case 'names':
      return <Names batch={batch} />;
    case 'results':
      return <Results batch={batch} />;
    default:
      return step satisfies never;
  }
}

function Foot({ batch, onClose }: { readonly batch: Batch; readonly onClose: () => void }): VNode {
  const { plan, busy, isReady, picked, result, error } = batch;
  const back = stepAfter(batch, -1);
  const isOver = plan.step === 'results';
  const isLast = stepAfter(batch, 1) === 'results';
  const hasFailed = error !== undefined || result?.rows.some(({ ok }) => !ok) === true;
  return (
    <>
      {!isOver && back !== undefined && (
        <button type="button" class="button start" onClick={() => batch.set({ step: back })}>
          {t('batch.back')}
        </button>
      )}
      {isOver && hasFailed && !busy && (
        <button type="button" class="button start" onClick={batch.again}>
          {t('batch.again')}
        </button>
      )}
      {!isOver && (
        <button type="button" class="button" onClick={onClose}>
          {shell('common.cancel')}
        </button>
      )}
      <button type="submit" class="button primary" disabled={!isReady || busy}>
        {isOver ? t('batch.done') : isLast ? plural(picked.length, 'batch.addOne', 'batch.addMany') : t('batch.next')}
      </button>
    </>
  );
}
