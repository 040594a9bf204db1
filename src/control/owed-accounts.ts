/**
 * What a protected server is still to be told of footage that is gone for good, kept in a file until it has booked it.
 * Belongs here: keeping and telling. Does not: what is gone (restoration).
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { replaceFileSync } from '../core/durable-file.ts';
import { messageOf, systemCodeOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { MISSING_CAUSES } from '../ledger/causes.ts';
import type { AccountParams } from '../wire/footage-protocol.ts';
import { MAX_ACCOUNT_GAPS } from '../wire/parse-footage.ts';

export type OwedGap = AccountParams['gaps'][number];
export type OwedAccountsDeps = {
  readonly path: string;
  readonly request: (serverId: string, method: 'footage.account', params: AccountParams) => Promise<unknown>;
  readonly log: Log;
};
export type OwedAccounts = {
  readonly owe: (serverId: string, gaps: readonly OwedGap[]) => void;
  /** Tells what is owed; what the other side does not take stays. */
  readonly settle: (serverId: string) => Promise<void>;
};

const gap = z.object({
  cameraId: z.string(),
  stream: z.enum(['main', 'sub']),
  start: z.number(),
  end: z.number(),
  cause: z.enum(MISSING_CAUSES),
  detail: z.string(),
});
const fileSchema = z.record(z.string().max(64), z.array(gap));

export function openOwedAccounts({ path, request, log }: OwedAccountsDeps): OwedAccounts {
  const owed = new Map<string, readonly OwedGap[]>(Object.entries(read(path, log)));
  const put = (serverId: string, gaps: readonly OwedGap[]): void => {
    if (gaps.length === 0) owed.delete(serverId);
    else owed.set(serverId, gaps);
    try {
      replaceFileSync(path, JSON.stringify(Object.fromEntries(owed)));
    } catch (error) {
      log.error('what is owed to a protected server cannot be kept', { serverId, reason: messageOf(error) });
    }
  };
  return {
    owe: (serverId, gaps) => {
      if (gaps.length > 0) put(serverId, [...(owed.get(serverId) ?? []), ...joined(gaps)]);
    },
    settle: async (serverId) => {
      for (let gaps = owed.get(serverId); gaps !== undefined; gaps = owed.get(serverId)) {
        const told = gaps.slice(0, MAX_ACCOUNT_GAPS);
        try {
          await request(serverId, 'footage.account', { gaps: told });
        } catch (error) {
          log.warn('a protected server was not told what is missing', { serverId, reason: messageOf(error) });
          return;
        }
        const isTold = new Set(told);
        put(
          serverId,
          (owed.get(serverId) ?? []).filter((each) => !isTold.has(each)),
        );
      }
    },
  };
}

/** Jitter of single stamps. */
const JOINED_MS = 100;
const nameOf = ({ cameraId, stream, cause }: OwedGap): string => `${cameraId}/${stream}/${cause}`;

/** Groups that follow each other are one gap. */
function joined(gaps: readonly OwedGap[]): readonly OwedGap[] {
  const result: OwedGap[] = [];
  for (const each of gaps.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)) || a.start - b.start)) {
    const last = result.at(-1);
    if (last !== undefined && nameOf(last) === nameOf(each) && each.start <= last.end + JOINED_MS)
      result[result.length - 1] = { ...last, end: Math.max(last.end, each.end) };
    else result.push(each);
  }
  return result;
}

function read(path: string, log: Log): z.infer<typeof fileSchema> {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') log.error('kept accounts cannot be used', { reason: messageOf(error) });
    return {};
  }
}
