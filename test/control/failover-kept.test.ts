import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openFailoverKept } from '../../src/control/failover-kept.ts';
import { createLog, silentLog } from '../../src/core/log.ts';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import { initialState } from '../../src/failover/machine.ts';
import { savedOf } from '../../src/failover/saved-state.ts';
import type { SavedState } from '../../src/failover/saved-state.ts';
import { serverIdOf } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

const savedFor = (n: number): SavedState =>
  savedOf(initialState(serverIdOf(n), monotonicMs(0), epochMs(1)), monotonicMs(1000));

test('what was kept is there after a restart, and only that', async (t) => {
  const folder = await tempDir(t, 'kept');
  const first = openFailoverKept(folder, silentLog);
  t.is(first.kept(serverIdOf(1)), undefined);
  first.keep([savedFor(1), savedFor(2)]);
  first.keep([savedFor(2)]);
  const second = openFailoverKept(folder, silentLog);
  t.is(second.kept(serverIdOf(1)), undefined);
  t.deepEqual(second.kept(serverIdOf(2)), savedFor(2));
  t.deepEqual(await readdir(folder), ['failover-states.json'], 'no temporary file is left');
});

test('a kept state is used once: a server that is let go and watched again begins anew', async (t) => {
  const folder = await tempDir(t, 'kept');
  openFailoverKept(folder, silentLog).keep([savedFor(1)]);
  const kept = openFailoverKept(folder, silentLog);
  t.deepEqual(kept.kept(serverIdOf(1)), savedFor(1));
  t.is(kept.kept(serverIdOf(1)), undefined);
});

test('a file that cannot be used is told and left aside: the server starts', async (t) => {
  const folder = await tempDir(t, 'kept');
  const path = join(folder, 'failover-states.json');
  const random = createRandom(1);
  const whole = JSON.stringify({ states: [savedFor(1)] });
  const odd = [
    '',
    '{',
    'null',
    '[]',
    '{"states":7}',
    JSON.stringify({ states: [{ serverId: 'x' }] }),
    whole.slice(0, -9),
  ];
  for (const content of [...odd, ...Array.from({ length: 50 }, () => random.bytes(random.int(1, 200)))]) {
    await writeFile(path, content);
    const lines: string[] = [];
    const kept = openFailoverKept(
      folder,
      createLog(
        'error',
        (line) => lines.push(line),
        () => 0,
      ),
    );
    t.is(kept.kept(serverIdOf(1)), undefined);
    t.is(lines.length, 1);
  }
});

test('a disk that refuses is an error for who keeps, not silence', async (t) => {
  const folder = await tempDir(t, 'kept');
  const kept = openFailoverKept(folder, silentLog);
  await mkdir(join(folder, 'failover-states.json'));
  t.throws(() => kept.keep([savedFor(1)]));
});
