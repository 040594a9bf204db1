/**
 * What a server answers that is replaced, or put in the place of another one. Belongs here: those answers, and who may ask. Does not:
 * driving a replacement (replacing-set-up.ts), what the host answers (replacing-host.ts).
 */
import { z } from 'zod';
import { createAdoptingSide } from '../control/adopting-side.ts';
import { createReplacedSide } from '../control/replaced-side.ts';
import type { ReplacedSide } from '../control/replaced-side.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { DurationMs } from '../core/units.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Peers } from './peer-set-up.ts';

export const TELL_WITHIN: DurationMs = durationMs(5000);

export const onlyHost = (): UnderstudyError =>
  new UnderstudyError('forbidden', 'peer/not-yours', 'Only the host of this server may ask for that.');

/** What this server does when another one is put in its place. */
export function answerAsOriginal(parts: FailoverParts, { network }: Peers): ReplacedSide {
  const replaced = createReplacedSide({
    ...parts,
    sayForget: async (id) => void (await network.request(id, 'peer.forget', {}, { timeoutMs: TELL_WITHIN })),
    forgotten: network.refresh,
  });
  network.handle('site.replaced', async (peer, params) => {
    await replaced.take(peer.id, params);
    return { result: {} };
  });
  return replaced;
}

/** What this server does when it is put in the place of another one. */
export function answerAdoptions(parts: FailoverParts, { network }: Peers): void {
  const { clock } = parts;
  /** By the word of the host; monotonic milliseconds. */
  const permitted = new Map<string, number>();
  network.handle('site.successor', async ({ record }, params) => {
    if (!record.managesUs) throw onlyHost();
    permitted.set(successorParams.parse(params).driver, clock.monotonic() + PERMITTED_MS);
    return await Promise.resolve({ result: {} });
  });
  const isPermitted = (peerId: string): boolean => (permitted.get(peerId) ?? -Infinity) > clock.monotonic();
  const adopting = createAdoptingSide({ ...parts, isPermitted, order: parts.recording.order });
  network.handle('site.adopt', async (peer, params) => ({ result: await adopting.take(peer.id, params) }));
}

/** The host says it anew at each attempt. */
const PERMITTED_MS = 60_000;
const successorParams = z.strictObject({ driver: z.string().max(64) });
