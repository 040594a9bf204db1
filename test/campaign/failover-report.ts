/**
 * What runs of the failover campaign leave behind: their results as JSON, of one or of several together, and the report made of it.
 *
 * Belongs here: the files and their head. Does not: figures (failover-targets.ts, failover-tables.ts).
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectationOf, FAULTS } from '../support/failover-fault-list.ts';
import type { Fault } from '../support/failover-fault-list.ts';
import type { PlayResult } from '../support/failover-play.ts';
import { failoverTables } from './failover-tables.ts';
import type { Promises } from './failover-targets.ts';

export type Source = {
  readonly seed: number;
  readonly runs: number;
  readonly seconds: number;
  readonly machine: string;
  readonly only?: string;
  /** Seconds, of each fault; else drawn. */
  readonly lasts?: number;
  /** What must be known to read its figures. */
  readonly note?: string;
};
export type Report = { readonly sources: readonly Source[]; readonly results: readonly PlayResult[] };

/** Judged as a pause of half an hour would be: only those that are quiet however long they last. */
const LONG_MS = 1_800_000;
export function promisesOf(faults: typeof FAULTS): Promises {
  const named = (has: (fault: Fault) => boolean): ReadonlySet<string> =>
    new Set(faults.filter(has).map(({ name }) => name));
  return {
    seenAtOnce: named(({ isSeenAtOnce }) => isSeenAtOnce === true),
    quiet: named((fault) => ['nothing', 'no-takeover'].includes(expectationOf(fault, LONG_MS))),
    killsSpare: named(({ killsSpare }) => killsSpare === true),
  };
}

/** One source stands in the file itself, as before several could be merged. */
export function parseReport(text: string): Report {
  const file = JSON.parse(text) as Report | (Source & Pick<Report, 'results'>);
  if ('sources' in file) return file;
  const { results, ...source } = file;
  return { sources: [source], results };
}

export const readReport = async (path: string): Promise<Report> => parseReport(await readFile(path, 'utf8'));

/** In the order of the list of faults, whoever played them. */
export function mergeReports(reports: readonly Report[]): Report {
  const order = FAULTS.map(({ name }) => name);
  const results = reports.flatMap((report) => report.results);
  return {
    sources: reports.flatMap(({ sources }) => sources),
    results: results.toSorted((left, right) => order.indexOf(left.fault) - order.indexOf(right.fault)),
  };
}

export function reportText({ sources, results }: Report): string {
  const lines = sources.map(({ seed, runs, seconds, machine, only, lasts, note }) => {
    const options = [
      ...(only === undefined ? [] : [`--only ${only}`]),
      ...(lasts === undefined ? [] : [`--lasts ${lasts}`]),
    ];
    const command = ['./build.sh campaign failover', `--seed ${seed}`, `--runs ${runs}`, ...options].join(' ');
    return `- \`${command}\`, ${seconds} s, ${machine}.${note === undefined ? '' : ` ${note}`}`;
  });
  return `# Failover campaign\n\n${lines.join('\n')}\n\n${failoverTables(results, promisesOf(FAULTS))}`;
}

export async function writeReport(folder: string, report: Report): Promise<void> {
  await writeFile(join(folder, 'failover.json'), `${JSON.stringify(report, undefined, 1)}\n`);
  await writeFile(join(folder, 'failover.md'), reportText(report));
}
