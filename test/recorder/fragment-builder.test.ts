import test from 'ava';
import { MAX_FRAGMENT_BYTES, MAX_SAMPLES } from '../../src/recorder/fragment-builder.ts';
import { hexOf } from '../../src/media/mp4/fragment-hash.ts';
import { createFragmentRig, FRAME, inFile, nal, sha, slice, START_US, unitsIn } from '../support/fragment-rig.ts';
import type { FragmentRig, GivenUnit } from '../support/fragment-rig.ts';
import { createRandom } from '../support/seeded-random.ts';
import { TEST_AUDIO, TEST_VIDEO } from '../support/segment-builder.ts';

const random = createRandom(7);
const picture = (timestamp: number, key = false): GivenUnit => ({
  timestamp,
  nals: [slice(key, random.bytes(40))],
});
/** Frames `from` up to `to`, a key frame every `keyEvery`. */
function frames(rig: FragmentRig, from: number, to: number, keyEvery = 25): void {
  for (let frame = from; frame < to; frame += 1) rig.give(picture(frame * FRAME, frame % keyEvery === 0));
}
const hex = (bytes: Uint8Array | undefined): string => hexOf(bytes ?? new Uint8Array());
const spansOf = (rig: FragmentRig): readonly (readonly [number, number])[] =>
  rig.made.map(({ startUs, endUs }) => [(startUs - START_US) / 1000, (endUs - START_US) / 1000]);

test('fragments end with the ordered time and before a key frame, and leave no time between them', async (t) => {
  const rig = createFragmentRig();
  frames(rig, 0, 50);
  t.is(rig.builder.end(), START_US + 2_000_000);
  t.deepEqual(spansOf(rig), [
    [0, 520],
    [520, 1000],
    [1000, 1520],
    [1520, 2000],
  ]);
  t.deepEqual(
    rig.made.map(({ key }) => key),
    [true, false, true, false],
  );
  t.deepEqual(
    rig.made.map(({ continuous }) => continuous),
    [false, true, true, true],
  );
  t.deepEqual(rig.lost, []);
  t.deepEqual(rig.begun, [START_US]);
  const [file, ...others] = await rig.files();
  t.is(others.length, 0);
  t.deepEqual(file && unitsIn(file), rig.seen);
  t.deepEqual(
    file?.fragments.map(({ video }) => video.decodeTime / FRAME),
    [0, 13, 25, 38],
  );
  t.is(rig.slabs.taken(), 0);
});

test('what comes before the first key frame is not recorded, and nothing is booked by the builder', (t) => {
  const rig = createFragmentRig();
  frames(rig, 20, 30);
  rig.builder.end();
  t.deepEqual(rig.begun, [START_US + 25 * 40_000]);
  t.is(rig.seen.length, 5);
  t.deepEqual(rig.lost, []);
});

test('leaves, rest hash and chain equal an independent computation; SEI stays, delimiters do not', async (t) => {
  const rig = createFragmentRig({ audio: TEST_AUDIO });
  const sei = nal(6, Uint8Array.of(5, 2, 1, 2, 0x80));
  const [one, two, three, four] = [
    slice(true, random.bytes(3000)),
    slice(true, random.bytes(100)),
    slice(false, random.bytes(50)),
    slice(false, random.bytes(2000)),
  ];
  rig.give({ timestamp: 0, nals: [nal(9, Uint8Array.of(0xf0)), sei, one, two] });
  const sound = random.bytes(30);
  rig.builder.audio.frame(0, sound, 0, 30);
  rig.give({ timestamp: FRAME, nals: [three, sei, four, nal(12, random.bytes(9))] });
  rig.builder.end();
  const [file] = await rig.files();
  const fragment = file?.fragments[0];
  t.is(hex(fragment?.leaves.subarray(0, 32)), sha(inFile(one), inFile(two)));
  t.is(hex(fragment?.leaves.subarray(32, 64)), sha(inFile(three), inFile(four)));
  t.is(hex(fragment?.restHash), sha(inFile(sei), inFile(sei), sound));
  const start = file?.init.chainStart ?? new Uint8Array();
  t.is(hex(fragment?.chain), sha(start, fragment?.fragmentHash ?? new Uint8Array()));
  t.like(fragment, { audio: { count: 1 } });
});

