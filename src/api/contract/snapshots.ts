/** Stored snapshots. */
import { z } from 'zod';
import { isoTime, isoTimeInput, pageQuery } from './common.ts';

const serverName = z.object({ serverId: z.string(), name: z.string() });

export const storedSnapshot = z.object({
  id: z.string(),
  cameraId: z.string(),
  stream: z.enum(['main', 'sub']),
  /** When the picture was made. */
  at: isoTime,
  /** `video/mp4`: the key frame itself, because the server that took it has no ffmpeg. */
  mediaType: z.enum(['image/jpeg', 'video/mp4']),
  bytes: z.number().int(),
  sha256: z.string(),
  /** Who asked for it. */
  user: z.string(),
  note: z.string().optional(),
  takenBy: serverName,
  /** It lies there: a failover server keeps it, or has not given it back yet. */
  keptBy: serverName.optional(),
});
export type StoredSnapshot = z.infer<typeof storedSnapshot>;

export const takeSnapshotRequest = z.strictObject({
  stream: z.enum(['main', 'sub']).default('main'),
  note: z.string().trim().max(200).optional(),
});
export const snapshotQuery = z.object({
  ...pageQuery.shape,
  /** Absent: from the first, to the last. */
  start: isoTimeInput.optional(),
  end: isoTimeInput.optional(),
});
/** Newest first. */
export const snapshotPage = z.object({
  items: z.array(storedSnapshot),
  next: z.string().optional(),
  /** Names of failover servers that cannot be asked now, and paths of volumes that cannot be read now: they may keep more. */
  away: z.array(z.string()),
});
