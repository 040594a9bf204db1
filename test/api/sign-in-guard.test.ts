import test from 'ava';
import { createSignInGuard, MAX_TRACKED } from '../../src/api/sign-in-guard.ts';
import { monotonicMs } from '../../src/core/units.ts';

function guardAt() {
  let now = 0;
  const guard = createSignInGuard({ monotonic: () => monotonicMs(now) });
  return { guard, pass: (ms: number) => (now += ms) };
}

test('10,000 tries a second apart let at most 100 be heard, whatever address they come from', (t) => {
  const { guard, pass } = guardAt();
  let heard = 0;
  for (let index = 0; index < 10_000; index += 1) {
    if (guard.begin('owner', `10.0.${index >> 8}.${index & 255}`) === 0) heard += 1;
    pass(1000);
  }
  t.true(heard <= 100, `${heard}`);
  t.true(heard >= 8);
});

test('one address that tries many accounts is slowed down, an IPv6 network counts as one', (t) => {
  const { guard, pass } = guardAt();
  let heard = 0;
  for (let index = 0; index < 10_000; index += 1) {
    if (guard.begin(`user-${index}`, `2001:db8::${index.toString(16)}`) === 0) heard += 1;
    pass(100);
  }
  t.true(heard <= 100, `${heard}`);
  t.is(guard.begin('somebody', '192.168.1.9'), 0);
});

test('the right password forgets the tries, and so does an hour', (t) => {
  const { guard, pass } = guardAt();
  for (let round = 0; round < 20; round += 1) {
    t.is(guard.begin('a', '10.0.0.1'), 0);
    guard.succeeded('a', '10.0.0.1');
  }
  while (guard.begin('a', '10.0.0.1') === 0);
  t.true(guard.begin('A', '10.0.0.2') > 0, 'names differ by more than case');
  pass(2 * 3_600_000);
  t.is(guard.begin('a', '10.0.0.1'), 0);
});

test('a flood of names and addresses is remembered only so far', (t) => {
  const { guard } = guardAt();
  for (let index = 0; index < MAX_TRACKED; index += 1)
    guard.begin(`u${index}`, `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
  t.true(guard.tracked() <= MAX_TRACKED);
  t.true(guard.tracked() > MAX_TRACKED * 0.8);
});
