import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import {
  encodeSnapshot,
  MAX_NOTE_LENGTH,
  parseSnapshotName,
  pictureAsMp4,
  readSnapshotInfo,
  SNAPSHOT_HEAD_BYTES,
  snapshotNameOf,
} from '../../src/archive/snapshot-format.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const FIXTURES = join(import.meta.dirname, '../fixtures/codec');
const INFO = {
  cameraId: 'cam-1',
  stream: 'main',
  at: 1_767_225_600_123.5,
  takenBy: 'f0000000-0000-4000-8000-00000000000f',
  user: 'Zoë',
  note: '“gate” open',
} as const;

test('a name tells time, hash and kind, and nothing else is a name', (t) => {
  const name = snapshotNameOf(INFO.at, Buffer.from('picture'), 'jpeg');
  t.like(parseSnapshotName(name), { at: 1_767_225_600_124, kind: 'jpeg' });
  t.is(snapshotNameOf(-5, Buffer.from(''), 'mp4').slice(0, 14), '0000000000000-', 'a clock before 1970');
  for (const wrong of ['', name.slice(1), `${name}.tmp-0123456789ab`, name.toUpperCase(), `../${name}`, `.${name}`])
    t.is(parseSnapshotName(wrong), undefined);
});

test('random names are no snapshots, and random bytes say nothing of themselves', (t) => {
  forSeeds(300, (random) => {
    const name = Buffer.from(random.bytes(random.int(0, 90))).toString('latin1');
    t.is(parseSnapshotName(name), undefined);
    const start = random.pick([[], [0xff, 0xd8, 0xff, 0xfe], [0, 0, 0, 8, 0x66, 0x74, 0x79, 0x70]]);
    const bytes = Uint8Array.from([...start, ...random.bytes(random.int(0, 200))]);
    for (const kind of ['jpeg', 'mp4'] as const) t.is(readSnapshotInfo(kind, bytes), undefined);
  });
});

test('a picture holds what is known of it and shows the same as before', async (t) => {
  const dir = await tempDir(t, 'picture');
  const plain = join(dir, 'plain.jpg');
  await run('ffmpeg', `-v error -f lavfi -i testsrc2=size=64x48 -frames:v 1 ${plain}`.split(' '));
  const bytes = encodeSnapshot('jpeg', await readFile(plain), INFO);
  t.deepEqual(readSnapshotInfo('jpeg', bytes.subarray(0, SNAPSHOT_HEAD_BYTES)), INFO);
  const stored = join(dir, 'stored.jpg');
  await writeFile(stored, bytes);
  t.is(await picture(stored), await picture(plain));
  const longest = { ...INFO, user: 'ü'.repeat(256), note: '€'.repeat(MAX_NOTE_LENGTH) };
  t.deepEqual(readSnapshotInfo('jpeg', encodeSnapshot('jpeg', bytes, longest)), longest);
  t.throws(() => encodeSnapshot('jpeg', Buffer.from('GIF89a'), INFO), { instanceOf: RangeError });
  t.throws(() => encodeSnapshot('mp4', bytes, INFO), { instanceOf: RangeError });
});

for (const [codec, file] of [
  ['h264', 'x264-160x120-bframes-slices.h264'],
  ['h265', 'x265-162x122-bframes.h265'],
] as const)
  test(`without a decoder a key frame of ${codec} is kept as a movie of one picture`, async (t) => {
    const key = firstAccessUnit(codec, await readFile(join(FIXTURES, file)));
    const movie = pictureAsMp4(codec, key);
    if (movie === undefined) throw new Error('no movie');
    const bytes = encodeSnapshot('mp4', movie, INFO);
    t.deepEqual(readSnapshotInfo('mp4', bytes.subarray(0, SNAPSHOT_HEAD_BYTES)), INFO);
    const dir = await tempDir(t, 'picture');
    const [stored, plain] = [join(dir, 'one.mp4'), join(dir, `one.${codec}`)];
    await writeFile(stored, bytes);
    await writeFile(plain, key);
    t.is(await picture(stored), await picture(plain));
    t.is(pictureAsMp4(codec, key.subarray(0, 6)), undefined, 'no parameter sets, no movie');
  });

/** MD5 of the one picture, decoded. */
async function picture(path: string): Promise<string> {
  const { stdout } = await run('ffmpeg', `-v error -i ${path} -an -frames:v 1 -f framemd5 -`.split(' '));
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.split(',').at(-1)?.trim()).join();
}

/** Up to the second picture. */
function firstAccessUnit(codec: 'h264' | 'h265', bytes: Buffer): Uint8Array {
  const starts: number[] = [];
  for (let at = bytes.indexOf(START_CODE); at >= 0; at = bytes.indexOf(START_CODE, at + 3)) starts.push(at);
  const pictures = starts.filter((at) => beginsPicture(codec, bytes.subarray(at + 3, at + 6)));
  return bytes.subarray(0, pictures[1]);
}
const START_CODE = Buffer.from([0, 0, 1]);

/** Its first macroblock, or segment, is that of the picture. */
function beginsPicture(codec: 'h264' | 'h265', [first = 0, second = 0, third = 0]: Uint8Array): boolean {
  const type = codec === 'h264' ? first & 0x1f : (first >> 1) & 0x3f;
  const isSlice = codec === 'h264' ? type >= 1 && type <= 5 : type <= 31;
  return isSlice && ((codec === 'h264' ? second : third) & 0x80) !== 0;
}
