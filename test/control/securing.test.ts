/** Disabling and detaching as soon as footage is home: waiting, restarts, taken back, and what is not waited for. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { securingHealth, startSecuring } from '../../src/control/securing.ts';
import type { Securing } from '../../src/control/securing.ts';
import { isoOf } from '../../src/core/clock.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';

const R = serverIdOf(2);
const DISABLE = { action: 'disable', cameras: 'keep' } as const;
const HELD = 'Spare has footage of Hall: 3 files';

type Rig = {
  readonly securing: Securing;
  readonly settings: MemorySettings;
  readonly clock: FakeClock;
  readonly recordOf: () => PeerRecord | undefined;
  readonly done: string[];
  readonly entries: NewActivity[];
  asked: number;
  held: string | undefined;
  /** Called while footage is asked for. */
  meanwhile: () => Promise<unknown>;
};
function rigOf(
  t: ExecutionContext,
  settings: MemorySettings = memorySettings({ mode: 'host', peers: [peerOf(2, { name: 'Hall' })] }),
): Rig {
  const clock = createFakeClock();
  const [done, entries]: [string[], NewActivity[]] = [[], []];
  const recordOf = (): PeerRecord | undefined => settings.peers.get().peers.find(({ id }) => id === R);
  const rig = {
    asked: 0,
    held: HELD as string | undefined,
    meanwhile: async () => (await Promise.resolve()) as unknown,
  };
  const securing = startSecuring({
    settings,
    find: () => recordOf() ?? peerOf(2),
    refuseHeld: async () => {
      rig.asked += 1;
      await rig.meanwhile();
      const context = { held: rig.held };
      if (rig.held !== undefined) throw new UnderstudyError('conflict', 'failover/covering', 'refused', { context });
    },
    end: async (id, { action, user }) => {
      done.push(`${action} by ${user}`);
      await settings.peers.update(({ peers }) => ({
        peers: action === 'detach' ? [] : peers.map((one) => (one.id === id ? { ...one, enabled: false } : one)),
      }));
    },
    activity: { record: (entry) => entries.push(entry) },
    clock,
    log: silentLog,
  });
  t.teardown(() => securing.stop());
  return Object.assign(rig, { securing, settings, clock, recordOf, done, entries });
}
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
};

test('without footage elsewhere it is done at once, and nothing is kept', async (t) => {
  const rig = rigOf(t);
  rig.held = undefined;
  t.is(await rig.securing.secure(R, DISABLE, 'olga'), undefined);
  t.deepEqual(rig.done, ['disable by olga']);
  t.like(rig.recordOf(), { enabled: false, securing: undefined });
});

test('it waits until footage is home, says for what, and is asked for each 15 s', async (t) => {
  const rig = rigOf(t);
  t.is(await rig.securing.secure(R, DISABLE, 'olga'), HELD);
  t.like(rig.recordOf(), { enabled: true, securing: { action: 'disable', user: 'olga' } });
  t.is(rig.securing.problemOf(R), HELD);
  t.is(rig.entries[0]?.message, `Hall is disabled when its footage is home: ${HELD}`);
  const told = (): unknown => securingHealth(rig.settings.peers.get().peers, rig.securing.problemOf);
  t.like(told(), [
    { code: 'footage-awaited', severity: 'info', since: isoOf(epochMs(rig.recordOf()?.securing?.since ?? 0)) },
  ]);
  t.regex(
    JSON.stringify(told()),
    /Hall is disabled when its footage is home\. Spare has footage of Hall: 3 files\. Enable it/,
  );
  await rig.clock.advance(14_000);
  t.is(rig.asked, 1);
  rig.held = 'Spare has footage of Hall: 1 file';
  await rig.clock.advance(16_000);
  await settle();
  t.true(rig.asked >= 2 && rig.asked <= 3, `${rig.asked} questions in 30 s`);
  t.is(rig.securing.problemOf(R), 'Spare has footage of Hall: 1 file');
  t.deepEqual(rig.done, []);
  rig.held = undefined;
  await rig.clock.advance(20_000);
  await settle();
  t.deepEqual(rig.done, ['disable by olga']);
  t.like(rig.recordOf(), { enabled: false, securing: undefined });
  t.is(rig.securing.problemOf(R), undefined);
  t.deepEqual(told(), []);
});

test('the wish outlives a restart, in which it is asked for at the first look', async (t) => {
  const before = rigOf(t);
  await before.securing.secure(R, { action: 'detach', cameras: 'remove' }, 'olga');
  await before.securing.stop();
  const rig = rigOf(t, before.settings);
  rig.held = undefined;
  await rig.clock.advance(5000);
  await settle();
  t.deepEqual(rig.done, ['detach by olga']);
  t.is(rig.recordOf(), undefined);
});

test('killed between doing it and forgetting the wish: the wish goes, and nothing is done twice', async (t) => {
  const wish = { since: 1, action: 'disable', cameras: 'keep', user: 'olga' } as const;
  const peers = [peerOf(2, { name: 'Hall', enabled: false, securing: wish })];
  const rig = rigOf(t, memorySettings({ mode: 'host', peers }));
  rig.held = undefined;
  await rig.clock.advance(5000);
  await settle();
  t.deepEqual([rig.done, rig.recordOf()?.securing], [[], undefined]);
});

test('it is taken back, also while footage is being asked for', async (t) => {
  const rig = rigOf(t);
  t.false(await rig.securing.cancel(R, 'disable', 'olga'));
  await rig.securing.secure(R, DISABLE, 'olga');
  t.false(await rig.securing.cancel(R, 'detach', 'olga'), 'that is another wish');
  rig.held = undefined;
  rig.meanwhile = async () => t.true(await rig.securing.cancel(R, 'disable', 'otto'));
  await rig.clock.advance(20_000);
  await settle();
  t.deepEqual(rig.done, []);
  t.like(rig.recordOf(), { enabled: true, securing: undefined });
  t.is(rig.entries.at(-1)?.code, 'disable-cancelled');
});

test('what has nothing to do with footage is refused, and no wish is kept', async (t) => {
  const rig = rigOf(t);
  rig.meanwhile = async () => await Promise.reject(new UnderstudyError('conflict', 'server/not-member', 'not ours'));
  await t.throwsAsync(rig.securing.secure(R, DISABLE, 'olga'), { code: 'server/not-member' });
  t.is(rig.recordOf()?.securing, undefined);
});

test('one that is to leave the site already, or is not trusted any more, is not disabled by an older wish', async (t) => {
  const wish = { since: 1, action: 'disable', cameras: 'keep', user: 'olga' } as const;
  const detachPending = { since: 1, cameras: 'keep', force: false, user: 'olga' } as const;
  for (const more of [{ detachPending }, { forgottenAt: 1 }]) {
    const peers = [peerOf(2, { name: 'Hall', securing: wish, ...more })];
    const rig = rigOf(t, memorySettings({ mode: 'host', peers }));
    rig.held = undefined;
    await rig.clock.advance(20_000);
    await settle();
    t.deepEqual([rig.done, rig.recordOf()?.securing, rig.recordOf()?.enabled], [[], undefined, true]);
  }
});
