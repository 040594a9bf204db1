import test from 'ava';
import * as fc from 'fast-check';
import { createSseParser, MAX_EVENT_CHARACTERS } from '../../../web/src/api/sse-parser.ts';

test('events come whole however the stream is cut', (t) => {
  const text = 'id: 7\nevent: camera\ndata: {"a":1}\n\n: comment\n\nid: 8\r\ndata: x\r\ndata: y\r\n\r\n';
  for (let size = 1; size < text.length; size += 1) {
    const parser = createSseParser();
    const events = [];
    for (let at = 0; at < text.length; at += size) events.push(...parser.push(text.slice(at, at + size)));
    t.deepEqual(events, [
      { id: '7', event: 'camera', data: '{"a":1}' },
      { id: '8', event: 'message', data: 'x\ny' },
    ]);
  }
});

test('random text does not break it, and what comes after is read', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 20 }), (chunks) => {
      const parser = createSseParser();
      for (const chunk of chunks) parser.push(chunk);
      return parser.push('\n\ndata: after\n\n').some(({ data }) => data === 'after');
    }),
    { seed: 4 },
  );
  t.pass();
});

test('an endless line or event is dropped, not kept', (t) => {
  const parser = createSseParser();
  for (let sent = 0; sent < 3 * MAX_EVENT_CHARACTERS; sent += 100_000) parser.push('x'.repeat(100_000));
  t.deepEqual(
    parser.push('\n\ndata: next\n\n').map(({ data }) => data),
    ['next'],
  );
  for (let sent = 0; sent < 2 * MAX_EVENT_CHARACTERS; sent += 100_000) parser.push(`data: ${'x'.repeat(99_000)}\n`);
  t.deepEqual(
    parser.push('\ndata: again\n\n').map(({ data }) => data),
    ['again'],
  );
});
