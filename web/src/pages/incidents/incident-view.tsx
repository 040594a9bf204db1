/** One incident: the sentence first, then what happened when, who recorded what, what is missing and why. Also the report on paper. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { RestorationView } from '../../../../src/api/contract/failover.ts';
import { comingHome, incidentReport, type IncidentReport } from '../../api/incidents.ts';
import { boxNow } from '../../app/box-clock.ts';
import { Page } from '../../app/shell.tsx';
import { now, server } from '../../app/stores.ts';
import { messageOf } from '../../app/toasts.tsx';
import { t } from '../../messages/incidents/words.ts';
import { t as shell } from '../../messages/messages.ts';
import { Empty, Notice } from '../../ui/dialog.tsx';
import { clockTime, dateAndTime, duration, shortDate, size } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { useFresh } from '../failover/fresh.ts';
import { CamerasTable } from './cameras-table.tsx';
import { Coverage } from './coverage.tsx';
import { MissingTable } from './missing-table.tsx';
import { playAcross } from './places.ts';
import { startPrinting } from './printing.ts';
import { Related } from './related.tsx';
import { sentenceOf } from './sentence.ts';
import { Steps } from './steps.tsx';

const EVERY_MS = 5000;
type Place = { readonly at: string; readonly id: string };
type Shown = { readonly report: IncidentReport; readonly home: RestorationView | undefined; readonly asOf: number };

export function IncidentView({ at, id }: Place): VNode {
  const self = server.value?.id;
  const [isOver, setOver] = useState(false);
  const { value, error } = useFresh(
    async (abort): Promise<Shown | undefined> => {
      if (self === undefined) return undefined;
      const report = await incidentReport(at, id, abort);
      setOver(report.state === 'closed');
      const home = report.state === 'closed' ? undefined : await comingHome(at, report, abort).catch(() => undefined);
      return { report, home, asOf: boxNow() };
    },
    { key: self ?? '', everyMs: isOver ? 60_000 : EVERY_MS, on: ['incident'] },
  );
  // What was shown stays while it is asked for anew.
  const [last, setLast] = useState<Shown>();
  useEffect(() => {
    if (value !== undefined) setLast(value);
  }, [value]);
  useEffect(startPrinting, []);
  const shown = value ?? last;
  if (shown !== undefined) return <Report {...shown} error={error} />;
  return (
    <Page title={shell('nav.incidents')} actions={<Back />}>
      {error === undefined ? (
        <div class="empty" aria-busy="true">
          <span class="spinner" />
          <span class="hidden-text">{shell('common.loading')}</span>
        </div>
      ) : (
        <Empty icon="alert" title={t('page.unknown')} text={messageOf(error)} />
      )}
    </Page>
  );
}

function Back(): VNode {
  return (
    <a class="button quiet no-print" href="/incidents">
      <Icon name="chevronLeft" />
      {t('page.back')}
    </a>
  );
}

function Report({ report, home, asOf, error }: Shown & { readonly error: unknown }): VNode {
  const { serverName, openedAt, state } = report;
  const title = `${serverName}, ${shortDate(openedAt)}, ${clockTime(openedAt)}`;
  return (
    <Page title={title} actions={<Actions report={report} />}>
      <div class="incident">
        {error !== undefined && (
          <Notice tone="warn">{t('page.stale', { time: clockTime(asOf), message: messageOf(error) })}</Notice>
        )}
        <section class={`incident-first ${state}`}>
          <span class={`chip ${state === 'closed' ? '' : state === 'covering' ? 'warn' : 'info'}`}>
            <span class="dot" />
            {t(`page.${state}`)}
          </span>
          <p class="incident-sentence">{unbroken(sentenceOf(report).join(' '))}</p>
          {home !== undefined && <Progress {...home} />}
          <Related report={report} />
        </section>
        <div class="incident-pair">
          <Steps report={report} />
          <MissingTable report={report} />
        </div>
        <Coverage report={report} />
        <CamerasTable report={report} />
        <p class="incident-made">
          {t('page.reportOf', { time: dateAndTime(now.peek()), name: server.value?.name ?? '' })}
        </p>
      </div>
    </Page>
  );
}

/** No number stands apart from its unit. */
const unbroken = (text: string): string => text.replaceAll(/(\d) (s|%|[kMGT]?B)(?!\w)/g, '$1\u00a0$2');

function Actions({ report }: { readonly report: IncidentReport }): VNode {
  const play = playAcross(report);
  return (
    <>
      <Back />
      {play !== undefined && (
        <a class="button primary no-print" href={play}>
          <Icon name="play" />
          {t('page.play')}
        </a>
      )}
      <button type="button" class="button no-print" onClick={() => save(report)}>
        <Icon name="exports" />
        {t('page.json')}
      </button>
      <button type="button" class="button no-print" onClick={() => window.print()}>
        <Icon name="events" />
        {t('page.print')}
      </button>
    </>
  );
}

function save(report: IncidentReport): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(report, undefined, 2)], { type: 'application/json' }));
  link.download = `${report.id}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function Progress({ bytes, secondsLeft }: RestorationView): VNode {
  const part = bytes.total === 0 ? 0 : Math.min(1, bytes.done / bytes.total);
  const left = secondsLeft === undefined ? '…' : t('page.left', { time: duration(secondsLeft) });
  return (
    <div class="incident-home">
      <progress max={1} value={part} aria-label={t('page.progress')} />
      <span class="muted">{t('page.progressText', { done: size(bytes.done), total: size(bytes.total), left })}</span>
    </div>
  );
}
