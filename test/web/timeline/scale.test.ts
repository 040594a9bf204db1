import test from 'ava';
import {
  daysOf,
  edgePan,
  MAX_SPAN_MS,
  MIN_SPAN_MS,
  reveal,
  spanOf,
  ticksOf,
  timeOf,
  xOf,
  zoom,
} from '../../../web/src/timeline/scale.ts';

const view = { start: 1_000_000, end: 4_600_000 };

test('a pixel and its time belong together', (t) => {
  t.is(xOf(view, 720, timeOf(view, 720, 123)), 123);
});

test('zooming leaves the time under the pointer where it is, from a day to seconds', (t) => {
  let zoomed = view;
  for (let step = 0; step < 40; step += 1) zoomed = zoom(zoomed, 2_000_000, 0.5);
  t.is(spanOf(zoomed), MIN_SPAN_MS);
  t.true(Math.abs(xOf(zoomed, 720, 2_000_000) - xOf(view, 720, 2_000_000)) < 1e-6);
  for (let step = 0; step < 40; step += 1) zoomed = zoom(zoomed, 2_000_000, 2);
  t.is(spanOf(zoomed), MAX_SPAN_MS);
});

test('ticks are round in the local zone and never closer than asked', (t) => {
  const zone = 5.5 * 3_600_000;
  const ticks = ticksOf({ start: 0, end: 86_400_000 }, 1000, 80, () => zone);
  t.true(ticks.every(({ at }) => (at + zone) % 7_200_000 === 0));
  t.is(ticks.filter(({ major }) => major).length, 1);
});

test('an edge is panned only near it, faster towards it', (t) => {
  t.is(edgePan(view, 1000, 500), 0);
  t.true(edgePan(view, 1000, 5) < edgePan(view, 1000, 40));
  t.true(edgePan(view, 1000, 995) > 0);
});

test('revealing moves the view only when it must', (t) => {
  t.is(reveal(view, 2_000_000), view);
  const moved = reveal(view, 9_000_000);
  t.true(moved.start < 9_000_000 && moved.end > 9_000_000 && spanOf(moved) === spanOf(view));
});

test('the UTC days of a view are named as the API names them', (t) => {
  const noon = Date.parse('2026-11-21T12:00:00Z');
  t.deepEqual(daysOf({ start: noon - 86_400_000, end: noon }), ['2026-11-20', '2026-11-21']);
});
