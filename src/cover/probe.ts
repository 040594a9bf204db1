/**
 * Readiness probes: on a schedule every protected camera is asked for one key frame with its real credentials, so that an
 * address, a password or a route that does not work from here is known before it is needed (product B15).
 *
 * Belongs here: who is probed when, and the newest result of each. Does not: asking a camera (recorder/camera-test.ts, given in),
 * keeping sessions ready (cover.ts).
 */
import type { Clock } from '../core/clock.ts';
import { seconds } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { EpochMs } from '../core/units.ts';
import { cameraSecretName } from '../site/camera-credentials.ts';
import type { CameraSettings } from '../site/camera.ts';
import type { Transport } from '../wire/media-protocol.ts';
import { problemOf, recordedStreamsOf } from './cover-orders.ts';
import type { ProtectedSettings } from './cover-types.ts';

/** Each takes a session of a camera and a decoder-free look at its stream; more would show on a small box. */
export const MAX_PROBES_AT_ONCE = 2;
const LOOK_EVERY = seconds(10);
/** What was out of reach for a moment must not be left out of the plan for an hour; asking more often locks accounts. */
export const FAILED_AGAIN_MS = 300_000;

export type ProbeRequest = {
  readonly url: string;
  readonly transport: Transport;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly fingerprint: string | undefined;
};
export type ProbeAnswer = {
  readonly ok: boolean;
  /** What did not work, or what came; in words. */
  readonly message: string;
  /** It answers, and has no session left: its own server has it, and leaves it when it fails. */
  readonly isFull?: boolean;
};
export type Probe = {
  readonly serverId: string;
  readonly cameraId: string;
  readonly at: EpochMs;
  readonly ok: boolean;
  readonly message: string;
  /** From the request to the key frame; `undefined`: nothing was asked. */
  readonly milliseconds: number | undefined;
  /** It is in reach all the same. */
  readonly isFull: boolean;
};
export type ProbeDeps = {
  readonly clock: Clock;
  readonly log: Log;
  /** Protected servers. */
  readonly servers: () => readonly string[];
  readonly settingsOf: (serverId: string) => ProtectedSettings | undefined;
  readonly ownCameraIds: () => ReadonlySet<string>;
  /** `failover.probeMinutes`; 0: never by itself. */
  readonly everyMinutes: () => number;
  /** Recorded here now: that is proof enough, and another session could be one too many. */
  readonly isAlive: (cameraId: string) => boolean;
  readonly test: (request: ProbeRequest, signal: AbortSignal) => Promise<ProbeAnswer>;
  /** A camera fails now that did not before, or the other way round. */
  readonly changed: (probe: Probe) => void;
};
export type Probes = Running & {
  /** Of every protected camera that was asked, in no order. */
  readonly list: () => readonly Probe[];
  /** Asks all cameras of a server now; resolves when all have answered. */
  readonly run: (serverId: string) => Promise<void>;
  /** Recorded here meanwhile, in a drill: what a probe before that says is out of date. */
  readonly recorded: (serverId: string, cameraId: string) => void;
  /** Cameras that a probe found out of reach: no use to plan with them. */
  readonly unreachable: () => ReadonlySet<string>;
};

type Job = { readonly serverId: string; readonly camera: CameraSettings; readonly settings: ProtectedSettings };
const idOf = ({ serverId, camera }: Job): string => `${serverId}/${camera.id}`;

