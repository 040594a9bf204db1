/** Disks that fill, vanish, turn read-only, err, lie and hang under a real writer thread. Mounts need root. */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createDiskReader } from '../../src/archive/disk-reader.ts';
import { faultDisk, isRoot, labTool, mountTmpfs, remount } from '../support/lab.ts';
import { runPowerLoss, wholeFragments } from '../support/power-loss.ts';
import { runReturnPowerLoss } from '../support/return-power-loss.ts';
import { createRandom } from '../support/seeded-random.ts';
import { buildSegment } from '../support/segment-builder.ts';
import type { BuiltSegment } from '../support/segment-builder.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startTestWriter } from '../support/volume-writer.ts';
import type { TestWriter } from '../support/volume-writer.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);
const PROCESS = resolve(import.meta.dirname, '../support/writer-process.ts');
const needsRoot = isRoot() ? test : test.skip;
if (!isRoot()) console.error('archive-faults: the tests with mounts are skipped, they need root');

async function onTmpfs(t: ExecutionContext, options: string): Promise<string> {
  const path = join(await tempDir(t, 'mount'), 'volume');
  t.teardown(await mountTmpfs(path, options));
  return path;
}
async function checkDurable(
  t: ExecutionContext,
  path: string,
  writer: TestWriter,
  segments: ReadonlyMap<number, BuiltSegment>,
): Promise<void> {
  for (const [handle, segment] of segments) {
    const name = writer.opened.get(handle);
    if (name === undefined) continue;
    const whole = await wholeFragments(join(path, name));
    for (const [index, { offset, sequence }] of segment.fragments.entries())
      if (writer.durable.has(handle * 1000 + index)) t.is(whole.get(offset), sequence, `fragment ${index} of ${name}`);
  }
}

needsRoot('a volume that fills up refuses, keeps what it reported, and takes more once there is room', async (t) => {
  const path = await onTmpfs(t, 'size=4m');
  const writer = await startTestWriter(t, path, { reserveBytes: 512 * 1024 });
  const segments = new Map<number, BuiltSegment>();
  for (let handle = 0; handle < 5; handle += 1) {
    const segment = buildSegment({ fragments: 10, sliceBytes: 25_000, header: { cameraId: `cam-${handle}` } });
    segments.set(handle, segment);
    writer.open(handle, segment);
    for (let index = 0; index < 10; index += 1) writer.write(handle, segment, index, handle * 1000 + index);
    await writer.idle();
  }
  t.true(writer.failed.length > 0 && writer.durable.size > 10);
  t.true(writer.failed.every(({ cause }) => cause === 'volume-full'));
  await checkDurable(t, path, writer, segments);
  await rm(join(path, 'cam-0'), { recursive: true });
  await rm(join(path, 'cam-1'), { recursive: true });
  writer.close(0);
  writer.close(1);
  await waitFor('room to be noticed', () => writer.writer.state().kind === 'usable');
  const segment = buildSegment({ fragments: 1, header: { cameraId: 'cam-9' } });
  writer.open(99, segment);
  writer.write(99, segment, 0, 99_000);
  await writer.idle();
  t.true(writer.durable.has(99_000));
});

needsRoot('a volume without a reserve that hits ENOSPC is full too', async (t) => {
  const path = await onTmpfs(t, 'size=1m');
  const writer = await startTestWriter(t, path);
  const segment = buildSegment({ fragments: 20, sliceBytes: 25_000 });
  writer.open(1, segment);
  for (let index = 0; index < 20; index += 1) writer.write(1, segment, index, 1000 + index);
  await writer.idle();
  t.is(writer.failed[0]?.cause, 'volume-full');
  await checkDurable(t, path, writer, new Map([[1, segment]]));
});

needsRoot('a volume out of inodes is full', async (t) => {
  const path = await onTmpfs(t, 'size=8m,nr_inodes=40');
  const writer = await startTestWriter(t, path);
  writer.open(1, buildSegment({ fragments: 1 }));
  await writer.idle();
  t.is(writer.failed[0]?.cause, 'volume-full');
  t.regex(writer.failed[0]?.message ?? '', /inodes/);
});

needsRoot('a volume that turns read-only is noticed and comes back', async (t) => {
  const path = await onTmpfs(t, 'size=8m');
  const writer = await startTestWriter(t, path);
  await waitFor('the first look', () => writer.writer.state().kind === 'usable');
  await remount(path, 'ro');
  await waitFor('read-only', () => {
    const state = writer.writer.state();
    return state.kind === 'unusable' && state.cause === 'volume-read-only';
  });
  await remount(path, 'rw');
  await waitFor('writable', () => writer.writer.state().kind === 'usable');
  t.is(writer.failed.length, 0);
});

