/**
 * One child: started, started again whenever it ends, stopped when told. It gets a pipe as standard input and ends by
 * itself when that closes, so that nothing outlives a supervisor that was killed; its output is ours, without a copy.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { DurationMs } from '../core/units.ts';
import { startTicksOf } from './instance.ts';
import type { ChildStatus } from './instance.ts';
import { restartOf } from './restart-policy.ts';
import type { Failures } from './restart-policy.ts';

/** Control ends with this when another release is to run: so does the supervisor then, and `bin/understudy` starts it (EX_TEMPFAIL). */
export const EXIT_FOR_UPDATE = 75;
/** A child that was used wrongly (a port taken, a folder not writable) ends with this; at its first start that is final. */
export const EXIT_USED_WRONGLY = 2;

export type ChildSpec = {
  readonly name: 'media' | 'control';
  readonly nodeFlags: readonly string[];
  readonly script: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** From SIGTERM to SIGKILL. */
  readonly patience: DurationMs;
};
export type Child = {
  readonly status: () => ChildStatus | undefined;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
};
export type ChildDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: () => void;
  /** It ended with `EXIT_USED_WRONGLY` before it had lived for a moment, and never did better. */
  readonly onHopeless: () => void;
  /** It ended with `EXIT_FOR_UPDATE`. */
  readonly onUpdate: () => void;
};

export function startChild(spec: ChildSpec, { clock, log, onChange, onHopeless, onUpdate }: ChildDeps): Child {
  let process: ChildProcess | undefined;
  let status: ChildStatus | undefined;
  let failures: Failures = 0;
  let restarts = -1;
  let lastExit: string | undefined;
  let ended = Promise.resolve();
  const stopping = new AbortController();

  const start = (): void => {
    const startedAt = clock.monotonic();
    restarts += 1;
    const child = launch(spec);
    process = child;
    const { promise, resolve } = Promise.withResolvers<void>();
    ended = promise;
    const pid = child.pid ?? 0;
    status = { pid, startTicks: startTicksOf(pid), startedAt: clock.now(), restarts, lastExit };
    log.info('process started', { process: spec.name, pid, restarts });
    let over = false;
    const onEnd = (code: number | null, how: string): void => {
      if (over) return;
      over = true;
      process = undefined;
      lastExit = how;
      resolve();
      if (stopping.signal.aborted) return;
      if (code === EXIT_USED_WRONGLY && restarts === 0) return onHopeless();
      if (code === EXIT_FOR_UPDATE) return onUpdate();
      const next = restartOf(failures, startedAt, clock.monotonic());
      ({ failures } = next);
      log.warn('process ended', { process: spec.name, pid, how, restartInMs: next.delay });
      void startAfter(next.delay);
    };
    child.once('exit', (code, signal) => onEnd(code, signal ?? `exit code ${code}`));
    child.once('error', (error) => onEnd(null, error.message));
    onChange();
  };
  const startAfter = async (delay: DurationMs): Promise<void> => {
    if (delay > 0) await clock.sleep(delay, stopping.signal);
    if (!stopping.signal.aborted) start();
  };

  start();
  return {
    status: () => status,
    signal: (signal) => void process?.kill(signal),
    stop: async () => {
      stopping.abort();
      process?.kill('SIGTERM');
      const cancel = clock.after(spec.patience, () => {
        log.error('process did not end in time and is killed', { process: spec.name });
        process?.kill('SIGKILL');
      });
      await ended;
      cancel();
    },
  };
}

function launch({ nodeFlags, script, args, environment }: ChildSpec): ChildProcess {
  const child = spawn(globalThis.process.execPath, [...nodeFlags, script, ...args], {
    // A session of its own: Ctrl-C in a terminal reaches the supervisor alone, which stops things in order.
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...globalThis.process.env, ...environment },
  });
  child.stdin?.on('error', () => undefined);
  return child;
}
