/** What stands on a tile instead of its picture, or beside it: why it is missing, who is away, who recorded it. */
import type { VNode } from 'preact';
import type { SiteCamera } from '../../api/site.ts';
import { t } from '../../messages/playback/words.ts';
import type { PlayerStatus } from '../../player/camera-player.ts';
import { AWAY, MISSING, runAt, type Run } from '../../timeline/runs.ts';
import { causeText } from '../../timeline/words.ts';
import { duration } from '../../ui/format.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import { Unsupported } from '../live/unsupported.tsx';
import { servers } from './servers.ts';
import type { PlaybackState } from './state.ts';

type CoverProps = {
  readonly state: PlaybackState;
  readonly camera: SiteCamera;
  readonly status: PlayerStatus;
  readonly onSub: (() => void) | undefined;
  readonly onExport: (() => void) | undefined;
};
/** Shorter gaps keep the last picture, and say so beside it: a black flash tells nobody anything. */
const BRIEF_MS = 2500;
const isBrief = (run: Run, speed: number): boolean => (run.end - run.start) / Math.max(1, speed) < BRIEF_MS;

export function Cover(props: CoverProps): VNode | null {
  const { state, camera, status } = props;
  void state.data.version.value;
  const run = runAt(state.data.trackOf(camera.id).runs, state.playhead.value);
  if (run?.state === MISSING) {
    const brief = isBrief(run, state.speed.value) && status.kind !== 'unsupported';
    return brief ? <Brief run={run} /> : <Missing run={run} />;
  }
  if (status.kind === 'unsupported') return <Undecodable {...props} codec={status.codec} />;
  if (status.kind === 'playing') return null;
  const away = awayOf(camera, status, run);
  return away === undefined ? <Waiting status={status} isExpected={run !== undefined} /> : <Away name={away} />;
}

function Undecodable({ codec, onSub, onExport }: CoverProps & { readonly codec: string }): VNode {
  return (
    <Unsupported codec={codec} onSub={onSub}>
      {onSub === undefined && onExport !== undefined && (
        <button type="button" class="button" onClick={onExport}>
          {t('exportInstead')}
        </button>
      )}
    </Unsupported>
  );
}

/** The server that was asked for it, when it is known to be away. */
function awayOf(camera: SiteCamera, status: PlayerStatus, run: Run | undefined): string | undefined {
  const { server, serverConnected } = camera;
  if (run?.state === AWAY) return run.cause ?? server.name;
  if (status.kind !== 'failed') return undefined;
  const asked = servers.value.get(status.serverId ?? server.id);
  if (asked !== undefined && !asked.connected) return asked.name;
  return serverConnected ? undefined : server.name;
}

function Missing({ run }: { readonly run: Run }): VNode {
  return (
    <div class="cover solid">
      <Icon name="alert" />
      <p class="strong">{t('missing')}</p>
      <p class="small">
        {causeText(run.cause)} · {duration((run.end - run.start) / 1000)}
      </p>
    </div>
  );
}

function Brief({ run }: { readonly run: Run }): VNode {
  const time = duration((run.end - run.start) / 1000);
  return (
    <p class="tile-note">
      <Icon name="alert" />
      {t('missingBrief', { time, cause: causeText(run.cause) })}
    </p>
  );
}

function Away({ name }: { readonly name: string }): VNode {
  return (
    <div class="cover solid" role="status">
      <Icon name="alert" />
      <p class="strong">{t('awayTitle', { server: name })}</p>
      <p class="small">{t('awayText')}</p>
    </div>
  );
}

function Waiting({ status, isExpected }: { readonly status: PlayerStatus; readonly isExpected: boolean }): VNode {
  const loading = status.kind === 'loading' || (status.kind === 'nothing' && isExpected);
  const icon: IconName = status.kind === 'failed' ? 'alert' : 'info';
  return (
    <div class="cover">
      {loading ? <span class="spinner" /> : <Icon name={icon} />}
      {!loading && <p>{status.kind === 'failed' ? failedText(status) : t('nothingYet')}</p>}
      {status.kind === 'failed' && <p class="small">{status.message}</p>}
    </div>
  );
}

function failedText({ serverId }: { readonly serverId: string | undefined }): string {
  const name = serverId === undefined ? undefined : servers.value.get(serverId)?.name;
  return name === undefined ? t('failed') : t('failedFrom', { server: name });
}

/** Who recorded what is seen, when it was not the camera's own server. */
export function Recorder({ camera, status }: Pick<CoverProps, 'camera' | 'status'>): VNode | null {
  if (status.kind !== 'playing' || status.serverId === '' || status.serverId === camera.server.id) return null;
  const name = servers.value.get(status.serverId)?.name;
  const text = name === undefined ? t('state.1') : t('by', { server: name });
  const title = name === undefined ? text : t('byLong', { server: name, owner: camera.server.name });
  return (
    <span class="tile-by cut" title={title}>
      <Icon name="shield" />
      <span class="cut">{text}</span>
    </span>
  );
}
