import test from 'ava';
import {
  MAX_SEGMENT_PATH,
  parseSegmentPath,
  segmentDirectoryOf,
  segmentPathOf,
  segmentSuffixOf,
} from '../../src/archive/segment-path.ts';
import { epochMs } from '../../src/core/units.ts';
import { forSeeds } from '../support/seeded-random.ts';

const START = epochMs(Date.UTC(2026, 10, 21, 10, 2, 11, 250));

test('a path holds camera, stream, UTC day, time, server and epoch', (t) => {
  const name = { cameraId: 'cam-1', stream: 'main' as const, start: START, server8: '5f2e5f0c', epoch: 3 };
  t.is(segmentPathOf(name), 'cam-1/main/2026-11-21/100211.250Z-5f2e5f0c-3.mp4');
  t.deepEqual(parseSegmentPath(segmentPathOf(name)), name);
  t.is(segmentDirectoryOf('cam-1', 'sub', START), 'cam-1/sub/2026-11-21');
  t.is(segmentSuffixOf('5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001', 3), 'Z-5f2e5f0c-3');
});

test('the longest names stay below the bound', (t) => {
  const name = {
    cameraId: 'a'.repeat(63),
    stream: 'main' as const,
    start: START,
    server8: 'ffffffff',
    epoch: 2 ** 53 - 1,
  };
  t.true(segmentPathOf(name).length <= MAX_SEGMENT_PATH);
  t.deepEqual(parseSegmentPath(segmentPathOf(name)), name);
});

for (const path of [
  '',
  '../main/2026-11-21/100211.250Z-5f2e5f0c-3.mp4',
  '/cam-1/main/2026-11-21/100211.250Z-5f2e5f0c-3.mp4',
  'cam-1/other/2026-11-21/100211.250Z-5f2e5f0c-3.mp4',
  'cam-1/main/2026-02-30/100211.250Z-5f2e5f0c-3.mp4',
  'cam-1/main/2026-11-21/250211.250Z-5f2e5f0c-3.mp4',
  'cam-1/main/2026-11-21/100211.250Z-5f2e5f0c-03.mp4',
  'cam-1/main/2026-11-21/100211.250Z-5f2e5f0c-3.mp4.part',
  'cam-1/main/2026-11-21/../100211.250Z-5f2e5f0c-3.mp4',
  '-cam/main/2026-11-21/100211.250Z-5f2e5f0c-3.mp4',
  `cam-1/main/2026-11-21/100211.250Z-5f2e5f0c-${'9'.repeat(16)}.mp4`,
])
  test(`"${path}" is not a segment`, (t) => {
    t.is(parseSegmentPath(path), undefined);
  });

test('whatever is parsed from random texts is spelt our way', (t) => {
  const alphabet = 'cam-1/main/2026-11-21/100211.250Z-5f2e5f0c-3.mp4';
  forSeeds(300, (random) => {
    const letters = Array.from(alphabet);
    for (let change = random.int(0, 3); change > 0; change -= 1)
      letters[random.int(0, letters.length - 1)] = random.pick(Array.from('0123456789abz./-Z'));
    const name = parseSegmentPath(letters.join(''));
    if (name !== undefined && segmentPathOf(name) !== letters.join('')) throw new Error(letters.join(''));
  });
  t.pass();
});
