/** Requests that wait for their answers, each with a time limit. */
import type { Cancel, Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { DurationMs } from '../core/units.ts';
import type { Command, ResponseHeader } from './header.ts';
import type { Received } from './protection.ts';
import { brokenProtocol } from './smb-error.ts';

export type Asked = {
  readonly command: Command;
  /** Completes "Could not ..."; never a credential. */
  readonly doing: string;
  /** Goes behind the body as it is, without a copy; unchanged until the answer. */
  readonly payload?: Uint8Array;
};

/**
 * Footage goes over no link slower than 2 Mbit/s; over such a one, four writes of 1 MB keep the last of them waiting for 16 s, and that is
 * no reason to give up.
 */
const SLOWEST_BYTES_PER_MS = 256;

export type PendingRequests = {
  readonly add: (messageId: bigint, asked: Asked) => Promise<Received>;
  /** @throws `smb-protocol` if nothing waits for it. */
  readonly settle: (received: Received) => void;
  /** The server called it pending: its time begins anew, but once only, or it could go on for ever. @throws `smb-protocol` */
  readonly extend: (header: ResponseHeader) => void;
  readonly failAll: (error: Error) => void;
  /** What waits longest, for messages. */
  readonly oldest: () => string | undefined;
  /** Calls `fail` after the time that a request has; the returned function takes that back. */
  readonly limit: (doing: string) => Cancel;
};

type Waiting = {
  readonly asked: Asked;
  readonly resolve: (received: Received) => void;
  readonly reject: (error: Error) => void;
  readonly cancel: Cancel;
  readonly extended: boolean;
};
type Limits = {
  readonly clock: Pick<Clock, 'after'>;
  readonly timeoutMs: DurationMs;
  readonly fail: (error: Error) => void;
};

export function createPendingRequests({ clock, timeoutMs, fail }: Limits): PendingRequests {
  const table = new Map<bigint, Waiting>();
  let bytesUnderWay = 0;

  /** The time of a request, and what the payloads that are under way may take to get there. */
  function limit(doing: string): Cancel {
    const time = durationMs(timeoutMs + Math.ceil(bytesUnderWay / SLOWEST_BYTES_PER_MS));
    return clock.after(time, () => fail(tooLate(doing, time)));
  }

  function find({ messageId, command }: ResponseHeader): Waiting {
    const waiting = table.get(messageId);
    if (waiting !== undefined && waiting.asked.command === command) return waiting;
    throw brokenProtocol('The server answered a request that nobody made.');
  }

  return {
    limit,
    add: async (messageId, asked) => {
      const { promise, resolve, reject } = Promise.withResolvers<Received>();
      bytesUnderWay += asked.payload?.length ?? 0;
      table.set(messageId, { asked, resolve, reject, cancel: limit(asked.doing), extended: false });
      return await promise;
    },
    settle: (received) => {
      const { asked, cancel, resolve } = find(received.header);
      table.delete(received.header.messageId);
      bytesUnderWay -= asked.payload?.length ?? 0;
      cancel();
      resolve(received);
    },
    extend: (header) => {
      const waiting = find(header);
      if (waiting.extended) return;
      waiting.cancel();
      table.set(header.messageId, { ...waiting, cancel: limit(waiting.asked.doing), extended: true });
    },
    failAll: (error) => {
      for (const { cancel, reject } of table.values()) {
        cancel();
        reject(error);
      }
      table.clear();
    },
    oldest: () => {
      const [first] = table.values();
      return first?.asked.doing;
    },
  };
}

const tooLate = (doing: string, timeoutMs: number): UnderstudyError =>
  new UnderstudyError(
    'unavailable',
    'smb-timeout',
    `The file server did not answer within ${timeoutMs} ms (${doing}); the connection was given up.`,
  );
