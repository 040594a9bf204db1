/**
 * The host updates its servers, one after another: it hands over the release and has it installed, and goes on when the server is
 * back and has shown that it works (docs/design/updates.md). In memory only: a server that has the release finishes by itself.
 *
 * Belongs here: the order, what each is doing, when to give up. Does not: what happens at the server (updates.ts).
 */
import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { ServerUpdate, updateServersRequest } from '../api/contract/updates.ts';
import type { SignedIn } from '../api/caller.ts';
import type { ActivityLog } from '../api/activity.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { OpenRelease } from '../updates/release-reader.ts';
import { MAX_PART_BYTES } from '../site/release-limits.ts';
import type { SiteGateway } from './site-gateway.ts';

export type ServerUpdatesDeps = {
  readonly gateway: Pick<SiteGateway, 'json' | 'isReachable'>;
  /** Of a server that this one, as the host, manages. */
  readonly memberName: (serverId: string) => string | undefined;
  readonly isHost: () => boolean;
  /** @throws updates/unknown */
  readonly kept: (version: string) => OpenRelease;
  readonly changed: () => void;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
};
export type ServerUpdates = {
  readonly view: () => readonly ServerUpdate[];
  /** @throws updates/unknown, updates/busy, updates/no-host, server/unknown */
  readonly begin: (asked: z.output<typeof updateServersRequest>, caller: SignedIn) => void;
  readonly breakOff: (user: string) => void;
  readonly stop: () => void;
};

const LOOK_MS = 1000;
/** A failover server gives back what it recorded while the server before it was updated. */
const COVERING_WITHIN_MS = 1_800_000;
const COVERING_LOOK_MS = 2000;
/** Unpacking on a slow disk, the hand-over before the stop, the start and the trial. */
const BACK_WITHIN_MS = 600_000;

/** What is read of the answers of that server, which may be of another release. */
const seenSchema = z.looseObject({
  version: z.string().max(64),
  unable: z.string().max(2000).optional(),
  releases: z.array(z.looseObject({ version: z.string().max(64) })).max(64),
  installing: z.looseObject({ phase: z.enum(['unpacking', 'restarting']) }).optional(),
  trial: z.looseObject({}).optional(),
  last: z
    .looseObject({ to: z.string(), at: z.string(), result: z.string(), reason: z.string().max(2000).optional() })
    .optional(),
});
type Seen = z.infer<typeof seenSchema>;
const receivedSchema = z.looseObject({ received: z.number().int().min(1) });

type Batch = {
  readonly deps: ServerUpdatesDeps;
  rows: readonly ServerUpdate[];
  /** Of the batch that runs. */
  ending: AbortController | undefined;
};

export function createServerUpdates(deps: ServerUpdatesDeps): ServerUpdates {
  const batch: Batch = { deps, rows: [], ending: undefined };
  return {
    view: () => batch.rows,
    begin: ({ version, serverIds }, caller) => {
      if (!deps.isHost()) throw conflict('no-host', 'Only the host of a site updates other servers.');
      if (batch.ending !== undefined)
        throw conflict('busy', 'Servers are being updated already: wait until that has ended, or stop it.');
      const found = deps.kept(version);
      batch.rows = [...new Set(serverIds)].map((serverId) => rowOf(deps, serverId, found));
      const { signal } = (batch.ending = new AbortController());
      const names = batch.rows.map(({ name }) => name).join(', ');
      const message = `Release ${version} goes to ${names}, one after another.`;
      deps.activity.record({ severity: 'info', code: 'update-began', message, user: caller.name });
      deps.changed();
      void goThrough(batch, { found, caller, signal }).finally(() => {
        batch.ending = undefined;
        deps.changed();
      });
    },
    breakOff: (user) => {
      if (!batch.rows.some(({ phase }) => phase === 'waiting')) return;
      breakOff(batch);
      const message = 'Servers that wait for their update get none.';
      deps.activity.record({ severity: 'info', code: 'update-stopped', message, user });
    },
    stop: () => batch.ending?.abort(),
  };
}

const conflict = (code: string, message: string): UnderstudyError =>
  new UnderstudyError('conflict', `updates/${code}`, message);

function rowOf({ memberName }: ServerUpdatesDeps, serverId: string, { bytes, release }: OpenRelease): ServerUpdate {
  const name = memberName(serverId);
  if (name !== undefined) return { serverId, name, version: release.version, phase: 'waiting', sentBytes: 0, bytes };
  const message = `Expected servers that this host manages, not ${serverId.slice(0, 64)}.`;
  throw new UnderstudyError('not-found', 'server/unknown', message);
}

type Order = { readonly found: OpenRelease; readonly caller: SignedIn; readonly signal: AbortSignal };
async function goThrough(batch: Batch, order: Order): Promise<void> {
  for (const { serverId } of batch.rows) {
    const row = batch.rows.find((one) => one.serverId === serverId);
    if (row?.phase !== 'waiting' || order.signal.aborted) continue;
    change(batch, serverId, { phase: 'sending' });
    try {
      if (await updateOne(batch, row, order)) change(batch, serverId, { phase: 'done' });
    } catch (error) {
      const problem = messageOf(error);
      change(batch, serverId, { phase: 'failed', problem });
      const message = `${row.name} was not updated: ${problem}`;
      batch.deps.activity.record({ severity: 'error', code: 'update-failed', message });
      // What failed at one may fail at the next, and then nobody would record.
      breakOff(batch);
    }
  }
}

