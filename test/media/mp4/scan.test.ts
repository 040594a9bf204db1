import test from 'ava';
import { UnderstudyError } from '../../../src/core/errors.ts';
import { encodeMoov, encodeSegmentStart } from '../../../src/media/mp4/init-segment.ts';
import { hexOf, sha256 } from '../../../src/media/mp4/fragment-hash.ts';
import { MAX_FRAGMENT_SAMPLES, rechainFragment } from '../../../src/media/mp4/fragment-writer.ts';
import { follows, parseFragment } from '../../../src/media/mp4/parse-fragment.ts';
import { checkPayload, readInit, scanFragments } from '../../../src/media/mp4/scan.ts';
import type { ScanStep } from '../../../src/media/mp4/scan.ts';
import { MAX_SEGMENT_HEADER_BYTES, parseSegmentHeader } from '../../../src/media/mp4/segment-header.ts';
import type { AudioTrack, TrackLayout } from '../../../src/media/tracks.ts';
import { sourceOf } from '../../support/bytes-source.ts';
import { mutate } from '../../support/mutate.ts';
import { buildSegment, TEST_AUDIO, TEST_VIDEO } from '../../support/segment-builder.ts';
import { createRandom } from '../../support/seeded-random.ts';

async function collect(steps: AsyncIterable<ScanStep>): Promise<readonly ScanStep[]> {
  const all: ScanStep[] = [];
  for await (const step of steps) all.push(step);
  return all;
}

async function scan(bytes: Uint8Array, resync = true): Promise<readonly ScanStep[]> {
  const source = sourceOf(bytes);
  const init = await readInit(source);
  return collect(scanFragments(source, { from: init.length, resync }));
}
const wholeOf = (steps: readonly ScanStep[]) =>
  steps.flatMap((step) => (step.kind === 'fragment' ? [step.fragment] : []));

test('what was written is read back', async (t) => {
  for (const bFrames of [false, true]) {
    const segment = buildSegment({ layout: { video: TEST_VIDEO, audio: TEST_AUDIO }, bFrames, fragments: 5 });
    const fragments = wholeOf(await scan(segment.bytes));
    t.deepEqual(
      fragments.map(({ offset, length, sequence, key, start, end, video, audio }) => ({
        sequence,
        key,
        start,
        end,
        accessUnits: video.count,
        audioFrames: audio.count,
        offset,
        length,
      })),
      [...segment.fragments],
    );
    t.true(fragments.every(({ intact, offset, length }) => intact && offset % 4096 === 0 && length % 4096 === 0));
    t.deepEqual(
      fragments.map(({ video }) => video.decodeTime),
      [0, 1, 2, 3, 4].map((index) => index * 4 * 3600),
    );
    t.deepEqual([...(fragments[0]?.video.compositionOffsets ?? [])], bFrames ? [0, 7200, -3600, -3600] : []);
    for (const fragment of fragments)
      t.deepEqual(await checkPayload(sourceOf(segment.bytes), fragment, 'h264'), { kind: 'whole' });
  }
});

const audio = (codec: AudioTrack['codec'], codecString: string): AudioTrack => ({
  codec,
  sampleRate: 8000,
  channels: 1,
  config: new Uint8Array(),
  codecString,
});
test('the layout is read back as it was written, with its hash', async (t) => {
  const layouts: TrackLayout[] = [
    { video: TEST_VIDEO, audio: undefined },
    { video: TEST_VIDEO, audio: TEST_AUDIO },
    { video: TEST_VIDEO, audio: audio('pcma', 'alaw') },
    { video: TEST_VIDEO, audio: audio('pcmu', 'ulaw') },
    { video: TEST_VIDEO, audio: { ...audio('opus', 'opus'), sampleRate: 48_000, channels: 2 } },
  ];
  for (const layout of layouts) {
    const segment = buildSegment({ layout });
    const init = await readInit(sourceOf(segment.bytes));
    t.deepEqual(init.layout, layout);
    t.deepEqual(init.header, segment.header);
    t.is(init.length, segment.initLength);
    t.is(init.layoutHash, hexOf(sha256(encodeMoov(layout))));
  }
});

