import test from 'ava';
import { startLoopDelay } from '../../src/recorder/loop-delay.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('a loop that stood still shows it once: each look begins anew', async (t) => {
  const delay = startLoopDelay();
  t.teardown(delay.stop);
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

test('stopped, it measures nothing more', async (t) => {
  const delay = startLoopDelay();
  delay.stop();
  delay.takeP99();
  block(100);
  await pause(50);
  t.is(delay.takeP99(), 0);
});
