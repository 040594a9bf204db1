/** Failures of protected servers, each from the first suspicion to the last receipt. */
import { z } from 'zod';
import { incidentReportSchema } from '../../failover/incident-report.ts';
import { statementSchema } from '../../failover/incident-sentence.ts';
import { isoTime } from './common.ts';

const server = z.object({ id: z.string(), name: z.string() });

export const incident = z.object({
  id: z.string(),
  serverId: z.string(),
  serverName: z.string(),
  /** The failover server that covered it. */
  by: server,
  state: z.enum(['open', 'closed']),
  cause: z.string(),
  /** In English; `sentence` holds the same as figures. */
  summary: z.string(),
  sentence: z.array(statementSchema),
  startedAt: isoTime,
  endedAt: isoTime.optional(),
  missingSeconds: z.number(),
  cameras: z.number().int(),
  coveredCameras: z.number().int(),
});
export type Incident = z.infer<typeof incident>;

/** The whole account, as made by failover/incident-report.ts. */
export const incidentReport = incidentReportSchema;
export type IncidentReport = z.infer<typeof incidentReport>;
