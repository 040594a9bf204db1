/** The verdict on a restoration that was cut, and what of it stands in a table. Pure. Belongs here: judging. Does not: cutting (test/campaign/restoration.ts). */
import { checkRecording } from '../../src/simulator/check.ts';
import type { RecordedUnit } from '../../src/simulator/check.ts';
import { parseStamp } from '../../src/simulator/stamp.ts';

export type Outage = { readonly from: number; readonly to: number };
/** When each did not record, or was not ready to; wall milliseconds. */
export type Outages = { readonly protected: Outage[]; readonly failover: Outage[] };
/** `smbd`, `share` and `disc` are those of one way home each (cut-ways.ts). */
export type CutKind = 'protected' | 'failover' | 'both' | 'link' | 'smbd' | 'share' | 'disc';
export type Cut = { readonly who: CutKind; readonly downMs: number };
export type CutFailure = {
  readonly cuts: readonly Cut[];
  readonly restorations: number;
  /** Of files that went home. */
  readonly bytes: number;
  /** To the protected server while they did. */
  readonly wireBytes: number;
  /** From what the protected server says of its start, and from its first frame, to the beginning of the restoration. */
  readonly afterReturnMs: number;
  readonly afterFrameMs: number;
  /** From the start of the protected server to the first large piece. */
  readonly firstPieceMs: number | undefined;
  /** Access units while neither recorded. */
  readonly nobody: number;
  readonly problems: readonly string[];
};

/** What was recorded last is in no file yet when a process dies. */
const UNWRITTEN_MS = 2000;
const FRAME_MS = 40;

export function judgeCut(
  units: readonly RecordedUnit[],
  { cameraId, outages }: { readonly cameraId: string; readonly outages: Outages },
): { readonly nobody: number; readonly problems: readonly string[] } {
  const report = checkRecording(units, { cameraId, stream: 'main', codec: 'h264' });
  const wallOf = clockOf(units);
  const isIn = (all: readonly Outage[], at: number): boolean =>
    all.some(({ from, to }) => at >= from - UNWRITTEN_MS && at <= to + UNWRITTEN_MS);
  const missing = report.missing.flatMap(({ from, to }) =>
    Array.from({ length: to - from }, (_, index) => from + index),
  );
  const isExcused = (counter: number): boolean =>
    isIn(outages.protected, wallOf(counter)) && isIn(outages.failover, wallOf(counter));
  const lost = missing.filter((counter) => !isExcused(counter));
  const problems = (
    [
      ['stand twice', report.doubled],
      ['stand out of order', report.reordered],
      ['are altered', report.altered],
      ['are missing', lost],
    ] as const
  ).flatMap(([what, which]) =>
    which.length === 0 ? [] : [`${which.length} access units ${what}: ${JSON.stringify(which.slice(0, 3))}`],
  );
  if (units.length === 0) problems.push('nothing is played');
  return { nobody: missing.length - lost.length, problems };
}

/** From the stamps that the simulated camera put in. */
function clockOf(units: readonly RecordedUnit[]): (counter: number) => number {
  for (const { nals } of units) {
    const stamp = nals.map((nal) => parseStamp('h264', nal)).find((found) => found !== undefined);
    if (stamp !== undefined) return (counter) => stamp.wallMicros / 1000 + (counter - stamp.counter) * FRAME_MS;
  }
  return () => 0;
}

/** Bytes beside the footage, as a share of it, when nothing is cut. */
const overheadOf = (failures: readonly CutFailure[]): number => {
  const whole = failures.find(({ cuts, bytes }) => cuts.length === 0 && bytes > 0);
  return whole === undefined ? 0 : Math.max(0, whole.wireBytes / whole.bytes - 1);
};

export const describeFailure = (failure: CutFailure | undefined): string => JSON.stringify(failure);

export type Circumstances = {
  readonly command: string;
  readonly ground: string;
  readonly seconds: number;
  readonly limit: number;
};

export function tableOf(failures: readonly CutFailure[], { command, ground, seconds, limit }: Circumstances): string {
  const overhead = overheadOf(failures);
  const cuts = failures.flatMap((failure) => failure.cuts);
  const again = (failure: CutFailure): number => failure.wireBytes - failure.bytes * (1 + overhead);
  const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(0);
  const rows = failures.map((failure, index) => {
    const count = (who: Cut['who']): number => failure.cuts.filter((cut) => cut.who === who).length;
    const { bytes, wireBytes, restorations, nobody, problems } = failure;
    const each = failure.cuts.length === 0 ? '–' : kilobytes(again(failure) / failure.cuts.length);
    return `| ${index + 1} | ${count('protected')} / ${count('failover')} / ${count('both')} / ${count('link')} | ${restorations} | ${kilobytes(bytes)} | ${kilobytes(wireBytes)} | ${each} | ${nobody} | ${problems.length} |`;
  });
  const problems = failures.flatMap((failure, index) =>
    failure.problems.map((problem) => `- ${index + 1}: ${problem}`),
  );
  return `# Restorations cut in the middle

\`${command}\`: ${failures.length} failures, ${cuts.length} cuts, ${cuts.filter(({ who }) => who !== 'link').length} of them by SIGKILL, in ${seconds} s; ${ground}.
One hot camera of 1.6 Mbit/s, covered for 8 to 14 s each time; footage goes home over a relay, limited to ${limit / 1e6} Mbit/s. Each failure after the first is cut while footage moves, at random:
everything of the protected server R, of the failover server F, or of both is killed and started again up to 1.5 s later,
or the link between the two is cut for as long. A killed R fails anew, and is covered anew, in the middle of it.

Judged by what is played at R: each access unit once, in order, unaltered; missing only where neither of the two was running, or ready. Kilobytes to return are those of the files; on the wire counts all bytes to R over the connections that carry
them, with what a fresh connection says first. Without a cut that is ${(overhead * 100).toFixed(1)} % more than the files; what goes beyond is counted as sent again. A fragment of half a second has about 110 KB.

| failure | cuts R / F / both / link | restorations | KB to return | KB on the wire | KB again a cut | units nobody recorded | problems |
|---:|---|---:|---:|---:|---:|---:|---:|
${rows.join('\n')}

## How soon

From the return of R to the beginning of the restoration, by the servers' own records; ms, least / median / most.

| from | to the beginning |
|---|---|
| R says that it was started | ${spread(failures.map(({ afterReturnMs }) => afterReturnMs))} |
| R's first frame is durable | ${spread(failures.map(({ afterFrameMs }) => afterFrameMs))} |
| R says that it was started, to the first footage on the wire | ${spread(failures.flatMap(({ firstPieceMs }) => firstPieceMs ?? []))} |

## Problems

${problems.length === 0 ? 'None.' : problems.join('\n')}
`;
}

function spread(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((left, right) => left - right);
  const at = (share: number): string => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toString();
  return sorted.length === 0 ? '–' : `${at(0)} / ${at(0.5)} / ${at(1)}`;
}
