/** The columns of the list of cameras. */
import type { VNode } from 'preact';
import type { SiteCamera } from '../../api/site.ts';
import { cameraServers, now } from '../../app/stores.ts';
import { t as word } from '../../messages/cameras/words.ts';
import { t } from '../../messages/messages.ts';
import { ago, bitrate } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { problemOf, StateChip } from '../../ui/state-chip.tsx';
import type { Column } from '../../ui/table.tsx';
import { Retention } from './retention.tsx';

type OnEdit = (camera: SiteCamera) => void;

export function columnsOf(onEdit: OnEdit): readonly Column<SiteCamera>[] {
  const several = cameraServers.value.length > 1;
  return [
    { key: 'name', title: t('cameras.name'), cell: (camera) => <NameCell camera={camera} onEdit={onEdit} /> },
    { key: 'state', title: t('cameras.state'), class: 'fit', cell: (camera) => <StateCell camera={camera} /> },
    ...(several
      ? [{ key: 'server', title: word('server.title'), class: 'server-cell wide-only', cell: serverCell } as const]
      : []),
    { key: 'video', title: t('cameras.video'), class: 'fit wide-only', cell: videoText },
    { key: 'rate', title: t('cameras.rate'), class: 'num fit wide-only', cell: rateText },
    {
      key: 'last',
      title: t('cameras.lastFrame'),
      class: 'fit wide-only',
      cell: (camera) => <LastFrame camera={camera} />,
    },
    { key: 'priority', title: word('failover.title'), class: 'fit wide-only', cell: failoverText },
    {
      key: 'kept',
      title: word('retention.title'),
      class: 'kept-cell wide-only',
      cell: (camera) => <Retention camera={camera} />,
    },
  ];
}

function NameCell({ camera, onEdit }: { readonly camera: SiteCamera; readonly onEdit: OnEdit }): VNode {
  const problem = problemOf(camera);
  return (
    <>
      <button type="button" class="camera-name" onClick={() => onEdit(camera)}>
        {camera.name}
      </button>
      <div class={`small ${problem === undefined ? 'muted' : 'bad'}`}>
        {problem ?? camera.main.url.replace(/^\w+:\/\//, '')}
      </div>
    </>
  );
}

function StateCell({ camera }: { readonly camera: SiteCamera }): VNode {
  const { coveredBy, serverConnected } = camera;
  return (
    <>
      <StateChip camera={camera} />
      {coveredBy !== undefined && (
        <div class="small covered-by">
          <Icon name="shield" />
          {word('server.coveredBy', { name: coveredBy.name })}
        </div>
      )}
      {coveredBy === undefined && !serverConnected && <div class="small warn">{word('server.awayHint')}</div>}
    </>
  );
}

const serverCell = ({ server }: SiteCamera): VNode => (
  <div class="cut" title={server.name}>
    {server.name}
  </div>
);

const failoverText = ({ priority, standbyLevel }: SiteCamera): string =>
  priority === 'never'
    ? t('priority.never')
    : word('failover.text', { priority: t(`priority.${priority}`), level: t(`level.${standbyLevel}`) });

const mainOf = ({ streams }: SiteCamera): SiteCamera['streams'][number] | undefined =>
  streams.find(({ stream }) => stream === 'main');

function codecName(codec: string): string {
  if (/^(hvc|hev)/.test(codec)) return 'H.265';
  return codec.startsWith('avc') ? 'H.264' : codec;
}

function videoText(camera: SiteCamera): string {
  const main = mainOf(camera);
  const codec = codecName(main?.codec ?? '');
  return main?.width === undefined ? '' : `${codec} ${main.width}×${main.height ?? ''}`;
}
function rateText(camera: SiteCamera): string {
  const rate = mainOf(camera)?.bitsPerSecond ?? 0;
  return rate > 0 ? bitrate(rate) : '';
}
function LastFrame({ camera: { lastFrameAt } }: { readonly camera: SiteCamera }): VNode {
  return (
    <span class="muted">
      {lastFrameAt === undefined ? t('cameras.never') : ago(now.value - Date.parse(lastFrameAt))}
    </span>
  );
}
