/** Authorizing a known server again: after its certificate or key changed, or to lock it. What was trusted before stays if it fails. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { serversApi, type TestServerResult } from '../../../../api/servers.ts';
import { toast } from '../../../../app/toasts.tsx';
import { t } from '../../../../messages/adding/words.ts';
import { Dialog, Notice } from '../../../../ui/dialog.tsx';
import { FormError } from '../../../../ui/field.tsx';
import { AccountFields } from '../account-fields.tsx';
import type { DialogPart } from '../dialogs.tsx';
import { Fingerprint } from '../fingerprint.tsx';
import { Foot } from '../foot.tsx';
import type { ServerRow } from '../rows.ts';
import { isHost, refreshServers, rowById } from '../store.ts';
import { useWork } from '../use-work.ts';
import { Working } from './address-fields.tsx';
import { Checks } from './test-lines.tsx';

export function AuthorizeDialog({ open: { id }, onClose }: DialogPart<'authorize'>): VNode | null {
  const [row] = useState(() => rowById(id));
  return row === undefined ? null : <Authorize row={row} onClose={onClose} />;
}

function Authorize({ row, onClose }: { readonly row: ServerRow; readonly onClose: () => void }): VNode {
  const [account, setAccount] = useState({ username: '', password: '' });
  const [result, setResult] = useState<TestServerResult>();
  const [confirmed, setConfirmed] = useState<string>();
  const { busy, error, during } = useWork();
  const { id, name, known } = row;
  const go = async (httpsFingerprint: string): Promise<void> => {
    await serversApi.authorize(id, { httpsFingerprint, ...account });
    await refreshServers();
    toast(t('authorize.done', { name }));
    onClose();
  };
  const test = async (): Promise<void> => setResult(await serversApi.test(placeOf(row)));
  const submit = (): void => void during(() => (confirmed === undefined ? test() : go(confirmed)));
  const shown = result?.httpsFingerprint;
  const isReady = confirmed === undefined || (account.username !== '' && account.password !== '');
  const main = t(confirmed === undefined ? 'test' : 'authorize.do');
  const foot = <Foot onClose={onClose} main={main} isReady={isReady} busy={busy} />;
  return (
    <Dialog title={t('authorize.title', { name })} onClose={onClose} foot={foot} onSubmit={submit} wide>
      <FormError error={error} />
      <p class="muted">{t('authorize.text', { name })}</p>
      <AccountFields account={account} onChange={setAccount} />
      <p class="muted small">{t(isHost.value ? 'account.host' : 'account.failover')}</p>
      {busy && <Working text={t(confirmed === undefined ? 'testing' : 'adding')} />}
      {/* That it is known here is why it is here. */}
      {result !== undefined && <Checks checks={result.checks.filter((check) => check.name !== 'known')} />}
      {shown !== undefined && confirmed === undefined && (
        <Shown fingerprint={shown} isSame={shown === known?.httpsFingerprint} onConfirm={setConfirmed} />
      )}
    </Dialog>
  );
}

const placeOf = ({ host = '', known }: ServerRow): { readonly host: string; readonly httpPort: number } => ({
  host,
  httpPort: known?.httpPort ?? 51_443,
});

type ShownProps = {
  readonly fingerprint: string;
  readonly isSame: boolean;
  readonly onConfirm: (fingerprint: string) => void;
};
function Shown({ fingerprint, isSame, onConfirm }: ShownProps): VNode {
  return (
    <Notice {...(isSame ? {} : { tone: 'warn' as const })}>
      <p>{t(isSame ? 'authorize.same' : 'authorize.changed')}</p>
      <p>
        <Fingerprint hex={fingerprint} />
      </p>
      <p>
        <button type="button" class="button" onClick={() => onConfirm(fingerprint)}>
          {t('confirm.same')}
        </button>
      </p>
    </Notice>
  );
}
