/**
 * The targets of the failover campaign, held against what was measured, as rows of a table. Pure.
 *
 * Belongs here: that list and its readings. Does not: the distributions by fault (failover-tables.ts), what makes a run fail
 * (test/support/failover-play.ts): a target that is missed is told, a problem fails the campaign.
 */
import { CONNECT_MS, KEY_FRAME_MS } from '../support/failover-losses.ts';
import type { CameraFigures, PlayResult } from '../support/failover-play.ts';

export const SUSPECTED_P50_MS = 1200;
export const SUSPECTED_P99_MS = 2000;
export const SEEN_AT_ONCE_MS = 200;
export const WARM_P50_MS = 2200;
export const WARM_P99_MS = 4000;

/** What the faults of the list promise, by their names. */
export type Promises = {
  /** The closed connection tells of them. */
  readonly seenAtOnce: ReadonlySet<string>;
  /** No takeover may be declared. */
  readonly quiet: ReadonlySet<string>;
  /** A failover server is killed too: only results that say when nobody was ready tell whose loss it is. */
  readonly killsSpare: ReadonlySet<string>;
};
export type Target = {
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  /** Undefined: nothing was measured. */
  readonly met: boolean | undefined;
};

export function targetsOf(results: readonly PlayResult[], promises: Promises): readonly Target[] {
  const { seenAtOnce, quiet } = promises;
  const suspected = suspectedIn(results);
  const silent = results.filter(({ fault }) => !seenAtOnce.has(fault) && fault !== 'planned-stop');
  const killed = suspectedIn(results.filter(({ fault }) => seenAtOnce.has(fault)));
  const warm = camerasOf(results, 'warm').map(sumOf);
  const declared = results.filter(({ fault }) => quiet.has(fault)).reduce((sum, one) => sum + one.declared, 0);
  const disorder = results.flatMap(({ problems }) => problems).filter((text) => /stand twice|out of order/.test(text));
  return [
    atMost('suspected, p50, all faults', SUSPECTED_P50_MS, suspected, 0.5),
    atMost('suspected, p99, all faults', SUSPECTED_P99_MS, suspected, 0.99),
    atMost('suspected, p50, faults without a closed connection', SUSPECTED_P50_MS, suspectedIn(silent), 0.5),
    atMost('suspected, p99, faults without a closed connection', SUSPECTED_P99_MS, suspectedIn(silent), 0.99),
    atMost('SIGKILL seen by the closed connection, most', SEEN_AT_ONCE_MS, killed, 1),
    hotTarget(results, promises),
    atMost('warm lost, p50, all runs', WARM_P50_MS, warm, 0.5),
    atMost('warm lost, p99, all runs', WARM_P99_MS, warm, 0.99),
    atMost('warm lost, p50, of runs that lost footage', WARM_P50_MS, warm.filter(isSome), 0.5),
    warmOwedTarget(results, promises),
    coldTarget(results, promises),
    {
      what: 'access units doubled or out of order, runs',
      target: '0',
      measured: `${disorder.length} of ${results.length}`,
      met: results.length === 0 ? undefined : disorder.length === 0,
    },
    {
      what: 'takeovers declared in bad weather, starved, storm, pauses',
      target: '0',
      measured: `${declared} in ${results.filter(({ fault }) => quiet.has(fault)).length} runs`,
      met: results.some(({ fault }) => quiet.has(fault)) ? declared === 0 : undefined,
    },
  ];
}

/** Suspicion by fault, and SIGKILL by fault: what of it misses, in words. */
export function missesByFault(results: readonly PlayResult[], { seenAtOnce }: Promises): readonly string[] {
  return [...Map.groupBy(results, ({ fault }) => fault)].flatMap(([fault, plays]) => {
    const suspected = suspectedIn(plays);
    const bounds = seenAtOnce.has(fault)
      ? ([['most', 1, SEEN_AT_ONCE_MS]] as const)
      : ([
          ['p50', 0.5, SUSPECTED_P50_MS],
          ['p99', 0.99, SUSPECTED_P99_MS],
        ] as const);
    return bounds.flatMap(([name, share, bound]) => {
      const value = quantile(suspected, share);
      return value === undefined || value <= bound
        ? []
        : [`${fault}: suspected after ${value} ms (${name} of ${suspected.length}), target ${bound} ms`];
    });
  });
}

