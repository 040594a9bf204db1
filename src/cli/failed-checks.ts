/** What beside its cameras speaks against covering a protected server, as a failover server checked it last. For what is printed only. */
import type { z } from 'zod';
import type { serverCheck } from '../api/contract/failover.ts';
import { parseIso } from '../core/clock.ts';
import { agoWords } from '../core/duration-words.ts';
import type { EpochMs } from '../core/units.ts';
import type { ApiClient } from './api-client.ts';
import { allowed } from './camera-names.ts';

export type FailedCheck = z.infer<typeof serverCheck>;
type Checks = { readonly servers: readonly FailedCheck[] };

/** None for a token that may not see them. @throws as `call` */
export async function failedChecksOf(api: ApiClient): Promise<readonly FailedCheck[]> {
  const { servers } = await allowed<Checks>(api, '/failover/probes', { servers: [] });
  return servers.filter(({ ok }) => !ok);
}

/** `There is no settings backup of it: nothing could be covered (checked 2 minutes ago)`. */
export function failedChecksWords(failed: readonly FailedCheck[], serverId: string, now: EpochMs): string | undefined {
  const ofServer = failed.filter((check) => check.serverId === serverId);
  if (ofServer.length === 0) return undefined;
  return ofServer
    .map(
      ({ message, checkedAt }) =>
        `${message.replace(/\.$/, '')} (checked ${agoWords(now - (parseIso(checkedAt) ?? now))})`,
    )
    .join('; ');
}
