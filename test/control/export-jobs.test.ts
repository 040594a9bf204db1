/** Exports with a cut that is made up: what they may take of the disk, and what a crash leaves. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { MAX_CUTS_AT_ONCE, startExportJobs } from '../../src/control/export-jobs.ts';
import type { ExportJobsDeps } from '../../src/control/export-jobs.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const STREAM = { cameraId: 'cam-1', stream: 'main' } as const;
const RANGE = { start: 0, end: 60_000 };
const NEVER = new AbortController().signal;

async function start(
  t: ExecutionContext,
  bytes: number,
  before?: (dataDir: string) => Promise<void>,
  layouts: readonly string[] = ['one'],
) {
  const dataDir = await tempDir(t, 'exports');
  await before?.(dataDir);
  const cuts: { readonly out: string; readonly finish: () => void }[] = [];
  const deps = {
    dataDir,
    clock: systemClock,
    log: silentLog,
    publish: () => undefined,
    catalogue: {
      exports: { list: () => [], put: () => undefined, get: () => undefined, remove: () => undefined },
      segments: { findRows: () => layouts.map((layoutHash) => ({ start: 0, end: 60_000, bytes, layoutHash })) },
    },
    cut: async ({ out }: { readonly out: string }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      cuts.push({ out, finish: resolve });
      await promise;
      await writeFile(out, 'video');
      return { kind: 'done', files: [{ path: out, bytes: 5 }] };
    },
  } as unknown as ExportJobsDeps;
  const jobs = startExportJobs(deps);
  t.teardown(() => jobs.stop());
  return { dataDir, jobs, cuts };
}

test('only a few downloads are cut at once, and their files go with the download', async (t) => {
  const { jobs, cuts } = await start(t, 1000);
  const first = Array.from({ length: MAX_CUTS_AT_ONCE }, () => jobs.streamExport(STREAM, RANGE, NEVER));
  await t.throwsAsync(jobs.streamExport(STREAM, RANGE, NEVER), { code: 'export/busy' });
  await waitFor('the cuts to run', () => cuts.length === MAX_CUTS_AT_ONCE);
  for (const { finish } of cuts) finish();
  for (const file of await Promise.all(first)) file.body.resume();
  // Which of them is cut first is not said.
  await waitFor('the files to go', () => cuts.every(({ out }) => !existsSync(out)));
  const again = jobs.streamExport(STREAM, RANGE, NEVER);
  await waitFor('the next one', () => cuts.length > MAX_CUTS_AT_ONCE);
  cuts.at(-1)?.finish();
  (await again).body.destroy();
});

test('what does not fit beside the reserve is refused, and leaves nothing', async (t) => {
  const { jobs, cuts } = await start(t, 1e18);
  await t.throwsAsync(jobs.streamExport(STREAM, RANGE, NEVER), { code: 'export/no-room' });
  t.is(cuts.length, 0);
});

test('what a crash left half done is removed at the start, and nothing else', async (t) => {
  const cut = `cut-${'a'.repeat(24)}`;
  const folders = [cut, `exp-${'b'.repeat(24)}`, 'my-own-folder'];
  const { dataDir } = await start(t, 1000, async (path) => {
    for (const name of folders) await mkdir(join(path, 'exports', name), { recursive: true });
  });
  // Which of them goes first is not said.
  await waitFor('the left-overs to go', () =>
    folders.slice(0, 2).every((name) => !existsSync(join(dataDir, 'exports', name))),
  );
  t.true(existsSync(join(dataDir, 'exports', 'my-own-folder')));
});

test('a download across a change of format is refused with what to do, instead of holding a part', async (t) => {
  const { dataDir, jobs, cuts } = await start(t, 1000, undefined, ['one', 'other']);
  await t.throwsAsync(jobs.streamExport(STREAM, RANGE, NEVER), {
    code: 'export/several-files',
    message: /POST \/exports/,
  });
  t.is(cuts.length, 0);
  t.deepEqual(existsSync(join(dataDir, 'exports')) ? readdirSync(join(dataDir, 'exports')) : [], []);
});
