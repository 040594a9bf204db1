/** Sound of a live view: in step with the picture, without a hole, and never in the picture's way. */
import test from 'ava';
import { opusSamplesOf } from '../../src/media/codec/opus.ts';
import { createLiveSound, MAX_AHEAD_MS, MISSING_AFTER_MS } from '../../src/recorder/live-sound.ts';
import type { SoundPiece } from '../../src/recorder/live-sound.ts';
import type { AudioTrack } from '../../src/media/tracks.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { TEST_AUDIO } from '../support/segment-builder.ts';

const PICTURE_MS = 40;
const FRAME_MS = 64; // 1024 samples of 16 kHz
const RATE = TEST_AUDIO.sampleRate;
const FRAME = 1024;
/** Where the camera's clock of sound stands when the wall clock is at 0. */
const AUDIO_EPOCH = 123_456;
const WALL_US = 1_700_000_000_000_000;

const soundTicks = (ms: number, rate = RATE): number => AUDIO_EPOCH + Math.round((ms * rate) / 1000);
const wallUs = (ms: number): number => WALL_US + ms * 1000;
const secondsOf = ({ decodeTime }: SoundPiece, rate = RATE): number => decodeTime / rate;

const NOTHING: SoundPiece = { decodeTime: 0, duration: 0, bytes: new Uint8Array(0) };

type Bench = { readonly pieces: SoundPiece[]; readonly picture: (ms: number) => void; readonly sound: Sound };
type Sound = (ms: number, bytes?: Uint8Array, shownMs?: number) => void;
/** The first picture, at 0 ms, is where the view begins. */
function bench(track: AudioTrack = TEST_AUDIO): Bench {
  const pieces: SoundPiece[] = [];
  const live = createLiveSound(track, (piece) => pieces.push({ ...piece, bytes: piece.bytes.slice() }));
  const { sampleRate } = track;
  return {
    pieces,
    picture: (ms) => live.picture(ms * 90, wallUs(ms)),
    sound: (ms, bytes = Uint8Array.of(7), shownMs = ms) =>
      live.frame(soundTicks(ms, sampleRate), wallUs(shownMs), bytes),
  };
}
const isSilent = ({ bytes }: SoundPiece): boolean => bytes[0] !== 7;
function withoutHoles(pieces: readonly SoundPiece[], frame = FRAME): boolean {
  return pieces.every(({ decodeTime }, index) => {
    const before = pieces[index - 1];
    const hole = before === undefined ? 0 : decodeTime - before.decodeTime - before.duration;
    return hole >= 0 && hole < frame;
  });
}

test('a frame of sound stands where the picture of its moment stands', (t) => {
  const { pieces, picture, sound } = bench();
  for (let ms = 0; ms < 2000; ms += PICTURE_MS) {
    picture(ms);
    if (ms % (FRAME_MS * 5) === 0) for (let n = 0; n < 5; n += 1) sound(ms + 10 + n * FRAME_MS);
  }
  t.is(secondsOf(pieces[0] ?? NOTHING), 0.01);
  t.true(pieces.every((piece, index) => Math.abs(secondsOf(piece) - (0.01 + index * 0.064)) < 0.002));
  t.false(pieces.some(isSilent));
  t.true(withoutHoles(pieces));
});

test('small shifts between the two clocks move nothing; larger ones place the sound anew, within 100 ms of the picture', (t) => {
  const { pieces, picture, sound } = bench();
  let drift = 0;
  let worst = 0;
  for (let ms = 0; ms < 60_000; ms += FRAME_MS) {
    picture(ms);
    drift = ms / 100; // 10 ms a second: a hundred times worse than a bad quartz
    const before = pieces.length;
    sound(ms, Uint8Array.of(7), ms + drift);
    const piece = pieces.slice(before).findLast((one) => !isSilent(one));
    if (piece !== undefined) worst = Math.max(worst, Math.abs(secondsOf(piece) - (ms + drift) / 1000));
  }
  t.true(worst < 0.1, `${worst} s apart`);
  const heard = pieces.filter((piece) => !isSilent(piece)).length;
  t.true(heard > 900, `${heard} of 938 frames are heard`);
  t.true(withoutHoles(pieces));
  t.true(pieces.filter(isSilent).length < 20);
});

