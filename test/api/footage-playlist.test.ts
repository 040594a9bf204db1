import test from 'ava';
import { parseByteRange } from '../../src/api/byte-range.ts';
import { encodePlaylist, layoutEpochsOf, parseSegmentId, segmentIdOf } from '../../src/api/playlist.ts';
import { hideAudio } from '../../src/api/video-only.ts';
import type { Segment } from '../../src/archive/catalogue-types.ts';
import { forSeeds } from '../support/seeded-random.ts';

const DAY = Date.UTC(2026, 10, 21);
const segment = (start: number, more: Partial<Segment> = {}): Segment => ({
  cameraId: 'cam-1',
  stream: 'main',
  volumeId: 'vol-1',
  path: `cam-1/main/2026-11-21/${start}.mp4`,
  serverId: '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001',
  epoch: 1,
  start: DAY + start,
  end: DAY + start + 4000,
  bytes: 100_000,
  initLength: 4096,
  layoutHash: 'a'.repeat(64),
  video: { codec: 'h264', codecString: 'avc1.64001F', width: 640, height: 360 },
  audio: { codec: 'aac', codecString: 'mp4a.40.2' },
  open: false,
  firstSequence: 1,
  lastSequence: 4,
  keys: [0, 2000].map((at, index) => ({
    start: DAY + start + at,
    end: DAY + start + at + 2000,
    offset: 4096 + index * 40_000,
    length: 40_000,
    sequence: index,
  })),
  spans: [{ start: DAY + start, end: DAY + start + 4000 }],
  ...more,
});
const all = { start: DAY, end: DAY + 86_400_000 };

test('a playlist has one map a file, one byte range a group, and a discontinuity between files', (t) => {
  const url = `segments/${segmentIdOf(segment(0))}.mp4`;
  const lines = encodePlaylist([segment(0), segment(10_000)], all).split('\n');
  t.deepEqual(lines.slice(0, 12), [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    '#EXT-X-TARGETDURATION:2',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-MAP:URI="${url}",BYTERANGE="4096@0"`,
    '#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:00.000Z',
    '#EXTINF:2.000,',
    '#EXT-X-BYTERANGE:40000@4096',
    url,
    '#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:02.000Z',
  ]);
  t.is(lines.filter((line) => line === '#EXT-X-DISCONTINUITY').length, 1);
  t.is(lines.at(-2), '#EXT-X-ENDLIST');
});

test('a hole inside a file is a discontinuity too', (t) => {
  const [first, second] = segment(0).keys;
  const holed = segment(0, { keys: [first, { ...second, start: DAY + 2500 }] as Segment['keys'] });
  t.is(encodePlaylist([holed], all).match(/DISCONTINUITY/g)?.length, 1);
});

test('what was returned for a hole inside a file stands in the hole, not behind the file', (t) => {
  const [first, second] = segment(0).keys;
  const holed = segment(0, { keys: [first, { ...second, start: DAY + 6000, end: DAY + 8000 }] as Segment['keys'] });
  const text = encodePlaylist([holed, segment(2000)], all);
  const times = [...text.matchAll(/DATE-TIME:.*T00:00:0(\d)/g)].map(([, second]) => second);
  t.deepEqual(times, ['0', '2', '4', '6']);
  t.is(text.match(/DISCONTINUITY/g)?.length, 2);
  t.is(text.match(/EXT-X-MAP/g)?.length, 3);
});

test('only groups that touch the range are listed', (t) => {
  const text = encodePlaylist([segment(0)], { start: DAY + 2000, end: DAY + 2001 });
  t.is(text.match(/#EXTINF/g)?.length, 1);
  t.true(text.includes('40000@44096'));
});

test('a change of layout begins another epoch; G.711 is left out of what browsers get', (t) => {
  const other = { layoutHash: 'b'.repeat(64), audio: { codec: 'pcma', codecString: 'alaw' } } as const;
  const epochs = layoutEpochsOf([segment(0), segment(4000), segment(8000, other)], all);
  t.deepEqual(
    epochs.map(({ start, end, codec }) => [start - DAY, end - DAY, codec]),
    [
      [0, 8000, 'avc1.64001F,mp4a.40.2'],
      [8000, 12_000, 'avc1.64001F'],
    ],
  );
  t.true(encodePlaylist([segment(0, other)], all).includes('.mp4?tracks=video'));
});

test('only what segmentIdOf makes is an id', (t) => {
  const place = { volumeId: 'vol-1', path: 'cam-1/main/x.mp4' };
  t.deepEqual(parseSegmentId(segmentIdOf(place)), place);
  for (const id of ['', '..', '../../etc/passwd', 'a b', `${segmentIdOf(place)}=`, 'x'.repeat(600)])
    t.is(parseSegmentId(id), undefined, id);
});

test('byte ranges are read as RFC 9110 says', (t) => {
  t.deepEqual(parseByteRange('bytes=0-99', 1000), { kind: 'part', start: 0, end: 100 });
  t.deepEqual(parseByteRange('bytes=900-', 1000), { kind: 'part', start: 900, end: 1000 });
  t.deepEqual(parseByteRange('bytes=-10', 1000), { kind: 'part', start: 990, end: 1000 });
  t.deepEqual(parseByteRange('bytes=990-5000', 1000), { kind: 'part', start: 990, end: 1000 });
  for (const header of ['bytes=1000-', 'bytes=5000-6000', 'bytes=-0'])
    t.deepEqual(parseByteRange(header, 1000), { kind: 'unsatisfiable' }, header);
  for (const header of [undefined, 'bytes=', 'bytes=5-2', 'lines=1-2', 'bytes=1-2,5-6', 'bytes=x-y'])
    t.deepEqual(parseByteRange(header, 1000), { kind: 'whole' }, header);
});

const box = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
};
const words = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => bytes.writeUInt32BE(value, at * 4));
  return bytes;
};

test('hiding audio renames what belongs to track 2 and moves nothing', (t) => {
  const make = (trak: string, trex: string, traf: string): Buffer =>
    Buffer.concat([
      box('ftyp', Buffer.from('iso5')),
      box(
        'moov',
        box('trak', box('tkhd', words(0, 0, 0, 1))),
        box(trak, box('tkhd', words(0x0100_0000, 0, 0, 0, 0, 2))),
        box('mvex', box('trex', words(0, 1)), box(trex, words(0, 2))),
      ),
      box('moof', box('mfhd', words(0, 1)), box('traf', box('tfhd', words(0, 1))), box(traf, box('tfhd', words(0, 2)))),
      box('mdat', words(1, 2, 3)),
    ]);
  const bytes = make('trak', 'trex', 'traf');
  t.true(hideAudio(bytes));
  t.deepEqual(bytes, make('free', 'free', 'free'));
  t.false(hideAudio(bytes.subarray(3)));
});

test('hiding audio in random and damaged bytes never throws and never changes the length', (t) => {
  const good = box('moof', box('traf', box('tfhd', words(0, 2))));
  forSeeds(2000, (random) => {
    const bytes = Buffer.from(random.chance(0.5) ? good : random.bytes(random.int(0, 80)));
    for (let flips = random.int(0, 4); flips > 0 && bytes.length > 0; flips -= 1)
      bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    hideAudio(bytes);
  });
  t.pass();
});
