/** The last word of an incident: what the protected server says is missing once its footage is home. Its own side: return-set-up.ts. */
import { z } from 'zod';
import { messageOf } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { keyOf } from '../failover/cover-reasons.ts';
import { MAX_STREAM_PARTS, partSchema } from '../failover/incident.ts';
import { PENDING_MS } from '../ledger/account.ts';
import { MISSING_CAUSES } from '../ledger/causes.ts';
import type { RestorationOrder } from '../restoration/restoration-types.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Peers } from './peer-set-up.ts';

const missingAnswer = z.object({
  missing: z.array(
    z.object({
      cameraId: z.string(),
      stream: z.enum(['main', 'sub']),
      cause: z.enum(MISSING_CAUSES),
      ms: z.number(),
    }),
  ),
  /** The same moment by moment; absent from a server of an older version. */
  accounts: z
    .array(
      z.object({
        cameraId: z.string(),
        stream: z.enum(['main', 'sub']),
        parts: z.array(partSchema).max(MAX_STREAM_PARTS),
      }),
    )
    .optional(),
});

/** What is missing after all stands in the ledger of the protected server; the incident repeats it. */
export async function tellMissing(
  { incidents, clock, log }: FailoverParts,
  network: Peers['network'],
  { serverId, streams: restored, end }: RestorationOrder,
  incident: string,
): Promise<void> {
  // Of the others the footage may be on its way still: they have restorations of their own.
  const given = new Set(restored.map(keyOf));
  const streams = (incidents.get(incident)?.streams ?? [])
    .filter((one) => given.has(keyOf(one)))
    .map(({ cameraId, stream, lastFrame }) => ({ cameraId, stream, start: lastFrame }));
  // What the protected server records itself is durable a moment later; until then this footage would seem to be all there is.
  await clock.sleep(durationMs(Math.min(PENDING_MS, Math.max(0, end + PENDING_MS - clock.now()))));
  try {
    const { result } = await network.request(serverId, 'footage.missing', { streams, end });
    const { missing: answers, accounts } = missingAnswer.parse(result);
    for (const stream of streams) {
      const missing = answers.filter((one) => keyOf(one) === keyOf(stream)).map(({ cause, ms }) => ({ cause, ms }));
      const parts = accounts?.find((one) => keyOf(one) === keyOf(stream))?.parts;
      const told = { kind: 'missing', incident, at: clock.now(), stream, missing } as const;
      incidents.apply(parts === undefined ? told : { ...told, parts });
    }
  } catch (error) {
    log.warn('what is missing after a restoration was not told', { serverId, reason: messageOf(error) });
  }
}