test('lost frames of sound are silence of their length', (t) => {
  const { pieces, picture, sound } = bench();
  for (let n = 0; n < 20; n += 1) {
    picture(n * FRAME_MS);
    if (n < 5 || n > 8) sound(n * FRAME_MS);
  }
  t.deepEqual(
    pieces.map(({ decodeTime }) => decodeTime / FRAME),
    Array.from({ length: 20 }, (_, n) => n),
  );
  t.deepEqual(
    pieces.flatMap((piece, index) => (isSilent(piece) ? [index] : [])),
    [5, 6, 7, 8],
  );
});

test('a camera that announces sound and sends none is silent, and holds no picture up', (t) => {
  const { pieces, picture } = bench();
  const from = 2000;
  for (let ms = from; ms < from + 5000; ms += PICTURE_MS) {
    picture(ms);
    const end = pieces.at(-1);
    const missing = ms / 1000 - (end === undefined ? 0 : (end.decodeTime + end.duration) / RATE);
    t.true(ms - from <= MISSING_AFTER_MS || missing < FRAME_MS / 1000, `${missing} s without sound`);
  }
  t.true(pieces.every(isSilent) && withoutHoles(pieces));
});

test('sound that comes back after silence is heard where it belongs; what is late by then is left out', (t) => {
  const { pieces, picture, sound } = bench();
  for (let ms = 0; ms < 4000; ms += FRAME_MS) {
    picture(ms);
    if (ms < 1000) sound(ms);
    // 300 ms behind the pictures
    if (ms >= 3000) sound(ms - 300);
  }
  t.true(withoutHoles(pieces));
  const heard = pieces.filter((piece) => !isSilent(piece) && secondsOf(piece) > 2);
  t.true(heard.length > 5);
  const silentIn = pieces.filter((piece) => isSilent(piece) && secondsOf(piece) > 1 && secondsOf(piece) < 2.9);
  t.true(silentIn.length > 25);
  for (const piece of heard) t.is(((piece.decodeTime / RATE) * 1000) % 4, 0);
});

test('sound of the far future or of before the view is left out', (t) => {
  const { pieces, picture, sound } = bench();
  picture(0);
  sound(-500);
  sound(MAX_AHEAD_MS + 100);
  t.deepEqual(pieces, []);
  sound(10);
  t.is(pieces.length, 1);
});

test('an Opus packet is as long as it says, and two channels are silent in two', (t) => {
  // RFC 6716 table 2 and §3.2: SILK 60 ms; hybrid 20 ms twice; CELT 2.5 ms; CELT 20 ms three times; nothing at all.
  const packets = [[3 << 3], [(13 << 3) | 1], [28 << 3], [(31 << 3) | 3, 3], [(31 << 3) | 3, 0], []];
  t.deepEqual(
    packets.map((packet) => opusSamplesOf(Uint8Array.from(packet))),
    [2880, 1920, 120, 2880, 960, 960],
  );
  const opus: AudioTrack = { ...TEST_AUDIO, codec: 'opus', sampleRate: 48_000, channels: 2, codecString: 'opus' };
  const { pieces, picture, sound } = bench(opus);
  for (let ms = 0; ms < 2000; ms += 20) {
    picture(ms);
    if (ms < 500) sound(ms, Uint8Array.of(31 << 3, 1));
  }
  t.true(withoutHoles(pieces, 960));
  t.deepEqual(pieces.at(-1)?.bytes, Uint8Array.of(0xfc, 0xff, 0xfe));
});

