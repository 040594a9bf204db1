/** Exports, read by ffprobe and decoded by ffmpeg: exactly the pictures of the range, at their times, with their sound. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { exportMovie } from '../../src/archive/export.ts';
import { findSegments } from '../../src/archive/export-sources.ts';
import { segmentPathOf } from '../../src/archive/segment-path.ts';
import { createSigningKey } from '../../src/archive/signing-key.ts';
import { verifyPaths } from '../../src/archive/verify.ts';
import { systemClock } from '../../src/core/clock.ts';
import { epochMs } from '../../src/core/units.ts';
import { complaintsOf, decoded, makeSource, pcmOf, segmentOf, soundOf } from '../support/mp4-source.ts';
import type { Source } from '../support/mp4-source.ts';
import { TEST_SERVER_ID, TEST_START_MS } from '../support/segment-builder.ts';
import { tempDir } from '../support/temp-dir.ts';

const SECONDS = 8;
const picture = ['-f', 'lavfi', '-i', `testsrc=s=320x180:r=25:d=${SECONDS}`];
const inputs = [...picture, '-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=16000:duration=${SECONDS}`];
const h264 = [
  '-c:v',
  'libx264',
  '-preset',
  'veryfast',
  '-pix_fmt',
  'yuv420p',
  '-g',
  '50',
  '-x264-params',
  'scenecut=0',
];
const aac = ['-c:a', 'aac', '-b:a', '32k'];

/** The source as one recorded segment; then the export of `[from, to)` in milliseconds of it. */
async function cut(t: ExecutionContext, args: readonly string[], from: number, to: number): Promise<[Source, string]> {
  const root = await tempDir(t, 'export');
  const source = await makeSource(root, 'source', args);
  await recorded(root, source);
  const out = await exportOf(root, from, to);
  t.is(await complaintsOf(out), '');
  t.true((await verifyPaths([out], { publicKey: undefined, onFile: () => undefined })).ok);
  return [source, out];
}

async function recorded(root: string, source: Source): Promise<string> {
  const name = {
    cameraId: 'cam-1',
    stream: 'main' as const,
    start: epochMs(TEST_START_MS),
    server8: TEST_SERVER_ID.slice(0, 8),
    epoch: 1,
  };
  const path = join(root, segmentPathOf(name));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, segmentOf(source).bytes);
  return path;
}

async function exportOf(root: string, from: number, to: number): Promise<string> {
  const range = { start: epochMs(TEST_START_MS + from), end: epochMs(TEST_START_MS + to) };
  const wanted = {
    cameraId: 'cam-1',
    stream: 'main' as const,
    range: { start: range.start * 1000, end: range.end * 1000 },
  };
  const segments = await findSegments([root], wanted);
  const out = join(root, 'out.mp4');
  await exportMovie({ ...wanted, range, segments, out, key: createSigningKey(), server: undefined }, systemClock);
  return out;
}

const hashesOf = (lines: readonly string[]): readonly string[] => lines.map((line) => line.split(' ')[1] ?? '');
const timesOf = (lines: readonly string[]): readonly string[] => lines.map((line) => line.split(' ')[0] ?? '');

const whole = test.macro<[args: string[]]>(async (t, args) => {
  t.timeout(120_000);
  const [source, out] = await cut(t, args, 0, 60_000);
  t.deepEqual(await decoded(out), await decoded(source.path));
  if (source.layout.audio === undefined) return;
  const ours = hashesOf(await soundOf(out));
  t.deepEqual(
    ours,
    hashesOf(await soundOf(source.path))
      .slice(-source.audio.length)
      .slice(0, ours.length),
  );
  t.true(ours.length >= source.audio.length - 3);
});
test('all of H.264 with AAC', whole, [...inputs, ...h264, '-bf', '0', ...aac]);
test('all of H.264 with B-frames', whole, [...picture, ...h264, '-bf', '3']);

const part = test.macro<[args: string[]]>(async (t, args) => {
  t.timeout(120_000);
  // Key frames at 0, 2, 4, 6 s: the cut begins at 2 s and shows from 3 s on.
  const [source, out] = await cut(t, args, 3000, 5000);
  const all = hashesOf(await decoded(source.path));
  const shown = await decoded(out);
  t.deepEqual(hashesOf(shown), all.slice(75, 125));
  t.deepEqual(timesOf(shown).at(-1), '1.960');
});
test('a cut begins at the asked instant and ends before the asked end', part, [...inputs, ...h264, '-bf', '0', ...aac]);
test('a cut with B-frames begins and ends at the asked instants', part, [...picture, ...h264, '-bf', '3']);

test('G.711 keeps its packets and their times', async (t) => {
  t.timeout(120_000);
  const root = await tempDir(t, 'pcm');
  const source = await makeSource(root, 'source', [...picture, ...h264, '-bf', '0']);
  const frames = Array.from({ length: SECONDS * 50 }, (_, index) => ({
    pts: index * 160,
    key: true,
    bytes: new Uint8Array(160).fill(index),
  }));
  const audio = {
    codec: 'pcma' as const,
    sampleRate: 8000,
    channels: 1,
    config: new Uint8Array(),
    codecString: 'alaw',
  };
  const path = await recorded(root, { ...source, layout: { ...source.layout, audio }, audio: frames });
  t.is(await complaintsOf(path), '');
  const out = await exportOf(root, 0, 60_000);
  t.is(await complaintsOf(out), '');
  // ffmpeg hands out PCM in pieces of its own: the decoded samples count.
  const samples = Buffer.concat(frames.map(({ bytes }) => bytes));
  t.is((await pcmOf(out)).compare(samples), 0);
  t.is((await pcmOf(path)).compare(samples), 0);
});
