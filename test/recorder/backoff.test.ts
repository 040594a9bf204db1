import test from 'ava';
import { backoffOf, trialOf } from '../../src/recorder/backoff.ts';

const waitOf = (failures: number, refused: boolean, random: number): number =>
  backoffOf(failures, refused ? 'refused' : 'trouble', random);

test('waits double from half a second to half a minute', (t) => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 100, 1e9].map((failures) => waitOf(failures, false, 0.999_999));
  t.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000]);
});

test('jitter takes up to half of the wait away', (t) => {
  t.is(waitOf(4, false, 0), 2000);
  t.is(waitOf(4, false, 0.5), 3000);
});

test('a refused password is not asked again soon: many makes lock the account', (t) => {
  t.is(waitOf(1, true, 0), 2500);
  t.is(waitOf(4, true, 0.999_999), 30_000);
});

test('a camera without a session left is asked again each second, for it is let go at any moment; less often after two minutes', (t) => {
  const waits = [1, 2, 3, 100, 160, 161, 10_000].map((failures) => backoffOf(failures, 'no-room', 0.999_999));
  t.deepEqual(waits, [500, 1000, 1000, 1000, 1000, 3000, 3000]);
  t.is(Number(backoffOf(2, 'no-room', 0)), 500);
});

test('what is only kept ready is not asked for often when there is no session left: its own server needs it', (t) => {
  const noRoom = { cause: 'camera-refused', about: 'room' } as const;
  t.is(trialOf({ hold: false }, noRoom), 'no-room');
  t.is(trialOf({ hold: true }, noRoom), 'refused');
  t.is(trialOf({ hold: false }, { cause: 'camera-refused', about: 'credentials' }), 'refused');
  t.is(trialOf({ hold: false }, { cause: 'camera-stalled' }), 'trouble');
});
