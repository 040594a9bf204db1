import test from 'ava';
import * as fc from 'fast-check';
import { retryDelay, steer } from '../../../web/src/player/latency.ts';
import { correctionFor, fragmentsOf, positionOf, wallOf } from '../../../web/src/player/wall-map.ts';

const fragments = [
  { start: 0, duration: 2, wall: 10_000 },
  { start: 2, duration: 2, wall: 12_000 },
  { start: 4, duration: 2, wall: 60_000 },
];

test('a wall time has its place in the media, none inside a gap, and back again', (t) => {
  t.is(positionOf(fragments, 12_500), 2.5);
  t.is(positionOf(fragments, 60_000), 4);
  t.is(positionOf(fragments, 30_000), undefined);
  t.is(positionOf(fragments, 9000), undefined);
  t.is(positionOf([], 9000), undefined);
  t.is(wallOf(fragments, 2.5), 12_500);
  t.is(wallOf(fragments, 5), 61_000);
  t.is(wallOf([], 5), undefined);
});

test('videos drifting from the common clock are nudged, far ones are moved', (t) => {
  t.deepEqual(correctionFor(20, 1, true), { kind: 'rate', rate: 1 });
  t.deepEqual(correctionFor(200, 1, true), { kind: 'rate', rate: 0.94 });
  t.deepEqual(correctionFor(-200, 2, true), { kind: 'rate', rate: 2.12 });
  t.is(correctionFor(5000, 1, true).kind, 'seek');
  t.is(correctionFor(50, 1, false).kind, 'seek');
});

test('live view catches up a little by speed and jumps when it is far behind', (t) => {
  t.deepEqual(steer({ position: 10, start: 0, end: 10.2 }), { rate: 1, seekTo: undefined });
  t.true(steer({ position: 10, start: 0, end: 10.7 }).rate > 1);
  t.true(steer({ position: 10, start: 0, end: 10.02 }).rate < 1);
  t.is(steer({ position: 10, start: 0, end: 15 }).seekTo, 14.8);
  t.is(steer({ position: 0, start: 5, end: 6 }).seekTo, 5.8);
});

test('with sound the picture stays further behind, and the speed is left alone for longer', (t) => {
  const at = (end: number) => steer({ position: 10, start: 0, end, audio: true });
  for (const end of [10.3, 10.5, 10.7]) t.deepEqual(at(end), { rate: 1, seekTo: undefined });
  t.true(at(10.9).rate > 1 && at(10.1).rate < 1);
  t.is(at(15).seekTo, 14.5);
});

test('steering never asks for a place outside the buffer, nor for a speed one would hear', (t) => {
  const number = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(
      number,
      number,
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.boolean(),
      (position, start, length, audio) => {
        const { rate, seekTo } = steer({ position, start, end: start + length, audio });
        return rate >= 0.9 && rate <= 1.5 && (seekTo === undefined || (seekTo >= start && seekTo <= start + length));
      },
    ),
    { seed: 9 },
  );
  t.pass();
});

test('waiting before a reconnection grows to some ten seconds and is spread', (t) => {
  t.true(retryDelay(0, 0) < 400);
  t.true(retryDelay(50, 1) <= 12_500);
  t.not(retryDelay(3, 0), retryDelay(3, 1));
});

test('the fragments of a playlist stand one after another on the media clock, gaps left out', (t) => {
  const playlist = [
    '#EXTM3U',
    '#EXT-X-MAP:URI="segments/a.mp4",BYTERANGE="4096@0"',
    '#EXT-X-PROGRAM-DATE-TIME:2026-11-21T10:00:00.000Z',
    '#EXTINF:2.000,',
    '#EXT-X-BYTERANGE:100@4096',
    'segments/a.mp4',
    '#EXT-X-DISCONTINUITY',
    '#EXT-X-PROGRAM-DATE-TIME:2026-11-21T10:00:30.000Z',
    '#EXTINF:1.500,',
    'segments/b.mp4',
  ].join('\n');
  const at = Date.parse('2026-11-21T10:00:00.000Z');
  t.deepEqual(fragmentsOf(playlist), [
    { start: 0, duration: 2, wall: at },
    { start: 2, duration: 1.5, wall: at + 30_000 },
  ]);
  t.is(positionOf(fragmentsOf(playlist), at + 31_000), 3);
  t.is(positionOf(fragmentsOf(playlist), at + 10_000), undefined);
  t.deepEqual(fragmentsOf(''), []);
});
