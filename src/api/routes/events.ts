/** `/events`: live events as server-sent events (WHATWG HTML §9.2), each caller only what they may see. */
import { PassThrough } from 'node:stream';
import { seconds } from '../../core/clock.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import { UnderstudyError } from '../../core/errors.ts';
import { mayCall, maySeeCamera } from '../caller.ts';
import type { Caller } from '../caller.ts';
import type { LiveEvent } from '../contract/events.ts';
import type { EventHub, HubEvent } from '../event-hub.ts';
import { createPlaces } from '../places.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';

export const MAX_EVENT_STREAMS = 128;
/** Of one user or token: browsers with many tabs. */
export const MAX_EVENT_STREAMS_PER_CALLER = 16;
/** A client that does not read is cut off; it resumes with Last-Event-ID. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** Of events missed meanwhile, well below that: a client that missed more asks for everything anew. */
export const MAX_MISSED_CHARACTERS = 256 * 1024;
/** A browser takes a stream that is silent for more than twice as long for broken. */
const HEARTBEAT_SECONDS = 5;
/** What a client must fetch again when events between are gone. */
const REFRESH: readonly LiveEvent[] = [{ kind: 'server' }, { kind: 'cameras' }];

export type EventDeps = {
  readonly hub: EventHub;
  readonly clock: Clock;
  /** Somebody listens, until the function is called. */
  readonly listening?: () => Cancel;
};

export function eventRoutes({ hub, clock, listening }: EventDeps): readonly Route[] {
  const places = createPlaces({ all: MAX_EVENT_STREAMS, each: MAX_EVENT_STREAMS_PER_CALLER });
  return [
    route(
      {
        method: 'GET',
        path: '/events',
        summary: 'Live events as text/event-stream; Last-Event-ID resumes',
        access: 'viewer',
        response: { mediaType: 'text/event-stream' },
        problems: { 429: 'events/too-many' },
      },
      ({ caller, header, signal }) => {
        const leave = places.enter(caller.kind === 'anonymous' ? '' : caller.id);
        if (leave === undefined) throw tooMany();
        const body = new PassThrough({ highWaterMark: 64 * 1024 });
        const left = listening?.();
        stream(body, {
          hub,
          clock,
          caller,
          lastId: header('last-event-id'),
          signal,
          leave: () => {
            leave();
            left?.();
          },
        });
        return { kind: 'bytes', body, mediaType: 'text/event-stream', headers: { 'x-accel-buffering': 'no' } };
      },
    ),
  ];
}

const tooMany = (): UnderstudyError =>
  new UnderstudyError('limit', 'events/too-many', 'Too many event streams are open: close some browser tabs.');

type Stream = EventDeps & {
  readonly caller: Caller;
  readonly lastId: string | undefined;
  readonly signal: AbortSignal;
  readonly leave: () => void;
};

function stream(body: PassThrough, { hub, clock, caller, lastId, signal, leave }: Stream): void {
  const write = (text: string): void => {
    if (body.destroyed || body.writableEnded) return;
    if (body.writableLength + body.readableLength > MAX_UNREAD_BYTES) body.destroy();
    else body.write(text);
  };
  const textOf = (numbered: HubEvent): string => (maySee(caller, numbered.event) ? encode(numbered) : '');
  const send = (numbered: HubEvent): void => {
    const text = textOf(numbered);
    if (text !== '') write(text);
  };
  write(`retry: 2000\nid: ${hub.lastId()}\n\n`);
  for (const missed of missedBy(hub, lastId, textOf)) write(missed);
  const cancels = [hub.subscribe(send), clock.every(seconds(HEARTBEAT_SECONDS), () => write(':\n\n'))];
  const ended = (): void => {
    write('event: signed-out\ndata: {"kind":"signed-out","reason":"The session ended or its rights changed."}\n\n');
    body.end();
  };
  signal.addEventListener('abort', ended, { once: true });
  body.once('close', () => {
    for (const cancel of cancels) cancel();
    signal.removeEventListener('abort', ended);
    leave();
  });
  if (signal.aborted) ended();
}

/** As text; what is gone, or would be cut off for its length, is asked for anew. */
function missedBy(
  hub: EventHub,
  lastId: string | undefined,
  textOf: (numbered: HubEvent) => string,
): readonly string[] {
  if (lastId === undefined || !/^\d{1,15}$/.test(lastId)) return [];
  const missed = hub.after(Number(lastId))?.map(textOf).filter(Boolean);
  const length = missed?.reduce((sum, text) => sum + text.length, 0) ?? Infinity;
  if (missed !== undefined && length <= MAX_MISSED_CHARACTERS) return missed;
  return REFRESH.map((event) => encode({ id: hub.lastId(), event }));
}

const encode = ({ id, event }: HubEvent): string =>
  `id: ${id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;

function maySee(caller: Caller, event: LiveEvent): boolean {
  if (event.kind === 'incident') return mayCall(caller, 'operator');
  const cameraId = event.kind === 'log' ? event.entry.cameraId : 'cameraId' in event ? event.cameraId : undefined;
  return cameraId === undefined || maySeeCamera(caller, cameraId);
}
