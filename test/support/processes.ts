/** Child processes of a test: output kept, killed by their own pid when the test ends. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { ExecutionContext } from 'ava';
import { waitFor } from './wait-for.ts';

export type TestProcess = {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Exit code, or the signal's name. Resolves once the streams are closed. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** The first line of standard output that `match` accepts. */
  readonly line: (match: RegExp, timeoutMs?: number) => Promise<string>;
  readonly write: (text: string) => void;
  readonly kill: (signal?: NodeJS.Signals) => void;
};

export type ProcessOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
};

export function startProcess(
  t: Pick<ExecutionContext, 'teardown'>,
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): TestProcess {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('error', (error) => {
      stderr += `${error.message}\n`;
      resolve(127);
    });
    child.once('close', (code, signal) => resolve(code ?? signal ?? 0));
  });
  let hasEnded = false;
  void ended.then(() => (hasEnded = true));
  const kill = (signal: NodeJS.Signals = 'SIGKILL'): void => void child.kill(signal);
  t.teardown(async () => {
    kill();
    await ended;
  });
  /** Whole lines: the rest of the last one may come with the next piece, unless there is none. */
  const lineOf = (match: RegExp): string | undefined =>
    stdout
      .split('\n')
      .slice(0, hasEnded ? undefined : -1)
      .find((line) => match.test(line));
  return {
    child,
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    line: (match, timeoutMs) =>
      waitFor(`a line ${match} of ${command} (stderr: ${stderr.slice(-400)})`, () => lineOf(match), timeoutMs),
    write: (text) => void child.stdin.write(text),
    kill,
  };
}

/** Runs a command to its end; rejects with its error output unless it exits with 0. */
export async function runProcess(
  t: Pick<ExecutionContext, 'teardown'>,
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<string> {
  const running = startProcess(t, command, args, options);
  const result = await running.ended;
  if (result !== 0) throw new Error(`${command} ended with ${result}: ${running.stderr().slice(-2000)}`);
  return running.stdout();
}
