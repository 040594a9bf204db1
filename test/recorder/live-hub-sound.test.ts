/** Sound of a live view as its viewers get it: two tracks in step for who asks for sound, and nothing for who is too slow. */
import test from 'ava';
import { createLiveHub, MAX_VIEWER_BYTES } from '../../src/recorder/live-hub.ts';
import type { LiveHub, ViewerSink } from '../../src/recorder/live-hub.ts';
import type { AudioTrack } from '../../src/media/tracks.ts';
import { layoutOf, messagesIn, pieceOf } from '../support/live-pieces.ts';
import type { Piece } from '../support/live-pieces.ts';
import { TEST_AUDIO, TEST_VIDEO } from '../support/segment-builder.ts';

const PICTURE_MS = 40;
const FRAME_MS = 64; // 1024 samples of 16 kHz
const RATE = TEST_AUDIO.sampleRate;
/** Where the camera's two clocks stand when the wall clock is at 0. */
const ticks = (ms: number): number => 777_000 + ms * 90;
const soundTicks = (ms: number): number => 123_456 + Math.round((ms * RATE) / 1000);
const wallUs = (ms: number): number => 1_700_000_000_000_000 + ms * 1000;

type Watcher = ViewerSink & { readonly frames: Buffer[]; unsent: number; ended: boolean };
function watcher(): Watcher {
  const frames: Buffer[] = [];
  const made: Watcher = {
    frames,
    unsent: 0,
    ended: false,
    write: (bytes) => void frames.push(Buffer.from(bytes)),
    unsentBytes: () => made.unsent,
    end: () => void (made.ended = true),
  };
  return made;
}
type Seen = { readonly header: Record<string, unknown>; readonly init: Uint8Array; readonly pieces: readonly Piece[] };
function seenBy({ frames }: Watcher): Seen {
  const [text, init, ...rest] = messagesIn(Buffer.concat(frames));
  if (typeof text !== 'string' || init === undefined || typeof init === 'string') throw new Error('no header');
  const pieces = rest.flatMap((message) => (typeof message === 'string' ? [] : [pieceOf(message)]));
  return { header: JSON.parse(text) as Record<string, unknown>, init, pieces };
}
const LAYOUT = { video: TEST_VIDEO, audio: TEST_AUDIO };
function show(hub: LiveHub, ms: number, key: boolean, layout = LAYOUT): void {
  const bytes = new Uint8Array(60).fill(1);
  hub.accessUnit({ bytes, start: 0, end: 60, timestamp: ticks(ms), wallUs: wallUs(ms), key }, layout, ms);
}
const play = (hub: LiveHub, ms: number): void => hub.soundFrame(soundTicks(ms), wallUs(ms), Uint8Array.of(7, 8, 9));

test('who asks for sound gets two tracks in step, who does not gets what he got before', (t) => {
  const hub = createLiveHub();
  show(hub, 0, true);
  const [silent, hearing] = [watcher(), watcher()];
  hub.add(silent);
  t.false(hub.isHeard());
  const leave = hub.add(hearing, true);
  t.true(hub.isHeard());
  for (let ms = PICTURE_MS; ms < 2000; ms += PICTURE_MS) {
    show(hub, ms, ms % 1000 === 0);
    if (ms % 320 === 0) for (let n = 0; n < 5; n += 1) play(hub, ms + n * FRAME_MS);
  }
  const [one, other] = [seenBy(silent), seenBy(hearing)];
  t.like(one.header, { audioCodec: 'mp4a.40.2', audio: false });
  t.like(other.header, { audioCodec: 'mp4a.40.2', audio: true });
  t.is(layoutOf(one.init).audio, undefined);
  t.like(layoutOf(other.init).audio, { ...TEST_AUDIO, config: Buffer.from(TEST_AUDIO.config) });
  t.true(one.pieces.every(({ track }) => track === 'video'));
  const sound = other.pieces.filter(({ track }) => track === 'audio');
  t.true(sound.length > 20);
  t.deepEqual([...(sound[0]?.sample ?? [])], [7, 8, 9]);
  // The frame of 320 ms stands at 320 ms of the pictures, which began at 0.
  t.is((sound[0]?.decodeTime ?? 0) / RATE, 0.32);
  const video = other.pieces.filter(({ track }) => track === 'video');
  t.is((video[8]?.decodeTime ?? 0) / 90_000, 0.32);
  t.deepEqual(
    video.map(({ decodeTime }) => decodeTime),
    one.pieces.map(({ decodeTime }) => decodeTime),
  );
  const { pieces } = other;
  t.true(pieces.every(({ sequence }, index) => index === 0 || sequence > (pieces[index - 1]?.sequence ?? 0)));
  leave?.();
  t.false(hub.isHeard(), 'nothing is spent on sound that nobody hears');
  t.notThrows(() => play(hub, 2100));
});

test('G.711 is told and not sent; a camera without sound tells none', (t) => {
  const pcmu: AudioTrack = {
    ...TEST_AUDIO,
    codec: 'pcmu',
    sampleRate: 8000,
    config: new Uint8Array(0),
    codecString: 'ulaw',
  };
  const hub = createLiveHub();
  show(hub, 0, true, { video: TEST_VIDEO, audio: pcmu });
  const viewer = watcher();
  hub.add(viewer, true);
  t.false(hub.isHeard());
  t.like(seenBy(viewer).header, { audioCodec: 'ulaw', audio: false });
  t.is(layoutOf(seenBy(viewer).init).audio, undefined);
  const without = createLiveHub();
  without.accessUnit(
    { bytes: new Uint8Array(9), start: 0, end: 9, timestamp: 0, wallUs: 0, key: true },
    { video: TEST_VIDEO, audio: undefined },
    0,
  );
  t.like(without.header(true), { audioCodec: undefined, audio: false });
});

test('sound stops for who is too slow at once, not only at the next picture', (t) => {
  const hub = createLiveHub();
  show(hub, 0, true);
  const [slow, other] = [watcher(), watcher()];
  for (const viewer of [slow, other]) hub.add(viewer, true);
  show(hub, 40, false);
  slow.unsent = MAX_VIEWER_BYTES + 1;
  play(hub, 50);
  slow.unsent = 0;
  play(hub, 114);
  show(hub, 80, false);
  show(hub, 120, true);
  play(hub, 178);
  const tracksOf = (viewer: Watcher): string =>
    seenBy(viewer)
      .pieces.map(({ track }) => track[0])
      .join('');
  t.is(tracksOf(slow), 'vvva');
  t.is(tracksOf(other), 'vvaavva');
});

test('who is too slow gets no sound either until the next key frame, and other sound sends all away', (t) => {
  const hub = createLiveHub();
  show(hub, 0, true);
  const viewer = watcher();
  hub.add(viewer, true);
  show(hub, 40, false);
  play(hub, 50);
  viewer.unsent = Infinity;
  show(hub, 80, false);
  play(hub, 114);
  viewer.unsent = 0;
  play(hub, 178);
  show(hub, 120, true);
  play(hub, 242);
  t.deepEqual(
    seenBy(viewer).pieces.map(({ track }) => track),
    ['video', 'video', 'audio', 'video', 'audio'],
  );
  show(hub, 160, true, { video: TEST_VIDEO, audio: { ...TEST_AUDIO, channels: 2 } });
  t.true(viewer.ended);
  t.false(hub.isHeard());
});