type Judged = {
  readonly cameras: readonly (CameraFigures & {
    readonly owedMs: number;
    readonly suspectedAfterMs: number | undefined;
  })[];
  /** How many could not be judged. */
  readonly unknown: string;
};
/** What was lost while a server was ready; older results do not tell when servers were away, and where one was they are left out. */
function judged(results: readonly PlayResult[], level: string, { killsSpare }: Promises): Judged {
  const all = results.flatMap(({ fault, suspectedAfterMs, cameras }) =>
    camerasIn(cameras, level).map((camera) => ({ fault, camera, suspectedAfterMs })),
  );
  const told = all.filter(
    ({ fault, camera }) => camera.owedMs !== undefined || camera.lostFrames === 0 || !killsSpare.has(fault),
  );
  const rest = all.length - told.length;
  return {
    cameras: told.map(({ camera, suspectedAfterMs }) => ({ ...camera, owedMs: owedOf(camera), suspectedAfterMs })),
    unknown: rest === 0 ? '' : `; ${rest} without a record of when servers were away not judged`,
  };
}

function hotTarget(results: readonly PlayResult[], promises: Promises): Target {
  const { cameras, unknown } = judged(results, 'hot', promises);
  const most = Math.max(0, ...cameras.map(({ owedMs }) => owedMs));
  return {
    what: 'hot lost while a server was ready, most',
    target: '0 ms',
    measured: `${most} ms of ${cameras.length}${unknown}`,
    met: cameras.length === 0 ? undefined : most === 0,
  };
}

function warmOwedTarget(results: readonly PlayResult[], promises: Promises): Target {
  const { cameras, unknown } = judged(results, 'warm', promises);
  const owed = cameras.map(({ owedMs }) => owedMs);
  const target = atMost('warm lost while a server was ready, p99', WARM_P99_MS, owed, 0.99);
  return { ...target, measured: `${target.measured}${unknown}` };
}

/** The longest hole of a cold camera, less what nobody could record, against suspicion, connection and a key frame of its own run. */
function coldTarget(results: readonly PlayResult[], promises: Promises): Target {
  const { cameras, unknown } = judged(results, 'cold', promises);
  const over = cameras.flatMap(({ suspectedAfterMs, lostMs, owedMs }) =>
    suspectedAfterMs === undefined
      ? []
      : [{ hole: Math.min(lostMs, owedMs), bound: suspectedAfterMs + CONNECT_MS + KEY_FRAME_MS }],
  );
  const late = over.filter(({ hole, bound }) => hole > bound);
  const most = Math.max(0, ...over.map(({ hole }) => hole));
  return {
    what: `cold lost, longest hole, against suspicion + ${CONNECT_MS} ms to connect + a key frame of ${KEY_FRAME_MS} ms`,
    target: 'each within',
    measured: `${over.length - late.length} of ${over.length} within, longest ${most} ms${unknown}`,
    met: over.length === 0 ? undefined : late.length === 0,
  };
}

function atMost(what: string, bound: number, values: readonly number[], share: number): Target {
  const value = quantile(values, share);
  return {
    what,
    target: `${bound} ms`,
    measured: value === undefined ? '–' : `${value} ms of ${values.length}`,
    met: value === undefined ? undefined : value <= bound,
  };
}

export const suspectedIn = (results: readonly PlayResult[]): readonly number[] =>
  results.flatMap(({ suspectedAfterMs }) => suspectedAfterMs ?? []);
export const camerasOf = (results: readonly PlayResult[], level: string): readonly CameraFigures[] =>
  results.flatMap(({ cameras }) => camerasIn(cameras, level));
const camerasIn = (cameras: readonly CameraFigures[], level: string): readonly CameraFigures[] =>
  cameras.filter((camera) => camera.level === level);

/** Of all holes of a camera in a run; a hole is told as `from..to`, both perhaps before the fault. */
export const sumOf = ({ holes }: Pick<CameraFigures, 'holes'>): number =>
  holes.reduce((sum, hole) => {
    const [from = 0, to = 0] = hole.split('..').map(Number);
    return sum + to - from;
  }, 0);
const owedOf = (camera: CameraFigures): number => camera.owedMs ?? sumOf(camera);
const isSome = (value: number): boolean => value > 0;

/** Of no values there is none. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}
