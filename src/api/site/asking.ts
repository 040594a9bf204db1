/**
 * Questions to the servers of a site, many at once: who hangs delays nobody, and its last answer stands in. An answer that has an ETag
 * is not sent again while it is the same.
 *
 * Belongs here: deadlines, what was last told, how much of it is kept. Does not: what is asked, and what is made of it.
 */
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { withDeadline } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';
import { messageOf, UnderstudyError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { durationMs } from '../../core/units.ts';
import type { SignedIn } from '../caller.ts';
import type { OwnAnswers } from './own-answers.ts';
import type { SiteServers } from './site-servers.ts';

/** So much later than the others nobody may be. */
export const ANSWER_WITHIN_MS = 1500;
/** A question that was not answered by then is given up, and asked anew by the next who wants to know. */
const GIVEN_UP_AFTER_MS = 10_000;
/** A list of a thousand cameras is 2 MB, an account of 32 days as much. */
export const MAX_ANSWER_BYTES: number = 8 * 1024 * 1024;
export const MAX_KEPT_ANSWERS = 1024;
export const MAX_KEPT_BYTES: number = 64 * 1024 * 1024;

export type Question<T> = {
  /** Below `/api/v1`. */
  readonly path: string;
  readonly schema: z.ZodType<T>;
  /** What it means that the server knows nothing of it (404). */
  readonly nothing: T;
  readonly role: SignedIn['role'];
};
export type Told<T> = {
  readonly value: T;
  /** Wall milliseconds when it was told. */
  readonly at: number;
  /** Told upon this very question; otherwise the last time. */
  readonly isFresh: boolean;
};
export type Asking = {
  /** `withinMs`: after that the last answer stands in. Undefined: nothing was ever told. Never rejects. */
  readonly ask: <T>(serverId: string, question: Question<T>, withinMs?: number) => Promise<Told<T> | undefined>;
  /** The last answer. */
  readonly last: <T>(serverId: string, question: Question<T>) => Told<T> | undefined;
};
export type AskingDeps = {
  readonly servers: Pick<SiteServers, 'ownId' | 'all' | 'gateway'>;
  readonly own: OwnAnswers;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'sleep' | 'after'>;
  readonly log: Log;
};

type Kept = { readonly value: unknown; readonly at: number; readonly etag: string | undefined; readonly bytes: number };
type Entry = {
  kept: Kept | undefined;
  asked: { readonly since: number; readonly answer: Promise<boolean> } | undefined;
};

export function createAsking(deps: AskingDeps): Asking {
  const { clock } = deps;
  const entries = createShelf();
  const begin = (serverId: string, question: Question<unknown>, entry: Entry): Promise<boolean> => {
    entry.asked ??= { since: clock.monotonic(), answer: askOnce(deps, serverId, question, entry) };
    return entry.asked.answer;
  };
  const told = <T>({ kept }: Entry, isFresh: boolean): Told<T> | undefined =>
    kept && { value: kept.value as T, at: kept.at, isFresh };
  const last: Asking['last'] = <T>(serverId: string, question: Question<T>) => {
    const entry = entries.find(keyOf(serverId, question));
    return entry === undefined ? undefined : told<T>(entry, false);
  };
  return {
    last,
    ask: async <T>(serverId: string, question: Question<T>, withinMs = ANSWER_WITHIN_MS) => {
      const server = deps.servers.all().find(({ id }) => id === serverId);
      if (server?.isReachable !== true) return last(serverId, question);
      const entry = entries.open(keyOf(serverId, question));
      const asking = begin(serverId, question, entry);
      // One that hangs already is not waited for again.
      const waited = clock.monotonic() - (entry.asked?.since ?? clock.monotonic());
      const isAnswered = await withDeadline(clock, durationMs(Math.max(0, withinMs - waited)), asking);
      entries.trim();
      return told<T>(entry, isAnswered === true);
    },
  };
}

const keyOf = (serverId: string, { path, role }: Question<unknown>): string => `${serverId} ${role} ${path}`;

/** What was told, the least used first. */
function createShelf(): {
  readonly find: (key: string) => Entry | undefined;
  readonly open: (key: string) => Entry;
  readonly trim: () => void;
} {
  const entries = new Map<string, Entry>();
  // A server that is away is not asked: what it told stays as long as somebody looks at it.
  const use = (key: string, entry: Entry): Entry => {
    entries.delete(key);
    entries.set(key, entry);
    return entry;
  };
  return {
    find: (key) => {
      const entry = entries.get(key);
      if (entry !== undefined) use(key, entry);
      return entry;
    },
    open: (key) => use(key, entries.get(key) ?? { kept: undefined, asked: undefined }),
    trim: () => {
      let bytes = [...entries.values()].reduce((sum, { kept }) => sum + (kept?.bytes ?? 0), 0);
      for (const [key, { kept }] of entries) {
        if (entries.size <= MAX_KEPT_ANSWERS && bytes <= MAX_KEPT_BYTES) return;
        bytes -= kept?.bytes ?? 0;
        entries.delete(key);
      }
    },
  };
}

/** True: there is an answer. */
async function askOnce(
  deps: AskingDeps,
  serverId: string,
  question: Question<unknown>,
  entry: Entry,
): Promise<boolean> {
  const giveUp = new AbortController();
  const cancel = deps.clock.after(durationMs(GIVEN_UP_AFTER_MS), () => giveUp.abort());
  try {
    entry.kept = await fetchAnswer(deps, serverId, question, { kept: entry.kept, signal: giveUp.signal });
    return true;
  } catch (error) {
    deps.log.debug('a server of the site did not answer', {
      serverId,
      path: question.path.slice(0, 200),
      reason: messageOf(error),
    });
    return false;
  } finally {
    cancel();
    entry.asked = undefined;
  }
}

type More = { readonly kept: Kept | undefined; readonly signal: AbortSignal };
async function fetchAnswer(
  { servers, own, clock }: AskingDeps,
  serverId: string,
  question: Question<unknown>,
  { kept, signal }: More,
): Promise<Kept> {
  const caller = { ...siteCaller(servers.ownId(), question.role), ended: signal };
  if (serverId === servers.ownId()) {
    const value = await own(question.path, caller, signal).catch((error: unknown) => orNothing(error, question));
    return { value, at: clock.now(), etag: undefined, bytes: 0 };
  }
  const headers = kept?.etag === undefined ? {} : { 'if-none-match': kept.etag };
  const answer = await servers.gateway.request(serverId, {
    method: 'GET',
    path: question.path,
    caller,
    headers,
    signal,
  });
  const text = await readText(answer.body);
  if (answer.status === 304 && kept !== undefined) return { ...kept, at: clock.now() };
  if (answer.status === 404) return { value: question.nothing, at: clock.now(), etag: undefined, bytes: 0 };
  if (answer.status !== 200)
    throw new UnderstudyError('unavailable', 'site/no-answer', `It answered ${answer.status}: ${text.slice(0, 200)}`);
  const value = question.schema.parse(JSON.parse(text));
  return { value, at: clock.now(), etag: answer.headers['etag'], bytes: text.length };
}

function orNothing(error: unknown, { nothing }: Question<unknown>): unknown {
  if (error instanceof UnderstudyError && error.kind === 'not-found') return nothing;
  throw error;
}

/** The site asks for itself: what the answer is made of is filtered by what its reader may see. */
export const siteCaller = (ownId: string, role: SignedIn['role']): Omit<SignedIn, 'ended'> => ({
  kind: 'token',
  id: `site-${ownId}`,
  name: 'Site',
  role,
  cameraIds: undefined,
  expiresAt: undefined,
});

async function readText(body: Readable): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw new UnderstudyError('limit', 'site/answer-too-large', 'The answer is larger than it may be.');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
