import test from 'ava';
import { createLog } from '../../src/core/log.ts';
import { monotonicMs } from '../../src/core/units.ts';
import type { Effect } from '../../src/failover/machine-types.ts';
import { policyOf } from '../../src/failover/machine.ts';
import type { SavedState } from '../../src/failover/saved-state.ts';
import { savedStateSchema } from '../../src/failover/saved-state.ts';
import { failoverSettingsSchema } from '../../src/site/failover-settings.ts';
import { startWatch } from '../../src/watch/watch.ts';
import type { HeardEvent, Watch, WatchDeps } from '../../src/watch/watch.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { serverIdOf } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';

const [R1, R2] = [serverIdOf(11), serverIdOf(12)] as const;
const DOOR = { cameraId: 'cam-door', stream: 'main' } as const;

type Rig = {
  readonly watch: Watch;
  readonly clock: FakeClock;
  /** `server kind`, in order. */
  readonly effects: string[];
  readonly kept: (readonly SavedState[])[];
  readonly lines: string[];
  onEffect: (serverId: string, effect: Effect) => void;
};
function rigOf(more: Partial<WatchDeps> = {}): Rig {
  const clock = createFakeClock();
  const [effects, kept, lines]: [string[], (readonly SavedState[])[], string[]] = [[], [], []];
  const rig = { onEffect: (_serverId: string, _effect: Effect): void => undefined };
  const watch = startWatch({
    clock,
    log: createLog(
      'debug',
      (line) => lines.push(line),
      () => 0,
    ),
    policy: () => policyOf(failoverSettingsSchema.parse({})),
    rosterOf: () => [DOOR],
    kept: () => undefined,
    keep: (states) => kept.push(states),
    onEffect: (serverId, effect) => {
      if (effect.kind !== 'log' && effect.kind !== 'incident') effects.push(`${serverId} ${effect.kind}`);
      rig.onEffect(serverId, effect);
    },
    ...more,
  });
  return Object.assign(rig, { watch, clock, effects, kept, lines });
}

const report = (state: 'recording' | 'waiting' = 'recording') => ({
  media: 'up' as const,
  streams: [{ ...DOOR, state, cause: undefined, durableUntil: 1, idleMs: 0 }],
  volumes: [],
});
/** Connected and well. */
function greet({ watch }: Pick<Rig, 'watch'>, peerId: string, instance = 'one'): void {
  watch.hear({ peerId, kind: 'up' });
  watch.hear({ peerId, kind: 'hello', hello: { instance } });
  watch.hear({ peerId, kind: 'keep-alive', keepAlive: report() });
}
/** Beats and keep-alives for so long. */
async function live(rig: Rig, peerId: string, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 250) {
    await rig.clock.advance(250);
    rig.watch.hear({ peerId, kind: 'beat' });
    if (at % 1000 === 0) rig.watch.hear({ peerId, kind: 'keep-alive', keepAlive: report() });
  }
}

test('a connection that closes without a goodbye is covered at once; a goodbye only when it is gone', async (t) => {
  const rig = rigOf();
  rig.watch.watch([R1, R2]);
  for (const server of [R1, R2]) greet(rig, server);
  rig.watch.hear({ peerId: R1, kind: 'down', cause: 'closed' });
  t.true(rig.effects.includes(`${R1} cover`), 'without a tick');
  rig.watch.hear({ peerId: R2, kind: 'goodbye', goodbye: { reason: 'shutdown', message: '' } });
  t.false(rig.effects.includes(`${R2} cover`));
  rig.watch.hear({ peerId: R2, kind: 'down', cause: 'goodbye' });
  t.true(rig.effects.includes(`${R2} cover`));
  await rig.watch.stop();
});

test('silence is suspected by the ticks', async (t) => {
  const rig = rigOf();
  rig.watch.watch([R1]);
  greet(rig, R1);
  await live(rig, R1, 12_000);
  await rig.clock.advance(1000);
  t.deepEqual(rig.effects, []);
  await rig.clock.advance(500);
  t.true(rig.effects.includes(`${R1} cover`));
  await rig.watch.stop();
  t.is(rig.clock.pendingTimers(), 0);
});

