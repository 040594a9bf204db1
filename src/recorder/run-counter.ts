/**
 * Numbers for fragments that no server ever uses twice: the count of process starts, durable before the first number is
 * given out, times 2^32, plus a count within the process.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFileSync } from '../core/durable-file.ts';
import { UnderstudyError, systemCodeOf } from '../core/errors.ts';

const PER_RUN = 2 ** 32;
/** 2^53 / 2^32: numbers stay exact. A start each second lasts 24 days; a start each minute four years. */
const MAX_RUNS = 2 ** 21;

export type Sequence = {
  /** Larger than every number before, of this process and of those before it. */
  readonly next: () => number;
};

/** @throws UnderstudyError `recorder/run-counter` if the file holds something else or cannot be replaced. */
export function openRunCounter(path: string): Sequence {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const run = readRun(path) + 1;
  if (run >= MAX_RUNS) throw damaged(path, `at most ${MAX_RUNS} starts, it counts ${run}`);
  store(path, `${run}\n`);
  return createSequence(run * PER_RUN);
}

/** Counts from `start`; for a volume recorded without a data directory, `start` comes from the wall clock. */
export function createSequence(start: number): Sequence {
  let last = start;
  return { next: () => (last += 1) };
}

/** A full disk must not keep cameras from being recorded elsewhere: written over in place, some bytes need no new block. */
function store(path: string, text: string): void {
  try {
    replaceFileSync(path, text);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    const file = openSync(path, 'r+');
    try {
      writeSync(file, text, 0);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}

function readRun(path: string): number {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return 0;
    throw error;
  }
  if (!/^\d{1,7}\n$/.test(text)) throw damaged(path, 'expected one number, found something else');
  return Number(text);
}

function damaged(path: string, what: string): UnderstudyError {
  return new UnderstudyError(
    'corrupt',
    'recorder/run-counter',
    `The counter of starts is damaged (${what}): ${path}. Write a number above every earlier count into it.`,
  );
}
