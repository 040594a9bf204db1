import test from 'ava';
import { createStrangerNews, MAX_STRANGERS_TOLD, QUIET_MS } from '../../src/compose/stranger-news.ts';
import type { PeerEvent, RefusedCause } from '../../src/peer/network-types.ts';
import { createFakeClock } from '../support/fake-clock.ts';

function rig() {
  const clock = createFakeClock();
  const told: string[] = [];
  const activity = {
    record: ({ code, message }: { code: string; message: string }) => told.push(`${code} ${message}`),
  };
  const hear = createStrangerNews({ clock, activity });
  const came = (cause: RefusedCause, address: string): void => {
    const event: PeerEvent = {
      kind: 'refused',
      peerId: undefined,
      at: clock.monotonic(),
      cause,
      message: 'No.',
      address,
    };
    hear(event);
  };
  return { clock, told, came };
}

test('each guess at a code is told, with where it came from', (t) => {
  const { told, came } = rig();
  for (let tries = 0; tries < 5; tries += 1) came('pairing-code', '192.0.2.7');
  t.is(told.length, 5);
  t.regex(told[0] ?? '', /^pairing-refused .*192\.0\.2\.7.*No\.$/);
});

test('who would pair while no code is shown is told once an hour', async (t) => {
  const { clock, told, came } = rig();
  for (let minute = 0; minute < 59; minute += 1) {
    came('pairing', '192.0.2.7');
    await clock.advance(60_000);
  }
  t.is(told.length, 1);
  await clock.advance(60_000);
  came('pairing', '192.0.2.7');
  t.is(told.length, 2);
});

test('a stranger is told when it comes back, a server that is just being added is not', async (t) => {
  const { clock, told, came } = rig();
  came('stranger', '192.0.2.7');
  await clock.advance(2000);
  came('stranger', '192.0.2.7');
  t.deepEqual(told, []);
  await clock.advance(60_000);
  came('stranger', '192.0.2.7');
  came('stranger', '192.0.2.7');
  t.is(told.length, 1);
  t.regex(told[0] ?? '', /^stranger-refused .*192\.0\.2\.7/);
});

test('a flood from many addresses fills neither the log nor the memory, and hides no guess at a code', async (t) => {
  const { clock, told, came } = rig();
  for (let turn = 0; turn < 3; turn += 1) {
    for (let host = 0; host < 2000; host += 1) {
      came('pairing', `198.51.${host >> 8}.${host & 255}`);
      came('stranger', `2001:db8:${host.toString(16)}::1`);
    }
    await clock.advance(60_000);
  }
  t.is(told.length, 2 * MAX_STRANGERS_TOLD);
  came('pairing-code', '192.0.2.7');
  t.is(told.length, 2 * MAX_STRANGERS_TOLD + 1);
  await clock.advance(QUIET_MS);
  came('pairing', '192.0.2.7');
  t.is(told.length, 2 * MAX_STRANGERS_TOLD + 2);
});
