/**
 * Asks ONVIF devices for their profiles in a process of its own (onvif-child.ts tells why).
 * Whatever happens there, every target gets an answer here, in time.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { durationMs } from '../core/units.ts';
import type { OnvifProfile, OnvifTarget } from './onvif.ts';

/** Longer than one device's time-out in the child. */
const ALL_ANSWERS_TIMEOUT = durationMs(8000);
/** Everything the child may say: 128 devices with eight profiles each take 200 KB. */
export const MAX_OUTPUT_BYTES: number = 2 * 1024 * 1024;

export type OnvifAnswer = {
  readonly xaddr: string;
  readonly profiles: readonly OnvifProfile[];
  readonly problem?: { readonly code: string; readonly message: string };
};

export type AskDeps = { readonly clock: Clock; readonly log: Log };

/** One answer for each target, in the order of the targets. */
export async function askOnvif(
  targets: readonly OnvifTarget[],
  { clock, log }: AskDeps,
): Promise<readonly OnvifAnswer[]> {
  if (targets.length === 0) return [];
  const source = import.meta.url.endsWith('.ts') ? './onvif-child.ts' : './onvif-child.js';
  const child = spawn(process.execPath, ['--max-old-space-size=96', fileURLToPath(new URL(source, import.meta.url))], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
  });
  const answers = new Map<string, OnvifAnswer>();
  const ended = Promise.withResolvers<void>();
  let output = '';
  let total = 0;
  child.once('error', (error) => log.warn('cannot start the process that asks ONVIF devices', { error }));
  child.once('close', () => ended.resolve());
  child.stdin.on('error', () => undefined);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    total += text.length;
    if (total > MAX_OUTPUT_BYTES) {
      child.kill('SIGKILL');
      return;
    }
    const lines = (output + text).split('\n');
    output = lines.pop() ?? '';
    for (const answer of lines.map((line) => JSON.parse(line) as OnvifAnswer)) answers.set(answer.xaddr, answer);
    if (answers.size === new Set(targets.map(({ xaddr }) => xaddr)).size) child.kill('SIGKILL');
  });
  const cancel = clock.after(ALL_ANSWERS_TIMEOUT, () => child.kill('SIGKILL'));
  child.stdin.end(targets.map((target) => `${JSON.stringify(target)}\n`).join(''));
  await ended.promise;
  cancel();
  return targets.map(({ xaddr }) => answers.get(xaddr) ?? noAnswer(xaddr));
}

const noAnswer = (xaddr: string): OnvifAnswer => ({
  xaddr,
  profiles: [],
  problem: { code: 'onvif/no-answer', message: `No usable ONVIF answer from ${new URL(xaddr).host}.` },
});
