/** First run: what this box shall be, and what comes after it where that is another page. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Server } from '../../api/api.ts';
import { put } from '../../api/client.ts';
import { refreshServer } from '../../app/stores.ts';
import { t } from '../../messages/setup/words.ts';
import { FormError } from '../../ui/field.tsx';
import { Icon, type IconName } from '../../ui/icon.tsx';

export type Mode = Server['mode'];
const ROLES: readonly (readonly [Mode, IconName])[] = [
  ['recording', 'camera'],
  ['failover', 'shield'],
  ['host', 'table'],
];

export function RoleStep({ onDone }: { readonly onDone: (mode: Mode) => void }): VNode {
  const [mode, setMode] = useState<Mode>('recording');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await put('/server/mode', { mode });
      await refreshServer();
      onDone(mode);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <FormError error={error} />
      <fieldset class="stack">
        <legend class="hidden-text">{t('role.legend')}</legend>
        {ROLES.map(([key, icon]) => (
          <label class="choice role" key={key}>
            <input type="radio" name="role" checked={mode === key} onChange={() => setMode(key)} />
            <Icon name={icon} />
            <span class="grow">
              <span class="strong">{t(`role.${key}`)}</span>
              <span class="muted small role-text">{t(`role.${key}Text`)}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div class="row end">
        <span class="muted small grow">{t('role.later')}</span>
        <button type="submit" class="button primary" disabled={busy}>
          {t('role.goOn')}
        </button>
      </div>
    </form>
  );
}

/** Where a box that does not simply record goes from here. */
export function NextStep({ mode, onGo }: { readonly mode: Mode; readonly onGo: (to: string) => void }): VNode {
  const isHost = mode === 'host';
  return (
    <div class="stack">
      <p class="muted">{t(isHost ? 'next.hostText' : 'next.failoverText')}</p>
      <div class="row end">
        <button type="button" class="button quiet" onClick={() => onGo('/live')}>
          {t('next.live')}
        </button>
        <button type="button" class="button primary" onClick={() => onGo('/failover')}>
          {t(isHost ? 'next.host' : 'next.failover')}
        </button>
      </div>
    </div>
  );
}
