/** The log and the live events. */
import { z } from 'zod';
import { isoTime } from './common.ts';

export const severity = z.enum(['info', 'warning', 'error']);

/** `GET /log?limit&cursor&since&until&severity&code&cameraId&text`, newest first; also as CSV with `Accept: text/csv`. */
export const logEntry = z.object({
  id: z.string(),
  at: isoTime,
  severity,
  /** Stable, such as `camera-failed`, `gap`, `signed-in`, `volume-gone`. */
  code: z.string(),
  message: z.string(),
  cameraId: z.string().optional(),
  volumeId: z.string().optional(),
  user: z.string().optional(),
});
export type LogEntry = z.infer<typeof logEntry>;

/** `GET /events`: server-sent events; `event:` is `kind`, `data:` this as JSON. `Last-Event-ID` resumes. */
export const liveEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('log'), entry: logEntry }),
  z.object({ kind: z.literal('camera'), cameraId: z.string() }).describe('Its state changed: fetch it again'),
  z.object({ kind: z.literal('cameras') }).describe('The list changed'),
  z
    .object({
      kind: z.literal('recorded'),
      cameraId: z.string(),
      stream: z.enum(['main', 'sub']),
      start: isoTime,
      end: isoTime,
    })
    .describe('At most one a second and camera'),
  z.object({ kind: z.literal('ledger'), cameraId: z.string() }).describe('A gap was booked'),
  z.object({ kind: z.literal('volume'), volumeId: z.string() }),
  z.object({ kind: z.literal('export'), exportId: z.string() }),
  z.object({ kind: z.literal('server') }),
  z
    .object({
      kind: z.literal('incident'),
      incidentId: z.string(),
      news: z.enum(['opened', 'changed', 'closed']),
      /** The protected server, and the failover server that covers it and has the report. */
      protected: z.object({ id: z.string(), name: z.string() }),
      by: z.object({ id: z.string(), name: z.string() }),
      /** Over all cameras, as far as it is known. */
      missingSeconds: z.number(),
      files: z.number().int().describe('Came home so far'),
    })
    .describe('A failure of a protected server began, went on (at most once a second) or is over; for operators'),
  z.object({ kind: z.literal('signed-out'), reason: z.string() }),
]);
/** At a host also what happens at its members, with the server that told; absent: here. */
export type LiveEvent = z.infer<typeof liveEvent> & { readonly serverId?: string };
