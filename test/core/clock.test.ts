import test from 'ava';
import { parseIso, isoOf, withDeadline } from '../../src/core/clock.ts';
import { durationMs, epochMs } from '../../src/core/units.ts';
import { createFakeClock } from '../support/fake-clock.ts';

test('a deadline ends the waiting, not the work', async (t) => {
  const clock = createFakeClock();
  const never = withDeadline(clock, durationMs(1000), new Promise<number>(() => undefined));
  await clock.advance(1000);
  t.is(await never, undefined);
  t.is(await withDeadline(clock, durationMs(1000), Promise.resolve(3)), 3);
  const late = Promise.withResolvers<never>();
  const waited = withDeadline(clock, durationMs(1000), late.promise);
  await clock.advance(1000);
  late.reject(new Error('too late to be heard'));
  t.is(await waited, undefined);
  await t.throwsAsync(withDeadline(clock, durationMs(1000), Promise.reject(new Error('at once'))), {
    message: 'at once',
  });
});

test('a time is read only with its zone, and written as it was read', (t) => {
  t.is(parseIso('2026-11-21T10:00:00.250+01:00'), epochMs(1_795_251_600_250));
  t.is(isoOf(epochMs(1_795_251_600_250)), '2026-11-21T09:00:00.250Z');
  for (const text of ['', '2026-11-21', '2026-11-21T10:00:00', 'yesterday', '2026-13-21T10:00:00Z'])
    t.is(parseIso(text), undefined, text);
});
