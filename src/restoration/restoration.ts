/**
 * Gives covered footage back: one loop a restoration, driven by this (the covering) server; docs/design/restoration.md.
 *
 * Belongs here: order of steps, waiting, ending. Does not: seams (decide.ts), files (send-file.ts, send-smb.ts), what is kept (transfer-store.ts).
 *
 * Invariant: a segment is deleted here only when every group of it was received, with a receipt, or is known to be at the other server.
 */
import { createHash } from 'node:crypto';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { createKeptHandlers, forgetDeleted } from './kept-here.ts';
import { placeOf, redecideRefused } from './list-sources.ts';
import { createProgress } from './progress.ts';
import type { Restoration, RestorationDeps, RestorationOrder, RestorationProgress } from './restoration-types.ts';
import { openRun } from './run-deps.ts';
import type { RunDeps } from './run-deps.ts';
import { deleteRemaining, listClosed, runOnce } from './run-restoration.ts';
import type { Round } from './run-restoration.ts';
import { createSnapshotHandlers, deleteSnapshots, owedSnapshots } from './snapshots-here.ts';
import { openTransferStore } from './transfer-store.ts';
import type { StoredRestoration, TransferStore } from './transfer-store.ts';

/** Finished ones that are still listed. */
const MAX_FINISHED = 100;
/** Between two attempts when something failed; doubled each time up to the longest. */
const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;
/** Between two attempts at what was refused, or could not be read here, while both servers are there. */
const AGAIN_MS = 600_000;

type Running = { readonly abort: AbortController; readonly ended: Promise<void>; wake: AbortController };
type Service = {
  readonly deps: RestorationDeps;
  readonly store: TransferStore;
  readonly run: RunDeps;
  readonly running: Map<string, Running>;
  isStopping: boolean;
};

/** Goes on with what was not finished. @throws system errors of a disk that refuses */
export function startRestoration(deps: RestorationDeps): Restoration {
  const store = openTransferStore(deps.dataDirectory);
  const run = openRun(deps, store);
  const service: Service = { deps, store, run, running: new Map(), isStopping: false };
  for (const { id, finishedAt } of store.restorations()) if (finishedAt === undefined) launch(service, id);
  const progressOf = createProgress(store, run.meter, run.snapshotsLeft);
  const cancelAgain = deps.clock.every(durationMs(AGAIN_MS), () => {
    tryAgain(service, deps.clockOffsetOf);
    lookForSnapshots(service, deps.clockOffsetOf);
  });
  return {
    begin: (order) => begin(service, order),
    list: () => store.restorations().map(progressOf),
    get: (id) => {
      const found = store.restoration(id);
      return found && progressOf(found);
    },
    nudge: (serverId) => {
      tryAgain(service, (id) => (id === serverId ? 0 : undefined));
      lookForSnapshots(service, (id) => (id === serverId ? 0 : undefined));
      for (const [id, { wake }] of service.running)
        if (store.restoration(id)?.order.serverId === serverId) wake.abort();
    },
    keptHandlers: { ...createKeptHandlers(run), ...createSnapshotHandlers(run) },
    forgetDeleted: () => forgetDeleted(run),
    cancel: async (id, confirm) => await cancel(service, id, { confirm, progressOf }),
    keepAll: async (serverId) => await keepAll(service, serverId),
    readdress: async (from, to) => await readdress(service, from, to),
    stop: async () => {
      service.isStopping = true;
      cancelAgain();
      for (const { abort } of service.running.values()) abort.abort();
      await Promise.allSettled([...service.running.values()].map(({ ended }) => ended));
      store.close();
    },
  };
}

