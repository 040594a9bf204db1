/** Segments as our writer makes them, read by ffprobe and decoded by ffmpeg: every picture and sound as in the source. */
import test from 'ava';
import { complaintsOf, decoded, makeSource, put, segmentOf, soundOf } from '../support/mp4-source.ts';
import { tempDir } from '../support/temp-dir.ts';

const picture = (seconds: number): string[] => ['-f', 'lavfi', '-i', `testsrc=s=320x180:r=25:d=${seconds}`];
const tone = (seconds: number): string[] => [
  '-f',
  'lavfi',
  '-i',
  `sine=frequency=440:sample_rate=16000:duration=${seconds}`,
];
const x264 = (...more: string[]): string[] => [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-pix_fmt',
  'yuv420p',
  '-g',
  '50',
  ...more,
];

const plays = test.macro<[args: string[]]>(async (t, args) => {
  t.timeout(120_000);
  const directory = await tempDir(t, 'mp4');
  const source = await makeSource(directory, 'source', args);
  const segment = segmentOf(source);
  const path = await put(directory, 'segment.mp4', segment.bytes);
  t.is(await complaintsOf(path), '');
  t.deepEqual(await decoded(path), await decoded(source.path));
  if (source.layout.audio === undefined) return;
  const [ours, theirs] = [await soundOf(path), await soundOf(source.path)];
  const hashes = (lines: readonly string[]): string[] => lines.map((line) => line.split(' ')[1] ?? '');
  // The source may begin with a frame of encoder delay in front of the first picture; ours was cut from behind it.
  t.is(ours.length, source.audio.length);
  t.deepEqual(hashes(ours), hashes(theirs).slice(-ours.length));
});

test('H.264 without B-frames plays as its source', plays, [...picture(5), ...x264('-bf', '0')]);
test('H.264 with B-frames plays as its source, every picture at its time', plays, [
  ...picture(5),
  ...x264('-preset', 'medium', '-bf', '3', '-x264-params', 'b-adapt=0'),
]);
test('H.265 with B-frames plays as its source', plays, [
  ...picture(3),
  '-c:v',
  'libx265',
  '-preset',
  'ultrafast',
  '-pix_fmt',
  'yuv420p',
  '-tag:v',
  'hvc1',
  '-x265-params',
  'log-level=none:bframes=2:keyint=25:open-gop=0',
]);
test('H.264 with AAC plays as its source', plays, [
  ...picture(5),
  ...tone(5),
  ...x264('-bf', '0'),
  '-c:a',
  'aac',
  '-b:a',
  '32k',
]);
test('three minutes of H.264 with AAC play as their source', plays, [
  ...picture(180),
  ...tone(180),
  ...x264('-bf', '0'),
  '-c:a',
  'aac',
  '-b:a',
  '32k',
]);
