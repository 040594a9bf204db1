import test from 'ava';
import { startLoopDelay } from '../../src/recorder/loop-delay.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Several turns of the event loop, in each of which the histogram may look. */
async function looks(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await pause(20);
}
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('a loop that stood still shows it once: each look begins anew', async (t) => {
  const delay = startLoopDelay();
  t.teardown(delay.stop);
  delay.look(true);
  await pause(100);
  delay.takeP99();
  for (let count = 0; count < 5; count += 1) {
    block(200);
    await pause(1);
  }
  t.true(delay.takeP99() >= 150, 'most of a blocked 200 ms');
  const nothing = delay.takeP99();
  t.true(nothing >= 0 && Number.isFinite(nothing), `${nothing} right after a look: nothing was measured`);
});

test('it measures only while it is to look', async (t) => {
  const delay = startLoopDelay();
  t.teardown(delay.stop);
  // Measured is from one look of the histogram to the next: one comes before, one behind, however the timers are served.
  const seen = async (): Promise<number> => {
    delay.takeP99();
    await looks();
    block(200);
    await looks();
    return delay.takeP99();
  };
  t.is(await seen(), 0);
  delay.look(true);
  t.true((await seen()) >= 150);
  delay.look(false);
  t.is(await seen(), 0);
  delay.look(true);
  t.true((await seen()) >= 150, 'and again');
  delay.stop();
  t.is(await seen(), 0);
});
