/** The coverage picture: per camera a bar over the incident, told apart by pattern as well as by colour; the same as a table. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { IncidentReport, Part, StreamReport } from '../../api/incidents.ts';
import { t } from '../../messages/incidents/words.ts';
import { clockTime, duration, shortTime } from '../../ui/format.ts';
import type { Column } from '../../ui/table.tsx';
import {
  barsOf,
  marksOf,
  streamName,
  summaryOf,
  whoText,
  whyText,
  windowOf,
  type Window,
  type WindowKind,
} from './parts.ts';
import { playbackPath } from './places.ts';
import { printing } from './printing.ts';
import { ReportTable } from './report-table.tsx';
import { timeBeside } from './sentence.ts';

const STATES: readonly Part['state'][] = ['owner', 'failover', 'returned', 'missing', 'unknown', 'off'];

export function Coverage({ report }: { readonly report: IncidentReport }): VNode | null {
  const [kind, setKind] = useState<WindowKind>('whole');
  const [asTable, setAsTable] = useState(false);
  const { streams } = report;
  if (streams.length === 0) return null;
  const hasReturn = streams.some(({ releasedAt }) => releasedAt !== undefined);
  const kinds: readonly WindowKind[] = hasReturn ? ['whole', 'takeover', 'return'] : ['whole', 'takeover'];
  const shown = windowOf(report, kind);
  return (
    <section class="card">
      <div class="card-head">
        <h2>{t('coverage.title')}</h2>
        <div class="segmented no-print" role="group" aria-label={t('coverage.window')}>
          {kinds.map((one) => (
            <button key={one} type="button" aria-pressed={kind === one} onClick={() => setKind(one)}>
              {t(`coverage.${one}`)}
            </button>
          ))}
        </div>
      </div>
      <Patterns />
      <Legend report={report} />
      <div class="coverage">
        <Axis shown={shown} />
        {streams.map((stream) => (
          <Row key={`${stream.cameraId} ${stream.stream}`} stream={stream} report={report} shown={shown} />
        ))}
      </div>
      <button
        type="button"
        class="button no-print coverage-toggle"
        aria-expanded={asTable}
        onClick={() => setAsTable(!asTable)}
      >
        {t(asTable ? 'coverage.hideTable' : 'coverage.showTable')}
      </button>
      {(asTable || printing.value) && <Stretches report={report} />}
    </section>
  );
}

/** As the timeline of playback has them: stripes for the failover server, dots for returned, hatch for missing, dashes for not known. */
function Patterns(): VNode {
  return (
    <svg class="coverage-patterns" width="0" height="0" aria-hidden="true" focusable="false">
      <defs>
        <pattern id="coverage-failover" width="8" height="8" patternUnits="userSpaceOnUse">
          <rect class="fill-failover" width="8" height="8" />
          <path class="line-failover" d="M-2 2 2 -2M0 8 8 0M6 10 10 6" />
        </pattern>
        <pattern id="coverage-returned" width="8" height="8" patternUnits="userSpaceOnUse">
          <rect class="fill-returned" width="8" height="8" />
          <path class="dot-returned" d="M1 1h2v2H1zM5 5h2v2H5z" />
        </pattern>
        <pattern id="coverage-missing" width="6" height="6" patternUnits="userSpaceOnUse">
          <rect class="fill-missing" width="6" height="6" />
          <path class="line-missing" d="M0 0 6 6M0 6 6 0" />
        </pattern>
        <pattern id="coverage-unknown" width="8" height="8" patternUnits="userSpaceOnUse">
          <rect class="fill-unknown" width="8" height="8" />
          <rect class="dash-unknown" x="1" y="3" width="4" height="1.5" />
        </pattern>
      </defs>
    </svg>
  );
}

function Legend({ report }: { readonly report: IncidentReport }): VNode {
  const present = new Set(report.streams.flatMap(({ coverage }) => coverage.map(({ state }) => state)));
  return (
    <ul class="coverage-legend">
      {STATES.filter((state) => present.has(state)).map((state) => (
        <li key={state}>
          <svg width="22" height="12" aria-hidden="true">
            <rect class={`bar-${state}`} width="22" height="12" rx="2" />
          </svg>
          {whoText({ state, start: 0, end: 0 }, report)}
        </li>
      ))}
    </ul>
  );
}

function Axis({ shown }: { readonly shown: Window }): VNode {
  const isFine = shown.end - shown.start < 600_000;
  return (
    <div class="coverage-row coverage-axis" aria-hidden="true">
      <span />
      <svg height="16" width="100%">
        {marksOf(shown).map((at) => (
          <text key={at} x={`${((at - shown.start) / (shown.end - shown.start)) * 100}%`} y="11" text-anchor="middle">
            {isFine ? clockTime(at) : shortTime(at)}
          </text>
        ))}
      </svg>
      <span />
    </div>
  );
}

type RowProps = { readonly stream: StreamReport; readonly report: IncidentReport; readonly shown: Window };
function Row({ stream, report, shown }: RowProps): VNode {
  const name = streamName(stream);
  const lost = stream.coverage.reduce(
    (sum, { state, start, end }) => (state === 'missing' ? sum + end - start : sum),
    0,
  );
  const base = report.openedAt;
  return (
    <div class="coverage-row">
      <a
        class="cut coverage-name"
        href={playbackPath([stream.cameraId], stream.lastFrame)}
        title={name}
        aria-label={t('cameras.play', { name })}
      >
        {name}
      </a>
      <svg height="16" width="100%" role="img" aria-label={t('coverage.of', { name, text: summaryOf(stream, report) })}>
        <rect class="bar-track" width="100%" height="16" />
        {barsOf(stream.coverage, shown).map(({ part, from, length }) => (
          <rect key={part.start} class={`bar-${part.state}`} x={`${from}%`} width={`${length}%`} height="16">
            <title>
              {`${timeBeside(part.start, base)} – ${timeBeside(part.end, base)}: ${[whoText(part, report), whyText(part)].filter(Boolean).join(', ')}`}
            </title>
          </rect>
        ))}
      </svg>
      <span class={lost > 0 ? 'num bad' : 'num muted'}>{lost > 0 ? duration(lost / 1000) : '–'}</span>
    </div>
  );
}

type Stretch = { readonly stream: StreamReport; readonly part: Part };
function Stretches({ report }: { readonly report: IncidentReport }): VNode {
  const rows = report.streams.flatMap((stream) => stream.coverage.map((part): Stretch => ({ stream, part })));
  return (
    <div class="coverage-table">
      <ReportTable
        label={t('coverage.tableLabel')}
        rows={rows}
        idOf={({ stream, part }) => `${stream.cameraId} ${stream.stream} ${part.start}`}
        columns={columnsOf(report)}
      />
    </div>
  );
}

const columnsOf = (report: IncidentReport): readonly Column<Stretch>[] => [
  { key: 'camera', title: t('coverage.camera'), cell: ({ stream }) => streamName(stream) },
  {
    key: 'from',
    title: t('coverage.from'),
    class: 'fit num',
    cell: ({ part }) => timeBeside(part.start, report.openedAt),
  },
  { key: 'to', title: t('coverage.to'), class: 'fit num', cell: ({ part }) => timeBeside(part.end, report.openedAt) },
  {
    key: 'length',
    title: t('coverage.length'),
    class: 'fit num',
    cell: ({ part }) => duration((part.end - part.start) / 1000),
  },
  { key: 'who', title: t('coverage.who'), cell: ({ part }) => whoText(part, report) },
  { key: 'why', title: t('coverage.why'), class: 'wide-only', cell: ({ part }) => whyText(part) },
];