test('who watches nobody is woken by nothing', async (t) => {
  const rig = rigOf();
  let wakes = 0;
  const every: FakeClock['every'] = (period, run) =>
    rig.clock.every(period, () => {
      wakes += 1;
      run();
    });
  const { watch } = rigOf({ clock: { ...rig.clock, every } });
  const wakesIn = async (ms: number): Promise<number> => {
    wakes = 0;
    await rig.clock.advance(ms);
    return wakes;
  };
  t.is(await wakesIn(5000), 0);
  watch.watch([R1, R2]);
  t.is(await wakesIn(5000), 50);
  watch.watch([R2]);
  t.is(await wakesIn(5000), 50);
  watch.watch([]);
  t.is(await wakesIn(5000), 0);
  watch.watch([R1]);
  t.is(await wakesIn(5000), 50);
  await watch.stop();
  t.is(await wakesIn(5000), 0);
});

test('a pause of this process itself is not held against anybody', async (t) => {
  const base = createFakeClock();
  let paused = 0;
  const clock = { ...base, monotonic: () => monotonicMs(base.monotonic() + paused) };
  const rig = { ...rigOf({ clock }), clock: base };
  rig.watch.watch([R1]);
  greet(rig, R1);
  await live(rig, R1, 12_000);
  paused = 20_000;
  await base.advance(260);
  await live(rig, R1, 3000);
  t.deepEqual(rig.effects, []);
  await rig.watch.stop();
});

test('a connection that this server ended itself leads to nothing', async (t) => {
  const rig = rigOf();
  rig.watch.watch([R1]);
  greet(rig, R1);
  rig.watch.hear({ peerId: R1, kind: 'down', cause: 'stopped' });
  t.deepEqual(rig.effects, []);
  await rig.watch.stop();
});

test('events of servers that are not watched are left alone', async (t) => {
  const rig = rigOf();
  t.false(rig.watch.tell(R1, { kind: 'take-over' }));
  t.notThrows(() => rig.watch.hear({ peerId: R1, kind: 'beat' }));
  t.is(rig.watch.stateOf(R1), undefined);
  await rig.watch.stop();
});

test('what an effect leads to comes behind everything that is already decided', async (t) => {
  const rig = rigOf();
  const order: string[] = [];
  rig.onEffect = (serverId, effect) => {
    if (effect.kind !== 'cover' && effect.kind !== 'declare-takeover') return;
    order.push(`${effect.kind} begins`);
    if (effect.kind === 'cover') rig.watch.tell(serverId, { kind: 'take-over' });
    order.push(`${effect.kind} done`);
  };
  rig.watch.watch([R1]);
  greet(rig, R1);
  rig.watch.hear({ peerId: R1, kind: 'down', cause: 'closed' });
  t.deepEqual(order.slice(0, 3), ['cover begins', 'cover done', 'declare-takeover begins']);
  await rig.watch.stop();
});

test('states are kept before the effects of a step are carried out', async (t) => {
  const rig = rigOf();
  const seen: number[] = [];
  rig.onEffect = (_serverId, { kind }) => {
    if (kind === 'cover') seen.push(rig.kept.at(-1)?.[0]?.wanted.length ?? -1);
  };
  rig.watch.watch([R1]);
  greet(rig, R1);
  rig.watch.hear({ peerId: R1, kind: 'down', cause: 'closed' });
  t.is(seen[0], 1);
  await rig.watch.stop();
});

test('neither a full disk, a failing effect nor a defect in a step ends the watch', async (t) => {
  let broken = false;
  const rig = rigOf({
    keep: () => {
      throw new Error('ENOSPC');
    },
    policy: () => {
      if (broken) throw new Error('a defect');
      return policyOf(failoverSettingsSchema.parse({}));
    },
  });
  rig.onEffect = () => {
    throw new Error('cannot be done');
  };
  rig.watch.watch([R1]);
  greet(rig, R1);
  broken = true;
  t.notThrows(() => rig.watch.hear({ peerId: R1, kind: 'beat' }));
  broken = false;
  rig.watch.hear({ peerId: R1, kind: 'down', cause: 'closed' });
  t.true(rig.effects.includes(`${R1} cover`));
  for (const words of ['kept on disk', 'an effect of the failover machine failed', 'the failover machine failed'])
    t.true(
      rig.lines.some((line) => line.includes(words)),
      words,
    );
  await rig.watch.stop();
});