test('a file cut anywhere gives every fragment that is whole in it, and says where it is torn', async (t) => {
  const segment = buildSegment({ fragments: 3, accessUnits: 2 });
  const source = { bytes: segment.bytes };
  for (let length = segment.initLength + 1; length <= segment.bytes.length; length += 13) {
    const steps = await scan(source.bytes.subarray(0, length));
    const whole = segment.fragments.filter(({ offset, length: size }) => offset + size <= length);
    t.deepEqual(
      wholeOf(steps)
        .slice(0, whole.length)
        .map(({ sequence }) => sequence),
      whole.map(({ sequence }) => sequence),
    );
    const last = steps.at(-1);
    if (last?.kind !== 'fragment')
      t.like(last, { kind: 'torn', offset: segment.fragments[wholeOf(steps).length]?.offset ?? 0 });
  }
});

test('without resync damage is the last step; with it the next fragment is found', async (t) => {
  const segment = buildSegment({ fragments: 4 });
  const { offset } = segment.fragments[1] ?? { offset: 0 };
  const bytes = segment.bytes.slice().fill(0xaa, offset, offset + 4096);
  t.deepEqual(
    (await scan(bytes, false)).map(({ kind }) => kind),
    ['fragment', 'damaged'],
  );
  t.deepEqual(
    wholeOf(await scan(bytes)).map(({ sequence }) => sequence),
    [1, 3, 4],
  );
});

test('a dropped fragment is linked past, and the flag says so', async (t) => {
  const segment = buildSegment({ fragments: 3 });
  const [first, second, third] = wholeOf(await scan(segment.bytes));
  if (!first || !second || !third) throw new Error('fragments expected');
  const copy = segment.bytes.slice(third.offset, third.offset + third.length);
  rechainFragment(copy, 0, first.chain, false);
  const parsed = parseFragment(copy, 0);
  if (parsed.kind !== 'fragment') throw new Error('a fragment expected');
  t.true(parsed.fragment.intact);
  t.true(follows(parsed.fragment, first.chain));
  t.false(parsed.fragment.continuous);
});

test('counts beyond the bound are damage, not memory', (t) => {
  const segment = buildSegment({ fragments: 1 });
  const bytes = segment.bytes.slice(segment.initLength);
  const at = Buffer.from(bytes).indexOf('uuid') + 20 + 52;
  new DataView(bytes.buffer).setUint32(at, MAX_FRAGMENT_SAMPLES + 1);
  t.like(parseFragment(bytes, 0), { kind: 'damaged' });
  new DataView(bytes.buffer).setUint32(at, 0xffff_ffff);
  t.like(parseFragment(bytes, 0), { kind: 'damaged' });
});

test('a segment header that is too long or not JSON is refused', (t) => {
  t.throws(() => parseSegmentHeader(new Uint8Array(MAX_SEGMENT_HEADER_BYTES + 1).fill(1)), {
    code: 'mp4/segment-header',
  });
  t.throws(() => parseSegmentHeader(Uint8Array.from([1, 0, 0, 0, 0x7b])), { code: 'mp4/segment-header' });
});

test('random damage never makes the reader throw anything but corrupt', async (t) => {
  const segment = buildSegment({ fragments: 2, accessUnits: 2, layout: { video: TEST_VIDEO, audio: TEST_AUDIO } });
  for (let seed = 1; seed <= 400; seed += 1) {
    const random = createRandom(seed);
    const bytes =
      seed % 4 === 0
        ? random.bytes(random.int(0, 3000))
        : mutate(random, segment.bytes.slice(0, random.int(500, segment.bytes.length)));
    try {
      for (const fragment of wholeOf(await scan(bytes))) await checkPayload(sourceOf(bytes), fragment, 'h264');
      await collect(scanFragments(sourceOf(bytes), { from: 0, resync: true }));
    } catch (error) {
      if (!(error instanceof UnderstudyError) || error.kind !== 'corrupt')
        throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  t.pass();
});

test('the start of a segment is a multiple of 4096 bytes, whatever its length', (t) => {
  for (let length = 0; length < 60; length += 1) {
    const cameraId = 'c'.repeat(length + 1);
    const { header } = buildSegment();
    t.is(encodeSegmentStart({ video: TEST_VIDEO, audio: undefined }, { ...header, cameraId }).bytes.length % 4096, 0);
  }
});
