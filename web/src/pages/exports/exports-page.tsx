/** Exports: what was asked for, how far it is, the files with their hashes and manifests. */
import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { api, type ExportJob } from '../../api/api.ts';
import { onEvent, resynced } from '../../api/event-stream.ts';
import { can } from '../../app/session.ts';
import { Page } from '../../app/shell.tsx';
import { cameraById } from '../../app/stores.ts';
import { attempt, toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { Empty } from '../../ui/dialog.tsx';
import { clockTime, dateAndTime, duration, size } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { Table, type Column } from '../../ui/table.tsx';

const jobs = signal<readonly ExportJob[] | undefined>(undefined);
async function refresh(): Promise<void> {
  jobs.value = await api.exports();
}

export function ExportsPage(): VNode {
  const resync = resynced.value;
  useEffect(() => {
    void attempt(refresh);
    return onEvent((event) => {
      if (event.kind === 'export') void refresh().catch(() => undefined);
    });
  }, [resync]);
  return (
    <Page title={t('nav.exports')}>
      {jobs.value?.length === 0 && (
        <Empty icon="exports" title={t('exports.emptyTitle')} text={t('exports.emptyText')}>
          <a class="button primary" href="/playback">
            {t('nav.playback')}
          </a>
        </Empty>
      )}
      {jobs.value !== undefined && jobs.value.length > 0 && (
        <Table label={t('nav.exports')} rows={jobs.value} idOf={({ id }) => id} columns={columns()} />
      )}
    </Page>
  );
}

const columns = (): readonly Column<ExportJob>[] => [
  { key: 'camera', title: t('exports.camera'), cell: (job) => <What job={job} /> },
  { key: 'state', title: t('cameras.state'), class: 'fit', cell: (job) => <State job={job} /> },
  { key: 'files', title: t('exports.files'), cell: (job) => <Files job={job} /> },
  { key: 'actions', title: t('common.delete'), class: 'fit', cell: (job) => <Remove job={job} /> },
];

function What({ job }: { readonly job: ExportJob }): VNode {
  const [start, end] = [Date.parse(job.cutStart ?? job.start), Date.parse(job.cutEnd ?? job.end)];
  return (
    <>
      <div class="strong">{cameraById(job.cameraId)?.name ?? job.cameraId}</div>
      <div class="muted small">
        {dateAndTime(start)} – {clockTime(end)} · {duration((end - start) / 1000)}
        {(job.missingSeconds ?? 0) > 0 && (
          <span class="warn"> · {t('exports.missing', { time: duration(job.missingSeconds ?? 0) })}</span>
        )}
      </div>
    </>
  );
}

const TONES: Readonly<Record<ExportJob['state'], string>> = {
  queued: '',
  running: 'info',
  done: 'good',
  failed: 'bad',
};
function State({ job: { state, progress, message } }: { readonly job: ExportJob }): VNode {
  return (
    <>
      <span class={`chip ${TONES[state]}`}>
        <span class="dot" />
        {t(`export.${state}`)}
      </span>
      {state === 'running' && <progress value={progress} aria-label={t('export.running')} />}
      {message !== undefined && <div class="small bad">{message}</div>}
    </>
  );
}

function Files({ job }: { readonly job: ExportJob }): VNode {
  return (
    <ul>
      {job.files.map(({ name, bytes, sha256, url, manifestUrl }) => (
        <li key={name}>
          <a href={url} download={name}>
            {name}
          </a>{' '}
          <span class="muted small">{size(bytes)}</span> ·{' '}
          <a href={manifestUrl} download={`${name}.manifest.json`} class="small">
            {t('exports.manifest')}
          </a>
          <div class="mono small muted" title={sha256}>
            SHA-256 {sha256.slice(0, 16)}…
          </div>
        </li>
      ))}
    </ul>
  );
}

function Remove({ job }: { readonly job: ExportJob }): VNode | null {
  if (!can('export')) return null;
  const go = (): void => {
    void attempt(async () => {
      await api.deleteExport(job.id);
      await refresh();
      toast(t('exports.deleted'));
    });
  };
  return (
    <button
      type="button"
      class="button quiet icon-only"
      aria-label={`${t('common.delete')}: ${cameraById(job.cameraId)?.name ?? job.cameraId}`}
      onClick={go}
    >
      <Icon name="trash" />
    </button>
  );
}
