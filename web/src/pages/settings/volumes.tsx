/** The volumes of this box: which there are, adding one, removing one. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type Volume, type VolumeSuggestion } from '../../api/api.ts';
import { can } from '../../app/session.ts';
import { refreshVolumes, volumes } from '../../app/stores.ts';
import { attempt, toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { size } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { useOneAtATime } from '../../ui/one-at-a-time.ts';

export function VolumeSettings(): VNode {
  const [removing, setRemoving] = useState<Volume>();
  const remove = async ({ id }: Volume): Promise<void> => {
    const done = await attempt(async () => {
      await api.deleteVolume(id);
      await refreshVolumes();
      toast(t('settings.volumeRemoved'));
    });
    if (done) setRemoving(undefined);
  };
  return (
    <section class="card" aria-labelledby="volume-settings">
      <div class="card-head">
        <h2 id="volume-settings">{t('health.volumes')}</h2>
      </div>
      <ul class="list">
        {volumes.value?.map((volume) => (
          <VolumeLine key={volume.id} volume={volume} onRemove={() => setRemoving(volume)} />
        ))}
      </ul>
      {can('change') && <AddVolume />}
      {removing !== undefined && (
        <ConfirmDialog
          title={t('settings.volumeRemoveTitle')}
          confirm={t('settings.volumeRemove')}
          onConfirm={() => remove(removing)}
          onClose={() => setRemoving(undefined)}
          danger
        >
          <p>{t('settings.volumeRemoveText', { path: removing.path })}</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

function VolumeLine({ volume, onRemove }: { readonly volume: Volume; readonly onRemove: () => void }): VNode {
  return (
    <li>
      <Icon name="disk" />
      <span class="grow">
        <span class="strong wrap">{volume.path}</span>{' '}
        <span class="muted small">{t('settings.volumeFootage', { size: size(volume.footageBytes) })}</span>
      </span>
      <span class={`chip ${volume.state === 'usable' ? 'good' : 'bad'}`}>{t(`volume.${volume.state}`)}</span>
      {can('change') && (
        <button
          type="button"
          class="button quiet icon-only"
          aria-label={`${t('settings.volumeRemove')}: ${volume.path}`}
          onClick={onRemove}
        >
          <Icon name="trash" />
        </button>
      )}
    </li>
  );
}

function AddVolume(): VNode {
  const [path, setPath] = useState('');
  const [suggestions, setSuggestions] = useState<readonly VolumeSuggestion[]>([]);
  useEffect(() => {
    const load = async (): Promise<void> => setSuggestions((await api.volumeSuggestions()).items);
    load().catch(() => undefined); // only a help for typing
  }, []);
  const { busy, run } = useOneAtATime();
  const add = async (): Promise<void> => {
    await attempt(async () => {
      await api.createVolume(path);
      await refreshVolumes();
      setPath((now) => (now === path ? '' : now));
      toast(t('settings.volumeAdded'));
    });
  };
  return (
    <form
      class="settings-line"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void run(add);
      }}
    >
      <TextField
        label={t('settings.addVolume')}
        value={path}
        onInput={setPath}
        placeholder={suggestions[0]?.path ?? '/volume1'}
        hint={t('first.volumePathHint')}
      />
      <button type="submit" class="button" disabled={busy || path === ''}>
        {t('common.add')}
      </button>
    </form>
  );
}
