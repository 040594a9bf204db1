/** Deleting an export, or cancelling one that is under way: what is lost is said first. */
import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { deleteExportAt, type SiteExport } from '../../api/site-footage.ts';
import { can } from '../../app/session.ts';
import { cameraById } from '../../app/stores.ts';
import { attempt, toast } from '../../app/toasts.tsx';
import { t } from '../../messages/playback/words.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { clockTime, dateAndTime } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { refreshJobs } from './jobs.ts';

/** Which one is asked about. */
const asked = signal<Pick<SiteExport, 'serverId' | 'id'> | undefined>(undefined);

export const rangeOf = (job: SiteExport): readonly [number, number] => [
  Date.parse(job.cutStart ?? job.start),
  Date.parse(job.cutEnd ?? job.end),
];
export function spanOf(job: SiteExport): string {
  const [start, end] = rangeOf(job);
  return `${dateAndTime(start)} – ${clockTime(end)}`;
}
const isUnderway = ({ state }: SiteExport): boolean => state === 'queued' || state === 'running';
const verbOf = (job: SiteExport): string => t(isUnderway(job) ? 'exports.cancel' : 'exports.delete');
const cameraOf = ({ cameraId }: SiteExport): string => cameraById(cameraId)?.name ?? cameraId;

export function Remove({ job }: { readonly job: SiteExport }): VNode | null {
  if (!can('export')) return null;
  return (
    <button
      type="button"
      class="button quiet icon-only"
      aria-label={`${verbOf(job)}: ${cameraOf(job)}`}
      onClick={() => {
        asked.value = job;
      }}
    >
      <Icon name={isUnderway(job) ? 'close' : 'trash'} />
    </button>
  );
}

export function RemoveDialog({ jobs }: { readonly jobs: readonly SiteExport[] }): VNode | null {
  const job = jobs.find(({ id, serverId }) => id === asked.value?.id && serverId === asked.value.serverId);
  if (job === undefined) return null;
  const running = isUnderway(job);
  const close = (): void => {
    asked.value = undefined;
  };
  const go = async (): Promise<void> => {
    const isDone = await attempt(async () => {
      await deleteExportAt(job.serverId, job.id);
      toast(t(running ? 'exports.cancelled' : 'exports.deleted'));
      await refreshJobs();
    });
    if (isDone) close();
  };
  return (
    <ConfirmDialog
      title={t(running ? 'exports.cancelTitle' : 'exports.deleteTitle')}
      confirm={verbOf(job)}
      danger
      onConfirm={go}
      onClose={close}
    >
      <p class="strong">
        {cameraOf(job)}, {spanOf(job)}
      </p>
      <p>{t(running ? 'exports.cancelText' : 'exports.deleteText')}</p>
    </ConfirmDialog>
  );
}
