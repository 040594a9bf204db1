/** Changing or deleting several cameras at once: only what is chosen is changed. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { api, type UpdateCamera } from '../../api/api.ts';
import { cameraById, refreshCameras } from '../../app/stores.ts';
import { attempt, toast } from '../../app/toasts.tsx';
import { plural, t } from '../../messages/messages.ts';
import { ConfirmDialog, Notice } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';

type Props = { readonly ids: readonly string[]; readonly onClose: () => void };
type Keep<V extends string> = V | 'keep';
export const PRIORITIES = ['high', 'medium', 'low', 'never'] as const;
export const LEVELS = ['cold', 'warm', 'hot'] as const;
const YES_NO = ['yes', 'no'] as const;

export function BulkDialog({ ids, onClose }: Props): VNode {
  const [priority, setPriority] = useState<Keep<(typeof PRIORITIES)[number]>>('keep');
  const [level, setLevel] = useState<Keep<(typeof LEVELS)[number]>>('keep');
  const [record, setRecord] = useState<Keep<'yes' | 'no'>>('keep');
  const [audio, setAudio] = useState<Keep<'yes' | 'no'>>('keep');
  const [days, setDays] = useState('');
  const keep = ['keep', t('bulk.keep')] as const;
  const yesNo = [keep, ...YES_NO.map((key) => [key, t(`common.${key}`)] as const)];
  const save = async (): Promise<void> => {
    const change: UpdateCamera = {
      ...(priority === 'keep' ? {} : { priority }),
      ...(level === 'keep' ? {} : { standbyLevel: level }),
      ...(record === 'keep' ? {} : { record: record === 'yes' }),
      ...(audio === 'keep' ? {} : { audio: audio === 'yes' }),
      ...(Number(days) > 0 ? { retention: { maxDays: Number(days) } } : {}),
    };
    const done = await attempt(async () => {
      await api.updateCameras(ids, change);
      await refreshCameras();
    });
    if (!done) return;
    toast(plural(ids.length, 'cameras.changedOne', 'cameras.changedMany'));
    onClose();
  };
  return (
    <ConfirmDialog
      title={plural(ids.length, 'bulk.titleOne', 'bulk.titleMany')}
      confirm={t('common.save')}
      onConfirm={save}
      onClose={onClose}
    >
      <p class="muted">{t('bulk.text')}</p>
      <div class="columns">
        <SelectField
          label={t('camera.priority')}
          value={priority}
          onChange={setPriority}
          options={[keep, ...PRIORITIES.map((key) => [key, t(`priority.${key}`)] as const)]}
        />
        <SelectField
          label={t('camera.level')}
          value={level}
          onChange={setLevel}
          options={[keep, ...LEVELS.map((key) => [key, t(`level.${key}`)] as const)]}
        />
        <SelectField label={t('camera.record')} value={record} onChange={setRecord} options={yesNo} />
        <SelectField label={t('camera.audio')} value={audio} onChange={setAudio} options={yesNo} />
        <TextField
          label={t('camera.maxDays')}
          value={days}
          onInput={setDays}
          type="number"
          placeholder={t('bulk.keep')}
        />
      </div>
    </ConfirmDialog>
  );
}

export function DeleteDialog({ ids, onClose }: Props): VNode {
  const [footage, setFootage] = useState<'keep' | 'delete'>('keep');
  const names = ids.map((id) => cameraById(id)?.name ?? id);
  const go = async (): Promise<void> => {
    const done = await attempt(async () => {
      await api.deleteCameras(ids, footage);
      await refreshCameras();
    });
    if (!done) return;
    toast(plural(ids.length, 'delete.doneOne', 'delete.doneMany'));
    onClose();
  };
  return (
    <ConfirmDialog
      title={plural(ids.length, 'delete.titleOne', 'delete.titleMany')}
      confirm={t('common.delete')}
      onConfirm={go}
      onClose={onClose}
      danger
    >
      <p>{names.join(', ')}</p>
      <SelectField
        label={t('delete.footage')}
        value={footage}
        onChange={setFootage}
        options={[
          ['keep', t('delete.keep')],
          ['delete', t('delete.delete')],
        ]}
      />
      {footage === 'delete' && <Notice tone="bad">{t('delete.warning')}</Notice>}
    </ConfirmDialog>
  );
}
