/**
 * One incident: a failure of a protected server (R) from first suspicion to the last receipt, as the failover server (F) saw it.
 * Pure: changes in, record out; the record is what is kept, `reportOf` what the API shows.
 *
 * Belongs here: the record, its accumulation and the words. Does not: when an incident begins and ends (settle.ts).
 * All times are wall milliseconds of F.
 */
import { z } from 'zod';
import { isCameraId, isServerId } from '../core/ids.ts';
import type { EpochMs } from '../core/units.ts';
import { MISSING_CAUSES } from '../ledger/causes.ts';
import type { MissingCause } from '../ledger/causes.ts';
import { COVER_REASONS, RELEASE_WHYS, keyOf } from './cover-reasons.ts';
import type { CoverReason, ReleaseWhy, StreamRef, TakeoverBy } from './cover-reasons.ts';

export const MAX_INCIDENT_STREAMS = 512;
export const MAX_REMARKS = 50;
/** Of all streams together: a record stays small, for all of them are in memory. */
export const MAX_INCIDENT_PARTS = 4096;
/** Of one stream at most so many, and with many streams fewer: `partsPerStream`. */
export const MAX_STREAM_PARTS = 256;
export const partsPerStream = (streams: number): number =>
  Math.max(8, Math.min(MAX_STREAM_PARTS, Math.floor(MAX_INCIDENT_PARTS / Math.max(1, streams))));

export type MissingTime = { readonly cause: MissingCause; readonly ms: number };
type At = { readonly incident: string; readonly at: EpochMs };
export type IncidentChange = At &
  (
    | { readonly kind: 'opened'; readonly serverId: string; readonly cause: CoverReason; readonly lastSign: EpochMs }
    /** More became known: the strongest cause names the incident. */
    | { readonly kind: 'cause'; readonly cause: CoverReason }
    | {
        readonly kind: 'wanted';
        /** `lastFrame`: until when R is known to have recorded. */
        readonly streams: readonly (StreamRef & { readonly lastFrame: EpochMs })[];
      }
    /** First footage of F that is durable; the earliest that is told counts: of a hot camera the ring. */
    | { readonly kind: 'first-covered'; readonly stream: StreamRef; readonly from: EpochMs }
    | { readonly kind: 'takeover'; readonly by: TakeoverBy }
    | { readonly kind: 'takeover-ended' }
    | { readonly kind: 'server-back' }
    | { readonly kind: 'remark'; readonly message: string }
    | { readonly kind: 'released'; readonly streams: readonly StreamRef[]; readonly why: ReleaseWhy }
    /** Nothing is covered any more; footage may still be on its way home. */
    | { readonly kind: 'restoring' }
    /** The whole account of a stream, by the ledger of its server: replaces what was said before its last footage was home. */
    | {
        readonly kind: 'missing';
        readonly stream: StreamRef;
        readonly missing: readonly MissingTime[];
        /** The same second by second; absent: told by a server that does not say. */
        readonly parts?: readonly Part[];
      }
    | { readonly kind: 'returned'; readonly stream: StreamRef; readonly bytes: number; readonly accessUnits: number }
    | { readonly kind: 'closed' }
  );

const time = z.number();
const count = z.number().int().min(0);
/** Whose footage there is of a stretch of time, in order and without a hole. */
export const PART_STATES = [
  /** By the protected server itself. */
  'owner',
  /** By a failover server, and not given back. */
  'failover',
  /** By a failover server, and home. */
  'returned',
  'missing',
  /** Not known yet, or not any more. */
  'unknown',
  /** Nothing was to be recorded. */
  'off',
] as const;
export const partSchema = z.strictObject({
  start: time,
  /** Exclusive. */
  end: time,
  state: z.enum(PART_STATES),
  /** Of what is missing. */
  cause: z.enum(MISSING_CAUSES).optional(),
});
export type Part = z.infer<typeof partSchema>;
export const streamSchema = z.strictObject({
  cameraId: z.string().refine(isCameraId),
  stream: z.enum(['main', 'sub']),
  lastFrame: time,
  firstCovered: time.optional(),
  releasedAt: time.optional(),
  why: z.enum(RELEASE_WHYS).optional(),
  missing: z.array(z.strictObject({ cause: z.enum(MISSING_CAUSES), ms: z.number().min(0) })).max(MISSING_CAUSES.length),
  returned: z.strictObject({ files: count, bytes: count, accessUnits: count }),
  /** When its last footage was received at home. */
  homeAt: time.optional(),
  /** When the protected server gave its account. */
  toldAt: time.optional(),
  parts: z.array(partSchema).max(MAX_STREAM_PARTS).optional(),
});
export const incidentSchema = z.strictObject({
  id: z.string().max(64),
  serverId: z.string().refine(isServerId),
  cause: z.enum(COVER_REASONS),
  openedAt: time,
  lastSign: time,
  serverBackAt: time.optional(),
  takeover: z.strictObject({ at: time, by: z.enum(['automatic', 'manual']), endedAt: time.optional() }).optional(),
  restoringSince: time.optional(),
  closedAt: time.optional(),
  remarks: z.array(z.strictObject({ at: time, message: z.string().max(500) })).max(MAX_REMARKS),
  streams: z.array(streamSchema).max(MAX_INCIDENT_STREAMS),
});
export type Incident = z.infer<typeof incidentSchema>;
export type IncidentStream = Incident['streams'][number];

