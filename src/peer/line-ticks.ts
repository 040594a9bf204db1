/**
 * The ticks of one line: beats, ends of connections that nobody needs any more, another attempt to dial. A calm line is asked for
 * nothing until something can be due: with 200 of them, four times a second each, that was a fifth of what an idle host did.
 * Belongs here: which ticks a line needs. Does not: what is due on one connection (conversation.ts), when to dial (links.ts, redial.ts).
 */
import type { PeerGoodbye } from '../wire/peer-protocol.ts';
import type { Connection } from './connection.ts';
import { NOW } from './line-connections.ts';
import type { Due, Held, Line, LineDeps } from './line-connections.ts';
import { doubtAt } from './links.ts';
import type { Requests } from './requests.ts';

/** Ticks after which a replaced connection ends although requests are open on it. */
const MAX_RETIRING_TICKS = 40;
/** A bulk connection without requests is ended by who dialled it, in ticks: 60 s. */
const MAX_IDLE_BULK_TICKS = 240;

/** What of a line its ticks need. */
export type Ticked = Pick<Line, 'calm' | 'links'> & {
  readonly deps: Pick<LineDeps, 'ticks'> & { readonly clock: Pick<LineDeps['clock'], 'monotonic'> };
  readonly held: ReadonlyMap<number, TickedHeld>;
  readonly redial: Pick<Line['redial'], 'consider'>;
  due: Due;
};
type TickedHeld = Omit<Held, 'connection' | 'readyAt'> & {
  readonly connection: Pick<Connection, 'dialledBy' | 'purpose' | 'tick' | 'dueTick' | 'end'> & {
    readonly requests: Pick<Requests, 'open'>;
  };
};

/** Each `BEAT_MS`. */
export function tick(line: Ticked): void {
  const { ticks, clock } = line.deps;
  if (ticks() < line.due.tick && clock.monotonic() < line.due.at) return;
  for (const entry of line.held.values()) tickHeld(entry);
  line.redial.consider();
  line.due = dueOf(line);
}

/** With one connection that stays, and nothing to count on it. What begins between two ticks makes the line due (`NOW`). */
function dueOf({ held, calm, links }: Ticked): Due {
  const [only, another] = held.values();
  if (!calm || only === undefined || another !== undefined || only.retiring > 0) return NOW;
  if (only.connection.purpose() !== 'watch') return NOW;
  return { tick: only.connection.dueTick(), at: doubtAt(links, 'watch') };
}

function tickHeld(entry: TickedHeld): void {
  const { connection } = entry;
  connection.tick();
  entry.idleTicks = connection.requests.open() === 0 ? entry.idleTicks + 1 : 0;
  if (entry.retiring > 0) entry.retiring += 1;
  if (isUnneeded(entry)) connection.end('goodbye', REPLACED.message, REPLACED);
}

/** One tick is left to requests that were on their way. */
function isUnneeded({ connection, idleTicks, retiring }: TickedHeld): boolean {
  if (retiring > MAX_RETIRING_TICKS || (retiring > 2 && idleTicks > 0)) return true;
  return connection.dialledBy === 'us' && connection.purpose() === 'bulk' && idleTicks > MAX_IDLE_BULK_TICKS;
}

const REPLACED: PeerGoodbye = { kind: 'goodbye', reason: 'replaced', message: 'Another connection took its place.' };
