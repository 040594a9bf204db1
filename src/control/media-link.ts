/**
 * The connection from control to media: subscribes behind the stored cursor, hands on what comes, sends orders, and
 * connects again whenever it breaks. Decides nothing about events (ingest.ts) or orders (orders.ts).
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import { createLineReader, encodeLine } from '../wire/lines.ts';
import { MAX_MESSAGE_BYTES } from '../wire/media-protocol.ts';
import type { MediaHello, NumberedEvent, Orders, Subscribe } from '../wire/media-protocol.ts';
import { parseMediaMessage } from '../wire/parse-media-message.ts';

/** Media is back within a second of its end; control must not add to it. */
const RETRY_MS = 100;

export const mediaSocketOf = (dataDir: string): string => join(dataDir, 'run', 'media.sock');

export type MediaLinkDeps = {
  readonly socketPath: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly cursor: () => { readonly instance: string; readonly seq: number } | undefined;
  /** The whole desired state, with a version above `known`. */
  readonly orders: (known: number) => Orders;
  readonly onHello: (hello: MediaHello) => void;
  /** If it throws, the connection is dropped and made again from the stored cursor. */
  readonly onEvents: (events: readonly NumberedEvent[]) => void;
  readonly onLost: () => void;
};
export type MediaLink = Running & {
  /** Settings changed: sends the orders anew, at once or at the next connection. */
  readonly order: () => void;
  /** Drops the connection, to be made again from the stored cursor. */
  readonly restart: () => void;
  readonly hello: () => MediaHello | undefined;
};

export function startMediaLink(deps: MediaLinkDeps): MediaLink {
  const stopping = new AbortController();
  let socket: Socket | undefined;
  let hello: MediaHello | undefined;
  let version = 0;

  const order = (): void => {
    if (hello === undefined || socket === undefined) return;
    const orders = deps.orders(version);
    ({ version } = orders);
    socket.write(encodeLine(orders));
  };
  const onLine = (line: string, events: NumberedEvent[]): void => {
    const message = parseMediaMessage(line);
    if ('seq' in message) {
      if (hello !== undefined) events.push(message);
      return;
    }
    if (message.kind === 'refused') {
      deps.log.error('media refused a message', { code: message.code, detail: message.message });
      return;
    }
    hello = message;
    version = Math.max(version, message.ordersVersion);
    deps.log.info('media connected', { instance: message.instance, pid: message.pid, reset: message.reset });
    deps.onHello(message);
    order();
  };
  const onData = (lines: readonly string[]): void => {
    const events: NumberedEvent[] = [];
    for (const line of lines) onLine(line, events);
    if (events.length > 0) deps.onEvents(events);
  };

  const session = async (): Promise<void> => {
    const current = connect(deps.socketPath);
    socket = current;
    await converse(current, deps, onData);
    socket = undefined;
    if (hello === undefined) return;
    deps.log.warn('media connection lost', { instance: hello.instance });
    hello = undefined;
    deps.onLost();
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await session();
      await deps.clock.sleep(durationMs(RETRY_MS), stopping.signal);
    }
  };
  const ended = run();

  return {
    order,
    restart: () => void socket?.destroy(),
    hello: () => hello,
    stop: async () => {
      stopping.abort();
      socket?.destroy();
      await ended;
    },
  };
}

/** Subscribes and hands on lines until the connection ends; never rejects. */
async function converse(
  socket: Socket,
  { cursor, log }: Pick<MediaLinkDeps, 'cursor' | 'log'>,
  onLines: (lines: readonly string[]) => void,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const reader = createLineReader(MAX_MESSAGE_BYTES);
  socket.once('connect', () => socket.write(encodeLine(subscriptionOf(cursor()))));
  socket.on('data', (chunk: Uint8Array) => {
    try {
      onLines(reader.push(chunk));
    } catch (error) {
      log.error('what media says cannot be taken in', { error });
      socket.destroy();
    }
  });
  socket.once('error', (error) => log.debug('media connection failed', { reason: messageOf(error) }));
  socket.once('close', () => resolve());
  await promise;
}

function subscriptionOf(cursor: ReturnType<MediaLinkDeps['cursor']>): Subscribe {
  return { kind: 'subscribe', instance: cursor?.instance, after: cursor?.seq ?? 0 };
}
