/** Ending a restoration for good. */
import type { VNode } from 'preact';
import { activityApi, type RestorationView } from '../../../api/activity.ts';
import { toast } from '../../../app/toasts.tsx';
import { t } from '../../../messages/ordering/words.ts';
import { Notice } from '../../../ui/dialog.tsx';
import { duration, size } from '../../../ui/format.ts';
import type { Spare } from './activity-data.ts';
import { NamedDialog } from './named-dialog.tsx';
import { Bar } from './parts.tsx';

type StopProps = {
  readonly spare: Spare;
  readonly restoration: RestorationView;
  readonly onClose: () => void;
  readonly refresh: () => void;
};
/** What is at home already, and what would be deleted for good. */
export function StopDialog({ spare, restoration, onClose, refresh }: StopProps): VNode {
  const now = spare.facts?.restorations.find(({ id }) => id === restoration.id) ?? restoration;
  const { id, serverName, bytes, files, remaining } = now;
  const stop = async (typed: string): Promise<void> => {
    await activityApi.stopRestoration(spare.id, id, typed);
    toast(t('stop.done', { server: serverName }));
    refresh();
  };
  return (
    <NamedDialog
      title={t('stop.title', { server: serverName })}
      name={serverName}
      confirm={t('stop.confirm')}
      danger
      onConfirm={stop}
      onClose={onClose}
    >
      <Notice tone="warn">{t('stop.text', { by: spare.name, server: serverName })}</Notice>
      <Bar label={t('stop.home')} done={bytes.done} total={bytes.total} />
      <dl class="facts">
        <dt>{t('stop.home')}</dt>
        <dd>{t('stop.homeText', { size: size(bytes.done), n: files.done })}</dd>
        <dt>{t('stop.lost')}</dt>
        <dd class="bad-text">
          {t('stop.lostText', {
            size: size(remaining?.bytes ?? Math.max(0, bytes.total - bytes.done)),
            n: remaining?.files ?? files.total - files.done,
            time: duration(Math.round(remaining?.seconds ?? 0)),
          })}
          {remaining?.snapshots !== undefined && <div>{t('stop.lostSnapshots', { n: remaining.snapshots })}</div>}
        </dd>
      </dl>
    </NamedDialog>
  );
}