test('each segment goes on from the chain of the one before', async (t) => {
  const rig = createFragmentRig({ segmentSeconds: 2 });
  frames(rig, 0, 150);
  rig.builder.end();
  const files = await rig.files();
  t.deepEqual(
    files.map(({ init }) => init.header.start - START_US / 1000),
    [0, 2000, 4000],
  );
  for (const [index, { init }] of files.entries()) {
    const before = files[index - 1]?.fragments.at(-1)?.chain;
    t.is(init.header.previous, before && hexOf(before));
  }
  t.true(rig.made.every(({ continuous }, index) => continuous || index === 0));
  t.true(files.every(({ fragments }) => fragments[0]?.video.decodeTime === 0 && fragments[0]?.key));
});

test('a segment is not ended without a key frame, however long it is', (t) => {
  const rig = createFragmentRig({ segmentSeconds: 2 });
  frames(rig, 0, 200, 1000);
  rig.builder.end();
  t.is(new Set(rig.made.map(({ segment }) => segment)).size, 1);
});

test('other parameter sets begin a segment with their key frame; the same ones again do not', async (t) => {
  const rig = createFragmentRig();
  const [sps = new Uint8Array(), pps = new Uint8Array()] = TEST_VIDEO.parameterSets;
  const withSets = (timestamp: number, ...sets: Uint8Array[]): GivenUnit => ({
    timestamp,
    nals: [...sets.map((set) => nal((set[0] ?? 0) & 31, set.subarray(1))), slice(true, random.bytes(30))],
  });
  // `nal` makes first bytes of its own: what came in the session description differs from it in the priority bits.
  const rewritten = [sps, pps].map((set) => Uint8Array.from([0x60 | ((set[0] ?? 0) & 31), ...set.subarray(1)]));
  const other = Uint8Array.from([...sps.subarray(0, -1), 0x80]);
  rig.give(withSets(0, ...rewritten));
  for (let frame = 1; frame < 25; frame += 1) rig.give(picture(frame * FRAME));
  rig.give(withSets(25 * FRAME, ...rewritten));
  rig.give(withSets(26 * FRAME, other));
  rig.give(withSets(27 * FRAME, other));
  rig.builder.end();
  const files = await rig.files();
  t.deepEqual(
    files.map(({ made }) => made.map(({ accessUnits }) => accessUnits)),
    [
      [13, 12, 1],
      [1, 1],
    ],
  );
  t.not(files[0]?.init.layoutHash, files[1]?.init.layoutHash);
  t.deepEqual(rig.lost, []);
});

test('B-frames: no fragment ends between pictures that are shown before its end, and times follow each other', async (t) => {
  const rig = createFragmentRig();
  // I0 P3 B1 B2 P6 B4 B5 …, a key frame at every 24th place.
  const shown: number[] = [];
  for (let group = 0; group < 100; group += 3) shown.push(group, ...(group === 0 ? [] : [group - 2, group - 1]));
  for (const frame of shown) rig.give(picture(frame * FRAME, frame === 0 || frame === 48));
  rig.builder.end();
  const [file] = await rig.files();
  t.deepEqual(file && unitsIn(file), rig.seen);
  let until = 0;
  for (const { video } of file?.fragments ?? []) {
    t.is(video.decodeTime, until, 'decoding goes on where the fragment before ended');
    for (let index = 0; index < video.count; index += 1) until += video.durations[index] ?? 0;
  }
  t.is(until, 100 * FRAME);
  t.deepEqual(rig.lost, []);
  t.is(rig.made.at(-1)?.endUs, START_US + 100 * 40_000);
});

test('a damaged access unit is left out and booked, and what follows is not called continuous', (t) => {
  const rig = createFragmentRig();
  frames(rig, 0, 10);
  rig.give({ ...picture(10 * FRAME), intact: false });
  frames(rig, 11, 20);
  rig.builder.end();
  t.deepEqual(rig.lost, [
    { start: START_US + 400_000, end: START_US + 440_000, cause: 'network-loss', accessUnits: 1 },
  ]);
  t.deepEqual(
    rig.made.map(({ accessUnits, continuous }) => [accessUnits, continuous]),
    [
      [10, false],
      [9, false],
    ],
  );
});

