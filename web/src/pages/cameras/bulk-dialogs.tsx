/** Changing or deleting several cameras at once: only what is chosen is changed. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { UpdateCamera } from '../../api/api.ts';
import { camerasAt, type Refusal } from '../../api/cameras.ts';
import type { SiteCamera } from '../../api/site.ts';
import { cameraById, refreshCameras } from '../../app/stores.ts';
import { messageOf, toast } from '../../app/toasts.tsx';
import { t as word } from '../../messages/cameras/words.ts';
import { plural, t } from '../../messages/messages.ts';
import { ConfirmDialog, Notice } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { LEVELS, PRIORITIES } from './draft.ts';
import { useShortening } from './shorten-dialog.tsx';

type Props = { readonly ids: readonly string[]; readonly onClose: () => void };
type Keep<V extends string> = V | 'keep';
const YES_NO = ['yes', 'no'] as const;

const placed = (ids: readonly string[]): readonly SiteCamera[] => ids.flatMap((id) => cameraById(id) ?? []);

/** Each server that refused is named with its words. */
function isDone(refused: readonly Refusal[], done: string): boolean {
  for (const { server, error } of refused)
    toast(word('bulk.partly', { server: server.name, message: messageOf(error) }), 'bad');
  if (refused.length === 0) toast(done);
  return refused.length === 0;
}

/** Answers whether every server took the change. */
export async function changeAll(ids: readonly string[], change: UpdateCamera): Promise<boolean> {
  const refused = await camerasAt.updateAll(placed(ids), change);
  await refreshCameras().catch(() => undefined);
  return isDone(refused, plural(ids.length, 'cameras.changedOne', 'cameras.changedMany'));
}

type Draft = {
  readonly priority: Keep<(typeof PRIORITIES)[number]>;
  readonly level: Keep<(typeof LEVELS)[number]>;
  readonly record: Keep<'yes' | 'no'>;
  readonly audio: Keep<'yes' | 'no'>;
  readonly days: string;
};
const KEEP_ALL: Draft = { priority: 'keep', level: 'keep', record: 'keep', audio: 'keep', days: '' };
const changeOf = ({ priority, level, record, audio, days }: Draft): UpdateCamera => ({
  ...(priority === 'keep' ? {} : { priority }),
  ...(level === 'keep' ? {} : { standbyLevel: level }),
  ...(record === 'keep' ? {} : { record: record === 'yes' }),
  ...(audio === 'keep' ? {} : { audio: audio === 'yes' }),
  ...(Number(days) > 0 ? { retention: { maxDays: Number(days) } } : {}),
});

export function BulkDialog({ ids, onClose }: Props): VNode {
  const [draft, setDraft] = useState(KEEP_ALL);
  const { asked, question } = useShortening(placed(ids), Number(draft.days));
  const save = async (): Promise<void> => {
    if (await changeAll(ids, changeOf(draft))) onClose();
  };
  return (
    <>
      <ConfirmDialog
        title={plural(ids.length, 'bulk.titleOne', 'bulk.titleMany')}
        confirm={t('common.save')}
        onConfirm={() => asked(save)}
        onClose={onClose}
      >
        <BulkFields draft={draft} set={(change) => setDraft((before) => ({ ...before, ...change }))} />
      </ConfirmDialog>
      {question}
    </>
  );
}

type FieldsProps = { readonly draft: Draft; readonly set: (change: Partial<Draft>) => void };
function BulkFields({ draft: { priority, level, record, audio, days }, set }: FieldsProps): VNode {
  const keep = ['keep', t('bulk.keep')] as const;
  const yesNo = [keep, ...YES_NO.map((key) => [key, t(`common.${key}`)] as const)];
  return (
    <>
      <p class="muted">{t('bulk.text')}</p>
      {priority === 'never' && <Notice tone="warn">{word('bulk.never')}</Notice>}
      <div class="columns">
        <SelectField
          label={t('camera.priority')}
          value={priority}
          onChange={(to) => set({ priority: to })}
          options={[keep, ...PRIORITIES.map((key) => [key, t(`priority.${key}`)] as const)]}
        />
        <SelectField
          label={t('camera.level')}
          value={level}
          onChange={(to) => set({ level: to })}
          options={[keep, ...LEVELS.map((key) => [key, t(`level.${key}`)] as const)]}
        />
        <SelectField label={t('camera.record')} value={record} onChange={(to) => set({ record: to })} options={yesNo} />
        <SelectField label={t('camera.audio')} value={audio} onChange={(to) => set({ audio: to })} options={yesNo} />
        <TextField
          label={t('camera.maxDays')}
          value={days}
          onInput={(to) => set({ days: to })}
          type="number"
          placeholder={t('bulk.keep')}
        />
      </div>
    </>
  );
}

export function DeleteDialog({ ids, onClose }: Props): VNode {
  const [footage, setFootage] = useState<'keep' | 'delete'>('keep');
  const names = ids.map((id) => cameraById(id)?.name ?? id);
  const go = async (): Promise<void> => {
    const refused = await camerasAt.deleteAll(placed(ids), footage);
    await refreshCameras().catch(() => undefined);
    if (isDone(refused, plural(ids.length, 'delete.doneOne', 'delete.doneMany'))) onClose();
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