needsRoot('a mount taken away under the writer: noticed within 5 s, and not one byte on the disk below', async (t) => {
  const path = join(await tempDir(t, 'mount'), 'volume');
  const unmount = await mountTmpfs(path, 'size=16m');
  t.teardown(unmount);
  const writer = await startTestWriter(t, path);
  const segment = buildSegment({ fragments: 200, sliceBytes: 2000 });
  writer.open(1, segment);
  writer.write(1, segment, 0, 0);
  await writer.idle();
  await unmount();
  const began = performance.now();
  let token = 1;
  while (writer.writer.state().kind === 'usable' && performance.now() - began < 20_000) {
    if (token < 200) writer.write(1, segment, token, token);
    token += 1;
    await writer.idle();
    await new Promise((done) => setTimeout(done, 50));
  }
  const took = performance.now() - began;
  const state = writer.writer.state();
  t.true(state.kind === 'unusable' && state.cause === 'volume-gone');
  t.true(took < 5000, `noticed after ${Math.round(took)} ms`);
  t.is(writer.failed.length, 0, 'the open segment is on the real disk and goes on');
  writer.open(2, segment);
  writer.write(2, segment, 0, 2000);
  await writer.idle();
  t.deepEqual(
    writer.failed.map(({ handle, cause }) => [handle, cause]),
    [
      [2, 'volume-gone'],
      [2, 'volume-gone'],
    ],
  );
  t.deepEqual(await readdir(path), []);
});

needsRoot('a mount taken away in the very moment of an open leaves nothing below', async (t) => {
  const segment = buildSegment({ fragments: 1 });
  for (let round = 0; round < 8; round += 1) {
    const path = join(await tempDir(t, 'mount'), 'volume');
    const unmount = await mountTmpfs(path, 'size=16m');
    t.teardown(unmount);
    const writer = await startTestWriter(t, path);
    await waitFor('the first look', () => writer.results.length > 0);
    for (let handle = 0; handle < 40; handle += 1) writer.open(handle, segment);
    await unmount();
    await writer.idle();
    t.deepEqual(await readdir(path), []);
  }
});

needsRoot(
  'a disk that hangs is told by age and state; the main thread goes on, and so does the disk afterwards',
  async (t) => {
    const disk = await faultDisk(await tempDir(t, 'disk'), 64);
    t.teardown(disk.down);
    const writer = await startTestWriter(t, disk.mount);
    const segment = buildSegment({ fragments: 3, sliceBytes: 4000 });
    writer.open(1, segment);
    await writer.idle();
    await disk.control('hang=1');
    writer.write(1, segment, 0, 0);
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    await waitFor(
      'the hang to be noticed',
      () => writer.writer.state().kind === 'unusable' && writer.writer.oldestPendingMs() > 3000,
    );
    clearInterval(timer);
    t.true(writer.writer.oldestPendingMs() > 3000);
    t.true(writer.writer.pendingBytes() > 0);
    // Had it waited for the disk, it would be all that time.
    t.true(longest < 3000, `the main thread stood still for ${Math.round(longest)} ms`);
    await disk.control('hang=0');
    await waitFor('the volume to be usable', () => writer.writer.state().kind === 'usable');
    await writer.idle();
    t.true(writer.durable.has(0));
    await writer.writer.stop();
  },
);

needsRoot(
  'a disk that errs fails the fragment, marks the volume, and nothing reported before is touched',
  async (t) => {
    const disk = await faultDisk(await tempDir(t, 'disk'), 64);
    t.teardown(disk.down);
    const writer = await startTestWriter(t, disk.mount);
    const segment = buildSegment({ fragments: 6, sliceBytes: 4000 });
    writer.open(1, segment);
    for (let index = 0; index < 3; index += 1) writer.write(1, segment, index, 1000 + index);
    await writer.idle();
    await disk.control('eio_w=100');
    for (let index = 3; index < 6; index += 1) writer.write(1, segment, index, 1000 + index);
    await writer.idle();
    t.deepEqual([...writer.durable], [1000, 1001, 1002]);
    t.deepEqual(
      writer.failed.map(({ token }) => token),
      [1003, 1004, 1005],
    );
    t.is(writer.writer.state().kind, 'unusable');
    await checkDurable(t, disk.mount, writer, new Map([[1, segment]]));
    await writer.writer.stop();
  },
);

