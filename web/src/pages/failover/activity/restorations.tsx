/** Footage on its way home: how far, how fast, how long still, by which way. */
import type { VNode } from 'preact';
import type { RestorationView } from '../../../api/activity.ts';
import { t } from '../../../messages/activity/words.ts';
import { clockTime, dateAndTime, decimal, duration, size } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icon.tsx';
import { eachOf, type Of, type Spare } from './activity-data.ts';
import { endOf, folded } from './covers.ts';
import { Bar, isOwner, Section, type Open } from './parts.tsx';

const MAX_OVER = 5;
const TONES: Readonly<Record<RestorationView['state'], string>> = {
  waiting: 'warn',
  running: 'info',
  done: 'good',
  stopped: '',
  failed: 'bad',
};
const isOver = ({ state }: RestorationView): boolean => state === 'done' || state === 'stopped';
/** What is kept where it is has no end to wait for. */
const canStop = ({ state, policy }: RestorationView): boolean =>
  policy !== 'keep' && (state === 'waiting' || state === 'running' || state === 'failed');

type Props = { readonly spares: readonly Spare[]; readonly open: Open };
export function Restorations({ spares, open }: Props): VNode | null {
  const all = eachOf(spares, ({ restorations }) => restorations).toSorted((a, b) =>
    b.item.startedAt.localeCompare(a.item.startedAt),
  );
  const shown = [
    ...all.filter(({ item }) => !isOver(item)),
    ...folded(all.filter(({ item }) => isOver(item))).slice(0, MAX_OVER),
  ];
  if (shown.length === 0) return null;
  return (
    <Section title={t('restorations')}>
      <ul class="card act-list">
        {shown.map((found) => (
          <Row key={found.item.id} found={found} open={open} />
        ))}
      </ul>
    </Section>
  );
}

function Row({ found: { spare, item }, open }: { readonly found: Of<RestorationView>; readonly open: Open }): VNode {
  const { serverName, state, policy, transport, bytes, files, message } = item;
  const way = t(`policy.${policy}`, { by: spare.name, server: serverName });
  const percent = bytes.total === 0 ? 0 : Math.floor((bytes.done / bytes.total) * 100);
  return (
    <li class="act-restoration">
      <div class="grow">
        <p class="row wrap">
          <strong class="name">{way}</strong>
          <span class={`chip ${TONES[state]}`}>
            <span class="dot" />
            {t(`restoration.${state}`)}
          </span>
        </p>
        {!isOver(item) && <Bar label={way} done={bytes.done} total={bytes.total} />}
        <p class="muted small">
          {isOver(item) ? (
            t('restoration.over', {
              time: rangeOf(item),
              size: size(bytes.done),
              n: files.done,
            })
          ) : (
            <>
              <span class="strong">{percent} %</span> ·{' '}
              {t('restoration.of', { done: size(bytes.done), total: size(bytes.total) })} ·{' '}
              {t('restoration.files', { done: files.done, total: files.total })}
              {paceOf(item)} · {t(`transport.${transport}`)}
            </>
          )}
        </p>
        {message !== undefined && !isOver(item) && (
          <p class="act-problem">
            <Icon name="alert" />
            {message}
          </p>
        )}
      </div>
      {canStop(item) && isOwner() && (
        <button type="button" class="button" onClick={() => open({ kind: 'stop', spare, restoration: item })}>
          {t('restoration.stop')}
        </button>
      )}
    </li>
  );
}

function rangeOf(item: RestorationView): string {
  const [start, end] = [Date.parse(item.startedAt), Date.parse(endOf(item))];
  const isOneDay = new Date(start).toDateString() === new Date(end).toDateString();
  return `${dateAndTime(start)} – ${isOneDay ? clockTime(end) : dateAndTime(end)}`;
}

function paceOf({ state, bytesPerSecond, secondsLeft }: RestorationView): string {
  if (state !== 'running' || bytesPerSecond <= 0) return '';
  const rate = ` · ${decimal(bytesPerSecond / 1e6)} MB/s`;
  return secondsLeft === undefined
    ? rate
    : `${rate} · ${t('restoration.left', { time: duration(Math.ceil(secondsLeft)) })}`;
}