test('access units that were lost whole are booked by the time they took', (t) => {
  const rig = createFragmentRig();
  frames(rig, 0, 10);
  rig.builder.noteLoss();
  frames(rig, 13, 20);
  rig.builder.end();
  t.deepEqual(rig.lost, [
    { start: START_US + 400_000, end: START_US + 520_000, cause: 'network-loss', accessUnits: 3 },
  ]);
});

test('a lost packet without a picture in it books nothing', (t) => {
  const rig = createFragmentRig();
  frames(rig, 0, 10);
  rig.builder.noteLoss();
  frames(rig, 10, 20);
  rig.builder.end();
  t.deepEqual(rig.lost, []);
  t.true(rig.made.every(({ continuous }, index) => continuous || index === 0));
});

test('with B-frames a loss is never called continuous, since a picture that is gone leaves no hole in time', (t) => {
  const rig = createFragmentRig();
  for (const frame of [0, 3, 1, 2, 6, 4, 5, 9]) rig.give(picture(frame * FRAME, frame === 0));
  rig.builder.noteLoss();
  for (const frame of [8, 12, 10, 11]) rig.give(picture(frame * FRAME));
  rig.builder.end();
  t.deepEqual(
    rig.made.map(({ accessUnits, continuous }) => [accessUnits, continuous]),
    [
      [8, false],
      [4, false],
    ],
  );
});

test('a broken key frame at the start of a segment: nothing is recorded until the next one, and all of it is booked', async (t) => {
  const rig = createFragmentRig({ segmentSeconds: 1, audio: TEST_AUDIO });
  const sound = random.bytes(20);
  for (let frame = 0; frame < 75; frame += 1) {
    rig.give({ ...picture(frame * FRAME, frame % 25 === 0), intact: frame !== 25 });
    rig.builder.audio.frame(frame * 640, sound, 0, 20);
  }
  rig.builder.end();
  t.deepEqual(rig.lost, [
    { start: START_US + 1_000_000, end: START_US + 2_000_000, cause: 'network-loss', accessUnits: 25 },
  ]);
  const files = await rig.files();
  t.deepEqual(
    files.map(({ init }) => init.header.start - START_US / 1000),
    [0, 2000],
  );
  t.deepEqual(
    files.map(({ fragments }) => fragments[0]?.audio.decodeTime),
    [0, 0],
    'sound begins with the picture in every file',
  );
});

test('the wall clock is set forward: a segment begins with the next key frame and the step is booked', async (t) => {
  const rig = createFragmentRig();
  frames(rig, 0, 30);
  rig.stepWall(3_600_000_000);
  frames(rig, 30, 75);
  rig.builder.end();
  const files = await rig.files();
  t.is(files.length, 2);
  t.like(rig.lost, [{ start: START_US + 2_000_000, end: START_US + 3_602_000_000, cause: 'clock-stepped' }]);
  t.is(rig.lost.length, 1);
  t.is(files[1]?.init.header.start, START_US / 1000 + 3_602_000);
});

for (const lost of [false, true]) {
  test(`the wall clock is set back${lost ? ' while packets are lost' : ''}: the new segment bears the new time`, async (t) => {
    const rig = createFragmentRig();
    frames(rig, 0, 30);
    rig.stepWall(-3_600_000_000);
    frames(rig, 30, 49);
    if (lost) rig.builder.noteLoss();
    frames(rig, lost ? 50 : 49, 100);
    rig.builder.end();
    const files = await rig.files();
    t.is(files.length, 2);
    t.is(files[1]?.init.header.start, START_US / 1000 - 3_598_000);
    t.deepEqual(
      files[1]?.fragments.map(({ start, end }) => [(start - START_US) / 1000 + 3_600_000, (end - start) / 1000]),
      [
        [2000, 520],
        [2520, 480],
        [3000, 520],
        [3520, 480],
      ],
    );
  });
}

