/** The box's clock as a browser knows it: set by what the box tells, not by each delay of the link. */
import test from 'ava';
import { boxNow, setBoxClock } from '../../../web/src/app/box-clock.ts';

const HOUR_MS = 3_600_000;
/** How far the box is ahead, as it is known now. */
const ahead = (): number => boxNow() - Date.now();

test.serial('a browser whose clock is another knows the time of the box, half the way of the answer counted', (t) => {
  t.true(Math.abs(ahead()) < 50, 'until the box tells, its own');
  setBoxClock(1_000_000 + HOUR_MS, 999_000, 1_001_000);
  t.true(Math.abs(ahead() - HOUR_MS) < 50);
});

test.serial('a later look that differs by less than a link delays changes nothing; a clock that was set does', (t) => {
  setBoxClock(2_000_000 + HOUR_MS + 400, 2_000_000, 2_000_000);
  t.true(Math.abs(ahead() - HOUR_MS) < 50);
  setBoxClock(2_000_000 - HOUR_MS, 2_000_000, 2_000_000);
  t.true(Math.abs(ahead() + HOUR_MS) < 50);
});
