/**
 * Keeps the RTMP child running while cameras push: starts it, tells it which keys are allowed, starts it again when it ends.
 * Where pushes can be fetched is known once it is ready.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import type { FromChild, ToChild } from './rtmp-messages.ts';

/** Doubled with every start that got nowhere: a taken port stays taken for a while. */
const FIRST_RESTART_MS = 500;
const MAX_RESTART_MS = 30_000;
/** 16 pushes of 4 Mbit/s took 155 MB in all, half of it outside the heap. */
const HEAP_LIMIT_MB = 160;

export type RtmpOptions = {
  readonly address: string;
  readonly port: number;
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
};

export type RtmpServer = Running & {
  /** Replaces the keys that may push. */
  readonly allow: (keys: readonly string[]) => void;
  /** Address of a push as FLV over HTTP on loopback; `undefined` while the server is not ready. */
  readonly flvUrlOf: (key: string) => string | undefined;
  /** LAN port once ready. */
  readonly port: () => number | undefined;
};

export function startRtmpServer({ address, port, folder, clock, log }: RtmpOptions): RtmpServer {
  let child: ChildProcess | undefined;
  let ready: FromChild | undefined;
  let keys: readonly string[] = [];
  let stopping = false;
  let restartMs = FIRST_RESTART_MS;
  const source = import.meta.url.endsWith('.ts') ? './rtmp-child.ts' : './rtmp-child.js';
  const file = fileURLToPath(new URL(source, import.meta.url));
  const done = Promise.withResolvers<void>();

  function start(): void {
    const started = fork(file, [address, String(port), folder], {
      execArgv: [`--max-old-space-size=${HEAP_LIMIT_MB}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {},
    });
    child = started;
    started.on('message', (message: FromChild) => {
      ready = message;
      restartMs = FIRST_RESTART_MS;
      log.info('RTMP pushes are taken', { port: message.port });
    });
    started.on('error', (error) => log.error('the RTMP server could not be started', { error }));
    started.once('exit', (code, signal) => {
      ready = undefined;
      if (stopping) return done.resolve();
      log.warn('the RTMP server ended and is started again; is its port taken?', { code, signal, port });
      clock.after(durationMs(restartMs), () => {
        if (!stopping) start();
      });
      restartMs = Math.min(MAX_RESTART_MS, 2 * restartMs);
    });
    tell();
  }

  function tell(): void {
    const message: ToChild = { kind: 'keys', keys };
    if (child?.connected) child.send(message, () => undefined);
  }

  start();
  return {
    allow: (allowed) => {
      keys = allowed;
      tell();
    },
    flvUrlOf: (key) => (ready ? `http://127.0.0.1:${ready.flvPort}/live/${key}.flv` : undefined),
    port: () => ready?.port,
    stop: async () => {
      stopping = true;
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await done.promise;
    },
  };
}
