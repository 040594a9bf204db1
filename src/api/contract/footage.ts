/** What was recorded, what is missing and why, and how to play it. */
import { z } from 'zod';
import { MISSING_CAUSES } from '../../ledger/causes.ts';
import { isoTime } from './common.ts';

/** `GET /cameras/{id}/recordings?start&end&stream`: half-open spans in time order. */
export const recordingSpan = z.object({
  start: isoTime,
  end: isoTime,
  recordedBy: z.object({ serverId: z.string(), name: z.string() }),
  origin: z.enum(['own', 'covered', 'returned']),
  /** Equal for spans that can stand in one playlist. */
  layoutEpoch: z.string(),
  codec: z.string(),
  /** As in playlists: with audio where browsers can play it. */
  playlistCodec: z.string().optional(),
  bytes: z.number().int(),
});
export type RecordingSpan = z.infer<typeof recordingSpan>;

/** `GET /cameras/{id}/ledger?start&end&stream`: every second between start and end, without a hole or an overlap. */
export const ledgerSpan = z.object({
  start: isoTime,
  end: isoTime,
  state: z.enum(['recorded', 'returned', 'missing', 'not-expected']),
  cause: z.enum(MISSING_CAUSES).optional(),
  detail: z.string().optional(),
  recordedBy: z.string().optional(),
});
export type LedgerSpan = z.infer<typeof ledgerSpan>;
export const ledger = z.object({
  spans: z.array(ledgerSpan),
  /** Seconds. */
  totals: z.object({ recorded: z.number(), returned: z.number(), missing: z.number(), notExpected: z.number() }),
});

/**
 * `GET /timeline?day=2026-11-21&cameras=a,b&stream=main`: the same as run lists, small enough for a day of 64 cameras; has an ETag.
 * Times are milliseconds after `dayStart` (UTC midnight), half open.
 */
export const timelineDay = z.object({
  dayStart: isoTime,
  cameras: z.array(
    z.object({
      cameraId: z.string(),
      /** [start, end, state]: 0 recorded by owner, 1 by a failover server, 2 returned. */
      recorded: z.array(z.tuple([z.number(), z.number(), z.number()])),
      /** [start, end, index into `causes`]. */
      missing: z.array(z.tuple([z.number(), z.number(), z.number()])),
    }),
  ),
  causes: z.array(z.enum(MISSING_CAUSES)),
});
export type TimelineDay = z.infer<typeof timelineDay>;

/** `GET /cameras/{id}/playlists?start&end&stream`: what to load one after the other; each is one layout epoch. */
export const playlistEpoch = z.object({
  start: isoTime,
  end: isoTime,
  layoutEpoch: z.string(),
  /** RFC 6381 with audio left out where browsers cannot play it; `playable` is about H.264/AAC/Opus in MSE, not about this browser. */
  codec: z.string(),
  url: z.string(),
});
export type PlaylistEpoch = z.infer<typeof playlistEpoch>;

/** `POST /exports`, `GET /exports`, `GET /exports/{id}`, `GET /exports/{id}/(video|manifest)`, `DELETE`. */
export const createExportRequest = z.strictObject({
  cameraIds: z.array(z.string()).min(1).max(16),
  start: z.iso.datetime({ offset: true }),
  end: z.iso.datetime({ offset: true }),
  stream: z.enum(['main', 'sub']).default('main'),
});
export const exportJob = z.object({
  id: z.string(),
  cameraId: z.string(),
  stream: z.enum(['main', 'sub']),
  /** As asked, and as cut: from the key frame at or before `start`. */
  start: isoTime,
  end: isoTime,
  cutStart: isoTime.optional(),
  cutEnd: isoTime.optional(),
  state: z.enum(['queued', 'running', 'done', 'failed']),
  progress: z.number().min(0).max(1),
  message: z.string().optional(),
  bytes: z.number().int().optional(),
  sha256: z.string().optional(),
  createdAt: isoTime,
  /** Files: a change of layout in the range makes more than one. */
  files: z.array(
    z.object({
      name: z.string(),
      bytes: z.number().int(),
      sha256: z.string(),
      url: z.string(),
      manifestUrl: z.string(),
    }),
  ),
  missingSeconds: z.number().optional(),
});
export type ExportJob = z.infer<typeof exportJob>;

/** `POST /exports/{id}/link`. */
export const createExportLinkRequest = z.strictObject({
  /** A month at most. */
  hours: z.number().int().min(1).max(744).default(72),
});
/** Whoever has these addresses fetches the files without an account; they are fetched from this server itself. */
export const exportLink = z.object({
  expiresAt: isoTime,
  files: z.array(z.object({ name: z.string(), bytes: z.number().int(), url: z.string(), manifestUrl: z.string() })),
});
export type ExportLink = z.infer<typeof exportLink>;
