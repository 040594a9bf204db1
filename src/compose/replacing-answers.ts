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
  /** By the word of the host: which replacement, by driver. */
  const permitted = new Map<string, Permitted>();
  network.handle('site.successor', async ({ record }, params) => {
    if (!record.managesUs) throw onlyHost();
    const { driver, ...named } = successorParams.parse(params);
    permitted.set(driver, { ...named, until: clock.monotonic() + PERMITTED_MS });
    return await Promise.resolve({ result: {} });
  });
  const isPermitted = (peerId: string, params: unknown): boolean => {
    const named = permitted.get(peerId);
    if (named === undefined || named.until <= clock.monotonic()) return false;
    const { data } = adoptedParams.safeParse(params);
    return data?.hash === named.hash && data.backup.serverId === named.serverId;
  };
  const adopting = createAdoptingSide({ ...parts, isPermitted, order: parts.recording.order });
  network.handle('site.adopt', async (peer, params) => ({ result: await adopting.take(peer.id, params) }));
}

/** The host says it anew at each attempt. */
const PERMITTED_MS = 60_000;
const successorParams = z.strictObject({
  driver: z.string().max(64),
  serverId: z.string().max(64),
  hash: z.string().max(64),
});
type Permitted = {
  readonly serverId: string;
  readonly hash: string;
  /** Monotonic milliseconds. */ readonly until: number;
};
/** Of `site.adopt`: in whose place, with which settings. */
const adoptedParams = z.looseObject({ hash: z.string(), backup: z.looseObject({ serverId: z.string() }) });
