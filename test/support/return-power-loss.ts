/** One restoration on logging disks, many power cuts of both servers: the body of the campaign and of its slice among the interop tests. */
import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { crashDisks } from './crash-disks.ts';
import type { CrashDisks } from './crash-disks.ts';
import { playReturns, RETURN_DISKS } from './return-play.ts';
import type { ReturnDisk, ReturnPlay } from './return-play.ts';
import { judgeCut, NOTHING_CHECKED } from './return-power-verdict.ts';
import type { ReturnTally } from './return-power-verdict.ts';
import { createRandom } from './seeded-random.ts';
import type { Random } from './seeded-random.ts';

/** What is left out, to see that it is noticed: flushes of bytes, of files and names, of rows. */
export const PLANTS = ['datasync', 'sync', 'rows'] as const;
export type Plant = (typeof PLANTS)[number];
export type ReturnLossOptions = {
  readonly seed: number;
  readonly runs: number;
  readonly seconds: number;
  readonly plant?: Plant;
  readonly onRun?: (line: string) => void;
};
export type ReturnLossOutcome = Readonly<ReturnTally> & {
  readonly cuts: number;
  readonly cutsWithProblems: number;
  readonly records: number;
  readonly files: number;
  readonly unmountable: number;
  readonly problems: readonly string[];
};

export async function runReturnPowerLoss(directory: string, options: ReturnLossOptions): Promise<ReturnLossOutcome> {
  const disks = await crashDisks(directory, RETURN_DISKS);
  let play: ReturnPlay;
  const mend = options.plant === undefined ? (): void => undefined : await leaveOut(options.plant);
  try {
    play = await playReturns(disks, options.seconds);
  } finally {
    mend();
    await disks.down();
  }
  const random = createRandom(options.seed);
  const moments = await momentsOf(disks, play);
  const tally = { ...NOTHING_CHECKED };
  const problems: string[] = [];
  let [unmountable, cutsWithProblems] = [0, 0];
  for (let index = 1; index <= options.runs; index += 1) {
    const at = pickMoment(moments, random);
    const seed = options.seed * 100_000 + index;
    const found: string[] = [];
    const cut = await disks.cut(at, seed);
    if (cut === undefined) {
      unmountable += 1;
      found.push('a disk does not mount');
    } else {
      try {
        await judgeCut(play, { at, mountOf: cut.mountOf }, { tally, problem: (what) => void found.push(what) });
      } finally {
        await cut.unmount();
      }
    }
    if (found.length > 0) cutsWithProblems += 1;
    problems.push(...found.map((what) => `cut ${index} after ${Math.round((at - play.from) / 1e6)} ms: ${what}`));
    if (index % 10 === 0) options.onRun?.(`${index} of ${options.runs} cuts, ${problems.length} problems`);
  }
  const records = moments.reduce((sum, times) => sum + times.length, 0);
  return { cuts: options.runs, cutsWithProblems, records, files: play.files.size, ...tally, unmountable, problems };
}

/** When each disk got something between the beginning and the end. */
async function momentsOf(
  disks: CrashDisks<ReturnDisk>,
  { from, to }: ReturnPlay,
): Promise<readonly (readonly number[])[]> {
  const moments: (readonly number[])[] = [];
  for (const name of disks.names) moments.push((await disks.timesOf(name)).filter((time) => time > from && time <= to));
  return moments;
}

/** Of any disk as often, however little it gets; at a record of it or a moment later. */
function pickMoment(moments: readonly (readonly number[])[], random: Random): number {
  const times = random.pick(moments.filter(({ length }) => length > 0));
  return random.pick(times) + (random.chance(0.3) ? random.int(0, 2_000_000) : 0);
}

/** In this process, until what it returns is called. */
async function leaveOut(plant: Plant): Promise<() => void> {
  if (plant === 'rows') {
    const prototype = DatabaseSync.prototype as { exec: (this: DatabaseSync, sql: string) => void };
    const original = prototype.exec;
    prototype.exec = function loose(sql): void {
      original.call(this, sql.replaceAll(/synchronous = (?:FULL|NORMAL)/g, 'synchronous = OFF'));
    };
    return () => {
      prototype.exec = original;
    };
  }
  const handle = await open('/dev/null', 'r');
  const prototype = Object.getPrototypeOf(handle) as { [Name in 'datasync' | 'sync']: () => Promise<void> };
  await handle.close();
  const original = prototype[plant];
  prototype[plant] = async () => await Promise.resolve();
  return () => {
    prototype[plant] = original;
  };
}