function breakOff(batch: Batch): void {
  batch.rows = batch.rows.map((row) => (row.phase === 'waiting' ? { ...row, phase: 'broken-off' } : row));
  batch.deps.changed();
}

type Change = { readonly [K in keyof ServerUpdate]?: ServerUpdate[K] | undefined };
function change(batch: Batch, serverId: string, to: Change): void {
  batch.rows = batch.rows.map((row) => {
    if (row.serverId !== serverId) return row;
    const { problem, ...rest } = { ...row, ...to };
    return { ...(rest as Omit<ServerUpdate, 'problem'>), ...(problem === undefined ? {} : { problem }) };
  });
  batch.deps.changed();
}

type Ask = (method: string, path: string, json?: object) => Promise<unknown>;
/** True when it runs the release and has shown that it works; false: broken off before that. @throws in the words of that server */
async function updateOne(batch: Batch, { serverId, name }: ServerUpdate, order: Order): Promise<boolean> {
  const { gateway } = batch.deps;
  const { version } = order.found.release;
  const { caller, signal } = order;
  const ask: Ask = async (method, path, json) =>
    await gateway.json(serverId, { method, path, caller, signal, ...(json === undefined ? {} : { json }) });
  const before = await viewAt(ask, name);
  if (before.version === version && before.trial === undefined) return true;
  if (before.unable !== undefined) throw new UnderstudyError('unsupported', 'updates/unable', before.unable);
  if (!before.releases.some((one) => one.version === version)) await send(batch, serverId, { ...order, ask });
  change(batch, serverId, { phase: 'unpacking', sentBytes: order.found.bytes });
  if (!(await begins(batch, serverId, { ...order, ask }))) return false;
  await comesBack(batch, serverId, { ...order, ask, name, lastAt: before.last?.at });
  return true;
}

/** @throws updates/unable: what is older has no such route. */
async function viewAt(ask: Ask, name: string): Promise<Seen> {
  try {
    return seenSchema.parse(await ask('GET', '/updates'));
  } catch (error) {
    if (!(error instanceof UnderstudyError) || error.code !== 'http/not-found') throw error;
    const message = `${name} runs a release that cannot be updated from here: install this one there by its package.`;
    throw new UnderstudyError('unsupported', 'updates/unable', message, { cause: error });
  }
}

type Sending = Order & { readonly ask: Ask };
async function send(batch: Batch, serverId: string, { found, ask, signal }: Sending): Promise<void> {
  const file = await open(found.path, 'r');
  try {
    const buffer = Buffer.alloc(MAX_PART_BYTES);
    for (let at = 0; at < found.bytes;) {
      signal.throwIfAborted();
      change(batch, serverId, { phase: 'sending', sentBytes: at });
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      const part = buffer.subarray(0, bytesRead).toString('base64');
      const answer = await ask('PUT', '/updates/upload', { bytes: found.bytes, at, part });
      at += bytesRead;
      if (receivedSchema.parse(answer).received !== at)
        throw conflict('part', 'It did not take the release as it was sent.');
    }
  } finally {
    await file.close();
  }
}

/** Waits while it covers, or still has footage of another server. False: broken off. */
async function begins(batch: Batch, serverId: string, { found, ask, signal }: Sending): Promise<boolean> {
  const { clock } = batch.deps;
  const until = clock.monotonic() + COVERING_WITHIN_MS;
  for (;;) {
    try {
      await ask('POST', '/updates/install', { version: found.release.version });
      change(batch, serverId, { phase: 'unpacking', problem: undefined });
      return true;
    } catch (error) {
      const covers = error instanceof UnderstudyError && error.code === 'failover/covering';
      if (!covers || clock.monotonic() > until) throw error;
      change(batch, serverId, { phase: 'waiting', problem: error.message });
    }
    await clock.sleep(durationMs(COVERING_LOOK_MS), signal);
    signal.throwIfAborted();
    if (batch.rows.some((row) => row.serverId === serverId && row.phase === 'broken-off')) return false;
  }
}

type Coming = Sending & { readonly name: string; readonly lastAt: string | undefined };
/** @throws updates/failed */
async function comesBack(batch: Batch, serverId: string, { found, ask, signal, name, lastAt }: Coming): Promise<void> {
  const { clock, gateway } = batch.deps;
  const { version } = found.release;
  const until = clock.monotonic() + BACK_WITHIN_MS;
  while (clock.monotonic() < until) {
    await clock.sleep(durationMs(LOOK_MS), signal);
    signal.throwIfAborted();
    const stand = gateway.isReachable(serverId)
      ? standOf(await viewAt(ask, name).catch(() => undefined), version, lastAt)
      : 'restarting';
    if (stand === 'done') return;
    if (stand !== undefined) change(batch, serverId, { phase: stand });
  }
  const message = `${name} did not come back with release ${version} within ${BACK_WITHIN_MS / 60_000} minutes.`;
  throw new UnderstudyError('unavailable', 'updates/failed', message);
}

/** Undefined: it did not answer. @throws updates/failed */
function standOf(
  now: Seen | undefined,
  version: string,
  lastAt: string | undefined,
): ServerUpdate['phase'] | undefined {
  if (now === undefined) return undefined;
  const { last, installing, trial } = now;
  if (last !== undefined && last.at !== lastAt && last.to === version && last.result === 'rolled-back')
    throw new UnderstudyError('unavailable', 'updates/failed', last.reason ?? 'It did not work.');
  if (installing !== undefined) return installing.phase;
  if (trial !== undefined) return 'restarting';
  return now.version === version ? 'done' : 'unpacking';
}
