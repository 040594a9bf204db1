/** A planned hand-over: others record the cameras of a server first, then it may stop. */
import { z } from 'zod';
import { handOverSchema } from '../../site/hand-over.ts';
import { isoTime } from './common.ts';

export const handOverRequest = z.strictObject({
  /** So long it may take until the server stops; then its cameras go back to it. */
  holdSeconds: z.number().int().min(60).max(3600).default(600),
});

export const handOverResult = handOverSchema.extend({ until: isoTime });
export type HandOverResult = z.infer<typeof handOverResult>;