test('timestamps that jump cost nothing: time goes on evenly in the same file', async (t) => {
  for (const jump of [3600 * 90_000, -3600 * 90_000]) {
    const rig = createFragmentRig();
    frames(rig, 0, 30);
    rig.stepWall((-jump * 1e6) / 90_000);
    rig.builder.newRun('timestamps-jumped');
    for (let frame = 30; frame < 60; frame += 1) rig.give(picture(jump + frame * FRAME, frame % 25 === 0));
    rig.builder.end();
    t.deepEqual(rig.lost, []);
    t.is(rig.made.at(-1)?.endUs, START_US + 60 * 40_000);
    const [file, ...others] = await rig.files();
    t.is(others.length, 0);
    t.deepEqual(
      file?.fragments.map(({ video }) => video.decodeTime / FRAME),
      [0, 13, 25, 38, 50],
    );
  }
});

test('a camera that stood still is booked as stalled, with the time it was silent', (t) => {
  const rig = createFragmentRig();
  frames(rig, 0, 30);
  frames(rig, 130, 140);
  rig.builder.end();
  t.deepEqual(rig.lost, [
    { start: START_US + 1_200_000, end: START_US + 5_200_000, cause: 'camera-stalled', accessUnits: 100 },
  ]);
});

test('timestamps that jump back right behind a broken access unit do not turn back the time of a file', async (t) => {
  const rig = createFragmentRig();
  frames(rig, 0, 25);
  rig.give({ ...picture(25 * FRAME), intact: false });
  rig.give({ ...picture(26 * FRAME), intact: false });
  // A second back is no new run of the clock: it might be a picture out of order.
  for (let frame = 1; frame < 60; frame += 1) rig.give(picture(frame * FRAME, frame % 25 === 0));
  rig.builder.end();
  for (const { fragments } of await rig.files()) {
    const times = fragments.map(({ video }) => video.decodeTime);
    t.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    t.is(new Set(times).size, times.length);
  }
});

test('without memory access units are dropped and booked as overload, and recording goes on when there is some', async (t) => {
  const rig = createFragmentRig({ maxBytes: 1024 * 1024 });
  const held = [];
  frames(rig, 0, 5);
  for (let block = rig.slabs.take(1); block !== undefined; block = rig.slabs.take(1)) held.push(block);
  frames(rig, 5, 30);
  for (const block of held) rig.slabs.give(block);
  frames(rig, 30, 80);
  rig.builder.end();
  const recorded = rig.made.reduce((sum, { accessUnits }) => sum + accessUnits, 0);
  const lost = rig.lost.reduce((sum, { accessUnits = 0 }) => sum + accessUnits, 0);
  t.is(recorded + lost, 80);
  t.true(rig.lost.every(({ cause }) => cause === 'overload'));
  t.true(
    rig.made.every(({ first, key }) => !first || key),
    'a segment begins with a key frame',
  );
  t.is(rig.slabs.taken(), 0);
  await t.notThrowsAsync(rig.files());
});

test('a fragment holds at most so many access units, whatever its length', (t) => {
  const rig = createFragmentRig({ fragmentMs: 10_000 });
  for (let frame = 0; frame < 2 * MAX_SAMPLES + 10; frame += 1) rig.give(picture(frame * 900, frame === 0));
  rig.builder.end();
  t.deepEqual(
    rig.made.map(({ accessUnits }) => accessUnits),
    [MAX_SAMPLES, MAX_SAMPLES, 10],
  );
  t.deepEqual(rig.lost, []);
});

test('a fragment is cut when it has many bytes, and one access unit too large for any memory is booked', (t) => {
  const rig = createFragmentRig({ fragmentMs: 10_000 });
  const large = (frame: number, megabytes: number): GivenUnit => ({
    timestamp: frame * FRAME,
    nals: [slice(frame === 0, new Uint8Array(megabytes * 1024 * 1024))],
  });
  for (let frame = 0; frame < 6; frame += 1) rig.give(large(frame, 5));
  t.is(rig.made.length, 1);
  t.true((rig.made[0]?.bytes.length ?? 0) >= MAX_FRAGMENT_BYTES);
  rig.give(large(6, 33));
  rig.give(large(7, 1));
  rig.builder.end();
  t.is(
    rig.made.reduce((sum, { accessUnits }) => sum + accessUnits, 0),
    7,
  );
  t.deepEqual(rig.lost, [{ start: START_US + 240_000, end: START_US + 280_000, cause: 'overload', accessUnits: 1 }]);
});
