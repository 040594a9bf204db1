import test from 'ava';
import { durationMs, monotonicMs } from '../../src/core/units.ts';
import { HEALTHY_AFTER_MS, MAX_DELAY_MS, restartOf } from '../../src/supervisor/restart-policy.ts';
import { parseServeArguments, serveArgumentsOf } from '../../src/supervisor/serve-options.ts';

test('the first restart comes at once, then ever later up to a cap', (t) => {
  let failures = 0;
  const delays: readonly number[] = Array.from({ length: 9 }, () => {
    const next = restartOf(failures, monotonicMs(0), monotonicMs(100));
    failures = next.failures;
    return next.delay;
  });
  t.deepEqual(delays, [0, 250, 500, 1000, 2000, 4000, 8000, MAX_DELAY_MS, MAX_DELAY_MS]);
});

test('a child that lived well is restarted at once again', (t) => {
  t.is(restartOf(8, monotonicMs(0), monotonicMs(HEALTHY_AFTER_MS)).delay, durationMs(0));
});

test('arguments survive being handed to a child', (t) => {
  const args = ['--data', '/srv/x', '--http-port=0', '--bind', '::1', '--name=A b', '--mode', 'failover'];
  const parsed = parseServeArguments(args, { UNDERSTUDY_LOG: 'warn' });
  if (parsed.kind !== 'options') throw new Error(`refused: ${parsed.kind}`);
  t.deepEqual(parseServeArguments(serveArgumentsOf(parsed.options), { UNDERSTUDY_LOG: 'warn' }), parsed);
  t.like(parsed.options, { dataDir: '/srv/x', httpPort: 0, bind: '::1', name: 'A b', mode: 'failover' });
});
