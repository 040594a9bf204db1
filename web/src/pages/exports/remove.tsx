/** Deleting an export, or cancelling one that is under way: what is lost is said first. */
import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { deleteExportAt, type SiteExport } from '../../api/site-footage.ts';
import { can } from '../../app/session.ts';
import { cameraById } from '../../app/stores.ts';
import { attempt, toast } from '../../app/toasts.tsx';
import { t } from '../../messages/playback/words.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { clockTime, dateAndTime } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { refreshJobs } from './jobs.ts';

/** Which one is asked about, as it was then. */
const asked = signal<SiteExport | undefined>(undefined);

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

const close = (): void => {
  asked.value = undefined;
};

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
  const job = asked.value;
  // Of a server that does not answer just now the last that was told counts.
  const now = jobs.find(({ id, serverId }) => id === job?.id && serverId === job.serverId) ?? job;
  const isOver = job !== undefined && now !== undefined && isUnderway(job) !== isUnderway(now);
  useEffect(() => close, []);
  useEffect(() => {
    // Cancelling is not what it would do any more.
    if (isOver) close();
  }, [isOver]);
  if (job === undefined || isOver) return null;
  const running = isUnderway(job);
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
