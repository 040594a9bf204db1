import test from 'ava';
import { z } from 'zod';
import { ANSWER_WITHIN_MS, MAX_ANSWER_BYTES, MAX_KEPT_ANSWERS } from '../../../src/api/site/asking.ts';
import type { Question } from '../../../src/api/site/asking.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { fakeSite, played } from '../../support/fake-site.ts';

const about = (path: string): Question<{ n: number }> => ({
  path,
  schema: z.object({ n: z.number() }),
  nothing: { n: -1 },
  role: 'viewer',
});
const said = (n: number, etag?: string) => () => ({ body: { n }, ...(etag === undefined ? {} : { etag }) });

test('what has an ETag is sent once, and counts as told anew', async (t) => {
  const { asking, asked } = fakeSite({
    H: { isReachable: true, answers: {} },
    R: { isReachable: true, answers: { '/a': said(1, '"x"') } },
  });
  const first = await asking.ask('R', about('/a'));
  const second = await asking.ask('R', about('/a'));
  t.like(first, { value: { n: 1 }, isFresh: true });
  t.like(second, { value: { n: 1 }, isFresh: true });
  t.deepEqual(asked, ['R /a 200', 'R /a 304']);
  t.true((second?.at ?? 0) >= (first?.at ?? Infinity));
});

test('two who ask the same at once make one question; this server is asked too', async (t) => {
  const { asking, asked } = fakeSite({
    H: { isReachable: true, answers: { '/a': said(2) } },
    R: { isReachable: true, answers: { '/a': said(1) } },
  });
  await Promise.all([asking.ask('R', about('/a')), asking.ask('R', about('/a'))]);
  t.like(await asking.ask('H', about('/a')), { value: { n: 2 }, isFresh: true });
  t.deepEqual(asked, ['R /a 200', 'H /a 200']);
});

test('one that knows nothing of it says so; one that is away, broken or talks nonsense said what it said', async (t) => {
  const { asking, members } = fakeSite({
    H: { isReachable: true, answers: {} },
    R: { isReachable: true, answers: {} },
  });
  t.like(await asking.ask('R', about('/a')), { value: { n: -1 }, isFresh: true });
  const answers = members['R']?.answers ?? {};
  answers['/a'] = said(5);
  t.like(await asking.ask('R', about('/a')), { value: { n: 5 }, isFresh: true });
  answers['/a'] = () => ({ body: { n: 'five' } });
  t.like(await asking.ask('R', about('/a')), { value: { n: 5 }, isFresh: false });
  answers['/a'] = () => ({ status: 500, body: { n: 6 } });
  t.like(await asking.ask('R', about('/a')), { value: { n: 5 }, isFresh: false });
  answers['/a'] = () => ({ body: { n: 7, more: 'x'.repeat(MAX_ANSWER_BYTES) } });
  t.like(await asking.ask('R', about('/a')), { value: { n: 5 }, isFresh: false });
  if (members['R'] !== undefined) members['R'].isReachable = false;
  t.like(await asking.ask('R', about('/a')), { value: { n: 5 }, isFresh: false });
  t.is(await asking.ask('R', about('/b')), undefined);
  t.is(await asking.ask('nobody', about('/a')), undefined);
});

test('one that hangs is waited for once, and no longer than it may take', async (t) => {
  const clock = createFakeClock();
  const { asking, members } = fakeSite(
    { H: { isReachable: true, answers: {} }, R: { isReachable: true, answers: { '/a': said(1) } } },
    clock,
  );
  await asking.ask('R', about('/a'));
  const answers = members['R']?.answers ?? {};
  answers['/a'] = 'hang';
  const began = clock.monotonic();
  t.like(await played(clock, asking.ask('R', about('/a'))), { value: { n: 1 }, isFresh: false });
  t.is(clock.monotonic() - began, ANSWER_WITHIN_MS);
  const again = asking.ask('R', about('/a'));
  await clock.advance(0);
  t.like(await again, { value: { n: 1 }, isFresh: false }, 'the second does not wait for what hangs already');
});

test('answers are kept up to a bound, the least used go', async (t) => {
  const answers = Object.fromEntries(
    Array.from({ length: MAX_KEPT_ANSWERS + 1 }, (_, index) => [`/${index}`, said(index)]),
  );
  const { asking } = fakeSite({ H: { isReachable: true, answers: {} }, R: { isReachable: true, answers } });
  for (const path of Object.keys(answers)) await asking.ask('R', about(path));
  t.is(asking.last('R', about('/0')), undefined);
  t.like(asking.last('R', about('/1')), { value: { n: 1 } });
});

test('what is looked at stays, also of a server that cannot be asked again', async (t) => {
  const answers = Object.fromEntries(
    Array.from({ length: 2 * MAX_KEPT_ANSWERS }, (_, index) => [`/${index}`, said(index)]),
  );
  const { asking, members } = fakeSite({
    H: { isReachable: true, answers: {} },
    R: { isReachable: true, answers },
    D: { isReachable: true, answers: { '/cameras': said(7) } },
  });
  await asking.ask('D', about('/cameras'));
  if (members['D'] !== undefined) members['D'].isReachable = false;
  for (const path of Object.keys(answers)) {
    await asking.ask('R', about(path));
    t.like(asking.last('D', about('/cameras')), { value: { n: 7 } }, path);
  }
});
