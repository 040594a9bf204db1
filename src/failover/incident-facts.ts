/** The shape of an incident report, but for what is said of it (incident-sentence.ts). */
import { z } from 'zod';
import { MISSING_CAUSES } from '../ledger/causes.ts';
import { stepSchema } from './incident-steps.ts';
import { incidentSchema, partSchema, streamSchema } from './incident.ts';

const count = z.number().int().min(0);
const length = z.number().min(0).describe('milliseconds');
const time = z.number().describe('wall milliseconds');
const server = z.object({ id: z.string(), name: z.string() });

const streamReportSchema = z.object({
  ...streamSchema.omit({ parts: true }).shape,
  /** Of the camera; its id if it is not known any more. */
  name: z.string(),
  priority: z.enum(['high', 'medium', 'low', 'never']).optional(),
  /** From the last frame of the protected server to the first one of the failover server; 0 if they overlap. */
  gapMs: length.optional(),
  /** Whose footage there is, over the whole picture, in order and without a hole. */
  coverage: z.array(z.object(partSchema.shape)),
});
export const incidentFactsSchema = z.object({
  ...incidentSchema.omit({ streams: true }).shape,
  serverName: z.string(),
  /** The failover server that covered it and tells this. */
  by: server,
  state: z.enum(['covering', 'restoring', 'closed']),
  streams: z.array(streamReportSchema),
  steps: z.array(stepSchema),
  /** What `coverage` reaches over. */
  picture: z.object({ start: time, end: time }),
  totals: z.object({
    streams: count,
    /** Streams with footage of the failover server. */
    covered: count,
    cameras: count,
    coveredCameras: count,
    /** Recorded by the failover server now. */
    heldCameras: count,
    firstCovered: time.optional(),
    missingMs: length,
    missingByCause: z.array(z.object({ cause: z.enum(MISSING_CAUSES), ms: length })),
    files: count,
    bytes: count,
    accessUnits: count,
    /** Of what the failover server recorded beyond the protected one: how much is home, 0 to 1. Absent: nothing was, or not told. */
    returnedPart: z.number().min(0).max(1).optional(),
    /** Stays at the failover server. */
    keptMs: length,
  }),
});
export type IncidentFacts = z.infer<typeof incidentFactsSchema>;
export type StreamReport = IncidentFacts['streams'][number];
