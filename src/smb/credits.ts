/**
 * Credits: what the server lets us have under way, [MS-SMB2] §3.2.4.1.2, §3.2.5.1.4. One credit is one request of up to 64 KB.
 *
 * Belongs here: who may send now. Does not: message ids and sending (connection.ts).
 */
import { brokenProtocol } from './smb-error.ts';

/** What Samba grants at most; a server may say more, it makes no difference. */
export const MAX_CREDITS = 8192;

export type Credits = {
  /**
   * Resolves with `wanted` credits taken, in the order of asking. A server that never grants that many gets fewer: 1 or more, once nothing else
   * is under way. Each one that resolved ends with `settle`.
   */
  readonly take: (wanted: number) => Promise<number>;
  /** Credits of one answer. */
  readonly grant: (count: number) => void;
  /** The request that took credits has its last answer. */
  readonly settle: () => void;
  readonly available: () => number;
  /** Ends everyone who waits or will wait. */
  readonly fail: (error: Error) => void;
};

type Waiter = {
  readonly wanted: number;
  readonly resolve: (taken: number) => void;
  readonly reject: (error: Error) => void;
};

/** A connection begins with one credit. */
export function createCredits(): Credits {
  let available = 1;
  let underWay = 0;
  let failure: Error | undefined;
  const waiters: Waiter[] = [];

  /** How many the first in line gets now: 0 is "not yet". */
  function share(wanted: number): number {
    if (available >= wanted) return wanted;
    return underWay === 0 ? available : 0;
  }

  function serve(): void {
    for (let first = waiters[0]; first !== undefined; first = waiters[0]) {
      const taken = share(first.wanted);
      if (taken === 0 && underWay > 0) return;
      waiters.shift();
      if (taken === 0) {
        first.reject(brokenProtocol('The server granted no credit: nothing may be sent any more.'));
      } else {
        available -= taken;
        underWay += 1;
        first.resolve(taken);
      }
    }
  }

  return {
    take: async (wanted) => {
      if (failure !== undefined) throw failure;
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      waiters.push({ wanted, resolve, reject });
      serve();
      return await promise;
    },
    grant: (count) => {
      available = Math.min(MAX_CREDITS, available + count);
      serve();
    },
    settle: () => {
      underWay -= 1;
      serve();
    },
    available: () => available,
    fail: (error) => {
      failure = error;
      for (const { reject } of waiters.splice(0)) reject(error);
    },
  };
}
