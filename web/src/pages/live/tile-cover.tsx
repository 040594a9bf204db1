/** What lies over a picture that is not live: why, and since when; and the badge that says who records in whose place. */
import type { VNode } from 'preact';
import type { SiteCamera } from '../../api/site.ts';
import { now, server } from '../../app/stores.ts';
import { t as say } from '../../messages/live/words.ts';
import { t } from '../../messages/messages.ts';
import type { LiveState } from '../../player/live-player.ts';
import { ago, clockTime } from '../../ui/format.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import { problemOf } from '../../ui/state-chip.tsx';
import type { Freshness } from './layout.ts';
import { Unsupported } from './unsupported.tsx';

type CoverProps = {
  readonly camera: SiteCamera;
  readonly state: LiveState;
  readonly fresh: Freshness;
  readonly lastFrameAt: number | undefined;
  readonly nowMs: number;
  readonly onSub: (() => void) | undefined;
};

export function Cover({ camera, state, fresh, lastFrameAt, nowMs, onSub }: CoverProps): VNode | null {
  if (state.kind === 'unsupported') return <Unsupported codec={state.codec} onSub={onSub} />;
  if (fresh === 'live') return null;
  const reason = reasonOf(camera, nowMs) ?? (state.kind === 'waiting' ? state.reason : undefined);
  if (lastFrameAt === undefined && reason === undefined) {
    return (
      <div class="cover">
        <span class="spinner" />
        <p>{t('live.connecting')}</p>
      </div>
    );
  }
  const since = lastFrameAt ?? (camera.lastFrameAt === undefined ? undefined : Date.parse(camera.lastFrameAt));
  return (
    <div class="cover">
      <Icon name="alert" />
      <p class="strong">
        {since === undefined
          ? t('live.noPicture')
          : t('live.noPictureSince', { time: clockTime(since), ago: ago(nowMs - since) })}
      </p>
      <Why reason={reason} isSlow={state.kind === 'playing' && isRecordedNow(camera)} onSub={onSub} />
    </div>
  );
}

type WhyProps = Pick<CoverProps, 'onSub'> & { readonly reason: string | undefined; readonly isSlow: boolean };
/** In the words of the camera or the box. Without any, and while the connection stands, it is what lies between that does not carry the picture. */
function Why({ reason, isSlow, onSub }: WhyProps): VNode | null {
  if (reason !== undefined) return <p class="small">{reason}</p>;
  if (!isSlow) return null;
  return (
    <>
      <p class="small">{say('slow')}</p>
      {onSub !== undefined && (
        <button type="button" class="button" onClick={onSub}>
          {t('live.useSub')}
        </button>
      )}
    </>
  );
}
const RECORDED_WITHIN_MS = 5000;
const isRecordedNow = ({ state, lastFrameAt }: SiteCamera): boolean =>
  state === 'recording' && lastFrameAt !== undefined && now.value - Date.parse(lastFrameAt) < RECORDED_WITHIN_MS;

function reasonOf(camera: SiteCamera, nowMs: number): string | undefined {
  if (camera.serverConnected || camera.coveredBy !== undefined) return problemOf(camera);
  const { asOf, serverAwaySince = asOf, server: owner } = camera;
  const since =
    serverAwaySince === undefined ? '' : ` ${say('away.since', { ago: ago(nowMs - Date.parse(serverAwaySince)) })}`;
  return `${say('away.text', { name: owner.name })}${since}`;
}

/** Who records it, if that is not simply its own server; never by colour alone. */
export function Badge({ camera }: { readonly camera: SiteCamera }): VNode | null {
  const { coveredBy, server: owner, serverConnected, state } = camera;
  if (coveredBy !== undefined) {
    const here = coveredBy.id === server.value?.id;
    return (
      <TileBadge
        kind="covered"
        icon="shield"
        text={here ? say('badge.coveredFor', { name: owner.name }) : say('badge.coveredBy', { name: coveredBy.name })}
      />
    );
  }
  if (!serverConnected) return <TileBadge kind="away" icon="alert" text={say('badge.away', { name: owner.name })} />;
  if (state === 'watching') return <TileBadge kind="idle" icon="info" text={say('badge.notRecorded')} />;
  return null;
}

type BadgeProps = { readonly kind: 'covered' | 'away' | 'idle'; readonly icon: IconName; readonly text: string };
const TileBadge = ({ kind, icon, text }: BadgeProps): VNode => (
  <span class={`tile-badge ${kind}`} title={text}>
    <Icon name={icon} />
    <span class="cut">{text}</span>
  </span>
);
