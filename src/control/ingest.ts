/**
 * Events of media into the catalogue, each exactly once: rows and cursor change in one transaction. A batch costs one
 * transaction, whatever it holds; there is no work per access unit.
 *
 * Belongs here: what an event means for tables, for the state in memory, for the log and for live events.
 * Does not: the connection (media-link.ts), scanning volumes (archive/rebuild.ts).
 */
import type { LiveEvent } from '../api/contract/events.ts';
import type { NewActivity } from '../api/activity.ts';
import type { Catalogue, SegmentRow } from '../archive/catalogue-types.ts';
import { isoOf } from '../core/clock.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { assertNever } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { durationMs, epochMs } from '../core/units.ts';
import type { FragmentReport, MediaEvent, MediaHello, NumberedEvent, StreamName } from '../wire/media-protocol.ts';
import type { VolumeState } from '../wire/media-protocol.ts';
import { activityOfGap, activityOfStream, activityOfVolume } from './activities.ts';
import type { LiveState } from './live-state.ts';

/** One transaction a quarter second keeps the disk quiet and the timeline fresh. */
const FLUSH_MS = 250;
/** A flood is written at once instead of being collected. */
export const MAX_PENDING = 2000;
/** A lossy network brings many small gaps; the ledger has each, the activity log one a minute and stream. */
const GAP_LOG_MS = 60_000;

export type IngestDeps = {
  readonly catalogue: Catalogue;
  readonly state: LiveState;
  readonly publish: (event: LiveEvent) => void;
  readonly record: (entry: NewActivity) => void;
  readonly clock: Clock;
  readonly log: Log;
  /** Not recorded for another server. */
  readonly isOwn: (cameraId: string) => boolean;
  /** Rows and files may differ: events are lost, or a process died while it wrote. */
  readonly onReconcile: (reason: string) => void;
  readonly onVolume?: (volumeId: string, now: VolumeState, before: VolumeState | undefined) => void;
  /** A batch could not be stored: get it again from the cursor. */
  readonly onFailure: () => void;
};
export type Ingest = {
  readonly hello: (hello: MediaHello) => void;
  readonly push: (events: readonly NumberedEvent[]) => void;
  readonly flush: () => void;
  /** Open, and nobody writes it any more: it was open when this media process was met first, or must be read again. */
  readonly isOrphan: (volumeId: string, path: string) => boolean;
  /** Forgets what is collected; media will send it again. */
  readonly discard: () => void;
  readonly stop: () => void;
};

export function createIngest(deps: IngestDeps): Ingest {
  const { catalogue, clock, log } = deps;
  let instance: string | undefined;
  let pending: NumberedEvent[] = [];
  let cancel: Cancel | undefined;
  let orphans = new Set<string>();
  const news = createNews(deps);

  const flush = (): void => {
    cancel?.();
    cancel = undefined;
    if (pending.length === 0 || instance === undefined) return;
    const events = pending;
    pending = [];
    let repeated: ReadonlySet<MediaEvent>;
    try {
      const stored = store(catalogue, instance, events);
      ({ repeated } = stored);
      for (const event of stored.unread)
        if (event.kind === 'segment-closed') orphans.add(keyOf({ volumeId: event.volumeId, path: event.segment }));
      if (stored.unknown > 0) deps.onReconcile(`${stored.unknown} fragments of unknown segments`);
      if (stored.unread.length > 0)
        deps.onReconcile(`${stored.unread.length} segments have ended that are known in part only`);
    } catch (error) {
      log.error('events of media could not be stored', { events: events.length, error });
      deps.onFailure();
      return;
    }
    news.tell(events.flatMap(({ event }) => (repeated.has(event) ? [] : [event])));
  };
  return {
    hello: (hello) => {
      flush();
      ({ instance } = hello);
      if (catalogue.cursor.get()?.instance !== instance) orphans = new Set(catalogue.segments.openOnes().map(keyOf));
      const reason = meet(catalogue, hello);
      if (reason !== undefined) deps.onReconcile(reason);
    },
    push: (events) => {
      pending.push(...events);
      if (pending.length >= MAX_PENDING) flush();
      else cancel ??= clock.after(durationMs(FLUSH_MS), flush);
    },
    flush,
    isOrphan: (volumeId, path) => orphans.has(keyOf({ volumeId, path })),
    discard: () => {
      pending = [];
    },
    stop: () => {
      flush();
      cancel?.();
    },
  };
}

const keyOf = ({ volumeId, path }: Pick<SegmentRow, 'volumeId' | 'path'>): string => `${volumeId}/${path}`;

/** Why rows and files may differ, if they may. */
function meet(catalogue: Catalogue, hello: MediaHello): string | undefined {
  const before = catalogue.cursor.get();
  if (before?.instance === hello.instance) {
    // Whatever follows of these, the end included, a part of them is not told any more.
    if (hello.reset) catalogue.segments.doubtOpenOnes();
    if (hello.reset) return 'events of media are lost';
    return catalogue.segments.openOnes().some(({ partial }) => partial) ? 'segments are known in part only' : undefined;
  }
  catalogue.transaction(() => {
    closeOldGaps(catalogue, hello.startedAt);
    catalogue.cursor.set({ instance: hello.instance, seq: 0 });
  }, 'durable');
  return hello.reset || before !== undefined ? 'media was started again' : undefined;
}

