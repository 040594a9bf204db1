import test from 'ava';
import { createServerClocks, SETTLED_MS } from '../../src/cover/server-clocks.ts';
import { createFakeClock } from '../support/fake-clock.ts';

function rig() {
  const clock = createFakeClock();
  const offsets = new Map<string, number | undefined>([['r', 0]]);
  const told: string[] = [];
  const clocks = createServerClocks({
    clock,
    servers: () => [...offsets.keys()],
    offsetOf: (id) => offsets.get(id),
    changed: (id, offsetMs, isOff) => told.push(`${id} ${offsetMs} ${isOff ? 'off' : 'right'}`),
  });
  const during = async (offsetMs: number | undefined, ms: number): Promise<void> => {
    offsets.set('r', offsetMs);
    for (let passed = 0; passed <= ms; passed += 250) {
      clocks.look();
      await clock.advance(250);
    }
  };
  return { clocks, offsets, told, during };
}

test('a clock that goes off by a day is told once, and once when it is right again', async (t) => {
  const { clocks, told, during } = rig();
  await during(3, 10_000);
  t.deepEqual(told, []);
  await during(-86_400_000, 60_000);
  t.deepEqual(told, ['r -86400000 off']);
  t.is(clocks.off()[0]?.offsetMs, -86_400_000);
  await during(undefined, 60_000);
  t.is(clocks.off().length, 1, 'that it is away sets no clock');
  await during(-86_300_000, 10_000);
  t.is(clocks.off()[0]?.offsetMs, -86_300_000);
  await during(5, 60_000);
  t.deepEqual(told, ['r -86400000 off', 'r 5 right']);
  t.deepEqual(clocks.off(), []);
});

test('one that drifts about the limit, or jumps for a moment, is not told again and again', async (t) => {
  const { told, during } = rig();
  for (let turn = 0; turn < 20; turn += 1) {
    await during(90_000, SETTLED_MS - 1000);
    await during(0, 1000);
  }
  t.deepEqual(told, []);
  for (let turn = 0; turn < 20; turn += 1) {
    await during(2100, SETTLED_MS + 1000);
    await during(1500, SETTLED_MS + 1000);
  }
  t.deepEqual(told, ['r 2100 off']);
});

test('a server that is not protected any more is forgotten', async (t) => {
  const { clocks, offsets, during } = rig();
  await during(90_000, 10_000);
  offsets.clear();
  clocks.look();
  t.deepEqual(clocks.off(), []);
});
