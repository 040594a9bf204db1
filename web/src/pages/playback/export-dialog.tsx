/** Export of a marked range: times can be set here too; says what is missing in it before it is cut. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { api } from '../../api/api.ts';
import { navigate } from '../../app/router.ts';
import { cameraById } from '../../app/stores.ts';
import { toast } from '../../app/toasts.tsx';
import { plural, t } from '../../messages/messages.ts';
import { Dialog, Notice } from '../../ui/dialog.tsx';
import { FormError, TextField } from '../../ui/field.tsx';
import { duration, localInput } from '../../ui/format.ts';
import type { PlaybackState } from './state.ts';

type Props = { readonly state: PlaybackState; readonly cameraIds: readonly string[]; readonly onClose: () => void };
const DEFAULT_MS = 60_000;

export function ExportDialog({ state, cameraIds, onClose }: Props): VNode {
  const at = state.playhead.peek();
  const [start, setStart] = useState(localInput(state.rangeFrom.peek() ?? at - DEFAULT_MS / 2));
  const [end, setEnd] = useState(
    localInput(state.rangeTo.peek() ?? (state.rangeFrom.peek() ?? at - DEFAULT_MS / 2) + DEFAULT_MS),
  );
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [from, to] = [new Date(start).getTime(), new Date(end).getTime()];
  const valid = from < to;
  const missing = valid ? missingSeconds(state, cameraIds, from, to) : 0;
  const submit = async (): Promise<void> => {
    setBusy(true);
    try {
      await api.createExports({
        cameraIds: [...cameraIds],
        start: new Date(from).toISOString(),
        end: new Date(to).toISOString(),
      });
      toast(t('export.started'));
      onClose();
      navigate('/exports');
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const foot = <Foot ready={valid && !busy} onClose={onClose} />;
  return (
    <Dialog
      title={plural(cameraIds.length, 'export.titleOne', 'export.titleMany')}
      onClose={onClose}
      foot={foot}
      onSubmit={() => void submit()}
    >
      <p class="strong">{cameraIds.map((id) => cameraById(id)?.name ?? id).join(', ')}</p>
      <FormError error={error} />
      <div class="columns">
        <TextField label={t('export.from')} type="datetime-local" step="1" value={start} onInput={setStart} />
        <TextField
          label={t('export.to')}
          type="datetime-local"
          step="1"
          value={end}
          onInput={setEnd}
          error={valid ? undefined : t('export.order')}
        />
      </div>
      {valid && <p class="muted">{t('export.text', { time: duration((to - from) / 1000) })}</p>}
      {missing > 0 && <Notice tone="warn">{t('export.missing', { time: duration(missing) })}</Notice>}
    </Dialog>
  );
}

function Foot({ ready, onClose }: { readonly ready: boolean; readonly onClose: () => void }): VNode {
  return (
    <>
      <button type="button" class="button" onClick={onClose}>
        {t('common.cancel')}
      </button>
      <button type="submit" class="button primary" disabled={!ready}>
        {t('playback.export')}
      </button>
    </>
  );
}

function missingSeconds(state: PlaybackState, cameraIds: readonly string[], from: number, to: number): number {
  let sum = 0;
  for (const id of cameraIds) {
    for (const run of state.data.trackOf(id).runs) {
      if (run.state === 3) sum += Math.max(0, Math.min(run.end, to) - Math.max(run.start, from));
    }
  }
  return sum / 1000;
}
