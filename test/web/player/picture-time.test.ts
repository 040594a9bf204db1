import test from 'ava';
import { createRandom } from '../../support/seeded-random.ts';
import { pictureTimeOf } from '../../../web/src/player/picture-time.ts';
import { placedAt, positionOf } from '../../../web/src/player/wall-map.ts';

const box = (name: string, ...content: readonly Uint8Array[]): Uint8Array => {
  const size = 8 + content.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([word(size), Buffer.from(name, 'latin1'), ...content]);
};
const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const long = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};
const traf = (track: number, tfdt: Uint8Array): Uint8Array =>
  box('traf', box('tfhd', word(0), word(track)), box('tfdt', tfdt));
const time = (seconds: number): Uint8Array =>
  Buffer.concat([word(0x0100_0000), long(BigInt(Math.round(seconds * 90_000)))]);
const payload = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

test('the picture of a fragment begins when its own track says, also with sound before it', (t) => {
  const sound = traf(2, time(7.68));
  const picture = traf(1, time(8));
  t.is(pictureTimeOf(payload(box('moof', box('mfhd', word(0), word(1)), sound, picture))), 8);
  t.is(pictureTimeOf(payload(Buffer.concat([box('prft', word(0)), box('moof', picture), box('mdat', word(0))]))), 8);
  t.is(pictureTimeOf(payload(box('moof', sound))), undefined);
  t.is(pictureTimeOf(new ArrayBuffer(0)), undefined);
});

test('bytes that are no fragment are never an error', (t) => {
  const whole = Buffer.concat([box('moof', traf(1, time(1))), box('mdat', word(0))]);
  const random = createRandom(7);
  for (let run = 0; run < 2000; run += 1) {
    const bytes = Buffer.from(whole);
    for (let change = 0; change < 3; change += 1) bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    t.notThrows(() => pictureTimeOf(payload(bytes.subarray(0, random.int(0, bytes.length)))));
  }
});

test('the fragments of a run are placed with the one that is known, others stay', (t) => {
  const places = [
    { start: 0, duration: 2, wall: 10_000, run: 0 },
    { start: 2, duration: 2, wall: 12_000, run: 0 },
    { start: 4, duration: 2, wall: 20_000, run: 1 },
  ];
  const placed = placedAt(places, { wall: 12_000, run: 0 }, 2.32);
  t.is(positionOf(placed, 12_500)?.toFixed(3), '2.820');
  t.is(positionOf(placed, 10_500)?.toFixed(3), '0.820');
  t.is(positionOf(placed, 20_500), 4.5);
  t.is(placedAt(placed, { wall: 12_000, run: 0 }, 2.32), placed);
  t.is(placedAt(places, { wall: 11_000, run: 0 }, 9), places);
});

test('where the wall clock was set right between two fragments each keeps its own place, and the rest goes with the last', (t) => {
  // The playlist counts by the wall clock, 2 s each; by the camera's the pictures are 1.92 s apart.
  const places = [0, 1, 2, 3].map((at) => ({ start: 2 * at, duration: 2, wall: 10_000 + 2000 * at, run: 0 }));
  const first = placedAt(places, { wall: 10_000, run: 0 }, 0.32);
  const second = placedAt(first, { wall: 12_000, run: 0 }, 2.24);
  const all = placedAt(second, { wall: 14_000, run: 0 }, 4.16);
  t.deepEqual(
    all.map(({ start }) => start.toFixed(2)),
    ['0.32', '2.24', '4.16', '6.16'],
  );
});
