/**
 * The connections to one peer: which one is used, which one goes when there are two, and whether the peer is up. Pure:
 * `step(state, event)` gives the next state and effects.
 *
 * When both sides dialled, the connection dialled by the smaller id stays; of two by the same side, the newer one. The
 * other one ends only after an echo was heard on the one that stays, so that there is no moment without a connection.
 *
 * Invariants:
 * 1. `up` and `down` alternate; `up` holds exactly while there is a watch link.
 * 2. A link is closed by us in favour of another only while that other is confirmed.
 * 3. A new instance of the peer ends every link of the old one, with a `down` between.
 *
 * Belongs here: choosing. Does not: sockets (connection.ts), the talk on one link (conversation.ts).
 */
import { assertNever } from '../core/errors.ts';
import { BEAT_MS } from '../wire/peer-protocol.ts';
import { monotonicMs } from '../core/units.ts';
import type { MonotonicMs } from '../core/units.ts';
import type { DownCause } from './network-types.ts';

/** Not heard for so long: a fresh connection is tried beside it, because TCP comes back late after a cut. */
export const DOUBT_MS: number = 8 * BEAT_MS;
/** Three of the seldom beats. */
export const CALM_DOUBT_MS = 15_000;

export type Purpose = 'watch' | 'bulk';
export type Link = {
  readonly id: number;
  readonly purpose: Purpose;
  readonly dialledBy: 'us' | 'them';
  readonly instance: string;
  readonly heardAt: MonotonicMs;
  /** The other side has answered a beat of ours on it: both use it. */
  readonly confirmed: boolean;
  /** On its way out; used only if there is no other. */
  readonly retired: boolean;
};
export type Links = {
  /** Our id is the smaller one. */
  readonly smaller: boolean;
  /** Not heard for so long. */
  readonly doubtMs: number;
  /** In the order they became ready. */
  readonly links: readonly Link[];
};
export type LinksEvent =
  | {
      readonly kind: 'ready';
      readonly at: MonotonicMs;
      readonly link: Pick<Link, 'id' | 'purpose' | 'dialledBy' | 'instance'>;
    }
  | { readonly kind: 'heard'; readonly at: MonotonicMs; readonly id: number; readonly echoed: boolean }
  | {
      readonly kind: 'closed';
      readonly at: MonotonicMs;
      readonly id: number;
      readonly cause: DownCause;
      readonly message: string;
    };
export type LinksEffect =
  /** `hello` follows. */
  | { readonly kind: 'up'; readonly id: number }
  | { readonly kind: 'down'; readonly cause: DownCause; readonly message: string }
  /** At once. */
  | { readonly kind: 'drop'; readonly id: number }
  /** No new requests on it; it is closed with a goodbye `replaced` when those in progress are done. */
  | { readonly kind: 'retire'; readonly id: number };
export type LinksStep = { readonly state: Links; readonly effects: readonly LinksEffect[] };

export const initialLinks = (smaller: boolean, doubtMs = DOUBT_MS): Links => ({ smaller, doubtMs, links: [] });

export function step(state: Links, event: LinksEvent): LinksStep {
  switch (event.kind) {
    case 'ready':
      return ready(state, { ...event.link, heardAt: event.at, confirmed: false, retired: false });
    case 'heard': {
      const links = state.links.map((link) =>
        link.id === event.id ? { ...link, heardAt: event.at, confirmed: link.confirmed || event.echoed } : link,
      );
      return retireLosers({ ...state, links }, event.at);
    }
    case 'closed':
      return closed(state, event);
    default:
      return assertNever(event);
  }
}

function ready(state: Links, link: Link): LinksStep {
  const old = state.links.filter(({ instance }) => instance !== link.instance);
  const kept = state.links.filter(({ instance }) => instance === link.instance);
  const wasUp = isUp(state);
  const staysUp = kept.some(isWatch);
  const effects: LinksEffect[] = old.map(({ id }) => ({ kind: 'drop', id }));
  if (wasUp && !staysUp)
    effects.push({ kind: 'down', cause: 'restarted', message: 'The same server came back as a new process.' });
  if (!staysUp && isWatch(link)) effects.push({ kind: 'up', id: link.id });
  return { state: { ...state, links: [...kept, link] }, effects };
}

function closed(state: Links, { id, cause, message }: Extract<LinksEvent, { kind: 'closed' }>): LinksStep {
  const next = { ...state, links: state.links.filter((link) => link.id !== id) };
  return { state: next, effects: isUp(state) && !isUp(next) ? [{ kind: 'down', cause, message }] : [] };
}

/**
 * Of two diallers each ends only its own connection, so that the two sides, which hear differently, never end both. Of two
 * connections of one dialler both sides see the same one as the newer.
 */
function retireLosers(state: Links, at: MonotonicMs): LinksStep {
  const effects: LinksEffect[] = [];
  const links = state.links.map((link) => {
    const staying = stayingLink(state, link.purpose, at);
    if (link.retired || staying === undefined || staying.id === link.id || !staying.confirmed) return link;
    if (link.dialledBy === 'them' && staying.dialledBy === 'us') return link;
    effects.push({ kind: 'retire', id: link.id });
    return { ...link, retired: true };
  });
  return { state: { ...state, links }, effects };
}

/** Of those that live: dialled by the smaller id before others, then the newest. Whether it is confirmed changes nothing. */
const stayingLink = (state: Links, purpose: Purpose, at: MonotonicMs): Link | undefined =>
  bestOf(state, purpose, (link) => (link.retired || at - link.heardAt >= state.doubtMs ? -1 : bySmaller(state, link)));
const bySmaller = ({ smaller }: Links, { dialledBy }: Link): number => ((dialledBy === 'us') === smaller ? 1 : 0);

/** The newest of the highest worth; none below zero. */
function bestOf({ links }: Links, purpose: Purpose, worth: (link: Link) => number): Link | undefined {
  let best: Link | undefined;
  for (const link of links)
    if (link.purpose === purpose && worth(link) >= Math.max(0, best === undefined ? 0 : worth(best))) best = link;
  return best;
}

/** The one to send on: confirmed and heard lately, not on its way out. */
export const activeLink = (state: Links, purpose: Purpose, at: MonotonicMs): number | undefined =>
  bestOf(
    state,
    purpose,
    (link) =>
      (link.confirmed && at - link.heardAt < state.doubtMs ? 4 : 0) + (link.retired ? 0 : 2) + bySmaller(state, link),
  )?.id;
/** Whether one more connection should be tried. */
export const wantsLink = ({ links, doubtMs }: Links, purpose: Purpose, at: MonotonicMs): boolean =>
  !links.some((link) => link.purpose === purpose && at - link.heardAt < doubtMs);
/** When one more should be tried if nothing is heard before: at once if there is none. */
export const doubtAt = ({ links, doubtMs }: Links, purpose: Purpose): MonotonicMs =>
  monotonicMs(Math.max(0, ...links.map((link) => (link.purpose === purpose ? link.heardAt + doubtMs : 0))));
export const isUp = ({ links }: Links): boolean => links.some(isWatch);
const isWatch = ({ purpose }: Link): boolean => purpose === 'watch';
