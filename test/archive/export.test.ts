import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { exportMovie } from '../../src/archive/export.ts';
import type { ExportedFile } from '../../src/archive/export.ts';
import { findSegments } from '../../src/archive/export-sources.ts';
import { parseManifest } from '../../src/archive/manifest.ts';
import { createSigningKey, loadSigningKey } from '../../src/archive/signing-key.ts';
import { segmentPathOf } from '../../src/archive/segment-path.ts';
import { verifyPaths } from '../../src/archive/verify.ts';
import type { ArchiveReport } from '../../src/archive/verify-archive.ts';
import { systemClock } from '../../src/core/clock.ts';
import { epochMs } from '../../src/core/units.ts';
import { buildSegment, TEST_AUDIO, TEST_START_MS, TEST_VIDEO } from '../support/segment-builder.ts';
import type { BuildOptions, BuiltSegment } from '../support/segment-builder.ts';
import { tempDir } from '../support/temp-dir.ts';

const quiet = { publicKey: undefined, onFile: () => undefined };
const verified = (...paths: string[]): Promise<ArchiveReport> => verifyPaths(paths, quiet);
const errorsOf = ({ findings }: ArchiveReport): readonly string[] =>
  findings.filter(({ severity }) => severity === 'error').map(({ kind, sequence }) => `${kind} ${sequence ?? '-'}`);

