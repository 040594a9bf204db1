/**
 * The host updates its servers, one after another: it hands over the release and has it installed, and goes on when the server is
 * back and has shown that it works (docs/design/updates.md). In memory only: a server that has the release finishes by itself.
 *
 * Belongs here: the order, what each is doing. Does not: one update (update-remote.ts), what happens at the server (updates.ts).
 */
import type { z } from 'zod';
import type { ServerUpdate, updateServersRequest } from '../api/contract/updates.ts';
import type { SignedIn } from '../api/caller.ts';
import type { ActivityLog } from '../api/activity.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { OpenRelease } from '../updates/release-reader.ts';
import type { SiteGateway } from './site-gateway.ts';
import { updateRemote } from './update-remote.ts';

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
      // This host stops; that server finishes by itself.
      if (order.signal.aborted) return;
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

/** For one answer: a server that is connected may say nothing all the same. */
const ANSWER_WITHIN_MS = 60_000;
const within = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);

/** True when it runs the release and has shown that it works; false: broken off before that. @throws in the words of that server */
async function updateOne(batch: Batch, { serverId, name }: ServerUpdate, order: Order): Promise<boolean> {
  const { gateway, clock } = batch.deps;
  const { found, caller, signal } = order;
  return await updateRemote({
    name,
    found,
    clock,
    signal,
    ask: async (method, path, json) =>
      await gateway.json(serverId, {
        method,
        path,
        caller,
        signal: within(signal),
        ...(json === undefined ? {} : { json }),
      }),
    isReachable: () => gateway.isReachable(serverId),
    show: (to) => change(batch, serverId, to),
    isBrokenOff: () => batch.rows.some((row) => row.serverId === serverId && row.phase === 'broken-off'),
  });
}
