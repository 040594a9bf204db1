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
  t.is(hexOf(fragment?.leaves.subarray(0, 32) ?? new Uint8Array()), sha(inFile(one), inFile(two)));
  t.is(hexOf(fragment?.leaves.subarray(32, 64) ?? new Uint8Array()), sha(inFile(three), inFile(four)));
  t.is(hexOf(fragment?.restHash ?? new Uint8Array()), sha(inFile(sei), inFile(sei), sound));
  const start = file?.init.chainStart ?? new Uint8Array();
  t.is(hexOf(fragment?.chain ?? new Uint8Array()), sha(start, fragment?.fragmentHash ?? new Uint8Array()));
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

/**
 * A camera on a bad network in front of a slow disk: damaged and lost access units, B-frames, new parameter sets, memory that runs
 * out, jumps and steps of clocks. Whatever happens, every access unit given is in one place.
 */
function play(seed: number): { readonly rig: FragmentRig; readonly given: readonly Given[] } {
  const chances = createRandom(seed);
  const bFrames = chances.chance(0.3);
  const rig = createFragmentRig({
    maxBytes: chances.pick([2, 64]) * 1024 * 1024,
    segmentSeconds: chances.int(1, 5),
    fragmentMs: chances.pick([50, 500, 1000]),
    ...(chances.chance(0.5) ? { audio: TEST_AUDIO } : {}),
  });
  const keyEvery = chances.int(5, 40) * 3;
  const held: NonNullable<ReturnType<FragmentRig['slabs']['take']>>[] = [];
  const given: Given[] = [];
  const sound = chances.bytes(20);
  for (let place = 0; place < 600; place += 1) {
    if (chances.chance(0.01)) {
      const block = rig.slabs.take(1024 * 1024);
      if (block !== undefined) held.push(block);
    }
    if (chances.chance(0.03)) for (const block of held.splice(0)) rig.slabs.give(block);
    if (chances.chance(0.004)) rig.stepWall(chances.int(-5, 30) * 1_000_000);
    if (chances.chance(0.02)) {
      rig.builder.noteLoss();
      if (chances.chance(0.5)) continue;
    }
    const frame = bFrames ? place - (place % 3) + ([0, 2, 1][place % 3] ?? 0) : place;
    const key = place % keyEvery === 0;
    const intact = !chances.chance(0.02);
    const nals = [
      ...(key && chances.chance(0.1) ? [nal(8, TEST_VIDEO.parameterSets[1]?.subarray(1) ?? new Uint8Array())] : []),
      ...(chances.chance(0.2) ? [nal(6, chances.bytes(8))] : []),
      ...Array.from({ length: chances.int(1, 3) }, () => slice(key, chances.bytes(chances.int(1, 60)))),
      ...(chances.chance(0.05) ? [slice(key, new Uint8Array(chances.int(1, 400_000)))] : []),
    ];
    const before = rig.seen.length;
    rig.give({ timestamp: frame * FRAME, nals, intact });
    rig.builder.audio.frame(frame * 640, sound, 0, 20);
    const units = nals.filter(({ type }) => type !== 8);
    given.push({ kept: rig.seen.length > before, hash: sha(...units.map(inFile)), intact });
  }
  rig.builder.end();
  for (const block of held) rig.slabs.give(block);
  return { rig, given };
}
/** 300 were played while this was written; so many take seconds on a slow machine. */
const SEEDS = 20;
type Given = { readonly kept: boolean; readonly hash: string; readonly intact: boolean };

test('whatever comes: every access unit that was taken is in one fragment, in order, or in a fragment that was booked as lost', async (t) => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { rig, given } = play(seed);
    const inFiles = (await rig.files()).flatMap(unitsIn);
    const kept = given.filter((unit) => unit.kept);
    t.true(
      kept.every(({ intact }) => intact),
      `seed ${seed}: nothing damaged is recorded`,
    );
    t.deepEqual(
      kept.map(({ hash }) => hash),
      rig.seen,
      `seed ${seed}: bytes are as they came`,
    );
    // What was given up for want of memory is booked with its count; the rest is in the files, in order.
    let at = 0;
    for (const hash of inFiles) {
      const found = rig.seen.indexOf(hash, at);
      t.true(found >= 0, `seed ${seed}: order, and nothing twice`);
      at = found + 1;
    }
    const overload = rig.lost.reduce(
      (sum, { cause, accessUnits = 0 }) => sum + (cause === 'overload' ? accessUnits : 0),
      0,
    );
    t.true(
      rig.seen.length - inFiles.length <= overload,
      `seed ${seed}: ${rig.seen.length} ${inFiles.length} ${overload}`,
    );
    t.is(rig.slabs.taken(), 0, `seed ${seed}: all memory is given back`);
  }
});

test('whatever comes: between two fragments there is no time that is not booked, and a file never goes back in time', async (t) => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { rig } = play(seed);
    for (const [index, fragment] of rig.made.entries()) {
      const before = rig.made[index - 1];
      t.true(fragment.endUs > fragment.startUs, `seed ${seed}, fragment ${index}`);
      t.true(!fragment.first || fragment.key, `seed ${seed}, fragment ${index}: a segment begins with a key frame`);
      if (before === undefined || fragment.startUs < before.endUs) {
        // Only a clock that was set back makes footage overlap, and then in another file.
        t.true(before === undefined || before.segment !== fragment.segment, `seed ${seed}, fragment ${index}`);
        continue;
      }
      const booked = rig.lost
        .filter(({ start, end }) => end > before.endUs && start < fragment.startUs)
        .toSorted((one, other) => one.start - other.start);
      let until = before.endUs;
      for (const { start, end } of booked) until = start <= until ? Math.max(until, end) : until;
      t.true(until >= fragment.startUs, `seed ${seed}, fragment ${index}: ${fragment.startUs - until} µs are silent`);
      t.true(!fragment.continuous || fragment.startUs === before.endUs, `seed ${seed}, fragment ${index}: continuous`);
    }
    for (const { fragments } of await rig.files()) {
      let [picture, sound] = [0, 0];
      for (const { video, audio } of fragments) {
        t.true(video.decodeTime >= picture, `seed ${seed}: picture ${picture} ${video.decodeTime}`);
        t.true(audio.count === 0 || audio.decodeTime >= sound, `seed ${seed}: sound ${sound} ${audio.decodeTime}`);
        picture = video.decodeTime + 1;
        sound = audio.count > 0 ? audio.decodeTime + 1 : sound;
      }
    }
  }
});