const restorationIdOf = ({ serverId, streams, start, end, policy }: RestorationOrder): string => {
  const names = streams.map(({ cameraId, stream }) => `${cameraId}/${stream}`).sort();
  const text = JSON.stringify([serverId, names, start, end, policy]);
  return `res-${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
};

function begin(service: Service, order: RestorationOrder): string {
  const { store, deps } = service;
  const id = restorationIdOf(order);
  if (service.isStopping || store.restoration(id) !== undefined) return id;
  const startedAt = deps.clock.now();
  store.putRestoration({ id, order, state: 'queued', problem: undefined, startedAt, finishedAt: undefined });
  store.trim(MAX_FINISHED);
  deps.publish({ kind: 'restoration-started', id, serverId: order.serverId });
  launch(service, id);
  return id;
}

/** What ended incomplete goes on, of servers that are there: nobody has to ask for footage that may still go home. */
function tryAgain(service: Service, isThere: RestorationDeps['clockOffsetOf']): void {
  const { store, running, isStopping } = service;
  for (const restoration of store.restorations()) {
    const { id, state, order } = restoration;
    if (isStopping || state !== 'incomplete' || running.has(id) || isThere(order.serverId) === undefined) continue;
    redecideRefused(store, id);
    store.putRestoration({ ...restoration, state: 'queued', finishedAt: undefined, isAgain: true });
    launch(service, id);
  }
}

/** One that got its name while its restoration ended, or lay on a volume that was away then: that goes on, of servers that are there. */
function lookForSnapshots(service: Service, isThere: RestorationDeps['clockOffsetOf']): void {
  const { store, run, running, deps } = service;
  const look = async (): Promise<void> => {
    for (const { id, state, order } of store.restorations()) {
      if (state !== 'done' || isThere(order.serverId) === undefined) continue;
      if ((await owedSnapshots(run, order)).length === 0 || service.isStopping || running.has(id)) continue;
      const restoration = store.restoration(id);
      if (restoration?.state !== 'done') continue;
      store.putRestoration({ ...restoration, state: 'queued', finishedAt: undefined, isAgain: true });
      launch(service, id);
      // Those of others to the same server would find the same ones.
      return;
    }
  };
  look().catch((error: unknown) => deps.log.warn('snapshots could not be looked for', { reason: messageOf(error) }));
}

function launch(service: Service, id: string): void {
  const abort = new AbortController();
  const running: Running = { abort, ended: loop(service, id, abort.signal), wake: new AbortController() };
  service.running.set(id, running);
}

async function loop(service: Service, id: string, signal: AbortSignal): Promise<void> {
  const { store, deps } = service;
  let failures = 0;
  let isDecidedAnew = false;
  // Entered by `launch` before it is in the list.
  await Promise.resolve();
  while (!signal.aborted) {
    const restoration = store.restoration(id);
    if (restoration === undefined) break;
    if (restoration.state !== 'running') store.putRestoration({ ...restoration, state: 'running' });
    const round = await attempt(service, restoration, signal);
    if (signal.aborted) break;
    if (round.kind === 'ended') {
      if (round.state !== 'incomplete' || isDecidedAnew) {
        finish(service, restoration, round.state);
        break;
      }
      // What the server has may have changed since it was decided what it lacks: its retention goes on while it has no room.
      isDecidedAnew = true;
      redecideRefused(store, id);
      continue;
    }
    failures = round.isFailure ? failures + 1 : 0;
    tell(service, restoration, round);
    const pause = Math.min(
      LONGEST_RETRY_MS,
      round.isFailure ? RETRY_MS * 2 ** Math.min(failures - 1, 5) : round.retryMs,
    );
    const wake = new AbortController();
    const running = service.running.get(id);
    if (running !== undefined) running.wake = wake;
    await deps.clock.sleep(durationMs(pause), AbortSignal.any([signal, wake.signal]));
  }
  service.running.delete(id);
}

/** A failure is a round that waits. */
async function attempt(service: Service, restoration: StoredRestoration, signal: AbortSignal): Promise<Round> {
  try {
    return await runOnce(service.run, restoration, signal);
  } catch (error) {
    const code = error instanceof UnderstudyError ? error.code : 'restoration/failed';
    if (!(error instanceof UnderstudyError))
      service.deps.log.error('a restoration failed', { id: restoration.id, error });
    // A server that has just started and answers is asked each second until it has looked at its volumes.
    const isFailure = code !== 'footage/not-ready';
    return { kind: 'wait', retryMs: RETRY_MS, code, problem: messageOf(error), isFailure };
  }
}

function finish({ store, deps }: Service, restoration: StoredRestoration, state: 'done' | 'incomplete' | 'kept'): void {
  const { id, order, isAgain = false } = restoration;
  const problem = state === 'incomplete' ? 'Some files are damaged here or were refused; they stay.' : undefined;
  store.putRestoration({ ...restoration, state, problem, finishedAt: deps.clock.now() });
  deps.log.info('a restoration ended', { id, state });
  deps.publish({ kind: 'restoration-ended', id, serverId: order.serverId, state, isAgain });
}

/** A new problem is told once. */
function tell({ store, deps }: Service, restoration: StoredRestoration, round: Extract<Round, { kind: 'wait' }>): void {
  const { id, order } = restoration;
  const { problem, code } = round;
  store.putRestoration({ ...restoration, state: 'waiting', problem });
  if (problem === undefined || problem === restoration.problem) return;
  deps.log.warn('a restoration waits', { id, code, problem });
  deps.publish({ kind: 'restoration-problem', id, serverId: order.serverId, code, message: problem });
}

type Cancelling = {
  readonly confirm: RestorationProgress['remaining'];
  readonly progressOf: (restoration: StoredRestoration) => RestorationProgress;
};
async function cancel(service: Service, id: string, { confirm, progressOf }: Cancelling): Promise<void> {
  const { store, deps, running } = service;
  const found = store.restoration(id);
  if (found === undefined)
    throw new UnderstudyError('not-found', 'restoration/unknown', `There is no restoration ${id}.`);
  if (found.finishedAt !== undefined && found.state !== 'incomplete') throw over(found);
  const { remaining } = progressOf(found);
  if (remaining.files !== confirm.files || remaining.bytes !== confirm.bytes)
    throw new UnderstudyError(
      'conflict',
      'restoration/confirm',
      `${remaining.files} files with ${remaining.bytes} bytes would be deleted now; confirm these figures.`,
    );
  const own = running.get(id);
  own?.abort.abort();
  await own?.ended;
  await listClosed(service.run, found);
  const deleted = progressOf(store.restoration(id) ?? found).remaining;
  const lost = await deleteRemaining(service.run, found);
  const snapshots = await deleteSnapshots(service.run, found.order);
  service.run.snapshotsLeft.delete(id);
  const problem = `Stopped; ${deleted.files} files that were not given back were deleted here.`;
  store.putRestoration({ ...found, state: 'stopped', problem, finishedAt: deps.clock.now() });
  deps.log.warn('a restoration was stopped', { id, ...deleted });
  const gone = { ...deleted, ...(snapshots > 0 ? { snapshots } : {}) };
  deps.publish({ kind: 'restoration-stopped', id, serverId: found.order.serverId, deleted: gone, lost });
}

/** Those to a server of which something is still to come, none of them running any more. */
async function stoppedFor({ store, running }: Service, serverId: string): Promise<readonly StoredRestoration[]> {
  const stopped: StoredRestoration[] = [];
  for (const { id, order } of store.restorations()) {
    if (order.serverId !== serverId) continue;
    const own = running.get(id);
    own?.abort.abort();
    await own?.ended;
    const now = store.restoration(id);
    if (now !== undefined && (now.finishedAt === undefined || now.state === 'incomplete')) stopped.push(now);
  }
  return stopped;
}

/** What was decided on, was so by what the first server has. */
async function readdress(service: Service, from: string, to: string): Promise<void> {
  const { store, deps } = service;
  for (const now of await stoppedFor(service, from)) {
    const { id, order } = now;
    const again = store.sources(id).filter(({ state, decided }) => state !== 'settled' && decided.length > 0);
    const places = new Set(again.map(placeOf));
    const dropped = store.files(id).filter((file) => places.has(placeOf(file)));
    const sources = again.map(({ left: _left, ...source }) => ({
      ...source,
      state: 'undecided' as const,
      decided: [],
      knownSeconds: 0,
    }));
    store.put(sources, [], dropped);
    const policy = order.policy === 'shared' ? 'return' : order.policy;
    const next = { ...now, order: { ...order, serverId: to, policy, transport: 'direct' as const } };
    store.putRestoration({ ...next, state: 'queued', problem: undefined, finishedAt: undefined });
    deps.log.info('a restoration goes to the server in the place of the first', { id, to });
    if (!service.isStopping) launch(service, id);
  }
  for (const kept of store.kept(from, '', Number.MAX_SAFE_INTEGER)) store.putKept({ ...kept, serverId: to });
}

async function keepAll(service: Service, serverId: string): Promise<void> {
  const { store, deps } = service;
  for (const now of await stoppedFor(service, serverId)) {
    const { id } = now;
    const problem = 'This server took the place of the protected one: the footage stays here as its own.';
    store.putRestoration({ ...now, state: 'stopped', problem, finishedAt: deps.clock.now() });
    deps.log.info('a restoration ended because its server was replaced', { id });
  }
}

const over = ({ id, state }: StoredRestoration): UnderstudyError =>
  new UnderstudyError(
    'conflict',
    'restoration/over',
    state === 'kept'
      ? `The footage of restoration ${id} stays here by policy; retention deletes it in its turn.`
      : `Restoration ${id} is over; nothing of it remains here.`,
  );
