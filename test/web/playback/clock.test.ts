import test from 'ava';
import { advanced, mayAdvance } from '../../../web/src/pages/playback/clock.ts';
import type { Run, RunState } from '../../../web/src/timeline/runs.ts';

const run = (start: number, end: number, state: RunState): Run => ({ start, end, state, cause: undefined });

test('the clock waits for a picture that loads, a moment only while others have theirs', (t) => {
  const now = 100_000;
  t.true(mayAdvance(['a', 'b'], new Map(), now));
  t.false(mayAdvance(['a', 'b'], new Map([['a', now - 500]]), now));
  t.true(mayAdvance(['a', 'b'], new Map([['a', now - 5000]]), now), 'it catches up by itself');
  t.false(mayAdvance(['a'], new Map([['a', now - 50_000]]), now), 'alone it is what one wants to see');
  t.true(mayAdvance(['a', 'b'], new Map([['a', -Infinity]]), now), 'one that failed holds nobody');
  t.false(mayAdvance(['a'], new Map([['a', -Infinity]]), now), 'until its server is back');
  t.true(mayAdvance(['b'], new Map([['a', now]]), now), 'who is no longer watched holds nobody');
});

test("one camera's gap does not stop the others; over what all miss the clock jumps", (t) => {
  const gap = [run(0, 100, 0), run(100, 900, 3), run(900, 2000, 0)];
  const whole = [run(0, 2000, 1)];
  t.deepEqual(advanced([gap, whole], 99, 140), { to: 140, jumped: false });
  t.deepEqual(advanced([gap], 99, 140), { to: 900, jumped: true });
  t.deepEqual(advanced([], 99, 140), { to: 140, jumped: false });
});

test('where only a server that is away would know, the clock waits instead of running on', (t) => {
  const away = [run(0, 100, 0), run(100, 5000, 4)];
  t.deepEqual(advanced([away], 90, 140), { to: 90, jumped: false });
  t.deepEqual(advanced([away, [run(3000, 5000, 2)]], 90, 140), { to: 3000, jumped: true });
});
