/** The mode of this box; what would end by another one is said by the box, and confirmed by its name. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../../../api/client.ts';
import { serversApi, type CmsMode } from '../../../api/servers.ts';
import { refreshServer, server } from '../../../app/stores.ts';
import { toast } from '../../../app/toasts.tsx';
import { t } from '../../../messages/servers/words.ts';
import { Dialog, Notice } from '../../../ui/dialog.tsx';
import { FormError, TextField } from '../../../ui/field.tsx';
import type { DialogPart } from './dialogs.tsx';
import { Foot } from './foot.tsx';
import { MODES } from './rows.ts';
import { refreshServers } from './store.ts';
import { useWork } from './use-work.ts';

export function ModeDialog({ onClose }: DialogPart<'mode'>): VNode {
  const [{ mode: before, name }] = useState(() => server.value ?? { mode: 'recording' as const, name: '' });
  const [mode, setMode] = useState<CmsMode>(before);
  const [typed, setTyped] = useState('');
  const { busy, error, setError, during } = useWork();
  const isRefused = error instanceof ApiError && error.problem.status === 409;
  const save = async (): Promise<void> => {
    const confirm = typed === '' ? undefined : typed;
    if (!(await during(() => serversApi.setMode(mode, confirm)))) return;
    await Promise.all([refreshServer(), refreshServers()]);
    toast(t('mode.set', { name, mode: t(`mode.${mode}`) }));
    onClose();
  };
  const choose = (next: CmsMode): void => {
    setMode(next);
    setError(undefined);
  };
  const isReady = mode !== before && (!isRefused || typed === name);
  const foot = <Foot onClose={onClose} main={t('mode.save')} isReady={isReady} danger={isRefused} busy={busy} />;
  return (
    <Dialog title={t('mode.title', { name })} onClose={onClose} foot={foot} onSubmit={() => void save()}>
      <Choices before={before} chosen={mode} onChoose={choose} />
      {mode === 'failover' && before === 'recording' && <Notice tone="warn">{t('mode.stopsRecording')}</Notice>}
      <FormError error={error} />
      {isRefused && <TextField label={t('typeName', { name })} value={typed} onInput={setTyped} />}
    </Dialog>
  );
}

type ChoicesProps = {
  readonly before: CmsMode;
  readonly chosen: CmsMode;
  readonly onChoose: (mode: CmsMode) => void;
};
function Choices({ before, chosen, onChoose }: ChoicesProps): VNode {
  return (
    <fieldset class="stack">
      <legend class="hidden-text">{t('mode')}</legend>
      {MODES.map((key) => (
        <label key={key} class="check option">
          <input type="radio" name="mode" checked={chosen === key} onChange={() => onChoose(key)} />
          <span>
            <span class="strong">{t(`mode.${key}`)}</span>
            {key === before && <span class="muted"> · {t('mode.now')}</span>}
            <small>{t(`mode.${key}.text`)}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
