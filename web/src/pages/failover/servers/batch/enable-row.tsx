/** A server whose owner lets no host manage it: enabled from here with that owner's account. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { serversApi } from '../../../../api/servers.ts';
import { toast } from '../../../../app/toasts.tsx';
import { t } from '../../../../messages/adding/words.ts';
import { FormError } from '../../../../ui/field.tsx';
import { AccountFields, NOBODY } from '../account-fields.tsx';
import { Fingerprint } from '../fingerprint.tsx';
import { useWork } from '../use-work.ts';
import type { Candidate } from './use-batch.ts';

export function EnableRow({ one, onDone }: { readonly one: Candidate; readonly onDone: () => void }): VNode {
  const [isOpen, setOpen] = useState(false);
  const [account, setAccount] = useState(NOBODY);
  const { busy, error, during } = useWork();
  const { name, host, httpPort, fingerprint } = one;
  const enable = (): void =>
    void during(async () => {
      await serversApi.enableManagement({ host, httpPort, httpsFingerprint: fingerprint, ...account });
      toast(t('enable.done', { name }));
      onDone();
    });
  if (!isOpen)
    return (
      <button type="button" class="button" aria-label={`${t('enable.row')} ${name}`} onClick={() => setOpen(true)}>
        {t('enable.row')}
      </button>
    );
  return (
    <div class="stack enable-row">
      <p>{t('enable.rowText', { name })}</p>
      <p>
        <Fingerprint hex={fingerprint} />
      </p>
      <AccountFields account={account} onChange={setAccount} of={name} />
      <FormError error={error} />
      <div>
        <button
          type="button"
          class="button"
          disabled={busy || account.username === '' || account.password === ''}
          onClick={enable}
        >
          {busy && <span class="spinner" />}
          {t('enable')}
        </button>
      </div>
    </div>
  );
}
