import test from 'ava';
import type { Finding } from '../../src/archive/findings.ts';
import { verifySegment } from '../../src/archive/verify-segment.ts';
import { sourceOf } from '../support/bytes-source.ts';
import { buildSegment, TEST_AUDIO, TEST_VIDEO, withFragments } from '../support/segment-builder.ts';
import { createRandom } from '../support/seeded-random.ts';

const findingsOf = async (bytes: Uint8Array): Promise<readonly Finding[]> =>
  (await verifySegment(sourceOf(bytes), 'a.mp4')).findings;
const told = async (bytes: Uint8Array): Promise<readonly string[]> =>
  (await findingsOf(bytes)).map(({ kind, sequence }) => `${kind} ${sequence ?? '-'}`);

test('a segment as it was written has no findings', async (t) => {
  for (const bFrames of [false, true]) {
    const segment = buildSegment({ layout: { video: TEST_VIDEO, audio: TEST_AUDIO }, bFrames });
    const summary = await verifySegment(sourceOf(segment.bytes), 'a.mp4');
    t.deepEqual(summary.findings, []);
    t.like(summary, { fragments: 4, accessUnits: 16, audioFrames: 8, chainEnd: segment.chain, torn: false });
    t.deepEqual(summary.spans, [{ start: segment.header.start, end: segment.end }]);
  }
});

test('every flipped byte of a segment is found, whichever it is', async (t) => {
  t.timeout(110_000);
  const { bytes } = buildSegment({
    layout: { video: TEST_VIDEO, audio: TEST_AUDIO },
    fragments: 2,
    accessUnits: 2,
    sliceBytes: 24,
  });
  const random = createRandom(7);
  const unnoticed: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    const copy = bytes.slice();
    copy[at] = (copy[at] ?? 0) ^ (1 << random.int(0, 7));
    const findings = await findingsOf(copy);
    if (!findings.some(({ severity }) => severity === 'error')) unnoticed.push(at);
  }
  t.deepEqual(unnoticed, []);
});

test('a flipped byte in a payload names its fragment, and no other', async (t) => {
  const segment = buildSegment({ fragments: 5, sliceBytes: 3000 });
  for (const fragment of segment.fragments) {
    const copy = segment.bytes.slice();
    const at = fragment.offset + fragment.length - 3000;
    copy[at] = (copy[at] ?? 0) ^ 1;
    t.deepEqual(await told(copy), [`altered ${fragment.sequence}`]);
  }
});

test('a header that is destroyed is named with its place; everything behind it is still read', async (t) => {
  const segment = buildSegment({ fragments: 5 });
  const { offset } = segment.fragments[2] ?? { offset: 0 };
  const summary = await verifySegment(sourceOf(segment.bytes.slice().fill(0xaa, offset, offset + 4000)), 'a.mp4');
  t.is(summary.fragments, 4);
  t.deepEqual(
    summary.findings.map(({ kind, offset: at }) => [kind, at]),
    [['damaged', offset]],
  );
});

test('a fragment that is taken out is named', async (t) => {
  const segment = buildSegment({ fragments: 6 });
  t.deepEqual(await told(withFragments(segment, [0, 1, 3, 4, 5])), ['missing 3']);
  t.deepEqual(await told(withFragments(segment, [0, 4, 5])), ['missing 2']);
});

test('fragments taken from the start are noticed', async (t) => {
  const segment = buildSegment({ fragments: 4 });
  t.deepEqual(await told(withFragments(segment, [1, 2, 3])), ['altered 2']);
});

test('fragments that changed places are named', async (t) => {
  const segment = buildSegment({ fragments: 6 });
  t.deepEqual(await told(withFragments(segment, [0, 2, 1, 3, 4, 5])), ['reordered 3']);
  t.deepEqual(await told(withFragments(segment, [0, 1, 4, 2, 3, 5])), ['reordered 5']);
});

test('a fragment that is put in is named, a copy or a stranger', async (t) => {
  const segment = buildSegment({ fragments: 4 });
  const other = buildSegment({ fragments: 4, firstSequence: 50, seed: 9 });
  t.deepEqual(await told(withFragments(segment, [0, 1, 1, 2, 3])), ['inserted 2']);
  t.deepEqual(await told(withFragments(segment, [0, 1, 2, 0, 3])), ['inserted 1']);
  const cut = segment.fragments[2]?.offset ?? 0;
  const { offset = 0, length = 0 } = other.fragments[1] ?? {};
  const bytes = Buffer.concat([
    segment.bytes.subarray(0, cut),
    other.bytes.subarray(offset, offset + length),
    segment.bytes.subarray(cut),
  ]);
  t.deepEqual(await told(bytes), ['inserted 51']);
});

test('the file may end anywhere: whole fragments are kept, the torn tail is told apart from damage', async (t) => {
  const segment = buildSegment({ fragments: 3, accessUnits: 2 });
  for (let length = segment.initLength; length < segment.bytes.length; length += 61) {
    const summary = await verifySegment(sourceOf(segment.bytes.subarray(0, length)), 'a.mp4');
    const whole = segment.fragments.filter(({ offset, length: size }) => offset + size <= length).length;
    t.true(summary.fragments >= whole, `at ${length}`);
    t.true(
      summary.findings.every(({ kind }) => kind === 'torn' || kind === 'altered'),
      `at ${length}`,
    );
  }
});

test('blocks that were never written at the end are a torn tail, in the middle damage', async (t) => {
  const segment = buildSegment({ fragments: 3, sliceBytes: 12_000 });
  for (const [index, expected] of ['damaged 1', 'damaged 2', 'torn 3'].entries()) {
    const { offset = 0, length = 0 } = segment.fragments[index] ?? {};
    const copy = segment.bytes.slice().fill(0, offset + length - 8192, offset + length - 4096);
    t.deepEqual(await told(copy), [expected]);
  }
});

test('a file that was made longer than what was written into it is torn there', async (t) => {
  const segment = buildSegment({ fragments: 2 });
  const summary = await verifySegment(sourceOf(Buffer.concat([segment.bytes, new Uint8Array(65_536)])), 'a.mp4');
  t.is(summary.fragments, 2);
  t.deepEqual(
    summary.findings.map(({ kind }) => kind),
    ['torn'],
  );
});

test('a segment whose start is destroyed still gives its fragments', async (t) => {
  const segment = buildSegment({ fragments: 3 });
  const summary = await verifySegment(sourceOf(segment.bytes.slice().fill(0x55, 0, 200)), 'a.mp4');
  t.is(summary.fragments, 3);
  t.deepEqual(
    summary.findings.map(({ kind, offset }) => [kind, offset]),
    [['damaged', 0]],
  );
});
