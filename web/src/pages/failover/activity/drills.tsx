/** Drills: one that runs, with seconds as they are measured, and those that were run. */
import type { VNode } from 'preact';
import { activityApi, type Drill } from '../../../api/activity.ts';
import { now } from '../../../app/stores.ts';
import { attempt } from '../../../app/toasts.tsx';
import { t } from '../../../messages/activity/words.ts';
import { ago, dateAndTime, decimal } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icon.tsx';
import { cameraName, eachOf, resultOf, serverName, type Of, type Spare } from './activity-data.ts';
import { Bar, Section } from './parts.tsx';

const MAX_SHOWN = 8;
/** A drill that old says little. */
const OLD_DAYS = 90;
const DAY_MS = 86_400_000;
const seconds = (value: number): string => `${decimal(value, 2)} s`;

export async function startDrill(spare: Spare, serverId: string, refresh: () => void): Promise<void> {
  await attempt(() => activityApi.drill(spare.id, serverId));
  refresh();
}

type ChipProps = { readonly drill: Drill | undefined; readonly knownSince: string | undefined };
/** Protected for less than a day: that nobody rehearsed yet is no neglect. */
const isNew = (knownSince: string | undefined): boolean =>
  knownSince !== undefined && now.value - Date.parse(knownSince) < DAY_MS;

/** "last drill 12 days ago", or what was wrong with it. */
export function DrillChip({ drill, knownSince }: ChipProps): VNode {
  if (drill === undefined) return chip(isNew(knownSince) ? '' : 'warn', t('drill.never'));
  const age = now.value - Date.parse(drill.startedAt);
  const { ok, all } = resultOf(drill);
  if (ok < all) return chip('bad', t('drill.failedAgo', { n: all - ok, all, ago: ago(age) }));
  return chip(age > OLD_DAYS * DAY_MS ? 'warn' : 'good', t('drill.lastAgo', { ago: ago(age) }));
}
const chip = (tone: string, words: string): VNode => (
  <span class={`chip ${tone}`}>
    <span class="dot" />
    {words}
  </span>
);

export function RunningDrill({ found: { spare, item } }: { readonly found: Of<Drill> }): VNode {
  const settled = item.cameras.filter(isSettled).length;
  const words = t('drill.running', { by: spare.name, server: serverName(spare, item.serverId) });
  return (
    <article class="card act-card tone-info" aria-label={words}>
      <header class="act-card-head">
        <span class="spinner" />
        <div class="grow">
          <h2>{words}</h2>
          <p class="muted">{t('drill.runningText', { n: settled, all: item.cameras.length })}</p>
        </div>
      </header>
      <Bar label={words} done={settled} total={item.cameras.length} />
      <DrillCameras spare={spare} drill={item} />
    </article>
  );
}
const isSettled = ({ firstFrameAfter, problem }: Drill['cameras'][number]): boolean =>
  firstFrameAfter !== undefined || problem !== undefined;

/** Seconds of each camera from the start to its first durable frame, the slowest first; what failed above all. */
export function DrillCameras({ spare, drill }: { readonly spare: Spare; readonly drill: Drill }): VNode {
  const { slowest = 1 } = resultOf(drill);
  const weight = ({ firstFrameAfter, problem }: Drill['cameras'][number]): number =>
    problem === undefined ? (firstFrameAfter ?? 0) : Infinity;
  const sorted = drill.endedAt === undefined ? drill.cameras : drill.cameras.toSorted((a, b) => weight(b) - weight(a));
  return (
    <ul class="drill-cameras" tabIndex={0} aria-label={t('drill.cameras')}>
      {sorted.map((camera) => {
        const { cameraId, standbyLevel, firstFrameAfter, problem } = camera;
        return (
          <li key={cameraId} class={problem === undefined ? '' : 'is-bad'}>
            <Icon name={problem !== undefined ? 'alert' : firstFrameAfter === undefined ? 'more' : 'check'} />
            <span class="cut">{cameraName(spare, drill.serverId, cameraId)}</span>
            <span class="muted small">{t(`level.${standbyLevel}`)}</span>
            {problem === undefined ? (
              <span class="drill-time">
                <i
                  ref={(bar) =>
                    bar?.style.setProperty('width', `${((firstFrameAfter ?? 0) / Math.max(slowest, 1)) * 100}%`)
                  }
                />
              </span>
            ) : (
              <span class="drill-problem">{problem}</span>
            )}
            <span class="num">{firstFrameAfter === undefined ? '' : seconds(firstFrameAfter)}</span>
          </li>
        );
      })}
    </ul>
  );
}

export function Drills({ spares }: { readonly spares: readonly Spare[] }): VNode | null {
  const all = eachOf(spares, ({ drills }) => drills).filter(({ item }) => item.endedAt !== undefined);
  const shown = all.toSorted((a, b) => b.item.startedAt.localeCompare(a.item.startedAt)).slice(0, MAX_SHOWN);
  return (
    <Section title={t('drills')} aside={<Schedule spares={spares} />}>
      {shown.length === 0 ? (
        <p class="muted">{t('drills.none')}</p>
      ) : (
        <div class="card act-list">
          {shown.map((found) => (
            <DrillRow key={found.item.id} found={found} />
          ))}
        </div>
      )}
    </Section>
  );
}

/** How slow the rest was says nothing where cameras were not recorded. */
function resultText(drill: Drill): string {
  const { ok, all, slowest } = resultOf(drill);
  if (ok < all) return t(ok === 0 ? 'drill.resultNone' : 'drill.resultSome', { ok, all, failed: all - ok });
  return slowest === undefined
    ? t('drill.result', { ok, all })
    : t('drill.resultSlowest', { ok, all, time: seconds(slowest) });
}

export function DrillRow({
  found: { spare, item },
  short,
}: {
  readonly found: Of<Drill>;
  readonly short?: boolean;
}): VNode {
  const { ok, all } = resultOf(item);
  return (
    <details class="drill-row">
      <summary>
        <Icon name="chevronRight" />
        <span class={`chip ${ok === all ? 'good' : 'bad'}`}>
          <span class="dot" />
          {t(ok === all ? 'drill.ok' : 'drill.notOk')}
        </span>
        {short !== true && (
          <span class="name strong">{t('drill.of', { by: spare.name, server: serverName(spare, item.serverId) })}</span>
        )}
        <span class="grow">{resultText(item)}</span>
        <span class="muted">{dateAndTime(Date.parse(item.startedAt))}</span>
      </summary>
      <DrillCameras spare={spare} drill={item} />
    </details>
  );
}

/** How often drills come by themselves; failover servers may differ. */
function Schedule({ spares }: { readonly spares: readonly Spare[] }): VNode {
  const days = new Set(spares.flatMap(({ facts }) => facts?.settings.drillDays ?? []));
  const [only] = days;
  const words =
    days.size !== 1 || only === undefined ? 'schedule.differs' : only === 0 ? 'schedule.never' : 'schedule.days';
  return (
    <span class="muted">
      {t(words, { n: only ?? 0 })} <a href="/failover/settings">{t('schedule.change')}</a>
    </span>
  );
}
