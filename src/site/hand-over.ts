/** What comes of a planned hand-over, as servers tell each other (`handover.begin`), and people. */
import { z } from 'zod';

const MAX_STREAMS = 256;
const text = z.string().max(1000);

export const handOverSchema = z.object({
  serverId: z.string().max(64),
  serverName: z.string().max(64),
  /** All that it records is durably recorded by others too: stopped now, nothing is lost. */
  safe: z.boolean(),
  /** When its cameras go back to it if it was not stopped. */
  until: z.string().max(40),
  /** How many streams it records. */
  streams: z.number().int(),
  /** Who was asked: how many of the streams it says nobody records for this server, or why it did not answer. */
  by: z
    .array(z.object({ serverId: z.string().max(64), name: text, missing: z.number().int(), problem: text.optional() }))
    .max(MAX_STREAMS),
  /** Nobody records these yet. */
  missing: z.array(z.object({ cameraId: z.string().max(64), stream: z.enum(['main', 'sub']) })).max(MAX_STREAMS),
});
export type HandOver = z.infer<typeof handOverSchema>;
