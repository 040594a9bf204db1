/**
 * Footage that turned out not to be what was recorded. An export that misses something the catalogue promised has the files
 * looked at, every payload against its hash; what fails is no longer offered, and the ledger says `footage-damaged`.
 */
import type { ActivityLog } from '../api/activity.ts';
import type { HealthItem } from '../api/contract/server.ts';
import type { LiveEvent } from '../api/contract/events.ts';
import type { MillisecondRange, StreamRef } from '../api/footage-access.ts';
import type { Catalogue, Segment } from '../archive/catalogue-types.ts';
import { scanSegmentFile } from '../archive/scan-segment.ts';
import type { DamagedPlace } from '../archive/rebuild.ts';
import { isoOf } from '../core/clock.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs, epochMs } from '../core/units.ts';
import type { TimeRange } from '../core/units.ts';
import { intersect, lengthOf, rangeOf, subtract } from '../ledger/spans.ts';
import type { SegmentReport } from '../wire/media-protocol.ts';
import type { VolumeSettings } from '../site/server-settings.ts';
import { fileOfSegment } from './open-segment.ts';

/** An export misses a little at its ends, where groups of pictures are cut. */
const SUSPICIOUS_MS = 200;
/** Waiting to be looked at; more are found again by the next export. */
const MAX_WAITING = 256;
/** The catalogue does not know at once that a segment of a recorder that ended is closed; one that is written takes up to its ten minutes. */
export const LOOK_AGAIN_MS = 10_000;
/** In the health list; the log has all. */
export const MAX_TOLD = 20;

export type DamagedFootageDeps = {
  readonly catalogue: Pick<Catalogue, 'segments' | 'removed' | 'transaction'>;
  readonly volumes: () => readonly VolumeSettings[];
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly publish: (event: LiveEvent) => void;
  readonly clock: Clock;
  readonly log: Log;
};
export type DamagedFootage = Running & {
  /** An export of this stream lacks these. */
  readonly suspect: (stream: StreamRef, ranges: readonly MillisecondRange[]) => void;
  /** By a comparison of volume and catalogue, which has booked it. */
  readonly found: (place: DamagedPlace, lost: readonly TimeRange[]) => void;
  /** Found since the start. */
  readonly items: () => readonly HealthItem[];
};

export function startDamagedFootage(deps: DamagedFootageDeps): DamagedFootage {
  const { catalogue, clock, log } = deps;
  const waiting = new Map<string, Segment>();
  let later: readonly Suspicion[] = [];
  let cancelLater: Cancel = () => undefined;
  const items: HealthItem[] = [];
  const keep = (item: HealthItem): void => {
    items.push(item);
    if (items.length > MAX_TOLD) items.shift();
  };
  const stopping = new AbortController();
  let busy = false;
  let running = Promise.resolve();
  const drain = async (): Promise<void> => {
    for (let next = first(waiting); next !== undefined && !stopping.signal.aborted; next = first(waiting)) {
      waiting.delete(next.path);
      try {
        const item = await inspect(deps, next);
        if (item === undefined) continue;
        keep(item);
      } catch (error) {
        log.warn('footage could not be checked', { path: next.path, reason: messageOf(error) });
      }
    }
    busy = false;
  };
  const look = (suspicions: readonly Suspicion[]): void => {
    if (stopping.signal.aborted) return;
    later = [];
    for (const suspicion of suspicions) {
      const { closed, open } = suspectsOf(catalogue, suspicion);
      for (const segment of closed) if (waiting.size < MAX_WAITING) waiting.set(segment.path, segment);
      if (open.length > 0 && later.length < MAX_WAITING)
        later = [...later, { ...suspicion, ranges: intersect(open.flatMap(spansOf), missingOf(suspicion)) }];
    }
    cancelLater();
    if (later.length > 0) cancelLater = clock.after(durationMs(LOOK_AGAIN_MS), () => look(later));
    if (busy || waiting.size === 0) return;
    busy = true;
    running = drain();
  };
  return {
    suspect: (stream, ranges) => look([{ stream, ranges }, ...later]),
    found: (place, lost) => keep(told(deps, place, lost)),
    items: () => items,
    stop: async () => {
      stopping.abort();
      cancelLater();
      await running;
    },
  };
}

