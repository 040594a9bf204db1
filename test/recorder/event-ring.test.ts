import test from 'ava';
import { createEventRing, MAX_KEPT_EVENTS, MAX_KEPT_FRAGMENTS, MAX_KEPT_GAPS } from '../../src/recorder/event-ring.ts';
import type { MediaEvent } from '../../src/wire/media-protocol.ts';
import { forSeeds } from '../support/seeded-random.ts';

const closed = (segment: string): MediaEvent => ({ kind: 'segment-closed', at: 1, volumeId: 'vol', segment });
const gapAt = (start: number): MediaEvent => ({
  kind: 'gap',
  cameraId: 'cam-1',
  stream: 'main',
  start,
  end: start + 1,
  cause: 'network-loss',
  detail: '',
  accessUnits: 1,
});
const STATS: MediaEvent = { kind: 'stats', at: 1, loopDelayP99Ms: 0, streams: [] };

test('a subscriber goes on where it was; another instance or lost events mean a reset', (t) => {
  const ring = createEventRing('a');
  t.deepEqual(ring.since(undefined, 0), { reset: false, events: [] });
  for (let at = 1; at <= 10; at += 1) ring.push(closed(String(at)));
  t.deepEqual(
    ring.since('a', 7).events.map(({ seq }) => seq),
    [8, 9, 10],
  );
  t.is(ring.since('a', 10).events.length, 0);
  t.like(ring.since('b', 7), { reset: true });
  t.is(ring.since('b', 7).events.length, 10);
  t.like(ring.since('a', 11), { reset: true }, 'a number that was never given');
  t.like(ring.since(undefined, 0), { reset: false });
  for (let at = 0; at < MAX_KEPT_EVENTS; at += 1) ring.push(closed(''));
  t.like(ring.since('a', 9), { reset: true });
  t.like(ring.since(undefined, 0), { reset: true });
  t.like(ring.since('a', 10), { reset: false });
  t.is(ring.since('a', 10).events.length, MAX_KEPT_EVENTS);
});

test('reports of many fragments count as many', (t) => {
  const ring = createEventRing('a');
  const fragments = Array.from({ length: 100 }, () => ({}) as never);
  for (let at = 0; at < 150; at += 1) ring.push({ kind: 'fragments-written', at: 1, fragments });
  t.is(ring.since('a', 150).events.length, 0);
  t.is(ring.since(undefined, 0).events.length, MAX_KEPT_FRAGMENTS / 100);
});

test('gaps outlast what the files tell again, and come in order between what is kept', (t) => {
  const ring = createEventRing('a');
  ring.push(gapAt(1));
  for (let at = 0; at < MAX_KEPT_EVENTS; at += 1) ring.push(closed(String(at)));
  ring.push(gapAt(2));
  ring.push(closed('last'));
  const { reset, events } = ring.since('a', 0);
  t.true(reset, 'the first of the others is gone');
  t.deepEqual(
    events.map(({ seq }) => seq),
    [1, ...Array.from({ length: MAX_KEPT_EVENTS + 1 }, (_, at) => at + 3)],
  );
  t.like(ring.since('a', 2), { reset: false });
  for (let at = 0; at < MAX_KEPT_GAPS; at += 1) ring.push(gapAt(at));
  t.is(ring.since('a', 0).events.filter(({ event }) => event.kind === 'gap').length, MAX_KEPT_GAPS);
  t.like(ring.since('a', MAX_KEPT_EVENTS + 1), { reset: true }, 'a gap was lost');
});

test('however connections come and go, nothing is told twice and nothing is left out', (t) => {
  forSeeds(50, (random) => {
    const ring = createEventRing('a');
    const seen: string[] = [];
    let cursor = 0;
    let leave: (() => void) | undefined;
    let pushed = 0;
    for (let step = 0; step < 300; step += 1) {
      if (random.chance(0.7)) ring.push(random.chance(0.2) ? STATS : closed(String((pushed += 1))));
      if (random.chance(0.1)) {
        leave?.();
        leave = undefined;
      }
      if (leave !== undefined || !random.chance(0.1)) continue;
      const take = ({ seq, event }: ReturnType<typeof ring.since>['events'][number]): void => {
        if (event.kind !== 'segment-closed') return;
        t.is(seq, cursor + 1);
        cursor = seq;
        seen.push(event.segment);
      };
      const { reset, events } = ring.since('a', cursor);
      t.false(reset);
      events.forEach(take);
      leave = ring.listen(take);
    }
    leave?.();
    t.deepEqual(
      seen,
      Array.from({ length: cursor }, (_, at) => String(at + 1)),
    );
  });
});