// oxlint-disable-next-line max-lines-per-function -- one closure over results and queue
export function startProbes(deps: ProbeDeps): Probes {
  const { clock } = deps;
  const results = new Map<string, Probe>();
  /** Monotonic milliseconds of the last probe. */
  const probedAt = new Map<string, number>();
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  const queue: Job[] = [];

  const jobsOf = (serverId: string): readonly Job[] => {
    const settings = deps.settingsOf(serverId);
    return (settings?.cameras ?? [])
      .filter((camera) => camera.enabled && camera.priority !== 'never' && recordedStreamsOf(camera).length > 0)
      .flatMap((camera) => (settings === undefined ? [] : [{ serverId, camera, settings }]));
  };
  const probe = async (job: Job): Promise<void> => {
    const began = clock.monotonic();
    const { ok, message, isAsked, isFull = false } = await answerOf(deps, job, stopping.signal);
    if (stopping.signal.aborted) return;
    const ended = clock.monotonic();
    const milliseconds = isAsked ? Math.round(ended - began) : undefined;
    const { serverId } = job;
    const result = { serverId, cameraId: job.camera.id, at: clock.now(), ok, message, milliseconds, isFull };
    const before = results.get(idOf(job));
    results.set(idOf(job), result);
    probedAt.set(idOf(job), ended);
    if ((before?.ok ?? true) !== ok) deps.changed(result);
  };
  const work = (): void => {
    while (running.size < MAX_PROBES_AT_ONCE && !stopping.signal.aborted) {
      const job = queue.shift();
      if (job === undefined) return;
      const done = probe(job).finally(() => {
        running.delete(idOf(job));
        work();
      });
      running.set(idOf(job), done);
    }
  };
  const enqueue = (jobs: readonly Job[]): void => {
    for (const job of jobs) {
      const isKnown = running.has(idOf(job)) || queue.some((other) => idOf(other) === idOf(job));
      if (!isKnown) queue.push(job);
    }
    work();
  };
  const due = (): readonly Job[] => {
    const period = deps.everyMinutes() * 60_000;
    if (period === 0) return [];
    const now = clock.monotonic();
    const isDue = (job: Job): boolean => {
      const wait = results.get(idOf(job))?.ok === false ? Math.min(period, FAILED_AGAIN_MS) : period;
      return now - (probedAt.get(idOf(job)) ?? -Infinity) >= wait;
    };
    return deps.servers().flatMap(jobsOf).filter(isDue);
  };
  const forget = (): void => {
    const known = new Set(deps.servers().flatMap(jobsOf).map(idOf));
    for (const id of results.keys()) if (!known.has(id)) results.delete(id);
    for (const id of probedAt.keys()) if (!known.has(id)) probedAt.delete(id);
  };
  const cancel = clock.every(LOOK_EVERY, () => {
    forget();
    enqueue(due());
  });
  return {
    list: () => [...results.values()],
    run: async (serverId) => {
      const jobs = jobsOf(serverId);
      const ids = new Set(jobs.map(idOf));
      enqueue(jobs);
      const isPending = (): boolean => [...running.keys(), ...queue.map(idOf)].some((id) => ids.has(id));
      while (isPending() && !stopping.signal.aborted) await Promise.race(running.values());
    },
    recorded: (serverId, cameraId) => {
      const id = `${serverId}/${cameraId}`;
      const before = results.get(id);
      if (before === undefined || before.ok) return;
      const message = 'It was recorded here.';
      const result = { ...before, at: clock.now(), ok: true, message, milliseconds: undefined, isFull: false };
      results.set(id, result);
      deps.changed(result);
    },
    unreachable: () =>
      new Set([...results.values()].flatMap(({ ok, isFull, cameraId }) => (ok || isFull ? [] : [cameraId]))),
    stop: async () => {
      cancel();
      stopping.abort();
      queue.length = 0;
      await Promise.allSettled(running.values());
    },
  };
}

async function answerOf(
  deps: ProbeDeps,
  { camera, settings }: Job,
  signal: AbortSignal,
): Promise<ProbeAnswer & { readonly isAsked: boolean }> {
  const problem = problemOf(camera, { ownCameraIds: deps.ownCameraIds() });
  if (problem !== undefined) return { ok: false, message: problem.message, isAsked: false };
  if (deps.isAlive(camera.id)) return { ok: true, message: 'It is being recorded here.', isAsked: false };
  const source = recordedStreamsOf(camera).includes('main') ? camera.main : (camera.sub ?? camera.main);
  try {
    const request: ProbeRequest = {
      url: source.url,
      transport: source.transport,
      username: camera.username,
      password: camera.hasPassword ? settings.secrets[cameraSecretName(camera.id)] : undefined,
      fingerprint: camera.fingerprint,
    };
    return { ...(await deps.test(request, signal)), isAsked: true };
  } catch (error) {
    deps.log.warn('a readiness probe failed', { cameraId: camera.id, reason: messageOf(error) });
    return { ok: false, message: messageOf(error), isAsked: true };
  }
}
