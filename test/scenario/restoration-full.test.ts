/**
 * Footage that is to go home to a server without room for it: it stays where it is, both say so, and it goes home by itself once there is
 * room. Real processes; the volume of the protected server is a small tmpfs. Root only.
 */
import { join } from 'node:path';
import test from 'ava';
import type { Volume } from '../../src/api/contract/server.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { playedUnits } from '../../src/demo/played-units.ts';
import { isoOf, systemClock as clock } from '../../src/core/clock.ts';
import { epochMs } from '../../src/core/units.ts';
import { fillDisk } from '../support/failover-faults.ts';
import { countersBelow, countersIn, judged } from '../support/footage-below.ts';
import { isRoot, mountTmpfs } from '../support/lab.ts';
import { failAndComeBack, PATIENCE_MS, startPair } from '../support/protected-pair.ts';
import type { Pair } from '../support/protected-pair.ts';
import { waitFor } from '../support/wait-for.ts';

const VOLUME = 'size=192m';
/** More than all footage together: whatever retention removes, there is no room. */
const RESERVE_BYTES = 64 * 1024 * 1024;
const rootTest = isRoot() ? test.serial : test.skip;

rootTest('footage waits for a server whose volume is full, and goes home by itself when there is room', async (t) => {
  t.timeout(240_000);
  let volume = '';
  const pair = await startPair(t, {
    failover: { restorationLimit: 20_000, holdDownSeconds: 0 },
    prepare: async ({ protectedBox, dir }) => {
      volume = join(dir, 'small');
      t.teardown(await mountTmpfs(volume, VOLUME));
      await recordsTo(protectedBox, volume);
    },
  });
  await failAndComeBack(pair, 4000);
  const { id } = await pair.restoration('a file to be on its way', ({ files }) => files.total > 0 && files.done === 0);
  const owed = await countersBelow(pair);
  const makeRoom = fillDisk(volume);
  const waits = await pair.restoration('it to say why it waits', (one) => one.id === id && isFull(one.message));
  t.not(waits.state, 'done');
  t.regex(waits.message ?? '', /of the protected server/);
  t.notRegex(waits.message ?? '', /vol-/, 'nobody knows the id of a volume');
  const isTold = async (): Promise<boolean> =>
    (await volumesOf(pair.protectedBox())).some(({ state }) => state === 'full');
  await waitFor('its volume to be called full', isTold, PATIENCE_MS);
  const logs = [await pair.logOf(pair.covering()), await pair.logOf(pair.protectedBox())];
  t.true(
    logs[0]?.some(({ message }) => isFull(message)),
    'the failover server says it',
  );
  t.true(
    logs[1]?.some(({ message }) => /full|room|space/i.test(message)),
    'the protected server says it',
  );
  t.deepEqual(lacking(owed, await countersBelow(pair)), [], 'all of it is still there');

  await pair.covering().api.call('PATCH', '/failover/settings', { restorationLimit: null });
  await makeRoom();
  await pair.restoration('it to go home', (one) => one.id === id && one.state === 'done');
  await pair.over();
  const report = judged(pair, await unitsOf(pair));
  t.deepEqual(lacking(owed, countersIn(report)), [], 'all of it is at home');
  // What is missing beside it, retention of the full server may have taken of its own.
  t.deepEqual([report.doubled, report.reordered, report.altered], [[], [], []]);
});

const isFull = (message = ''): boolean => /has room|no room/i.test(message);
const lacking = (wanted: ReadonlySet<number>, found: ReadonlySet<number>): readonly number[] =>
  [...wanted].filter((counter) => !found.has(counter));
const volumesOf = async ({ api }: Box): Promise<readonly Volume[]> =>
  ((await api.call('GET', '/volumes')) as { readonly items: readonly Volume[] }).items;

/** Only there. */
async function recordsTo(box: Box, path: string): Promise<void> {
  const before = await volumesOf(box);
  await box.api.call('POST', '/volumes', { path, reserveBytes: RESERVE_BYTES });
  for (const { id } of before) await box.api.call('DELETE', `/volumes/${id}`);
}

async function unitsOf(pair: Pair): ReturnType<typeof playedUnits> {
  const range = { start: isoOf(epochMs(pair.began)), end: isoOf(clock.now()) };
  return await playedUnits(pair.protectedBox().api, { cameraId: pair.cameraId, ...range });
}
