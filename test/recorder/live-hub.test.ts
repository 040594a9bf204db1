/** What a viewer of one stream gets, and what is kept for the first one. */
import test from 'ava';
import type { AccessUnitView } from '../../src/recorder/fragment-builder-types.ts';
import { createLiveHub, MAX_IDLE_BYTES, MAX_KEPT_KEY_FRAME, MAX_VIEWER_BYTES } from '../../src/recorder/live-hub.ts';
import type { ViewerSink } from '../../src/recorder/live-hub.ts';
import type { TrackLayout } from '../../src/media/tracks.ts';
import { createSlabs } from '../../src/recorder/slabs.ts';
import { createRandom } from '../support/seeded-random.ts';
import { TEST_VIDEO } from '../support/segment-builder.ts';

const LAYOUT: TrackLayout = { video: TEST_VIDEO, audio: undefined };
const FRAME_TICKS = 3600;
type Hub = ReturnType<typeof createLiveHub>;

/** Sends the n-th picture: `size` bytes that all hold n. */
function send(hub: Hub, n: number, key: boolean, size = 100): void {
  const bytes = new Uint8Array(size + 8).fill(n);
  const unit: AccessUnitView = { bytes, start: 4, end: size + 4, timestamp: n * FRAME_TICKS, wallUs: 0, key };
  hub.accessUnit(unit, LAYOUT, n * 40);
}
type Watcher = ViewerSink & { readonly frames: Uint8Array[]; unsent: number; ended: boolean };
function watcher(): Watcher {
  const frames: Uint8Array[] = [];
  const made: Watcher = {
    frames,
    unsent: 0,
    ended: false,
    write: (bytes) => void frames.push(bytes.slice()),
    unsentBytes: () => made.unsent,
    end: () => void (made.ended = true),
  };
  return made;
}
/** Behind header and init segment: which pictures, by their last byte. */
const picturesOf = ({ frames }: Watcher): readonly number[] => frames.slice(2).map((frame) => frame.at(-1) ?? -1);
/** `tfdt` of each fragment. */
function timesOf({ frames }: Watcher): readonly number[] {
  return frames.slice(2).map((frame) => {
    const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
    const at = bytes.indexOf('tfdt');
    return bytes[at + 4] === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : bytes.readUInt32BE(at + 8);
  });
}

test('the first viewer gets everything since the last key frame at once, then every picture, without a hole in time', (t) => {
  const hub = createLiveHub();
  for (let n = 0; n < 30; n += 1) send(hub, n, n % 25 === 0);
  const viewer = watcher();
  hub.add(viewer);
  t.deepEqual(picturesOf(viewer), [25, 26, 27, 28, 29]);
  for (let n = 30; n < 33; n += 1) send(hub, n, false);
  t.deepEqual(picturesOf(viewer), [25, 26, 27, 28, 29, 30, 31, 32]);
  t.deepEqual(
    timesOf(viewer),
    [0, 1, 2, 3, 4, 5, 6, 7].map((n) => n * FRAME_TICKS),
  );
  t.like(hub.header(), { kind: 'live-header', codec: TEST_VIDEO.codecString, width: 320, height: 180, audio: false });
});

test('a second viewer gets the same run as the first', (t) => {
  const hub = createLiveHub();
  send(hub, 0, true);
  const [first, second] = [watcher(), watcher()];
  hub.add(first);
  for (let n = 1; n < 4; n += 1) send(hub, n, false);
  hub.add(second);
  t.deepEqual(picturesOf(second), [0, 1, 2, 3]);
  t.deepEqual(second.frames.slice(2), first.frames.slice(2));
});

test('who comes back after everybody left gets the run of now', (t) => {
  const hub = createLiveHub();
  send(hub, 0, true);
  const first = watcher();
  const leave = hub.add(first);
  send(hub, 1, false);
  leave?.();
  for (let n = 2; n < 60; n += 1) send(hub, n, n === 50);
  const again = watcher();
  hub.add(again);
  t.deepEqual(picturesOf(again), [50, 51, 52, 53, 54, 55, 56, 57, 58, 59]);
  t.is(timesOf(again)[0], 0);
});

test('of a stream with large groups the first viewer gets the key frame, then motion from the next one on', (t) => {
  const hub = createLiveHub();
  const large = Math.ceil(MAX_IDLE_BYTES / 5);
  for (let n = 0; n < 25; n += 1) send(hub, n, n % 10 === 0, large);
  const viewer = watcher();
  hub.add(viewer);
  t.deepEqual(picturesOf(viewer), [20]);
  for (let n = 25; n < 33; n += 1) send(hub, n, n === 30, large);
  t.deepEqual(picturesOf(viewer), [20, 30, 31, 32]);
});

test('a key frame above the bound is shown live, but not kept', (t) => {
  const hub = createLiveHub();
  send(hub, 0, true);
  send(hub, 1, true, MAX_KEPT_KEY_FRAME + 1);
  t.is(hub.keyFrame()?.at, 0);
  const viewer = watcher();
  hub.add(viewer);
  t.deepEqual(picturesOf(viewer), []);
  send(hub, 2, true);
  t.deepEqual(picturesOf(viewer), [2]);
});