async function put(root: string, { header, bytes }: BuiltSegment): Promise<string> {
  const { cameraId, stream, serverId, epoch, start } = header;
  const path = join(
    root,
    segmentPathOf({ cameraId, stream, start: epochMs(start), server8: serverId.slice(0, 8), epoch }),
  );
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

/** Segments that follow each other: 8 fragments of 4 access units, 40 ms each, key frames every second fragment. */
async function volume(root: string, count: number, more: Partial<BuildOptions> = {}): Promise<readonly BuiltSegment[]> {
  const segments: BuiltSegment[] = [];
  for (let index = 0; index < count; index += 1) {
    const before = segments.at(-1);
    const segment = buildSegment({
      fragments: 8,
      layout: { video: TEST_VIDEO, audio: TEST_AUDIO },
      firstSequence: before?.nextSequence ?? 1,
      ...more,
      header: { start: before?.end ?? TEST_START_MS, previous: before?.chain, ...more.header },
    });
    segments.push(segment);
    await put(root, segment);
  }
  return segments;
}

async function exported(
  t: ExecutionContext,
  root: string,
  fromMs: number,
  toMs: number,
): Promise<readonly ExportedFile[]> {
  const range = { start: epochMs(TEST_START_MS + fromMs), end: epochMs(TEST_START_MS + toMs) };
  const wanted = {
    cameraId: 'cam-1',
    stream: 'main' as const,
    range: { start: range.start * 1000, end: range.end * 1000 },
  };
  const segments = await findSegments([root], wanted);
  const out = join(await tempDir(t, 'out'), 'x.mp4');
  return exportMovie({ ...wanted, range, segments, out, key: createSigningKey(), server: undefined }, systemClock);
}

test('an export has every access unit from the key frame at or before the start up to the end, across segments', async (t) => {
  const root = await tempDir(t, 'volume');
  await volume(root, 3);
  // One segment lasts 1280 ms; key frames come every 320 ms.
  for (const [from, to, units] of [
    [0, 1280, 32],
    [0, 3840, 96],
    [320, 640, 8],
    [400, 640, 8],
    [639, 641, 9],
    [1000, 2000, 26],
    [1240, 1300, 9],
    [0, 40, 1],
  ] as const) {
    const [file] = await exported(t, root, from, to);
    t.is(file?.manifest.accessUnits, units, `${from} to ${to}`);
    t.deepEqual(file?.manifest.missing, []);
    t.deepEqual(errorsOf(await verified(file?.path ?? '')), []);
  }
});

test('nothing but the file and its manifest is left', async (t) => {
  const root = await tempDir(t, 'volume');
  await volume(root, 1);
  const [file] = await exported(t, root, 0, 500);
  t.deepEqual(await readdir(dirname(file?.path ?? '')), ['x.mp4', 'x.mp4.manifest.json']);
});

test('a range without footage is refused with what was asked', async (t) => {
  const root = await tempDir(t, 'volume');
  await volume(root, 1);
  await t.throwsAsync(() => exported(t, root, 60_000, 61_000), { code: 'export/nothing', message: /10:01:00/ });
  await t.throwsAsync(() => findSegments([root], { cameraId: 'cam-2', stream: 'main', range: { start: 0, end: 1 } }), {
    code: 'export/no-camera',
  });
});

test('a gap is listed and kept as time', async (t) => {
  const root = await tempDir(t, 'volume');
  await volume(root, 1);
  await volume(root, 1, { firstSequence: 100, header: { start: TEST_START_MS + 5000 } });
  const [file, second] = await exported(t, root, 0, 6280);
  t.is(second, undefined);
  t.deepEqual(file?.manifest.missing, [
    { start: '2026-11-21T10:00:01.280Z', end: '2026-11-21T10:00:05.000Z', reason: 'not-recorded' },
  ]);
  t.is(file?.manifest.accessUnits, 64);
  t.is(file?.manifest.cut.end, '2026-11-21T10:00:06.280Z');
});

test('a change of layout begins another file', async (t) => {
  const root = await tempDir(t, 'volume');
  const [first] = await volume(root, 1);
  const video = { ...TEST_VIDEO, width: 640, height: 360 };
  await volume(root, 1, {
    layout: { video, audio: undefined },
    firstSequence: 9,
    header: { start: first?.end ?? 0, previous: first?.chain },
  });
  const files = await exported(t, root, 0, 2560);
  t.deepEqual(
    files.map(({ manifest }) => [manifest.file.name, manifest.accessUnits, manifest.part]),
    [
      ['x.mp4', 32, { number: 1, of: 2 }],
      ['x-2.mp4', 32, { number: 2, of: 2 }],
    ],
  );
});

test('damaged footage is not exported but listed', async (t) => {
  const root = await tempDir(t, 'volume');
  const [segment] = await volume(root, 1);
  const copy = segment?.bytes.slice() ?? new Uint8Array();
  const { offset = 0, length = 0 } = segment?.fragments[3] ?? {};
  const at = offset + Buffer.from(copy.subarray(offset, offset + length)).indexOf('mdat') + 30;
  copy[at] = (copy[at] ?? 0) ^ 4;
  if (segment) await put(root, { ...segment, bytes: copy });
  const [file] = await exported(t, root, 0, 1280);
  t.is(file?.manifest.accessUnits, 28);
  t.deepEqual(file?.manifest.missing, [
    { start: '2026-11-21T10:00:00.480Z', end: '2026-11-21T10:00:00.640Z', reason: 'footage-damaged' },
  ]);
});

const tampered = test.macro<
  [change: (bytes: Buffer, pieces: readonly Buffer[], index: Buffer) => Buffer, expected: readonly string[]]
>(async (t, change, expected) => {
  const root = await tempDir(t, 'volume');
  await volume(root, 1, { sliceBytes: 500 });
  const [file] = await exported(t, root, 0, 1280);
  if (file === undefined) throw new Error('nothing was made');
  const bytes = await readFile(file.path);
  const pieces = file.manifest.fragments.map(({ offset, length }) => bytes.subarray(offset, offset + length));
  await writeFile(file.path, change(Buffer.from(bytes), pieces, bytes.subarray(0, file.manifest.file.indexBytes)));
  t.deepEqual(errorsOf(await verified(file.path)), expected);
});
const at = (bytes: Buffer, from: number, mask: number): Buffer => {
  bytes[from] = (bytes[from] ?? 0) ^ mask;
  return bytes;
};
const join2 = (index: Buffer, pieces: readonly (Buffer | undefined)[]): Buffer =>
  Buffer.concat([index, ...pieces.filter((piece) => piece !== undefined)]);
test(
  'a flipped bit in an export names its fragment',
  tampered,
  (bytes, pieces) => at(bytes, bytes.length - (pieces[7]?.length ?? 0) - 9, 1),
  ['altered 7'],
);
test('a changed index of an export is named', tampered, (bytes) => at(bytes, 300, 1), ['altered -']);
test(
  'a fragment removed from an export is named',
  tampered,
  (_, pieces, index) => join2(index, pieces.toSpliced(2, 1)),
  ['missing 3'],
);
test(
  'the last fragment removed from an export is named',
  tampered,
  (bytes, pieces) => bytes.subarray(0, bytes.length - (pieces[7]?.length ?? 0)),
  ['missing 8'],
);
test(
  'fragments of an export that changed places are named',
  tampered,
  (_, p, index) => join2(index, [p[0], p[1], p[5], p[2], p[3], p[4], p[6], p[7]]),
  ['reordered 6'],
);
test(
  'a fragment put into an export is named',
  tampered,
  (_, p, index) => join2(index, [p[0], p[1], Buffer.alloc(700, 7), p[2], p[3], p[4], p[5], p[6], p[7]]),
  ['inserted -'],
);
test(
  'a fragment of an export replaced by other bytes is named',
  tampered,
  (_, p, index) => join2(index, p.with(4, Buffer.alloc(p[4]?.length ?? 0, 7))),
  ['altered 5'],
);

test('a manifest that is changed, or signed by another key, is refused', async (t) => {
  const root = await tempDir(t, 'volume');
  await volume(root, 1);
  const [file] = await exported(t, root, 0, 1280);
  if (file === undefined) throw new Error('nothing was made');
  const text = await readFile(file.manifestPath, 'utf8');
  await writeFile(file.manifestPath, text.replace('"accessUnits":32', '"accessUnits":31'));
  t.deepEqual(errorsOf(await verified(file.path)), ['signature -']);
  await writeFile(file.manifestPath, text.slice(0, 200));
  t.deepEqual(errorsOf(await verified(file.path)), ['signature -']);
  await writeFile(file.manifestPath, text);
  t.true((await verified(file.path)).ok);
  const stranger = createSigningKey().publicKey;
  t.deepEqual(errorsOf(await verifyPaths([file.path], { ...quiet, publicKey: stranger })), ['signature -']);
  t.true((await verifyPaths([file.path], { ...quiet, publicKey: parseManifest(text).publicKey })).ok);
});

test('what is no signing key is refused', async (t) => {
  const path = join(await tempDir(t, 'key'), 'export.key');
  await t.throwsAsync(() => loadSigningKey(path), { code: 'ENOENT' });
  await writeFile(path, 'nonsense');
  await t.throwsAsync(() => loadSigningKey(path), { code: 'keys/unusable' });
});

test('a volume as it was recorded is fine, and says what is in it', async (t) => {
  const root = await tempDir(t, 'volume');
  const segments = await volume(root, 3);
  const report = await verified(root);
  t.true(report.ok);
  t.deepEqual(report.findings, []);
  t.like(report.streams[0], {
    cameraId: 'cam-1',
    stream: 'main',
    segments: 3,
    fragments: 24,
    accessUnits: 96,
    gaps: [],
    overlaps: [],
  });
  t.deepEqual(report.streams[0]?.recorded, [{ start: TEST_START_MS, end: segments[2]?.end ?? 0 }]);
});

test('a segment that was taken away is named by its neighbours and the time', async (t) => {
  const root = await tempDir(t, 'volume');
  const segments = await volume(root, 0);
  t.deepEqual(segments, []);
  const other = await tempDir(t, 'other');
  const [one, two, three] = await volume(other, 3);
  if (!one || !two || !three) throw new Error('nothing was made');
  await put(root, one);
  await put(root, three);
  const report = await verified(root);
  t.false(report.ok);
  const missing = report.findings.find(({ kind }) => kind === 'missing');
  t.like(missing, { start: one.end, end: three.header.start, severity: 'error' });
  t.deepEqual(report.streams[0]?.gaps, [{ start: one.end, end: three.header.start }]);
  // The oldest may go: retention takes those first.
  const rest = await tempDir(t, 'rest');
  await put(rest, two);
  await put(rest, three);
  t.true((await verified(rest)).ok);
});

test('a segment cut at its end is a remark if the process died there, an error if it went on', async (t) => {
  const root = await tempDir(t, 'volume');
  const [one, two] = await volume(root, 2);
  if (!one || !two) throw new Error('nothing was made');
  await put(root, { ...two, bytes: two.bytes.slice(0, -5000) });
  t.true((await verified(root)).ok);
  await put(root, { ...one, bytes: one.bytes.slice(0, -5000) });
  t.false((await verified(root)).ok);
});

test('a file under the name of another camera is named', async (t) => {
  const root = await tempDir(t, 'volume');
  const segment = buildSegment();
  const path = join(
    root,
    segmentPathOf({
      cameraId: 'cam-2',
      stream: 'main',
      start: epochMs(segment.header.start),
      server8: segment.header.serverId.slice(0, 8),
      epoch: 1,
    }),
  );
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, segment.bytes);
  t.deepEqual(errorsOf(await verified(root)), ['misplaced -']);
});
