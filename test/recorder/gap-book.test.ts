import test from 'ava';
import { createGapBook } from '../../src/recorder/gap-book.ts';
import type { MediaEvent } from '../../src/wire/media-protocol.ts';

const STREAM = { cameraId: 'cam-1', stream: 'main' } as const;

test('a gap that changes its cause ends and begins at the same moment', (t) => {
  const events: MediaEvent[] = [];
  const book = createGapBook(STREAM, (event) => events.push(event));
  book.open(1000, 'camera-unreachable', '');
  book.open(3000, 'no-key-frame', '');
  book.close(4000);
  t.deepEqual(
    events.map((event) => [event.kind, 'start' in event ? event.start : 'end' in event ? event.end : 0]),
    [
      ['gap-opened', 1000],
      ['gap-closed', 3000],
      ['gap-opened', 3000],
      ['gap-closed', 4000],
    ],
  );
});

test('a clock that was set back makes no gap that ends before it begins', (t) => {
  const events: MediaEvent[] = [];
  const book = createGapBook(STREAM, (event) => events.push(event));
  book.open(5000, 'camera-stalled', '');
  book.close(4000);
  t.like(events[1], { kind: 'gap-closed', end: 5000 });
});

test('closing without an open gap says nothing', (t) => {
  const book = createGapBook(STREAM, () => t.fail());
  book.close(1);
  t.false(book.isOpen());
});
