/** The third step, at a host: by which rule the servers are called, shown as it is typed; and whether they are locked. */
import type { VNode } from 'preact';
import { t } from '../../../../messages/adding/words.ts';
import { CheckField, SelectField, TextField } from '../../../../ui/field.tsx';
import { prefixProblemOf } from '../../../../../../src/site/server-naming.ts';
import { NAMINGS } from './naming.ts';
import type { Batch } from './use-batch.ts';

export function Names({ batch }: { readonly batch: Batch }): VNode {
  const { plan, set, preview, picked } = batch;
  return (
    <>
      <div class="columns">
        <SelectField
          label={t('naming')}
          value={plan.naming}
          onChange={(naming) => set({ naming })}
          options={NAMINGS.map((kind) => [kind, t(`naming.${kind}`)] as const)}
          hint={t(`naming.${plan.naming}.text`)}
        />
        {plan.naming === 'prefix-number' && (
          <TextField
            label={t('naming.prefix')}
            value={plan.prefix}
            onInput={(prefix) => set({ prefix })}
            error={plan.prefix === '' ? undefined : prefixProblemOf(plan.prefix)}
            autoFocus
          />
        )}
      </div>
      <div class="table-box names-box" tabIndex={0} role="region" aria-label={t('naming.preview')}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{t('naming.before')}</th>
              <th scope="col">{t('naming.typed')}</th>
              <th scope="col">{t('naming.after')}</th>
            </tr>
          </thead>
          <tbody>
            {preview.map(({ key, before, name, problem }, index) => (
              <tr key={key}>
                <td>
                  <span class="cut-cell">{before}</span>
                  <span class="muted small">{picked[index]?.model}</span>
                </td>
                <td>
                  <input
                    type="text"
                    aria-label={t('naming.typedOf', { name: before })}
                    value={plan.typed[key] ?? ''}
                    placeholder={t('naming.byRule')}
                    onInput={(event) => set({ typed: { ...plan.typed, [key]: event.currentTarget.value } })}
                  />
                </td>
                <td>
                  {problem === undefined ? <span class="strong">{name}</span> : <span class="bad">{problem}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="muted small">{t('naming.note')}</p>
      <CheckField label={t('lock')} hint={t('lockHint')} checked={plan.lock} onChange={(lock) => set({ lock })} />
    </>
  );
}