test('AAC whose frames are twice as long as its configuration says is not torn apart', (t) => {
  const { pieces, picture, sound } = bench();
  for (let ms = 0; ms < 4000; ms += 2 * FRAME_MS) {
    picture(ms);
    sound(ms);
  }
  const later = pieces.filter((piece) => secondsOf(piece) > 0.5);
  t.true(later.length > 20);
  t.true(later.every(({ duration }) => duration === 2 * FRAME));
  t.false(later.some(isSilent));
});

test('whatever comes in whatever order: time goes on, without a hole, at most a moment ahead of the pictures', (t) => {
  forSeeds(30, (random) => {
    const { pieces, picture, sound } = bench();
    let ms = 0;
    let sent = 0;
    for (let n = 0; n < 400; n += 1) {
      ms += random.int(0, 90);
      picture(ms);
      while (random.next() < 0.6) {
        const at = ms + random.int(-2000, 2000);
        sound(at, Uint8Array.of(7), at + random.int(-300, 300));
        sent += 1;
      }
    }
    t.true(withoutHoles(pieces));
    const end = pieces.at(-1);
    t.true(end !== undefined && secondsOf(end) * 1000 < ms + MAX_AHEAD_MS + 500);
    t.true(secondsOf(end ?? NOTHING) * 1000 > ms - MISSING_AFTER_MS - 2 * FRAME_MS, 'silence stands in');
    const heard = pieces.filter((piece) => !isSilent(piece)).length;
    t.true(heard > 20 && heard <= sent, `${heard} of ${sent} frames`);
    // The whole time line, once.
    t.true(pieces.length <= ms / FRAME_MS + MAX_AHEAD_MS / FRAME_MS + 10, `${pieces.length} pieces in ${ms} ms`);
  });
});

test('a camera whose sound goes on by single ticks is not answered with a flood of silence', (t) => {
  const { pieces, picture, sound } = bench();
  picture(0);
  for (let tick = 0; tick < 3; tick += 1) sound((tick * 1000) / RATE);
  picture(1000);
  t.true(pieces.length > 10 && pieces.length < 100, `${pieces.length} pieces`);
  t.true(pieces.every(({ duration }) => duration === FRAME));
  t.true(withoutHoles(pieces));
});

test('silence is not made for longer than a picture lasts: behind a leap of the time line the sound goes on there', (t) => {
  const { pieces, picture, sound } = bench();
  picture(0);
  sound(0);
  picture(600_000);
  t.true(pieces.length < 200, `${pieces.length} pieces`);
  const leap = pieces.length;
  for (let ms = 600_000 + FRAME_MS; ms < 602_000; ms += FRAME_MS) {
    picture(ms);
    sound(ms);
  }
  const after = pieces.slice(leap);
  t.is(after.length, 32);
  t.deepEqual(after.filter(isSilent), after.slice(0, 1), 'up to the first frame behind it');
  t.true(after.every((piece) => secondsOf(piece) >= 600));
  t.true(withoutHoles(after));
});

test('pictures five seconds apart have silence between them', (t) => {
  const { pieces, picture } = bench();
  for (let ms = 0; ms <= 30_000; ms += 5000) picture(ms);
  t.is(pieces.length, Math.floor((30 * RATE) / FRAME));
  t.true(withoutHoles(pieces));
});

test('a clock of sound that no camera has makes no flood either', (t) => {
  const bytes = Uint8Array.of(31 << 3, 1);
  const opus: AudioTrack = { ...TEST_AUDIO, codec: 'opus', codecString: 'opus', sampleRate: 1e9 };
  for (const track of [opus, { ...TEST_AUDIO, sampleRate: 1 }, { ...TEST_AUDIO, sampleRate: 0 }]) {
    const { pieces, picture, sound } = bench(track);
    picture(0);
    sound(0, bytes);
    picture(5000);
    sound(5000, bytes);
    t.true(pieces.length < 10, `${pieces.length} pieces at ${track.sampleRate} Hz`);
  }
});