type Of<Kind extends IncidentChange['kind']> = Extract<IncidentChange, { readonly kind: Kind }>;
type Change = { readonly [Kind in IncidentChange['kind']]: (incident: Incident, change: Of<Kind>) => Incident };

/** The first change of an incident. */
export const openedIncident = ({ incident, at, serverId, cause, lastSign }: Of<'opened'>): Incident => ({
  id: incident,
  serverId,
  cause,
  openedAt: at,
  lastSign,
  remarks: [],
  streams: [],
});

/** `undefined` goes in before the first change; a change of an incident that is not known makes none. */
export function applyToIncident(incident: Incident | undefined, change: IncidentChange): Incident | undefined {
  if (incident === undefined) return change.kind === 'opened' ? openedIncident(change) : undefined;
  if (incident.id !== change.incident) return incident;
  return (CHANGES[change.kind] as (incident: Incident, change: IncidentChange) => Incident)(incident, change);
}

const CHANGES: Change = {
  opened: (incident) => incident,
  cause: (incident, { cause }) => (isStronger(cause, incident.cause) ? { ...incident, cause } : incident),
  wanted: (incident, { streams }) => ({ ...incident, streams: withWanted(incident.streams, streams) }),
  'first-covered': (incident, { stream, from }) =>
    changed(incident, stream, (entry) => ({ ...entry, firstCovered: Math.min(entry.firstCovered ?? from, from) })),
  takeover: (incident, { at, by }) => ({ ...incident, takeover: { at: incident.takeover?.at ?? at, by } }),
  'takeover-ended': (incident, { at }) =>
    incident.takeover === undefined ? incident : { ...incident, takeover: { ...incident.takeover, endedAt: at } },
  'server-back': (incident, { at }) => ({ ...incident, serverBackAt: at }),
  remark: (incident, { at, message }) => ({
    ...incident,
    remarks: [...incident.remarks, { at, message: message.slice(0, 500) }].slice(-MAX_REMARKS),
  }),
  released: (incident, { at, streams, why }) =>
    streams.reduce((next, stream) => changed(next, stream, (entry) => ({ ...entry, releasedAt: at, why })), incident),
  restoring: (incident, { at }) => ({ ...incident, restoringSince: at }),
  missing: (incident, { at, stream, missing, parts }) =>
    changed(incident, stream, ({ parts: _before, ...entry }) => ({
      ...entry,
      missing: missing.filter(({ ms }) => ms > 0),
      toldAt: at,
      ...(parts === undefined ? {} : { parts: boundedParts(parts, partsPerStream(incident.streams.length)) }),
    })),
  returned: (incident, { at, stream, bytes, accessUnits }) =>
    changed(incident, stream, ({ returned, ...entry }) => ({
      ...entry,
      homeAt: at,
      returned: {
        files: returned.files + 1,
        bytes: returned.bytes + bytes,
        accessUnits: returned.accessUnits + accessUnits,
      },
    })),
  closed: (incident, { at }) => ({ ...incident, closedAt: at }),
};

/** What there is no room for is not known any more; the timeline of its server still knows. */
export function boundedParts(parts: readonly Part[], max: number): Part[] {
  const [kept, rest] = [parts.slice(0, parts.length > max ? max - 1 : max), parts.slice(max - 1)];
  const [next, last] = [rest[0], rest.at(-1)];
  if (parts.length <= max || next === undefined || last === undefined) return kept;
  return [...kept, { start: next.start, end: last.end, state: 'unknown' }];
}

function changed(incident: Incident, stream: StreamRef, change: (entry: IncidentStream) => IncidentStream): Incident {
  const key = keyOf(stream);
  return { ...incident, streams: incident.streams.map((entry) => (keyOf(entry) === key ? change(entry) : entry)) };
}

/** One that is covered again within the incident goes on: its first times stay. */
function withWanted(present: readonly IncidentStream[], added: Of<'wanted'>['streams']): IncidentStream[] {
  const keys = new Set(added.map(keyOf));
  const known = new Set(present.map(keyOf));
  const again = present.map((entry): IncidentStream => {
    if (!keys.has(keyOf(entry))) return entry;
    const { releasedAt: _releasedAt, why: _why, ...rest } = entry;
    return rest;
  });
  const fresh = added
    .filter((stream) => !known.has(keyOf(stream)))
    .map(({ cameraId, stream, lastFrame }): IncidentStream => ({
      cameraId,
      stream,
      lastFrame,
      missing: [],
      returned: { files: 0, bytes: 0, accessUnits: 0 },
    }));
  return [...again, ...fresh].slice(0, MAX_INCIDENT_STREAMS);
}

/** What says most about what happened, first. */
const BY_STRENGTH: readonly CoverReason[] = [
  'planned',
  'error',
  'media-down',
  'volumes-failed',
  'nothing-recorded',
  'shutdown',
  'connection-lost',
  'silent',
  'keep-alives-stopped',
  'never-heard',
  'stream-volume',
  'stream-stalled',
  'stream-camera',
  'manual',
  'resumed',
];
const isStronger = (cause: CoverReason, than: CoverReason): boolean =>
  BY_STRENGTH.indexOf(cause) < BY_STRENGTH.indexOf(than);
