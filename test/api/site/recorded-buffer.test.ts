import test from 'ava';
import type { LiveEvent } from '../../../src/api/contract/events.ts';
import {
  createRecordedBuffer,
  MAX_RECORDED_AT_ONCE,
  MAX_RECORDED_WAITING,
} from '../../../src/api/site/recorded-buffer.ts';
import { createDataReader, MAX_EVENT_CHARACTERS } from '../../../src/api/site/sse-lines.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const iso = (second: number): string => new Date(Date.UTC(2026, 10, 22) + second * 1000).toISOString();
const recorded = (cameraId: string, start: number, end: number) =>
  ({ kind: 'recorded', cameraId, stream: 'main', start: iso(start), end: iso(end), serverId: 'R' }) as const;

test('pieces that follow each other become one; what has a gap between stays two', (t) => {
  const told: LiveEvent[] = [];
  const buffer = createRecordedBuffer((event) => void told.push(event));
  buffer.add(recorded('a', 0, 1));
  buffer.add(recorded('a', 1, 2));
  buffer.add(recorded('a', 9, 10));
  t.deepEqual(told, [recorded('a', 0, 2)]);
  buffer.flush();
  t.deepEqual(told, [recorded('a', 0, 2), recorded('a', 9, 10)]);
  buffer.flush();
  t.is(told.length, 2);
});

test('no more than so many at once, in turn, and nothing is lost', (t) => {
  const told: LiveEvent[] = [];
  const buffer = createRecordedBuffer((event) => void told.push(event));
  const cameras = Array.from({ length: 2 * MAX_RECORDED_AT_ONCE + 1 }, (_, index) => `cam-${index}`);
  for (let second = 0; second < 3; second += 1) {
    for (const camera of cameras) buffer.add(recorded(camera, second, second + 1));
    const before = told.length;
    buffer.flush();
    t.is(told.length - before, MAX_RECORDED_AT_ONCE);
  }
  for (let round = 0; round < 3; round += 1) buffer.flush();
  for (const camera of cameras) {
    const ends = told.flatMap((event) => (event.kind === 'recorded' && event.cameraId === camera ? [event] : []));
    t.deepEqual([ends[0]?.start, ends.at(-1)?.end], [iso(0), iso(3)], camera);
  }
});

test('cameras that nobody has do not fill the memory', (t) => {
  const told: LiveEvent[] = [];
  const buffer = createRecordedBuffer((event) => void told.push(event));
  for (let index = 0; index < MAX_RECORDED_WAITING + 100; index += 1) buffer.add(recorded(`cam-${index}`, 0, 1));
  let before = -1;
  while (before < told.length) {
    before = told.length;
    buffer.flush();
  }
  t.is(told.length, MAX_RECORDED_WAITING);
});

test('events come in pieces of any length; one without end is refused', (t) => {
  const events = Array.from({ length: 20 }, (_, index) => JSON.stringify({ index, text: 'x\ny'.repeat(index) }));
  const text = `retry: 2000\nid: 4\n\n:\n\n${events.map((data) => `id: 1\nevent: x\ndata: ${data}\n\n`).join(':\n\n')}`;
  forSeeds(50, (random) => {
    const reader = createDataReader();
    const read: string[] = [];
    for (let at = 0; at < text.length;) {
      const length = random.int(1, 60);
      read.push(...reader.push(text.slice(at, at + length)));
      at += length;
    }
    if (read.join('\n') !== events.join('\n')) throw new Error(read.join('\n'));
  });
  const endless = createDataReader();
  t.throws(() => endless.push('x'.repeat(MAX_EVENT_CHARACTERS + 1)), { instanceOf: RangeError });
});
