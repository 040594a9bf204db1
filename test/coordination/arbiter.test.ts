/** The arbiter on real files: the conformance suite, restarts, torn and damaged logs, and a disk that fails. */
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { MAX_HISTORY, createArbiterCore } from '../../src/coordination/arbiter-core.ts';
import { createArbiterLog, parseLog } from '../../src/coordination/arbiter-log.ts';
import { openArbiter } from '../../src/coordination/arbiter.ts';
import { MAX_TTL_MS, isStoreError } from '../../src/coordination/site-store.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { monotonicMs } from '../../src/core/units.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { bytes, failsWith, lineOf, siteStoreConformance, text } from './site-store-conformance.ts';

siteStoreConformance(test, 'arbiter', async (t) => {
  const clock = createFakeClock();
  const path = await logPath(t);
  return { clock, store: await openArbiter({ clock, storage: createArbiterLog(path) }) };
});

async function logPath(t: Pick<ExecutionContext, 'teardown'>): Promise<string> {
  return join(await tempDir(t, 'arbiter'), 'site-store.log');
}

test('everything answered is there after a restart, revisions and tokens go on', async (t) => {
  const path = await logPath(t);
  const clock = createFakeClock();
  const store = await openArbiter({ clock, storage: createArbiterLog(path) });
  const first = await store.commit([], [{ put: 'a', value: bytes('1') }]);
  const lease = await store.acquire('job', 3000, '');
  const again = await openArbiter({ clock, storage: createArbiterLog(path) });
  const { rev, entries } = await again.read('');
  t.is(rev, lease?.token ?? 0n);
  t.deepEqual(
    entries.map(({ key, rev: at }) => [key, at]),
    [['a', first]],
  );
  t.true(await failsWith('unavailable', again.acquire('job', 3000, '')), 'the old lease may still be held');
  await clock.advance(MAX_TTL_MS);
  const next = await again.acquire('job', 3000, '');
  t.true((next?.token ?? 0n) > (lease?.token ?? 0n));
});

test('a torn last line was never answered and is cut off; the log goes on behind it', async (t) => {
  const path = await logPath(t);
  const clock = createFakeClock();
  const store = await openArbiter({ clock, storage: createArbiterLog(path) });
  await store.commit([], [{ put: 'a', value: bytes('1') }]);
  await store.commit([], [{ put: 'b', value: bytes('2') }]);
  const whole = await readFile(path, 'utf8');
  for (let cut = whole.indexOf('\n') + 1; cut < whole.length; cut += 7) {
    await writeFile(path, whole.slice(0, cut));
    const again = await openArbiter({ clock, storage: createArbiterLog(path) });
    t.deepEqual(
      (await again.read('')).entries.map(({ key }) => key),
      ['a'],
    );
    await again.commit([], [{ put: 'c', value: bytes('3') }]);
    const third = await openArbiter({ clock, storage: createArbiterLog(path) });
    t.deepEqual(
      (await third.read('')).entries.map(({ key }) => key),
      ['a', 'c'],
    );
  }
});

test('damage in the middle of the log stops the arbiter instead of letting it forget', async (t) => {
  const path = await logPath(t);
  const clock = createFakeClock();
  const store = await openArbiter({ clock, storage: createArbiterLog(path) });
  for (const key of ['a', 'b', 'c']) await store.commit([], [{ put: key, value: bytes(key) }]);
  const lines = (await readFile(path, 'utf8')).split('\n');
  lines[1] = `${lines[1]?.slice(0, -3)}xyz`;
  await writeFile(path, lines.join('\n'));
  const error = await t.throwsAsync(openArbiter({ clock, storage: createArbiterLog(path) }), {
    instanceOf: UnderstudyError,
  });
  t.is(error.code, 'coordination/log-damaged');
});

test('random bytes behind a log are cut off or refused, never believed', async (t) => {
  const clock = createFakeClock();
  const path = await logPath(t);
  const store = await openArbiter({ clock, storage: createArbiterLog(path) });
  await store.commit([], [{ put: 'a', value: bytes('1') }]);
  const whole = await readFile(path, 'utf8');
  forSeeds(300, (random) => {
    const tail = Buffer.from(random.bytes(random.int(0, 200))).toString(random.chance(0.5) ? 'latin1' : 'base64');
    const { records } = parseLog(whole + tail, path);
    if (records.length !== 1) throw new Error('believed');
  });
  await appendFile(path, 'garbage\n');
  const again = await openArbiter({ clock, storage: createArbiterLog(path) });
  t.is((await again.read('')).entries.length, 1);
});

test('a log that has grown is replaced by a short one that says the same', async (t) => {
  const path = await logPath(t);
  const clock = createFakeClock();
  const store = await openArbiter({ clock, storage: createArbiterLog(path, 4000) });
  let last = 0n;
  for (let index = 0; index < 200; index += 1)
    last = await store.commit([], [{ put: `k${index % 5}`, value: bytes(`${index}`) }]);
  t.true((await stat(path)).size < 6000);
  const again = await openArbiter({ clock, storage: createArbiterLog(path, 4000) });
  const { rev, entries } = await again.read('');
  t.is(rev, last);
  t.deepEqual(
    entries.map(({ value }) => text(value)),
    ['195', '196', '197', '198', '199'],
  );
});

test('when the disk fails the answer is uncertain, and nothing is decided any more', async (t) => {
  const clock = createFakeClock();
  const storage = createArbiterLog(await logPath(t));
  let fails = false;
  const append: typeof storage.append = async (record) =>
    fails ? Promise.reject(new Error('EIO')) : storage.append(record);
  const store = await openArbiter({ clock, storage: { ...storage, append } });
  await store.commit([], [{ put: 'a', value: bytes('1') }]);
  fails = true;
  t.true(await failsWith('indeterminate', store.commit([], [{ put: 'a', value: bytes('2') }])));
  fails = false;
  t.true(await failsWith('unavailable', store.commit([], [{ put: 'a', value: bytes('3') }])));
  t.true(await failsWith('unavailable', store.acquire('job', 3000, '')));
});

test('a watcher that is too far behind is told to read again', async (t) => {
  const core = createArbiterCore([], monotonicMs(0));
  for (let index = 1; index <= MAX_HISTORY + 10; index += 1)
    core.apply({ rev: BigInt(index), ops: [{ put: 'k', value: bytes(`${index}`) }] });
  t.deepEqual(core.since('', 1n).changes.map(lineOf), ['reset']);
  t.is(core.since('', BigInt(MAX_HISTORY)).changes.length, 10);
  t.throws(() => core.apply({ rev: 1n, ops: [] }), { instanceOf: RangeError });
  await Promise.resolve();
});

test('an error of the store says what it is', async (t) => {
  const clock = createFakeClock();
  const store = await openArbiter({ clock, storage: createArbiterLog(await logPath(t)) });
  const error = await t.throwsAsync(store.commit([{ key: 'a', rev: 7n }], []));
  t.true(isStoreError(error, 'conflict'));
});
