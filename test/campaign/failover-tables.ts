/** Distributions of the failover campaign as Markdown tables. Pure. */
import type { PlayResult } from '../support/failover-play.ts';

export function failoverTables(results: readonly PlayResult[]): string {
  const byFault = [...Map.groupBy(results, ({ fault }) => fault)];
  const problems = results.flatMap(({ fault, seed, problems: all }) =>
    all.map((text) => `- ${fault}, seed ${seed}: ${text}`),
  );
  return [
    '## How soon\n\nMilliseconds from the fault to the suspicion with which covering begins, and to the first durable key frame at a failover server.\n',
    tableOf(
      [
        'fault',
        'runs',
        'covered',
        'suspected p50',
        'p99',
        'max',
        'hot p50',
        'max',
        'warm p50',
        'p99',
        'max',
        'cold p50',
        'max',
      ],
      byFault.map(([fault, plays]) => {
        const suspected = plays.flatMap(({ suspectedAfterMs }) => suspectedAfterMs ?? []);
        const [hot, warm, cold] = [firstsOf(plays, 'hot'), firstsOf(plays, 'warm'), firstsOf(plays, 'cold')];
        return [
          fault,
          plays.length,
          plays.filter(({ covers }) => covers > 0).length,
          ...spread(suspected),
          ...ends(hot),
          ...spread(warm),
          ...ends(cold),
        ];
      }),
    ),
    '## What is lost\n\nMilliseconds of footage missing at the end, the longest hole of a camera in a run.\n',
    tableOf(
      ['fault', 'hot p50', 'max', 'warm p50', 'p99', 'max', 'cold p50', 'max', 'takeovers declared'],
      byFault.map(([fault, plays]) => [
        fault,
        ...ends(lostOf(plays, 'hot')),
        ...spread(lostOf(plays, 'warm')),
        ...ends(lostOf(plays, 'cold')),
        plays.reduce((sum, { declared }) => sum + declared, 0),
      ]),
    ),
    '## Problems\n',
    problems.length === 0
      ? 'None: every access unit stands once, in order, and what is missing is booked.\n'
      : `${problems.join('\n')}\n`,
  ].join('\n');
}

const camerasOf = (plays: readonly PlayResult[], level: string) =>
  plays.flatMap(({ cameras }) => cameras).filter((camera) => camera.level === level);
const firstsOf = (plays: readonly PlayResult[], level: string): readonly number[] =>
  camerasOf(plays, level).flatMap(({ coveredAfterMs }) => coveredAfterMs ?? []);
const lostOf = (plays: readonly PlayResult[], level: string): readonly number[] =>
  camerasOf(plays, level).map(({ lostMs }) => lostMs);

type Cell = string | number;
const quantile = (values: readonly number[], share: number): Cell => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? '–';
};
const spread = (values: readonly number[]): readonly Cell[] => [
  quantile(values, 0.5),
  quantile(values, 0.99),
  quantile(values, 1),
];
const ends = (values: readonly number[]): readonly Cell[] => [quantile(values, 0.5), quantile(values, 1)];

function tableOf(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line), ''].join('\n');
}
