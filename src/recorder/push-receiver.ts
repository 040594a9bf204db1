/**
 * The RTMP server of the media process: there only while an ordered stream is pushed.
 * Belongs here: when it starts and ends. Does not: what it is (rtmp/), which media.ts introduces.
 */
import type { Log } from '../core/log.ts';
import { pushKeyOf } from '../core/push-key.ts';
import type { Running } from '../core/running.ts';
import type { Orders, PushOrder } from '../wire/media-protocol.ts';
import type { PushSource } from './push-session.ts';

/** The part of rtmp/rtmp-server.ts that is used. */
export type PushServer = Running & PushSource & { readonly allow: (keys: readonly string[]) => void };
export type StartPushServer = (at: PushOrder) => Promise<PushServer>;
export type PushReceiver = Running &
  PushSource & { readonly apply: (orders: Pick<Orders, 'streams' | 'push'>) => void };

export function createPushReceiver(start: StartPushServer, log: Log): PushReceiver {
  let wanted: PushOrder | undefined;
  let keys: readonly string[] = [];
  let server: { readonly at: PushOrder; readonly running: PushServer } | undefined;
  let changing: Promise<void> = Promise.resolve();

  /** Starts and ends follow each other. */
  const settle = async (): Promise<void> => {
    const at = wanted;
    if (server !== undefined && (at === undefined || !isSame(server.at, at))) {
      const { running } = server;
      server = undefined;
      await running.stop();
    }
    if (at !== undefined) server ??= { at, running: await start(at) };
    server?.running.allow(keys);
  };
  const change = (): void => {
    changing = changing.then(settle).catch((error: unknown) => log.error('RTMP pushes cannot be taken', { error }));
  };
  return {
    apply: ({ streams, push }) => {
      keys = [...new Set(streams.map(({ url }) => pushKeyOf(url)).filter((key) => key !== undefined))];
      wanted = keys.length === 0 ? undefined : push;
      change();
    },
    flvUrlOf: (key) => server?.running.flvUrlOf(key),
    stop: async () => {
      wanted = undefined;
      keys = [];
      change();
      await changing;
    },
  };
}

const isSame = (one: PushOrder, other: PushOrder): boolean => one.address === other.address && one.port === other.port;
