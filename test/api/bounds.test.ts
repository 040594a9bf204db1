/** Bounds of the API that many callers, or one with much, can reach. */
import { PassThrough } from 'node:stream';
import test from 'ava';
import type { Caller } from '../../src/api/caller.ts';
import { createEventHub, MAX_KEPT_EVENTS } from '../../src/api/event-hub.ts';
import { MAX_BODY_BYTES } from '../../src/api/json-body.ts';
import { createPlaces } from '../../src/api/places.ts';
import type { Reply, Route, RouteRequest } from '../../src/api/route.ts';
import {
  eventRoutes,
  MAX_EVENT_STREAMS,
  MAX_EVENT_STREAMS_PER_CALLER,
  MAX_MISSED_CHARACTERS,
} from '../../src/api/routes/events.ts';
import { MAX_LIVE_VIEWS, MAX_LIVE_VIEWS_PER_CALLER } from '../../src/api/routes/live.ts';
import { logRoutes, MAX_CSV_ROWS } from '../../src/api/routes/log.ts';
import { setUpOwner, startApi } from '../support/api-server.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const callerOf = (id: string): Caller => ({
  kind: 'token',
  id,
  name: id,
  role: 'viewer',
  cameraIds: undefined,
  expiresAt: undefined,
  ended: new AbortController().signal,
});
type Asking = { readonly signal?: AbortSignal; readonly header?: (name: string) => string | undefined };
async function ask(
  [found]: readonly Route[],
  caller: Caller,
  query: object = {},
  { signal = new AbortController().signal, header = () => undefined }: Asking = {},
): Promise<Reply<unknown>> {
  if (found === undefined) throw new Error('no route');
  const request = { params: {}, query, body: undefined, caller, header, address: '', signal };
  return await found.handle(request as unknown as RouteRequest<never, never, never>);
}

test('a body of exactly the bound is read, one byte more is refused', async (t) => {
  const api = await startApi(t);
  await setUpOwner(api);
  const body = (bytes: number): string => `{"username":"${'a'.repeat(bytes - 15)}"}`;
  t.is(body(MAX_BODY_BYTES).length, MAX_BODY_BYTES);
  const sent = async (bytes: number): Promise<number> =>
    (await api.call('POST', '/api/v1/sessions', { raw: body(bytes) })).status;
  t.is(await sent(MAX_BODY_BYTES), 422, 'read, and of the wrong shape');
  t.is(await sent(MAX_BODY_BYTES + 1), 413);
});

test('a tab that nobody looked at for long is told what it missed, or to ask again if that is too much to send at once', async (t) => {
  const hub = createEventHub(1);
  const routes = eventRoutes({ hub, clock: createFakeClock() });
  const told = async (after: number): Promise<string> => {
    const reply = await ask(routes, callerOf('tab'), {}, { header: () => String(after) });
    if (reply.kind !== 'bytes' || !(reply.body instanceof PassThrough)) throw new Error('no stream');
    const { body } = reply;
    t.teardown(() => body.destroy());
    const text = String(body.read());
    t.false(body.destroyed, 'it goes on');
    return text;
  };
  const end = '2026-11-22T12:00:00.000Z';
  for (let count = 0; count < MAX_KEPT_EVENTS; count += 1)
    hub.publish({ kind: 'recorded', cameraId: 'cam-of-a-busy-server', stream: 'main', start: end, end });
  const few = await told(hub.lastId() - 10);
  t.is(few.match(/event: recorded/g)?.length, 10);
  const many = await told(hub.lastId() - MAX_KEPT_EVENTS + 1);
  t.deepEqual(many.match(/event: .*/g), ['event: server', 'event: cameras']);
  t.true(Math.max(few.length, many.length) <= MAX_MISSED_CHARACTERS);
});

test('so many event streams are open altogether; one that closes makes room', async (t) => {
  const clock = createFakeClock();
  const routes = eventRoutes({ hub: createEventHub(1), clock });
  const bodies: PassThrough[] = [];
  const open = async (id: string): Promise<void> => {
    const reply = await ask(routes, callerOf(id));
    if (reply.kind === 'bytes' && reply.body instanceof PassThrough) bodies.push(reply.body);
  };
  t.teardown(() => bodies.forEach((body) => body.destroy()));
  const nameOf = (number: number): string => `caller-${Math.floor(number / MAX_EVENT_STREAMS_PER_CALLER)}`;
  for (let number = 0; number < MAX_EVENT_STREAMS; number += 1) await open(nameOf(number));
  t.is(bodies.length, MAX_EVENT_STREAMS);
  const tooMany = { code: 'events/too-many' };
  await t.throwsAsync(open('another'), tooMany);
  bodies.pop()?.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  await open('another');
  await t.throwsAsync(open('another'), tooMany);
});

test('live views: no caller takes the places of all, and there are so many altogether', (t) => {
  const places = createPlaces({ all: MAX_LIVE_VIEWS, each: MAX_LIVE_VIEWS_PER_CALLER });
  const leaves: (() => void)[] = [];
  const enter = (id: string): boolean => {
    const leave = places.enter(id);
    if (leave !== undefined) leaves.push(leave);
    return leave !== undefined;
  };
  for (let count = 0; count < MAX_LIVE_VIEWS_PER_CALLER; count += 1) t.true(enter('wall'));
  t.false(enter('wall'));
  let others = 0;
  while (enter(`other-${Math.floor(others / MAX_LIVE_VIEWS_PER_CALLER)}`)) others += 1;
  t.is(others, MAX_LIVE_VIEWS - MAX_LIVE_VIEWS_PER_CALLER);
  const [first] = leaves;
  first?.();
  first?.();
  t.true(enter('late'));
  t.false(enter('late'), 'who leaves twice gives back one place');
});

test('a log as CSV ends at the bound, however long it is', async (t) => {
  let asked = 0;
  const activity = {
    find: ({ limit = 0 }: { readonly limit?: number }) => {
      asked += 1;
      const at = '2026-11-21T10:00:00.000Z';
      const entry = { id: '1', at, severity: 'info', code: 'test', message: '=1+1, "so"' } as const;
      return { items: Array.from({ length: limit }, () => entry), next: String(asked) };
    },
  };
  const reply = await ask(logRoutes({ activity }), callerOf('one'), { limit: 100, format: 'csv' });
  if (reply.kind !== 'bytes' || typeof reply.body !== 'string') return t.fail('no text');
  const lines = reply.body.split('\r\n');
  t.is(lines.length, MAX_CSV_ROWS + 2, 'a head, and nothing behind the last end of line');
  t.true(lines[1]?.includes(`"'=1+1, ""so"""`), 'no formula, quoted');
  return undefined;
});