test('a cover goes on over a restart of this server, before anybody was heard', async (t) => {
  const before = rigOf();
  before.watch.watch([R1]);
  greet(before, R1);
  before.watch.hear({ peerId: R1, kind: 'down', cause: 'closed' });
  const saved = before.kept.at(-1)?.find(({ serverId }) => serverId === R1);
  t.is(saved?.wanted.length, 1);
  const after = rigOf({ kept: (serverId) => (serverId === R1 ? saved : undefined) });
  after.watch.watch([R1]);
  t.true(after.effects.includes(`${R1} cover`));
  await Promise.all([before.watch.stop(), after.watch.stop()]);
});

test('without a settings backup a cover goes on over a restart all the same, by what was kept of it', async (t) => {
  const before = rigOf();
  before.watch.watch([R1]);
  greet(before, R1);
  before.watch.hear({ peerId: R1, kind: 'down', cause: 'closed' });
  const saved = before.kept.at(-1)?.find(({ serverId }) => serverId === R1);
  const after = rigOf({ kept: (serverId) => (serverId === R1 ? saved : undefined), rosterOf: () => undefined });
  after.watch.watch([R1]);
  await after.clock.advance(5000);
  t.deepEqual(after.effects, [`${R1} cover`], 'nothing is released, nothing is given back');
  t.deepEqual(Object.keys(after.watch.stateOf(R1)?.wanted ?? {}), ['cam-door/main']);
  t.deepEqual(after.watch.stateOf(R1)?.roster, [DOOR]);
  await Promise.all([before.watch.stop(), after.watch.stop()]);
});

test('a server that is watched no more is let go first: its cover ends, and nothing of it is kept', async (t) => {
  const rig = rigOf();
  rig.watch.watch([R1, R2]);
  greet(rig, R1);
  rig.watch.hear({ peerId: R1, kind: 'down', cause: 'closed' });
  rig.watch.watch([R2]);
  t.true(rig.effects.includes(`${R1} release`));
  t.is(rig.watch.stateOf(R1), undefined);
  t.deepEqual(
    rig.kept.at(-1)?.map(({ serverId }) => serverId),
    [R2],
  );
  t.false(rig.watch.tell(R1, { kind: 'beat' }));
  await rig.watch.stop();
});

test('whatever is heard in whatever order: nothing throws, what is kept can be read, forgotten servers are silent', async (t) => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = createRandom(seed);
    const rig = rigOf();
    let watched: readonly string[] = [];
    const events = (peerId: string): readonly HeardEvent[] => [
      { peerId, kind: 'up' },
      { peerId, kind: 'hello', hello: { instance: random.pick(['one', 'two']) } },
      { peerId, kind: 'beat' },
      { peerId, kind: 'keep-alive', keepAlive: report(random.pick(['recording', 'waiting'])) },
      { peerId, kind: 'goodbye', goodbye: { reason: random.pick(['shutdown', 'error', 'refused']), message: 'x' } },
      { peerId, kind: 'down', cause: random.pick(['closed', 'silent', 'stuck', 'stopped', 'restarted']) },
      { peerId, kind: 'key-changed' },
    ];
    rig.onEffect = (serverId, { kind }) => {
      t.true(rig.watch.stateOf(serverId) !== undefined, `seed ${seed}: ${kind} of a forgotten server`);
      if (random.chance(0.2)) rig.watch.tell(serverId, { kind: random.pick(['take-over', 'restore', 'abandon']) });
    };
    for (let turn = 0; turn < 150; turn += 1) {
      if (random.chance(0.1)) {
        watched = [R1, R2].filter(() => random.chance(0.7));
        rig.watch.watch(watched);
      }
      rig.watch.hear(random.pick(events(random.pick([R1, R2]))));
      if (random.chance(0.3)) await rig.clock.advance(random.int(1, 2000));
      t.deepEqual(
        rig.watch
          .states()
          .map(({ serverId }) => serverId)
          .toSorted(),
        watched.toSorted(),
        `seed ${seed}`,
      );
    }
    for (const states of rig.kept)
      for (const state of states) t.notThrows(() => savedStateSchema.parse(JSON.parse(JSON.stringify(state))));
    await rig.watch.stop();
    t.false(
      rig.lines.some((line) => line.includes('machine failed')),
      `seed ${seed}`,
    );
  }
});
