/** The form of adding by address: where, with which account, and what the test of the connection found. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../../../../messages/adding/words.ts';
import { CheckField, FormError, TextField } from '../../../../ui/field.tsx';
import { Icon } from '../../../../ui/icon.tsx';
import { AccountFields } from '../account-fields.tsx';
import { isHost } from '../store.ts';
import { LanSearch } from './lan-search.tsx';
import { TestLines } from './test-lines.tsx';
import type { AddressForm } from './use-address.ts';

export function AddressFields({ form }: { readonly form: AddressForm }): VNode {
  const { draft, set, busy, error } = form;
  const [isSearching, setSearching] = useState(false);
  return (
    <>
      <FormError error={error} />
      <div class="place-form">
        <TextField
          label={t('address')}
          value={draft.host}
          onInput={(host) => set({ host })}
          placeholder="192.168.1.20"
          autoFocus
          required
        />
        <TextField
          label={t('httpPort')}
          value={draft.httpPort}
          onInput={(httpPort) => set({ httpPort })}
          type="number"
          required
        />
        <button type="button" class="button" aria-expanded={isSearching} onClick={() => setSearching(!isSearching)}>
          <Icon name="search" />
          {t('searchLan')}
        </button>
      </div>
      {isSearching && (
        <LanSearch
          chosen={draft.host}
          onChoose={(found) => {
            form.choose(found);
            setSearching(false);
          }}
        />
      )}
      <AccountFields account={draft} onChange={({ username, password }) => set({ username, password })} />
      <p class="muted small">{t(isHost.value ? 'account.host' : 'account.failover')}</p>
      {isHost.value && (
        <CheckField label={t('lock')} hint={t('lockHint')} checked={draft.lock} onChange={(lock) => set({ lock })} />
      )}
      {busy === 'testing' && <Working text={t('testing')} />}
      {busy === 'adding' && <Working text={t('adding')} />}
      <TestLines form={form} />
    </>
  );
}

export function Working({ text }: { readonly text: string }): VNode {
  return (
    <div class="stack" role="status">
      <progress aria-label={text} />
      <span class="muted small">{text}</span>
    </div>
  );
}
