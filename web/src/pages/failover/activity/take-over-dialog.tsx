/** A takeover by hand: whatever the state of the server, by the failover server that is chosen, until somebody restores. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { activityApi, type KnownServer } from '../../../api/activity.ts';
import { toast } from '../../../app/toasts.tsx';
import { t } from '../../../messages/ordering/words.ts';
import { Notice } from '../../../ui/dialog.tsx';
import { SelectField } from '../../../ui/field.tsx';
import type { Spare } from './activity-data.ts';
import { NamedDialog } from './named-dialog.tsx';

type Props = {
  readonly server: KnownServer;
  readonly spares: readonly Spare[];
  readonly onClose: () => void;
  readonly refresh: () => void;
};
export function TakeOverDialog({ server: { id, name, watch }, spares, onClose, refresh }: Props): VNode {
  const able = spares.filter(({ facts }) => facts?.watched.some((one) => one.id === id));
  const [chosen, setChosen] = useState(able[0]?.id ?? '');
  const by = able.find((one) => one.id === chosen)?.name ?? '';
  const takeOver = async (): Promise<void> => {
    await activityApi.takeOver(chosen, id);
    toast(t('takeOver.done', { by, server: name }));
    refresh();
  };
  return (
    <NamedDialog
      title={t('takeOver.title', { server: name })}
      name={undefined}
      confirm={t('takeOver.confirm')}
      onConfirm={takeOver}
      onClose={onClose}
    >
      {watch?.state === 'alive' && <Notice tone="warn">{t('takeOver.alive', { server: name })}</Notice>}
      {able.length > 1 && (
        <SelectField
          label={t('takeOver.by')}
          value={chosen}
          options={able.map((one): readonly [string, string] => [one.id, one.name])}
          onChange={setChosen}
        />
      )}
      <p>{t('takeOver.text', { by, server: name, n: watch?.cameras ?? 0 })}</p>
      <p class="muted">{t('takeOver.end', { server: name })}</p>
    </NamedDialog>
  );
}
