/**
 * Adding many servers at once (product A5): each row is looked at, then names are given out, then each is joined by itself. A row that
 * fails leaves nothing on either side and costs no other one anything.
 *
 * Belongs here: which rows go on under which name, and the order of steps. Does not: looking (connection-test.ts), joining
 * (known-servers.ts), what a name may be (site/server-naming.ts).
 */
import type { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { AddBatchRequest, BatchResult, BatchRow, TestServerResult } from '../api/contract/adding.ts';
import type { addServerRequest } from '../api/contract/failover.ts';
import { mapAtOnce } from '../core/at-once.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { nameServers } from '../site/server-naming.ts';
import type { Named } from '../site/server-naming.ts';

export type BatchDeps = {
  readonly isHost: () => boolean;
  readonly at: (row: Joining) => RowServer;
  /** Names of the site. */
  readonly taken: () => readonly string[];
  readonly activity: Pick<ActivityLog, 'record'>;
};
type Joining = z.output<typeof addServerRequest>;
/** The server that a row means; nothing is asked of it before `look`. */
export type RowServer = {
  readonly look: () => Promise<TestServerResult>;
  /** It gets the release of this server, and runs it. @throws server/older, updates/…, in the words of that server */
  readonly update: () => Promise<void>;
  /** Whole, under `name`, or not at all: what fails leaves nothing on either side. Undefined: it keeps its name. */
  readonly join: (
    as: { readonly name: string | undefined; readonly lock: boolean },
    user: string,
  ) => Promise<{ readonly id: string; readonly name: string }>;
  /** Nothing more is asked of it. */
  readonly end: () => Promise<void>;
};
type RowResult = BatchResult['rows'][number];

/** A sign-in takes the other server a second of one core, and this one next to nothing. */
export const ROWS_AT_ONCE = 8;

export type Refused = { readonly kind: 'refused'; readonly code: string; readonly message: string };
export type Looked = Refused | { readonly kind: 'found'; readonly server: NonNullable<TestServerResult['server']> };
/** `name`: what it shall be called; undefined: as it is. */
export type Decision = Refused | { readonly kind: 'join'; readonly name: string | undefined };

/** Which rows go on, in their order: a server once, under a name that nobody has. Pure. */
export function decideRows(
  looked: readonly Looked[],
  { rows, naming }: Pick<AddBatchRequest, 'rows' | 'naming'>,
  taken: readonly string[],
): readonly Decision[] {
  const once = looked.map((row, index) => sameAsBefore(looked, row, index) ?? row);
  const going = once.flatMap((row, index) => (row.kind === 'found' ? [{ ...row, index }] : []));
  const named = new Map(namesFor(going, rows, { naming, taken }).map((name, at) => [going[at]?.index, name]));
  return once.map((row, index): Decision => {
    if (row.kind === 'refused') return row;
    const name = named.get(index);
    if (name?.kind === 'refused') return name;
    return { kind: 'join', name: name?.name };
  });
}

function sameAsBefore(looked: readonly Looked[], row: Looked, index: number): Refused | undefined {
  if (row.kind === 'refused') return undefined;
  const first = looked.findIndex((other) => other.kind === 'found' && other.server.id === row.server.id);
  if (first === index) return undefined;
  const message = `Row ${first + 1} is the same server, ${row.server.name}, by another address or name.`;
  return { kind: 'refused', code: 'server/twice', message };
}

type Found = Extract<Looked, { kind: 'found' }> & { readonly index: number };
type Names = Pick<AddBatchRequest, 'naming'> & { readonly taken: readonly string[] };
/** Undefined: it keeps its own. */
function namesFor(
  going: readonly Found[],
  rows: readonly BatchRow[],
  { naming, taken }: Names,
): readonly (Named | undefined)[] {
  const asked = going.map(({ server, index }) => ({ model: server.model, name: rows[index]?.name }));
  if (naming !== undefined) return nameServers(naming, asked, taken);
  const typed = asked.filter(({ name }) => name !== undefined);
  const given = nameServers({ kind: 'custom' }, typed, taken);
  return asked.map((one) => (one.name === undefined ? undefined : given[typed.indexOf(one)]));
}

export type BatchAdd = (request: AddBatchRequest, user: string) => Promise<BatchResult>;

export function createBatchAdd(deps: BatchDeps): BatchAdd {
  let running = false;
  return async (request, user) => {
    refuseBatch(deps, request);
    if (running)
      throw new UnderstudyError(
        'conflict',
        'server/batch-running',
        'Somebody else adds servers now: try again in a moment.',
      );
    running = true;
    try {
      return await addRows(deps, request, user);
    } finally {
      running = false;
    }
  };
}

/** @throws server/not-host */
function refuseBatch({ isHost }: BatchDeps, { naming, lock, updateOlder, rows }: AddBatchRequest): void {
  const isPlain = naming === undefined && !lock && !updateOlder && rows.every(({ name }) => name === undefined);
  if (isHost() || isPlain) return;
  const message =
    'Only a host names, locks and updates other servers: leave naming, lock and updateOlder out, or make this server a host.';
  throw new UnderstudyError('conflict', 'server/not-host', message);
}

async function addRows(deps: BatchDeps, request: AddBatchRequest, user: string): Promise<BatchResult> {
  const { rows, lock, updateOlder } = request;
  const servers = rows.map((row) => serverOf(deps, row, request));
  const looked = await mapAtOnce(servers, ROWS_AT_ONCE, async (server) => {
    const first = await lookAt(server);
    return updateOlder && first.kind === 'refused' && first.code === OLDER ? await lookUpdated(server) : first;
  });
  const decisions = decideRows(looked, request, deps.taken());
  const results = await mapAtOnce(decisions, ROWS_AT_ONCE, async (decision, index) => {
    const result = await resultOf(decision, { server: servers[index], lock, user });
    await servers[index]?.end();
    return result;
  });
  const added = results.filter(({ ok }) => ok).length;
  const severity = added === results.length ? 'info' : 'warning';
  deps.activity.record({
    severity,
    code: 'servers-added',
    message: `${added} of ${rows.length} servers were added.`,
    user,
  });
  return { rows: [...results] };
}

/** Undefined: nobody to sign in as. */
function serverOf({ at }: BatchDeps, row: BatchRow, shared: AddBatchRequest): RowServer | undefined {
  const { username = shared.username, password = shared.password, host, httpPort, httpsFingerprint } = row;
  if (username === undefined || password === undefined) return undefined;
  return at({ host, httpPort, httpsFingerprint, username, password });
}

const OLDER = 'server/older';

/** What stood in the way was only its release. */
async function lookUpdated(server: RowServer | undefined): Promise<Looked> {
  try {
    await server?.update();
  } catch (error) {
    return refusedBy(error);
  }
  return await lookAt(server);
}

async function lookAt(server: RowServer | undefined): Promise<Looked> {
  if (server === undefined) {
    const message =
      'Give this row, or the whole batch, user name and password of an account there: of its owner for a host, else of an administrator.';
    return { kind: 'refused', code: 'server/no-account', message };
  }
  try {
    const { checks, server: found } = await server.look();
    const all = checks.filter(({ ok, code }) => !ok && code !== undefined);
    // An update would not help against any other.
    const failed = all.find(({ code }) => code !== OLDER) ?? all[0];
    if (failed !== undefined) return { kind: 'refused', code: failed.code ?? 'server/refused', message: failed.detail };
    if (found !== undefined) return { kind: 'found', server: found };
    return { kind: 'refused', code: 'server/not-one', message: 'It does not say what it is.' };
  } catch (error) {
    return refusedBy(error);
  }
}

type Step = { readonly server: RowServer | undefined; readonly lock: boolean; readonly user: string };
async function resultOf(decision: Decision, { server, lock, user }: Step): Promise<RowResult> {
  if (decision.kind === 'refused') return refusalOf(decision);
  try {
    const { id, name } = (await server?.join({ name: decision.name, lock }, user)) ?? {};
    return { ok: true, ...(id === undefined ? {} : { serverId: id, name }) };
  } catch (error) {
    return refusalOf(refusedBy(error));
  }
}

function refusedBy(error: unknown): Refused {
  // A full disk, say: it ends this row, not the others that are on their way.
  if (!(error instanceof UnderstudyError)) return { kind: 'refused', code: 'server/failed', message: messageOf(error) };
  const theirs = error.code === 'api/refused' ? error.context['code'] : undefined;
  return { kind: 'refused', code: typeof theirs === 'string' ? theirs : error.code, message: error.message };
}

const refusalOf = ({ code, message }: Refused): RowResult => ({ ok: false, code, message });