const first = (waiting: ReadonlyMap<string, Segment>): Segment | undefined => waiting.values().next().value;

const missingOf = ({ ranges }: Suspicion): readonly TimeRange[] => ranges.map(({ start, end }) => rangeOf(start, end));
type Suspicion = { readonly stream: StreamRef; readonly ranges: readonly MillisecondRange[] };

/** Those of which the catalogue says that they hold some of it. */
function suspectsOf(
  { segments }: Pick<Catalogue, 'segments'>,
  suspicion: Suspicion,
): { readonly closed: readonly Segment[]; readonly open: readonly Segment[] } {
  const { stream, ranges } = suspicion;
  const missing = missingOf(suspicion);
  const [from, to] = [Math.min(...ranges.map(({ start }) => start)), Math.max(...ranges.map(({ end }) => end))];
  const holding = segments
    .find(stream, { start: from, end: to })
    .filter((segment) => lengthOf(intersect(spansOf(segment), missing)) > SUSPICIOUS_MS);
  return { closed: holding.filter(({ open }) => !open), open: holding.filter(({ open }) => open) };
}

const spansOf = ({ spans }: Pick<Segment, 'spans'>): readonly TimeRange[] =>
  spans.map(({ start, end }) => rangeOf(start, end));

/** The health item, if the file is not what the catalogue says. */
async function inspect(deps: DamagedFootageDeps, before: Segment): Promise<HealthItem | undefined> {
  const { catalogue } = deps;
  const { segment, fragments } = await scan(deps, before);
  const whole = fragments.map(({ start, end }) => rangeOf(start, end));
  // Of what is promised now: a comparison of the volume may have booked some of it meanwhile.
  const stored = catalogue.segments.get(before.volumeId, before.path);
  const lost = subtract(stored === undefined ? [] : spansOf(stored), whole).filter(({ start, end }) => end - start > 1);
  if (lost.length === 0) return undefined;
  catalogue.transaction(() => {
    catalogue.segments.putScanned(segment, fragments);
    for (const span of lost) catalogue.removed.add(before, span, 'footage-damaged');
  }, 'durable');
  return told(deps, before, lost);
}

function told(
  { activity, publish, clock }: DamagedFootageDeps,
  { cameraId, volumeId, path }: DamagedPlace,
  lost: readonly TimeRange[],
): HealthItem {
  const message = `${(lengthOf(lost) / 1000).toFixed(1)} s of footage around ${isoOf(epochMs(lost[0]?.start ?? 0))} are damaged in ${path}: check the disk of this volume.`;
  activity.record({ severity: 'error', code: 'footage-damaged', message, cameraId, volumeId });
  publish({ kind: 'ledger', cameraId });
  publish({ kind: 'server' });
  return { code: 'footage-damaged', severity: 'warning', message, since: isoOf(clock.now()), cameraId, volumeId };
}

type Scanned = Awaited<ReturnType<typeof scanSegmentFile>>;
/** A file whose beginning cannot be read keeps its row, so that retention removes it in its turn, and offers nothing. */
async function scan({ volumes }: DamagedFootageDeps, before: Segment): Promise<Scanned> {
  const file = await fileOfSegment(volumes(), before);
  try {
    return await scanSegmentFile(file, before.volumeId, before.path, 'all');
  } catch (error) {
    if (!(error instanceof UnderstudyError) || error.kind !== 'corrupt') throw error;
    return { segment: reportOf(before), fragments: [] };
  }
}

function reportOf({ path, spans: _spans, keys: _keys, ...row }: Segment): SegmentReport {
  const { cameraId, stream, volumeId, serverId, epoch, start, initLength, layoutHash, video, audio } = row;
  return { cameraId, stream, volumeId, segment: path, serverId, epoch, start, initLength, layoutHash, video, audio };
}
