/** The second step: one account for all or one for each, and the certificates that passwords may be sent to. */
import type { VNode } from 'preact';
import { t } from '../../../../messages/adding/words.ts';
import { CheckField } from '../../../../ui/field.tsx';
import { AccountFields, NOBODY } from '../account-fields.tsx';
import { Fingerprint } from '../fingerprint.tsx';
import { isHost } from '../store.ts';
import type { Batch, Candidate } from './use-batch.ts';

export function Accounts({ batch }: { readonly batch: Batch }): VNode {
  const { plan, set, picked } = batch;
  return (
    <>
      <fieldset class="stack">
        <legend class="hidden-text">{t('accounts')}</legend>
        {([true, false] as const).map((shared) => (
          <label key={String(shared)} class="check">
            <input type="radio" name="shared" checked={plan.shared === shared} onChange={() => set({ shared })} />
            <span>{t(shared ? 'accounts.shared' : 'accounts.each')}</span>
          </label>
        ))}
      </fieldset>
      {plan.shared && <AccountFields account={plan.account} onChange={(account) => set({ account })} />}
      <p class="muted small">{t(isHost.value ? 'account.host' : 'account.failover')}</p>
      <section class="stack" aria-label={t('accounts.certificates')}>
        <p>{t('accounts.compare')}</p>
        <ul class="hits tall" aria-label={t('accounts.certificates')} tabIndex={0}>
          {picked.map((one) => (
            <Row key={one.key} one={one} batch={batch} />
          ))}
        </ul>
        <CheckField label={t('accounts.compared')} checked={plan.compared} onChange={(compared) => set({ compared })} />
      </section>
    </>
  );
}

function Row({ one, batch: { plan, set } }: { readonly one: Candidate; readonly batch: Batch }): VNode {
  const { key, name, host, fingerprint } = one;
  return (
    <li class="account-row">
      <div>
        <span class="strong">{name}</span> <span class="muted small">{host}</span>
        <p>
          <Fingerprint hex={fingerprint} />
        </p>
      </div>
      {!plan.shared && (
        <AccountFields
          account={plan.accounts[key] ?? NOBODY}
          onChange={(account) => set({ accounts: { ...plan.accounts, [key]: account } })}
          of={name}
        />
      )}
    </li>
  );
}
