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
  z.object({ kind: z.literal('signed-out'), reason: z.string() }),
]);
export type LiveEvent = z.infer<typeof liveEvent>;
