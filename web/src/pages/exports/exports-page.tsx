/** Exports of the whole site: what was asked for, where, how far it is, the files with their hashes and manifests. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { resynced } from '../../api/event-stream.ts';
import type { SiteExport } from '../../api/site-footage.ts';
import { playbackLink } from '../../app/playback-link.ts';
import { Page } from '../../app/shell.tsx';
import { cameraById, server } from '../../app/stores.ts';
import { t } from '../../messages/playback/words.ts';
import { Empty, Notice, Waiting } from '../../ui/dialog.tsx';
import { duration, size } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import { servers } from '../playback/servers.ts';
import { exportJobs, watchJobs } from './jobs.ts';
import { rangeOf, Remove, RemoveDialog, spanOf } from './remove.tsx';
import { Share, ShareDialog } from './share.tsx';
import './exports.css';

export function ExportsPage(): VNode {
  const resync = resynced.value;
  const own = server.value?.id;
  useEffect(() => (own === undefined ? undefined : watchJobs()), [resync, own]);
  const { jobs, away } = exportJobs.value ?? { jobs: undefined, away: [] };
  const several = servers.value.size > 1;
  return (
    <Page title={t('exports.title')} actions={<SnapshotsLink />} fill>
      {away.map(({ name, message }) => (
        <Notice key={name} tone="warn">
          {t('exports.away', { server: name, message })}
        </Notice>
      ))}
      {jobs === undefined && <Waiting />}
      {jobs?.length === 0 && (
        <Empty icon="exports" title={t('exports.emptyTitle')} text={t('exports.emptyText')}>
          <a class="button primary" href="/playback">
            {t('controls')}
          </a>
        </Empty>
      )}
      {jobs !== undefined && jobs.length > 0 && (
        <Table
          label={t('exports.title')}
          rows={jobs}
          idOf={({ serverId, id }) => `${serverId} ${id}`}
          columns={several ? [...COLUMNS.slice(0, 1), SERVER, ...COLUMNS.slice(1)] : COLUMNS}
        />
      )}
      <RemoveDialog jobs={jobs ?? []} />
      <ShareDialog />
    </Page>
  );
}

const SnapshotsLink = (): VNode => (
  <a class="button" href="/snapshots">
    <Icon name="camera" />
    {t('exports.snapshots')}
  </a>
);

const COLUMNS: readonly Column<SiteExport>[] = [
  {
    key: 'camera',
    get title() {
      return t('exports.camera');
    },
    cell: (job) => <What job={job} />,
  },
  {
    key: 'state',
    get title() {
      return t('exports.state');
    },
    class: 'fit',
    cell: (job) => <State job={job} />,
  },
  {
    key: 'files',
    get title() {
      return t('exports.files');
    },
    cell: (job) => <Files job={job} />,
  },
  {
    key: 'actions',
    get title() {
      return t('exports.delete');
    },
    class: 'fit',
    cell: (job) => (
      <div class="row">
        <Share job={job} />
        <Remove job={job} />
      </div>
    ),
  },
];
const SERVER: Column<SiteExport> = {
  key: 'server',
  get title() {
    return t('exports.server');
  },
  class: 'fit',
  cell: ({ serverId }) => <span class="export-server cut">{servers.value.get(serverId)?.name ?? serverId}</span>,
};

function What({ job }: { readonly job: SiteExport }): VNode {
  const [start, end] = rangeOf(job);
  const link = playbackLink({ cameras: [job.cameraId], at: start, from: start, to: end });
  return (
    <>
      <div class="strong">{cameraById(job.cameraId)?.name ?? job.cameraId}</div>
      <div class="muted small">
        <a href={link} title={t('exports.play')}>
          {spanOf(job)}
        </a>{' '}
        · {duration((end - start) / 1000)}
        {(job.missingSeconds ?? 0) > 0 && (
          <span class="warn"> · {t('exports.missing', { time: duration(job.missingSeconds ?? 0) })}</span>
        )}
      </div>
    </>
  );
}

const TONES: Readonly<Record<SiteExport['state'], string>> = {
  queued: '',
  running: 'info',
  done: 'good',
  failed: 'bad',
};
function State({ job: { state, progress, message } }: { readonly job: SiteExport }): VNode {
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

function Files({ job }: { readonly job: SiteExport }): VNode {
  return (
    <ul class="export-files">
      {job.files.map(({ name, bytes, sha256, url, manifestUrl }) => (
        <li key={name}>
          <Download href={url} as={name}>
            {name}
          </Download>{' '}
          <span class="muted small">{size(bytes)}</span> ·{' '}
          <Download href={manifestUrl} as={`${name}.manifest.json`}>
            <span class="small">{t('exports.manifest')}</span>
          </Download>
          <details class="small muted">
            <summary>
              SHA-256 <span class="mono">{sha256.slice(0, 16)}…</span>
            </summary>
            <span class="mono hash">{sha256}</span>
          </details>
        </li>
      ))}
    </ul>
  );
}

type DownloadProps = { readonly href: string | undefined; readonly as: string; readonly children: ComponentChildren };
/** Without an address of this API it is no link. */
const Download = ({ href, as, children }: DownloadProps): VNode =>
  href === undefined ? (
    <span>{children}</span>
  ) : (
    <a href={href} download={as}>
      {children}
    </a>
  );
