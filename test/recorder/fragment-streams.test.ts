/** The fragment builder under whatever a camera, a network, a clock and a full memory may do to it. */
import test from 'ava';
import { createFragmentRig, FRAME, inFile, nal, sha, slice, unitsIn } from '../support/fragment-rig.ts';
import type { FragmentRig } from '../support/fragment-rig.ts';
import { createRandom } from '../support/seeded-random.ts';
import { TEST_AUDIO, TEST_VIDEO } from '../support/segment-builder.ts';

/**
 * A camera on a bad network in front of a slow disk: damaged and lost access units, B-frames, new parameter sets, memory that runs
 * out, jumps and steps of clocks. Whatever happens, every access unit given is in one place.
 */
// oxlint-disable-next-line complexity -- one throw of the dice after the other
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
/** 110 were played while this was written; so many take seconds on a slow machine. */
const SEEDS = 8;
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

// oxlint-disable-next-line complexity -- what holds of each pair of neighbours
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