type Stored = {
  /** Fragments of segments that nobody knows. */
  readonly unknown: number;
  /** Ends of segments that are partial. */
  readonly unread: readonly MediaEvent[];
  /** Told by the media process before, too: known already. */
  readonly repeated: ReadonlySet<MediaEvent>;
};
function store(catalogue: Catalogue, instance: string, events: readonly NumberedEvent[]): Stored {
  return catalogue.transaction(
    () => {
      let unknown = 0;
      const repeated = new Set<MediaEvent>();
      const unread: MediaEvent[] = [];
      const cursor = catalogue.cursor.get();
      let seq = cursor?.instance === instance ? cursor.seq : 0;
      for (const numbered of events) {
        // Stats and present states carry the number of the event before them and change no row.
        if (numbered.seq <= seq) continue;
        const applied = apply(catalogue, numbered.event);
        if (applied === 'repeated') repeated.add(numbered.event);
        else if (applied === 'unread') unread.push(numbered.event);
        else unknown += applied;
        ({ seq } = numbered);
      }
      catalogue.cursor.set({ instance, seq });
      return { unknown, unread, repeated };
      // Fragments can be read from the files again, gaps cannot.
    },
    events.some(({ event }) => event.kind.startsWith('gap')) ? 'durable' : undefined,
  );
}

/** A gap that the process before left open lasted until it ended at the latest; behind that is the absence of media. */
function closeOldGaps(catalogue: Catalogue, startedAt: number): void {
  const lastSign = catalogue.services
    .find('media', { start: 0, end: startedAt })
    .reduce((latest, { end }) => Math.max(latest, end), 0);
  for (const gap of catalogue.gaps.openOnes())
    catalogue.gaps.close(gap, Math.max(gap.start, Math.min(startedAt, Math.max(lastSign, gap.start))));
}

const ended = (isWhole: boolean): 0 | 'unread' => (isWhole ? 0 : 'unread');

/** Changes the tables; how many fragments belong to segments nobody knows. `unread`: the file of the segment must be read again. */
function apply({ segments, gaps }: Catalogue, event: MediaEvent): number | 'repeated' | 'unread' {
  switch (event.kind) {
    case 'segment-opened':
      segments.open(event.segment);
      return 0;
    case 'fragments-written':
      return segments.addFragments(event.fragments).unknown;
    case 'segment-closed':
      return ended(segments.close(event.volumeId, event.segment));
    case 'gap-opened': {
      const { cameraId, stream, start, cause, detail } = event;
      gaps.open({ cameraId, stream, start, cause, detail });
      return 0;
    }
    case 'gap-closed':
      gaps.close(event, event.end);
      return 0;
    case 'gap': {
      const { cameraId, stream, start, end, cause, accessUnits, detail } = event;
      return gaps.add({ cameraId, stream, start, end, cause, accessUnits, detail }) ? 0 : 'repeated';
    }
    case 'stream-state':
    case 'volume-state':
    case 'volume-waiting':
    case 'stats':
      return 0;
    default:
      return assertNever(event);
  }
}

type News = { readonly tell: (events: readonly MediaEvent[]) => void };
/** What people see of it: state in memory, activity log, live events. After the commit, so that nobody is told what is then not there. */
function createNews({ state, publish, record, clock, onVolume, isOwn }: IngestDeps): News {
  const gapLogged = new Map<string, number>();
  const mayLogGap = (cameraId: string, stream: StreamName): boolean => {
    const key = `${cameraId}/${stream}`;
    const at = clock.monotonic();
    const last = gapLogged.get(key);
    if (last !== undefined && at - last < GAP_LOG_MS) return false;
    gapLogged.set(key, at);
    return true;
  };
  const tellState = (event: Extract<MediaEvent, { readonly kind: 'stream-state' | 'volume-state' }>): void => {
    if (event.kind === 'stream-state') {
      const entry = activityOfStream(event, state.setStream(event));
      if (entry !== undefined) record(entry);
      publish({ kind: 'camera', cameraId: event.cameraId });
      return;
    }
    const before = state.setVolume(event);
    const entry = activityOfVolume(event, before);
    if (entry !== undefined) record(entry);
    onVolume?.(event.volumeId, event.state, before);
    publish({ kind: 'volume', volumeId: event.volumeId });
  };
  const tellOne = (event: MediaEvent): void => {
    switch (event.kind) {
      case 'stream-state':
      case 'volume-state':
        return tellState(event);
      case 'stats':
        return state.setStats(event);
      case 'gap-opened':
      case 'gap':
        if (mayLogGap(event.cameraId, event.stream)) record(activityOfGap(event, isOwn(event.cameraId)));
        return publish({ kind: 'ledger', cameraId: event.cameraId });
      case 'gap-closed':
        return publish({ kind: 'ledger', cameraId: event.cameraId });
      case 'segment-opened':
      case 'segment-closed':
      case 'fragments-written':
      case 'volume-waiting':
        return;
      default:
        return assertNever(event);
    }
  };
  return {
    tell: (events) => {
      for (const event of events) tellOne(event);
      const fragments = events.flatMap((event) => (event.kind === 'fragments-written' ? event.fragments : []));
      for (const event of recordedEvents(fragments)) publish(event);
      for (const { cameraId, stream, end } of fragments) state.sawFragment(cameraId, stream, end);
    },
  };
}

/** One a stream for all its fragments of a batch. */
function recordedEvents(fragments: readonly FragmentReport[]): readonly LiveEvent[] {
  return [...Map.groupBy(fragments, ({ cameraId, stream }) => `${cameraId}/${stream}`).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const start = Math.min(...group.map((fragment) => fragment.start));
    const end = Math.max(...group.map((fragment) => fragment.end));
    const { cameraId, stream } = first;
    return [{ kind: 'recorded', cameraId, stream, start: isoOf(epochMs(start)), end: isoOf(epochMs(end)) }];
  });
}