test('the kept key frame is what came, whatever followed it', (t) => {
  const hub = createLiveHub();
  t.is(hub.keyFrame(), undefined);
  send(hub, 7, true, 5000);
  for (let n = 8; n < 40; n += 1) send(hub, n, false, 3000);
  const kept = hub.keyFrame();
  t.is(kept?.bytes.length, 5000);
  t.true(kept?.bytes.every((byte) => byte === 7));
});

test('a viewer that takes nothing is left out until the next key frame after it has caught up', (t) => {
  const hub = createLiveHub();
  send(hub, 0, true);
  const viewer = watcher();
  hub.add(viewer);
  viewer.unsent = MAX_VIEWER_BYTES + 1;
  send(hub, 1, false);
  viewer.unsent = 0;
  send(hub, 2, false);
  send(hub, 3, true);
  t.deepEqual(picturesOf(viewer), [0, 3]);
});

test('when the session ends its viewers are sent away, and nothing of before is shown', (t) => {
  const hub = createLiveHub();
  send(hub, 0, true);
  const viewer = watcher();
  hub.add(viewer);
  hub.reset();
  t.true(viewer.ended);
  send(hub, 3, false);
  const next = watcher();
  hub.add(next);
  t.deepEqual(picturesOf(next), []);
  send(hub, 4, true);
  t.deepEqual(picturesOf(next), [4]);
});

test('who watches goes on over the beginning of a segment, and is sent away when the picture or the sound is another', (t) => {
  const hub = createLiveHub();
  send(hub, 0, true);
  const viewer = watcher();
  hub.add(viewer);
  const unit = (n: number): AccessUnitView => ({
    bytes: new Uint8Array(9).fill(n),
    start: 4,
    end: 9,
    timestamp: n * FRAME_TICKS,
    wallUs: n * 40_000,
    key: true,
  });
  hub.accessUnit(unit(1), { ...LAYOUT }, 40);
  t.deepEqual([viewer.ended, picturesOf(viewer)], [false, [0, 1]]);
  hub.accessUnit(unit(2), { ...LAYOUT, video: { ...TEST_VIDEO } }, 80);
  t.true(viewer.ended);
});

test('whatever comes and whoever watches: runs begin with a key frame, and time only goes on', (t) => {
  const random = createRandom(77);
  const hub = createLiveHub();
  const watching = new Map<Watcher, () => void>();
  const all: Watcher[] = [];
  let keys = new Set<number>();
  for (let n = 0; n < 4000; n += 1) {
    const key = random.next() < 0.1;
    if (key) keys = keys.add(n % 256);
    send(hub, n, key, 1 + Math.floor(random.next() * 9000));
    if (random.next() < 0.05) {
      const viewer = watcher();
      const leave = hub.add(viewer);
      all.push(viewer);
      if (leave !== undefined) watching.set(viewer, leave);
    }
    for (const [viewer, leave] of watching) {
      if (random.next() > 0.06) continue;
      leave();
      watching.delete(viewer);
    }
    if (random.next() < 0.01) {
      hub.reset();
      watching.clear();
    }
  }
  t.true(all.length > 100);
  for (const viewer of all) {
    const [first] = picturesOf(viewer);
    t.true(first === undefined || keys.has(first));
    const times = timesOf(viewer);
    t.true(times.every((time, at) => at === 0 || time > (times[at - 1] ?? 0)));
  }
});

test('what is kept lies in the memory of the fragments: of large groups one key frame, and nothing of a stream that is no more', (t) => {
  const slabs = createSlabs();
  const hub = createLiveHub(() => undefined, slabs);
  for (let n = 0; n < 200; n += 1) {
    const key = n % 20 === 0;
    send(hub, n, key, key ? 100_000 + (n % 3) * 40_000 : 30_000);
    if (n >= 20) t.true(slabs.taken() <= 192 * 1024, `${slabs.taken()} at ${n}`);
  }
  hub.reset();
  t.is(hub.keyFrame()?.bytes[0], 180, 'a snapshot of a camera that has just gone');
  hub.close();
  t.is(slabs.taken(), 0);
  t.is(hub.keyFrame(), undefined);
});

test('without memory nothing is kept, and who watches sees every picture from the next key frame on', (t) => {
  const hub = createLiveHub(() => undefined, createSlabs(0));
  for (let n = 0; n < 15; n += 1) send(hub, n, n % 10 === 0);
  t.is(hub.keyFrame(), undefined);
  const viewer = watcher();
  hub.add(viewer);
  for (let n = 15; n < 25; n += 1) send(hub, n, n % 10 === 0);
  t.deepEqual(picturesOf(viewer), [20, 21, 22, 23, 24]);
});

test('memory that ends within a group of pictures leaves nothing half kept', (t) => {
  const hub = createLiveHub(() => undefined, createSlabs(64 * 1024));
  send(hub, 0, true, 30_000);
  send(hub, 1, false, 30_000);
  t.is(hub.keyFrame()?.bytes.length, 30_000);
  send(hub, 2, false, 30_000);
  const viewer = watcher();
  hub.add(viewer);
  t.deepEqual(picturesOf(viewer), []);
  t.is(hub.keyFrame(), undefined);
  send(hub, 10, true, 30_000);
  t.is(hub.keyFrame()?.bytes[0], 10);
});
