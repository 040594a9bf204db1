/** Covers and takeovers that run: the sentence first, then how each camera is, and what can be done. */
import type { VNode } from 'preact';
import { activityApi, type Takeover } from '../../../api/activity.ts';
import { now } from '../../../app/stores.ts';
import { attempt, toast } from '../../../app/toasts.tsx';
import { t, tOr } from '../../../messages/activity/words.ts';
import { tOr as shellOr } from '../../../messages/messages.ts';
import { ago } from '../../../ui/format.ts';
import { Icon, type IconName } from '../../../ui/icon.tsx';
import { incidentPath } from '../../incidents/places.ts';
import { isThere, type Of } from './activity-data.ts';
import { sinceOf } from './covers.ts';
import { isOwner, mayOrder, timeOf, type Open } from './parts.tsx';

type Props = { readonly found: Of<Takeover>; readonly open: Open; readonly refresh: () => void };

export function TakeoverCard({ found, open, refresh }: Props): VNode {
  const { spare, item } = found;
  const { serverId, serverName, state } = item;
  const restore = async (): Promise<void> => {
    await attempt(async () => {
      await activityApi.restore(spare.id, item.id);
      toast(t('takeover.restoreAsked', { server: serverName }));
    });
    refresh();
  };
  const isHeld = state === 'covering' || state === 'taken-over';
  const canRestore = isThere(spare, serverId);
  return (
    <article class={`card act-card ${TONES[state]}`} aria-label={serverName}>
      <header class="act-card-head">
        <Icon name={state === 'restoring' ? 'check' : 'shield'} />
        <div class="grow">
          <h2>{sentenceOf(found)}</h2>
          <p class="muted">{storyOf(item)}</p>
          {isHeld && mayOrder() && !canRestore && <p class="muted">{t('takeover.notBack', { server: serverName })}</p>}
        </div>
        <div class="row wrap">
          <a class="button quiet" href={incidentPath(spare.id, item.id)}>
            {t('takeover.incident')}
          </a>
          {isHeld && mayOrder() && canRestore && (
            <button type="button" class="button" onClick={() => void restore()}>
              {t('takeover.restore')}
            </button>
          )}
          {isHeld && isOwner() && (
            <button type="button" class="button" onClick={() => open({ kind: 'replace', serverId, name: serverName })}>
              {t('takeover.replace')}
            </button>
          )}
        </div>
      </header>
      <Cameras takeover={item} by={spare.name} />
    </article>
  );
}

const TONES: Readonly<Record<Takeover['state'], string>> = {
  covering: 'tone-warn',
  'taken-over': 'tone-warn',
  'handing-over': 'tone-info',
  restoring: 'tone-info',
  ended: '',
};

/** "Hall-NAS records 8 cameras of NAS-2 since 10:02:12." */
function sentenceOf({ spare, item }: Of<Takeover>): string {
  const covered = item.cameras.filter((camera) => camera.covered);
  const words = { by: spare.name, server: item.serverName, n: covered.length };
  if (item.state === 'restoring') return t('takeover.restoring', words);
  if (item.state === 'handing-over' && covered.length > 0) return t('takeover.handingOver', words);
  if (covered.length === 0) return t('takeover.none', words);
  const since = covered.map((camera) => sinceOf(item, camera)).sort()[0] ?? item.suspectedAt;
  return t(covered.length === 1 ? 'takeover.one' : 'takeover.many', { ...words, time: timeOf(since) });
}

function storyOf({ reason, suspectedAt, declaredAt, automatic }: Takeover): string {
  const cause = tOr(`reason.${reason}`, reason);
  const suspected = t('takeover.suspected', { time: timeOf(suspectedAt), cause });
  if (declaredAt === undefined) return `${suspected} ${t('takeover.notDeclared')}`;
  const declared = t(automatic ? 'takeover.automatic' : 'takeover.byHand', { time: timeOf(declaredAt) });
  return `${suspected} ${declared}`;
}

type Camera = Takeover['cameras'][number];
type Kind = 'covered' | 'left-out' | 'returned' | 'waiting';
const ORDER: readonly Kind[] = ['left-out', 'waiting', 'covered', 'returned'];
const ICONS: Readonly<Record<Kind, IconName>> = {
  covered: 'check',
  'left-out': 'alert',
  returned: 'refresh',
  waiting: 'info',
};
const kindOf = ({ covered, cause, firstFrameAt }: Camera): Kind => {
  if (covered) return 'covered';
  if (cause !== undefined) return 'left-out';
  return firstFrameAt === undefined ? 'waiting' : 'returned';
};

type CamerasProps = { readonly takeover: Takeover; readonly by: string };
function Cameras({ takeover, by }: CamerasProps): VNode {
  const sorted = takeover.cameras.toSorted((a, b) => ORDER.indexOf(kindOf(a)) - ORDER.indexOf(kindOf(b)));
  return (
    <ul class="act-cameras" tabIndex={0} aria-label={t('takeover.cameras', { server: takeover.serverName })}>
      {sorted.map((camera) => (
        <li key={camera.cameraId} class={kindOf(camera)}>
          <Icon name={ICONS[kindOf(camera)]} />
          <span class="grow">
            <span class="cut strong">{camera.name}</span>
            <small>{wordsOf(camera, takeover, by)}</small>
          </span>
        </li>
      ))}
    </ul>
  );
}

function wordsOf(camera: Camera, takeover: Takeover, by: string): string {
  const { cause } = camera;
  const kind = kindOf(camera);
  switch (kind) {
    case 'covered':
      return coveredWords(camera, takeover, by);
    case 'left-out':
      return t('camera.leftOut', { cause: shellOr(`cause.${cause}`, cause ?? '') });
    case 'returned':
      return t('camera.returned');
    case 'waiting':
      return t('camera.waiting', { by });
    default:
      return kind satisfies never;
  }
}

/** A hot camera was recorded before anything failed: that is no cover yet, but it is there. */
function coveredWords(camera: Camera, takeover: Takeover, by: string): string {
  const { firstFrameAt, lastFrameAt } = camera;
  if (firstFrameAt === undefined) return t('camera.waiting', { by });
  const since = sinceOf(takeover, camera);
  return [
    t('camera.covered', { by, time: timeOf(since) }),
    ...(firstFrameAt < since ? [t('camera.kept')] : []),
    ...(lastFrameAt === undefined ? [] : [t('camera.frame', { ago: ago(now.value - Date.parse(lastFrameAt)) })]),
  ].join(' · ');
}
