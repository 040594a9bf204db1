/**
 * What a member tells its host of itself when it is asked (`site.report`): what the plan and the status of the site are made of.
 * Belongs here: the shape and its bounds. Does not: filling it (control/member-report.ts), asking for it (control/site-reports.ts).
 */
import { z } from 'zod';
import { MAX_CAMERAS, prioritySchema, standbyLevelSchema } from './camera.ts';
import { SHORTAGE_POLICIES } from './failover-settings.ts';
import { MAX_PEERS } from './peer.ts';

/** All cameras of a site that one failover server may have probed. */
export const MAX_UNREACHABLE: number = MAX_CAMERAS * MAX_PEERS;

const id = z.string().max(64);
const reportedCamera = z.object({
  id,
  name: z.string().max(128),
  priority: prioritySchema,
  standbyLevel: standbyLevelSchema,
  /** Continuously, by its settings. */
  recording: z.boolean(),
});
export type ReportedCamera = z.infer<typeof reportedCamera>;

/** One server that it protects. */
const protectedSchema = z.object({
  serverId: id,
  state: z.string().max(32),
  backupAt: z.number().optional(),
  backupProblem: z.string().max(500).optional(),
});

/** Readers take what they know and leave the rest: releases of a site differ by one for a while. */
export const memberReportSchema = z.object({
  /** Of its settings; equal ones have equal cameras. */
  revision: z.string().max(128),
  model: z.string().max(128).optional(),
  /** Of the last minute, by cores: 1 is all of them busy. */
  load: z.number().min(0).optional(),
  /** Absent when the host said that it knows those of this revision. */
  cameras: z.array(reportedCamera).max(MAX_CAMERAS).optional(),
  /** Of a failover server. */
  failover: z
    .object({
      shortagePolicy: z.enum(SHORTAGE_POLICIES),
      oneServerAtATime: z.boolean(),
      /** Cameras that a probe found out of its reach. */
      unreachable: z.array(id).max(MAX_UNREACHABLE),
      protects: z.array(protectedSchema).max(MAX_PEERS),
      lastDrill: z
        .object({ serverId: id, at: z.number(), cameras: z.number().int(), recorded: z.number().int() })
        .optional(),
    })
    .optional(),
});
export type MemberReport = z.infer<typeof memberReportSchema>;

export const reportRequestSchema = z.object({ known: z.string().max(128).optional() });