/** Runs test/support/writer-process.ts with the preloaded faults; what it said. */
async function faulty(t: ExecutionContext, words: string): Promise<{ path: string; lines: readonly string[] }> {
  const directory = await tempDir(t, 'faulty');
  const control = join(directory, 'ctl');
  await writeFile(control, words);
  const path = join(directory, 'volume');
  await run('mkdir', [path]);
  const report = join(directory, 'report');
  const env = {
    LD_PRELOAD: await labTool('iofault'),
    IOFAULT_PATH: words.startsWith('open') ? '/proc/self/fd/' : `${path}/cam`,
    IOFAULT_CTL: control,
  };
  await run(process.execPath, [PROCESS, path, '5', '15', report], { env: { ...process.env, ...env } });
  return { path, lines: await linesOf(report) };
}
const linesOf = async (report: string): Promise<readonly string[]> =>
  (await readFile(report, 'utf8').catch(() => '')).split('\n').slice(0, -1);
async function assertReported(t: ExecutionContext, path: string, lines: readonly string[]): Promise<number> {
  const reported = lines.filter((line) => line.startsWith('durable ')).map((line) => line.split(' '));
  for (const [, name = '', offset, sequence] of reported) {
    const whole = await wholeFragments(join(path, name));
    t.is(whole.get(Number(offset)), Number(sequence), `${sequence} of ${name}`);
  }
  return reported.length;
}

for (const words of [
  'write=28 short=1 nth=7',
  'write=5 nth=9',
  'fsync=5 nth=6',
  'open=5 nth=5',
  'write=28 pct=20',
  'fsync=5 pct=10',
])
  test(`with "${words}" every fragment reported is whole, and the failed ones are named`, async (t) => {
    const { path, lines } = await faulty(t, words);
    const reported = await assertReported(t, path, lines);
    t.true(reported > 0);
    t.true(lines.some((line) => line.startsWith('failed ')));
    t.is(lines.at(-1), 'done');
  });

needsRoot('a disk that acknowledges what it does not keep is seen through, whatever memory has', async (t) => {
  const disk = await faultDisk(await tempDir(t, 'lies'), 64);
  t.teardown(disk.down);
  const path = join(disk.mount, 'returned.mp4');
  const [kept, lost] = [randomBytes(300_000), randomBytes(300_000)];
  await writeFile(path, kept, { flush: true });
  await disk.control('drop_w=1');
  await writeFile(path, lost, { flag: 'r+', flush: true });
  t.deepEqual(await readFile(path), lost, 'the page cache has it');
  const refused: string[] = [];
  const source = await createDiskReader({ info: (message) => refused.push(message) }).open(path);
  t.deepEqual(Buffer.from(await source.read(0, lost.length)), kept, 'the disk has not');
  t.deepEqual(refused, []);
  await source.close();
  await disk.control('drop_w=0');
});

test('a process killed at random moments leaves every fragment it reported whole', async (t) => {
  const random = createRandom(11);
  let total = 0;
  for (let round = 0; round < 6; round += 1) {
    const path = await tempDir(t, 'killed');
    const report = join(path, 'report');
    const child = spawn(process.execPath, [PROCESS, path, '4', '100000', report]);
    const ended = new Promise((done) => child.once('close', done));
    t.teardown(() => child.kill('SIGKILL'));
    // However slow the machine: enough in each round that there is something to hold against the disk.
    await waitFor('its first fragments', async () => (await linesOf(report)).length > 9);
    await new Promise((done) => setTimeout(done, random.int(0, 700)));
    child.kill('SIGKILL');
    await ended;
    total += await assertReported(t, path, await linesOf(report));
  }
  t.true(total > 50, `${total} fragments were reported`);
  t.log(`${total} fragments reported before 6 kills, all whole`);
});

needsRoot('a power cut costs nothing that was reported: a slice of the campaign', async (t) => {
  const outcome = await runPowerLoss(await tempDir(t, 'cut'), { seed: 3, runs: 6, seconds: 3 });
  t.deepEqual(outcome.problems, []);
  t.true(outcome.fragmentsReported > 50 && outcome.fragmentsChecked > 50);
});

needsRoot('a power cut costs nothing that was given back: a slice of the campaign', async (t) => {
  const outcome = await runReturnPowerLoss(await tempDir(t, 'cut'), { seed: 3, runs: 5, seconds: 2 });
  t.deepEqual(outcome.problems, []);
  t.true(outcome.files > 3 && outcome.receiptsChecked + outcome.transfersChecked + outcome.sourcesGone > 0);
});
