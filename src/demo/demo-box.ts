/** One box of the demo: a supervisor as a child, its API, simulated cameras on loopback. Used by scenario tests too. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createApiClient } from '../cli/api-client.ts';
import type { ApiClient } from '../cli/api-client.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { readStatus } from '../supervisor/instance.ts';
import type { SupervisorStatus } from '../supervisor/instance.ts';

export const DEMO_USER = 'owner';
const POLL_MS = 25;
const START_WITHIN_MS = 60_000;

export type BoxOptions = {
  readonly dataDir: string;
  readonly httpPort: number;
  readonly rtmpPort?: number;
  /** 0, or absent: any free one. */
  readonly peerPort?: number;
  readonly password: string;
  readonly clock: Clock;
  /** `Demo` unless said. */
  readonly name?: string;
  /** Where its logs go: a file descriptor, or nowhere. */
  readonly logTo: number | 'ignore';
  /** `bin/understudy`: started by it, a box may also start another release; absent: the supervisor alone. */
  readonly launcher?: string;
  /** It outlives this process unless somebody stops it: told before anything can go wrong with it. */
  readonly onSpawn?: (supervisor: ChildProcess) => void;
};
export type Box = {
  readonly port: () => number;
  readonly api: ApiClient;
  readonly status: () => SupervisorStatus | undefined;
  readonly supervisor: ChildProcess;
  /** SIGTERM, then waits; the exit code. */
  readonly stop: () => Promise<number | null>;
};

/** Started, set up, signed in, one volume at `<data>/footage`. Nothing of it goes on if that fails. */
export async function startBox(options: BoxOptions): Promise<Box> {
  const { dataDir, clock } = options;
  const footage = join(dataDir, 'footage');
  await mkdir(footage, { recursive: true });
  const before = placeOf(dataDir)?.pid;
  const [program, ...first] =
    options.launcher === undefined
      ? [process.execPath, '--max-semi-space-size=1', scriptOf()]
      : [options.launcher, 'serve'];
  const supervisor = spawn(program, [...first, ...argumentsOf(options)], {
    stdio: ['ignore', 'ignore', options.logTo],
    detached: true,
  });
  options.onSpawn?.(supervisor);
  const ended = new Promise<number | null>((done) => void supervisor.once('close', (code) => done(code)));
  const stop = async (): Promise<number | null> => {
    supervisor.kill('SIGTERM');
    return await ended;
  };
  const port = (): number => placeOf(dataDir)?.port ?? 0;
  const api = createApiClient(() => ({
    host: '127.0.0.1',
    port: port(),
    fingerprint: placeOf(dataDir)?.fingerprint,
    token: undefined,
  }));
  try {
    await until('the server to start', clock, () => {
      if (supervisor.exitCode !== null)
        throw new UnderstudyError('unavailable', 'demo/no-server', `${options.name ?? 'The server'} did not start.`);
      const place = placeOf(dataDir);
      return place !== undefined && place.pid !== before;
    });
    await setUp(api, options, footage);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, api, supervisor, status: () => readStatus(dataDir), stop };
}

/**
 * All its processes by SIGKILL, as a power cut would end it; resolves when the supervisor is gone. That one stands still meanwhile: ended
 * first, control would take it for a planned stop and say so; ended last, it could start control again.
 */
export async function killBox({ status, supervisor }: Box): Promise<void> {
  const ended = new Promise((done) => void supervisor.once('close', done));
  const { control, media } = status() ?? {};
  supervisor.kill('SIGSTOP');
  for (const pid of [control?.pid, media?.pid]) if (pid !== undefined) killNow(pid);
  supervisor.kill('SIGKILL');
  if (supervisor.exitCode === null && supervisor.signalCode === null) await ended;
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** Adds every camera of the simulator with its main and sub stream; ids by camera, in order. */
export async function addCameras(
  api: ApiClient,
  simulator: Simulator,
  names: readonly string[],
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const [index, camera] of simulator.cameras.entries()) {
    const made = await api.call('POST', '/cameras', {
      name: names[index] ?? camera.id,
      main: { url: camera.urlOf('main') },
      sub: { url: camera.urlOf('sub') },
    });
    ids.push(textOf(made, 'id'));
  }
  return ids;
}

/** Polls until `look` says yes. @throws demo/timeout */
export async function until(
  what: string,
  clock: Clock,
  look: () => boolean | Promise<boolean>,
  withinMs = START_WITHIN_MS,
): Promise<void> {
  const deadline = clock.monotonic() + withinMs;
  while (!(await look())) {
    if (clock.monotonic() > deadline)
      throw new UnderstudyError('unavailable', 'demo/timeout', `Waited ${withinMs / 1000} s in vain for ${what}.`);
    await clock.sleep(durationMs(POLL_MS));
  }
}

async function setUp(api: ApiClient, { password, name = 'Demo' }: BoxOptions, footage: string): Promise<void> {
  const state = await api.call('GET', '/setup');
  const isNew = typeof state === 'object' && state !== null && 'needed' in state && state.needed === true;
  if (!isNew) {
    await api.call('POST', '/sessions', { username: DEMO_USER, password });
    return;
  }
  await api.call('POST', '/setup', { username: DEMO_USER, password, serverName: name });
  await api.call('PATCH', '/server/settings', { allowLoopbackCameras: true });
  await api.call('POST', '/volumes', { path: footage, reserveBytes: 256 * 1024 * 1024 });
}

function argumentsOf({ dataDir, httpPort, peerPort = 0, rtmpPort, name = 'Demo' }: BoxOptions): readonly string[] {
  const ports = [
    `--http-port=${httpPort}`,
    `--peer-port=${peerPort}`,
    ...(rtmpPort === undefined ? [] : [`--rtmp-port=${rtmpPort}`]),
  ];
  return [`--data=${resolve(dataDir)}`, ...ports, '--bind=127.0.0.1', `--name=${name}`];
}

function scriptOf(): string {
  const built = join(import.meta.dirname, '..', 'supervisor.js');
  return existsSync(built) ? built : join(import.meta.dirname, '..', 'supervisor.ts');
}

type Place = { readonly port: number; readonly fingerprint: string; readonly pid: number };
/** `run/http.json`, written by control when it listens. */
export function placeOf(dataDir: string): Place | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dataDir, 'run', 'http.json'), 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const { port, fingerprint, pid } = value as Record<string, unknown>;
    if (typeof port !== 'number' || typeof fingerprint !== 'string' || typeof pid !== 'number') return undefined;
    return { port, fingerprint, pid };
  } catch {
    return undefined;
  }
}

export function textOf(value: unknown, name: string): string {
  const text = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  if (typeof text !== 'string') throw new UnderstudyError('protocol', 'demo/answer', `Expected ${name} in the answer.`);
  return text;
}
