/**
 * What happens at the members of a site, told by their host to those who listen there: an event stream to each member while there is
 * anybody, and what only a host sees, such as who covers whom.
 *
 * Belongs here: which events are passed on, how many. Does not: who may see one (routes/events.ts).
 */
import type { Readable } from 'node:stream';
import type { Cancel, Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { durationMs } from '../../core/units.ts';
import { liveEvent } from '../contract/events.ts';
import type { LiveEvent } from '../contract/events.ts';
import type { EventHub } from '../event-hub.ts';
import { siteCaller } from './asking.ts';
import { createRecordedBuffer } from './recorded-buffer.ts';
import type { SiteCameras } from './site-cameras.ts';
import type { SiteServers } from './site-servers.ts';
import { createDataReader } from './sse-lines.ts';

const LOOK_EVERY_MS = 250;
/** So that 200 members are not all connected to in one moment. */
const MAX_OPENED_AT_A_LOOK = 8;
const OPEN_AGAIN_MS = 2000;
/** A server with 128 cameras says a third of it when all of them change at once. One that says more waits for the next second. */
export const MAX_EVENTS_A_SECOND = 1000;
/** What passes is a half of it at most; what is kept for browsers that return is bounded by number. */
export const MAX_PASSED_CHARACTERS = 2048;
const TELL_RECORDED_EVERY_MS = 1000;
/** Lists of one server that others do not show. */
const OF_ONE_SERVER: readonly LiveEvent['kind'][] = ['log', 'export', 'signed-out'];

export type EventRelay = {
  /** Somebody listens, until the function is called. */
  readonly listen: () => Cancel;
};
export type EventRelayDeps = {
  readonly servers: SiteServers;
  readonly cameras: Pick<SiteCameras, 'stale'>;
  readonly hub: Pick<EventHub, 'publish'>;
  readonly clock: Pick<Clock, 'monotonic' | 'every' | 'sleep'>;
  readonly log: Log;
};
type Stream = { readonly end: () => void; isOpen: boolean; readonly begunAt: number };

export function createEventRelay(deps: EventRelayDeps): EventRelay {
  let listeners = 0;
  let running: Cancel | undefined;
  return {
    listen: () => {
      listeners += 1;
      running ??= run(deps);
      let left = false;
      return () => {
        if (left) return;
        left = true;
        listeners -= 1;
        if (listeners > 0) return;
        running?.();
        running = undefined;
      };
    },
  };
}

function run(deps: EventRelayDeps): Cancel {
  const { servers, hub, clock } = deps;
  const streams = new Map<string, Stream>();
  const recorded = createRecordedBuffer(hub.publish);
  const told = { covers: whoRecords(servers) };
  const look = (): void => {
    const covers = whoRecords(servers);
    if (covers !== told.covers) hub.publish({ kind: 'cameras' });
    told.covers = covers;
    const members = servers.all().filter(({ id, isReachable }) => isReachable && id !== servers.ownId());
    const ids = new Set(members.map(({ id }) => id));
    for (const [id, stream] of streams) if (!ids.has(id)) close(streams, id, stream);
    const now = clock.monotonic();
    const due = [...ids].filter((id) => {
      const stream = streams.get(id);
      return stream === undefined || (!stream.isOpen && now - stream.begunAt >= OPEN_AGAIN_MS);
    });
    for (const id of due.slice(0, MAX_OPENED_AT_A_LOOK)) streams.set(id, follow(deps, id, recorded.add));
  };
  const cancels = [
    clock.every(durationMs(LOOK_EVERY_MS), look),
    clock.every(durationMs(TELL_RECORDED_EVERY_MS), recorded.flush),
  ];
  look();
  return () => {
    for (const cancel of cancels) cancel();
    for (const { end } of streams.values()) end();
  };
}

function close(streams: Map<string, Stream>, id: string, { end }: Stream): void {
  end();
  streams.delete(id);
}

/** Changes when a server comes or goes, or somebody else records a camera. */
const whoRecords = (servers: SiteServers): string =>
  [
    ...servers.all().map(({ id, isReachable }) => `${id} ${isReachable}`),
    ...servers.covers().map(({ by, cameraId, isRecording }) => `${by.id} ${cameraId} ${isRecording}`),
  ].join();

type Recorded = Extract<LiveEvent, { readonly kind: 'recorded' }>;
function follow(deps: EventRelayDeps, serverId: string, onRecorded: (event: Recorded) => void): Stream {
  const { servers, hub, cameras, clock, log } = deps;
  const ending = new AbortController();
  const stream: Stream = { end: () => ending.abort(), isOpen: true, begunAt: clock.monotonic() };
  const pass = (event: LiveEvent): void => {
    if (event.kind === 'camera' || event.kind === 'cameras') cameras.stale(serverId);
    if (event.kind === 'recorded') onRecorded(event);
    else hub.publish(event);
  };
  const read = async (): Promise<void> => {
    const caller = siteCaller(servers.ownId(), 'operator');
    const { signal } = ending;
    const answer = await servers.gateway.request(serverId, { method: 'GET', path: '/events', caller, signal });
    if (answer.status !== 200) {
      answer.body.destroy();
      return;
    }
    // Whatever happened before is not told.
    pass({ kind: 'cameras', serverId });
    const inPace = createPace(clock, signal);
    for await (const event of eventsIn(answer.body)) {
      if (isPassed(event, serverId, servers)) pass({ ...event, serverId });
      await inPace();
    }
  };
  const ended = (): void => void (stream.isOpen = false);
  read()
    .catch((error: unknown) => {
      if (!ending.signal.aborted) log.debug('events of a server ended', { serverId, reason: messageOf(error) });
    })
    .finally(ended);
  return stream;
}

async function* eventsIn(body: Readable): AsyncGenerator<LiveEvent> {
  const reader = createDataReader();
  body.setEncoding('utf8');
  for await (const text of body as AsyncIterable<string>)
    for (const data of reader.push(text)) {
      if (data.length > MAX_PASSED_CHARACTERS) continue;
      // A kind that this release does not know is nothing to it.
      const event = liveEvent.safeParse(JSON.parse(data));
      if (event.success) yield event.data;
    }
}

/** After each event: resolves in the next second when there were too many in this one. Meanwhile the sender has to wait. */
function createPace(clock: EventRelayDeps['clock'], signal: AbortSignal): () => Promise<void> {
  let left = MAX_EVENTS_A_SECOND;
  let since = clock.monotonic();
  return async () => {
    left -= 1;
    if (left > 0) return;
    await clock.sleep(durationMs(Math.max(0, since + 1000 - clock.monotonic())), signal);
    left = MAX_EVENTS_A_SECOND;
    since = clock.monotonic();
  };
}

/** An incident is told by who covers to who is covered too, and by each to its own host. */
function isPassed(event: LiveEvent, serverId: string, servers: SiteServers): boolean {
  if (OF_ONE_SERVER.includes(event.kind)) return false;
  return event.kind !== 'incident' || (event.by.id === serverId && event.protected.id !== servers.ownId());
}
