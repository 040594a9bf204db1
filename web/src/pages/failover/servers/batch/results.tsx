/** The last step: what became of each server. */
import type { VNode } from 'preact';
import { t } from '../../../../messages/adding/words.ts';
import { FormError } from '../../../../ui/field.tsx';
import { Working } from '../add/address-fields.tsx';
import { FoundChip } from './found-chip.tsx';
import { refusalOf } from './row-state.ts';
import type { Batch } from './use-batch.ts';

export function Results({ batch: { result, busy, error, picked } }: { readonly batch: Batch }): VNode {
  const done = result?.rows.filter(({ ok }) => ok).length ?? 0;
  return (
    <>
      {busy && <Working text={t('batch.running', { n: picked.length })} />}
      <FormError error={error} />
      {result !== undefined && (
        <>
          <p id="batch-result" role="status">
            {t('batch.result', { done, all: result.rows.length })}
          </p>
          <ul class="hits tall" aria-labelledby="batch-result" tabIndex={0}>
            {result.of.map(({ key, name, host }, index) => {
              const row = result.rows[index];
              return (
                <li key={key}>
                  <span class="grow">
                    <span class="strong">{row?.name ?? name}</span> <span class="muted small">{host}</span>
                    {row?.message !== undefined && <small class={row.ok ? 'muted' : 'bad'}>{row.message}</small>}
                  </span>
                  <FoundChip state={row?.ok === true ? 'done' : refusalOf(row?.code)} />
                </li>
              );
            })}
          </ul>
        </>
      )}
    </>
  );
}
