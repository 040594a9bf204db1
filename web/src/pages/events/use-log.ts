/** The log of some servers, asked for in parallel and again while somebody looks; what this box writes down comes at once. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LogEntry } from '../../api/api.ts';
import { onEvent } from '../../api/event-stream.ts';
import { logApi } from '../../api/log.ts';
import { server } from '../../app/stores.ts';
import { messageOf, toast } from '../../app/toasts.tsx';
import { t } from '../../messages/events/words.ts';
import { useFresh } from '../failover/fresh.ts';
import { behind, emptyPart, withEntry, withNewest, withOlder, type Part, type Place } from './merged-log.ts';

const PAGE = 200;
const LOOK_EVERY_MS = 5000;
/** Of each, where several are read. */
const PAGE_OF_MANY = 100;
/** One that is connected and silent keeps the others waiting no longer than this. */
const ANSWER_WITHIN_MS = 6000;

type Wanted = {
  readonly places: readonly Place[];
  /** `&name=value`, any number. */
  readonly filter: string;
  readonly matches: (entry: LogEntry) => boolean;
};
type Log = {
  /** `undefined` until the first answer. */
  readonly parts: readonly Part[] | undefined;
  /** Absent: there is nothing older. */
  readonly loadOlder: (() => Promise<void>) | undefined;
};
export function useLog({ places, filter, matches }: Wanted): Log {
  const key = `${places.map(({ id }) => id).join(' ')} ${filter}`;
  const [read, setRead] = useState<{ readonly key: string; readonly parts: readonly Part[] }>();
  const latest = useRef(key);
  latest.current = key;
  const change = (id: string, by: (part: Part) => Part): void => {
    if (latest.current !== key) return; // something else was asked for meanwhile
    setRead((before) => {
      const parts = before?.key === key ? before.parts : places.map(emptyPart);
      return { key, parts: parts.map((part) => (part.place.id === id ? by(part) : part)) };
    });
  };
  const ask = async ({ id }: Place, cursor?: string): Promise<void> => {
    const more = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    try {
      const page = await within(
        logApi.page(id, `&limit=${places.length > 1 ? PAGE_OF_MANY : PAGE}${filter}${more}`),
        ANSWER_WITHIN_MS,
      );
      change(id, (part) => (cursor === undefined ? withNewest(part, page) : withOlder(part, page, cursor)));
    } catch (error) {
      change(id, (part) => ({ ...part, problem: messageOf(error) }));
      if (cursor !== undefined) toast(messageOf(error), 'bad');
    }
  };
  // Each shows what it has as soon as it answered.
  useFresh(async () => await Promise.all(places.map(async (place) => await ask(place))), {
    key,
    everyMs: LOOK_EVERY_MS,
    on: ['server'],
  });
  useEffect(
    () =>
      onEvent((event) => {
        if (event.kind !== 'log' || !matches(event.entry)) return;
        change(event.serverId ?? server.peek()?.id ?? '', (part) => withEntry(part, event.entry));
      }),
    [key],
  );
  const late = read?.key === key ? behind(read.parts) : [];
  const loadOlder = async (): Promise<void> => {
    await Promise.all(late.map(async ({ place, next }) => await ask(place, next)));
  };
  // What was shown stays until the first answer.
  return { parts: read?.parts, loadOlder: late.length === 0 ? undefined : loadOlder };
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(t('part.slow', { seconds: ms / 1000 }))), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
