/** What this box is, and changing it; what would end by that asks for its name first. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, put } from '../../api/client.ts';
import { refreshCameras, refreshServer, server } from '../../app/stores.ts';
import { toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { t as word } from '../../messages/settings/words.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { FormError, SelectField, TextField } from '../../ui/field.tsx';

const MODES = ['recording', 'failover', 'host'] as const;
const UNKNOWN = { name: '', mode: 'recording' } as const;

export function RoleDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const { name, mode: current } = server.value ?? UNKNOWN;
  const [mode, setMode] = useState<(typeof MODES)[number]>(current);
  const [typed, setTyped] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const asksName = error instanceof ApiError && error.problem.status === 409;
  const save = async (): Promise<void> => {
    setBusy(true);
    try {
      await put('/server/mode', { mode, ...(typed === '' ? {} : { confirm: typed }) });
      await Promise.all([refreshServer(), refreshCameras()]);
      toast(word('role.saved'));
      onClose();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const ready = !busy && mode !== current && (!asksName || typed === name);
  const foot = (
    <>
      <button type="button" class="button" onClick={onClose}>
        {t('common.cancel')}
      </button>
      <button type="submit" class={`button ${asksName ? 'danger' : 'primary'}`} disabled={!ready}>
        {word('role.save')}
      </button>
    </>
  );
  return (
    <Dialog title={word('role.title')} onClose={onClose} foot={foot} onSubmit={() => void save()}>
      <FormError error={error} />
      {/* What the box answers is about the role that was sent. */}
      <fieldset class="stack" disabled={busy}>
        <SelectField
          label={t('settings.mode')}
          value={mode}
          onChange={(next) => {
            setMode(next);
            setError(undefined);
          }}
          options={MODES.map((key) => [key, t(`box.${key}`)] as const)}
        />
        {asksName && <TextField label={word('role.confirm', { name })} value={typed} onInput={setTyped} />}
      </fieldset>
    </Dialog>
  );
}
