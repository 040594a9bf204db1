/** Distributions of the failover campaign as Markdown tables. Pure. */
import type { PlayResult } from '../support/failover-play.ts';
import { camerasOf, missesByFault, quantile as quantileOf, sumOf, suspectedIn, targetsOf } from './failover-targets.ts';
import type { Promises } from './failover-targets.ts';

const READINGS = `What the lines mean: *lost* is the sum of all holes of a camera in a run; *while a server was ready* leaves out when neither the protected
server nor any failover server was up and had time to connect and to get a key frame (\`test/support/failover-losses.ts\`). The lines over all runs leave out
nothing: with *both* and *failover-killed* nobody could record for seconds. Failover servers that know of each other (there is a host) share what
stands by: a camera is hot at one of them, and while that one covers it at the next in rank too, which goes on when the first one is killed (*covering-killed*).
Without a host each keeps all of them (*one-of-two-killed*).
`;

type Group = readonly [name: string, plays: readonly PlayResult[]];

export function failoverTables(results: readonly PlayResult[], promises: Promises): string {
  const groups: readonly Group[] = [...Map.groupBy(results, ({ fault }) => fault), ['all', results]];
  return [
    targetTable(results, promises),
    '## How soon\n\nMilliseconds from the fault to the suspicion with which covering begins, and to the first durable key frame at a failover server.\n',
    soonTable(groups),
    '## What is lost\n\nMilliseconds of footage missing at the end, all holes of a camera in a run together; in the last column the longest single hole. With a SIGKILL each hole begins with what was in memory.\n',
    lossTable(groups),
    '## Problems\n',
    problemsOf(results),
  ].join('\n');
}

function targetTable(results: readonly PlayResult[], promises: Promises): string {
  const misses = missesByFault(results, promises);
  return [
    '## Targets\n',
    tableOf(
      ['target', 'at most', 'measured', 'met'],
      targetsOf(results, promises).map(({ what, target, measured, met }) => [
        what,
        target,
        measured,
        met === undefined ? 'not measured' : met ? 'yes' : '**missed**',
      ]),
    ),
    misses.length === 0
      ? 'Each fault by itself: suspected in time.\n'
      : `Fault by fault, missed:\n\n${misses.map((miss) => `- ${miss}`).join('\n')}\n`,
    READINGS,
  ].join('\n');
}

const soonTable = (groups: readonly Group[]): string =>
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
    groups.map(([fault, plays]) => {
      const [hot, warm, cold] = [firstsOf(plays, 'hot'), firstsOf(plays, 'warm'), firstsOf(plays, 'cold')];
      return [
        fault,
        plays.length,
        plays.filter(({ covers }) => covers > 0).length,
        ...spread(suspectedIn(plays)),
        ...ends(hot),
        ...spread(warm),
        ...ends(cold),
      ];
    }),
  );

const lossTable = (groups: readonly Group[]): string =>
  tableOf(
    ['fault', 'hot p50', 'max', 'warm p50', 'p99', 'max', 'cold p50', 'max', 'takeovers declared', 'longest hole'],
    groups.map(([fault, plays]) => [
      fault,
      ...ends(lostOf(plays, 'hot')),
      ...spread(lostOf(plays, 'warm')),
      ...ends(lostOf(plays, 'cold')),
      plays.reduce((sum, { declared }) => sum + declared, 0),
      Math.max(0, ...plays.flatMap(({ cameras }) => cameras).map(({ lostMs }) => lostMs)),
    ]),
  );

function problemsOf(results: readonly PlayResult[]): string {
  const problems = results.flatMap(({ fault, seed, problems: all }) =>
    all.map((text) => `- ${fault}, seed ${seed}: ${text}`),
  );
  return problems.length === 0
    ? 'None: every access unit stands once, in order, and what is missing is booked.\n'
    : `${problems.join('\n')}\n`;
}

const firstsOf = (plays: readonly PlayResult[], level: string): readonly number[] =>
  camerasOf(plays, level).flatMap(({ coveredAfterMs }) => coveredAfterMs ?? []);
const lostOf = (plays: readonly PlayResult[], level: string): readonly number[] => camerasOf(plays, level).map(sumOf);

type Cell = string | number;
const quantile = (values: readonly number[], share: number): Cell => quantileOf(values, share) ?? '–';
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
