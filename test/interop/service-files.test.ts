/** Kills of everything, and files that are lost, cut short, garbage or altered while a server is down. */
import { open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { openCatalogue } from '../../src/archive/catalogue.ts';
import { verifyPaths } from '../../src/archive/verify.ts';
import { systemClock } from '../../src/core/clock.ts';
import { isRoot, mountTmpfs } from '../support/lab.ts';
import { createRandom } from '../support/seeded-random.ts';
import {
  addCameras,
  addVolume,
  causesIn,
  healthItem,
  healthItems,
  judge,
  killAll,
  ledgerOf,
  logged,
  noHealthItem,
  PATIENCE_MS,
  recordMore,
  signIn,
  startAgain,
  startServer,
  startServiceBox,
  stopBox,
} from '../support/service-box.ts';
import type { ServiceBox } from '../support/service-box.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const CHECK = { publicKey: undefined, onFile: (): void => undefined };
const needsRoot = isRoot() ? test : test.skip;
if (!isRoot()) console.error('service-files: the tests with mounts are skipped, they need root');

async function withVolume(
  t: ExecutionContext,
  cameras: number,
  dataDir?: string,
): Promise<{ box: ServiceBox; footage: string }> {
  const box = await startServiceBox(t, { cameras, ...(dataDir === undefined ? {} : { dataDir }) });
  const footage = await tempDir(t, 'footage');
  await addVolume(box, footage, 16 * 1024 * 1024);
  await addCameras(box);
  await recordMore(box, 1);
  return { box, footage };
}

/** By its log: the volume was compared since there was reason to. */
function hasLooked(log: string): boolean {
  const lines = log.split('\n');
  const lastOf = (message: string): number => lines.findLastIndex((line) => line.includes(message));
  const asked = lastOf('"catalogue and volumes may differ"');
  return asked >= 0 && lastOf('"volume compared with the catalogue"') > asked;
}

test('SIGKILL of everything at random moments: what was reported stays, the rest is accounted for', async (t) => {
  const { box, footage } = await withVolume(t, 2);
  const random = createRandom(21);
  for (let round = 0; round < 4; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, random.int(0, 2500)));
    const before = await Promise.all(box.cameraIds.map(async (id) => (await ledgerOf(box, id)).totals.recorded));
    await killAll(box);
    await startAgain(box);
    for (const [index, id] of box.cameraIds.entries())
      await waitFor(
        'what was reported to be there',
        async () => (await ledgerOf(box, id)).totals.recorded >= (before[index] ?? 0) - 0.001,
        PATIENCE_MS,
      );
    await recordMore(box, 0.5);
  }
  // What was written but not yet told is read from the files.
  await waitFor('a look at the volume', () => hasLooked(box.server.stderr()), PATIENCE_MS);
  const verdicts = await judge(box, [footage]);
  for (const { problems, causes } of verdicts) {
    t.deepEqual(problems, []);
    t.true((causes['service-down'] ?? 0) > 0, JSON.stringify(causes));
  }
  const { findings } = await verifyPaths([footage], CHECK);
  t.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  );
  t.log(findings.map(({ kind }) => kind).join(' '));
});

test('a file that was never reported, of a process that was killed, is there after the first look', async (t) => {
  const { box } = await withVolume(t, 1);
  const [cameraId = ''] = box.cameraIds;
  await killAll(box);
  const catalogue = openCatalogue(box.dataDir, systemClock.now());
  const key = { cameraId, stream: 'main' } as const;
  const { before } = catalogue.segments.around(key, systemClock.now());
  catalogue.segments.remove(before?.volumeId ?? '', before?.path ?? '');
  catalogue.close();
  await startAgain(box);
  await waitFor('a look at the volume', () => hasLooked(box.server.stderr()), PATIENCE_MS);
  const [first] = (await ledgerOf(box, cameraId)).spans.filter(({ state }) => state === 'recorded');
  t.truthy(before);
  t.true(Math.abs(Date.parse(first?.start ?? '') - (before?.start ?? 0)) < 1000, JSON.stringify([first, before]));
});

test('a catalogue that is deleted, cut short, emptied or garbage comes back from the files', async (t) => {
  const { box } = await withVolume(t, 1);
  const [id = ''] = box.cameraIds;
  const file = join(box.dataDir, 'catalogue.sqlite');
  const ways: readonly (readonly [string, () => Promise<void>])[] = [
    ['deleted', async () => await rm(file)],
    ['cut short', async () => await truncate(file, Math.floor((await stat(file)).size / 2))],
    ['garbage', async () => await writeFile(file, Buffer.from(createRandom(5).bytes(8192)))],
    ['emptied', async () => await truncate(file, 0)],
  ];
  for (const [how, spoil] of ways) {
    await recordMore(box, 1);
    const before = (await ledgerOf(box, id)).totals.recorded;
    await stopBox(box);
    await spoil();
    if (how === 'deleted') for (const end of ['-wal', '-shm']) await rm(`${file}${end}`, { force: true });
    await startAgain(box);
    const item = await healthItem(box, 'catalogue-rebuilt');
    t.regex(item.message, /made again from the footage/, how);
    t.is((await logged(box, 'catalogue-rebuilt')).length, 1, how);
    await waitFor(
      `the ledger after the catalogue was ${how}`,
      async () => (await ledgerOf(box, id)).totals.recorded >= before - 0.1,
      PATIENCE_MS,
    );
    t.false(causesIn(await ledgerOf(box, id)).includes('unexplained'), how);
  }
  await recordMore(box, 1);
  const day = new Date(box.since).toISOString().slice(0, 10);
  t.truthy(await box.api.call('GET', `/timeline?day=${day}&cameras=${id}`));
  await stopBox(box);
  await startAgain(box);
  t.false(
    (await healthItems(box)).some(({ code }) => code === 'catalogue-rebuilt'),
    'a sound one is not spoken of',
  );
});

test('settings cut short or garbage, keys missing: the generation before is used, and the owner hears of it', async (t) => {
  const { box } = await withVolume(t, 1);
  const [id = ''] = box.cameraIds;
  const settings = join(box.dataDir, 'settings');
  // Two generations of each.
  await box.api.call('PATCH', `/cameras/${id}`, { name: 'Renamed once' });
  await box.api.call('PATCH', `/cameras/${id}`, { name: 'Renamed twice' });
  await box.api.call('PATCH', '/server/settings', { openMetrics: true });
  await stopBox(box);
  await truncate(join(settings, 'cameras.json'), 40);
  await writeFile(join(settings, 'server.json'), Buffer.from(createRandom(6).bytes(300)));
  await rm(join(box.dataDir, 'keys', 'secrets.key'));
  await startAgain(box);
  await recordMore(box, 1);
  const view = (await box.api.call('GET', `/cameras/${id}`)) as { name: string };
  t.is(view.name, 'Renamed once');
  const told = (await healthItems(box)).filter(({ code }) => code === 'settings-recovered');
  for (const what of ['cameras.json', 'server.json', 'keys/secrets.key'])
    t.true(
      told.some(({ message }) => message.includes(what)),
      what,
    );
  const entries = await logged(box, 'settings-recovered');
  t.true(entries.length >= told.length);
  t.true(
    (await readdir(settings)).some((name) => name.startsWith('cameras.json.') && name !== 'cameras.json.bak'),
    'the bad file is kept aside',
  );
});

test('flipped bits in the archive: verify names them, exports leave them out, the ledger says so', async (t) => {
  const { box, footage } = await withVolume(t, 1);
  const [id = ''] = box.cameraIds;
  await recordMore(box, 5);
  // Closed by a restart, as by the end of its ten minutes.
  await stopBox(box);
  const [segment = ''] = (await readdir(footage, { recursive: true })).filter((name) => name.endsWith('.mp4')).sort();
  const file = await open(join(footage, segment), 'r+');
  const { size } = await file.stat();
  const at = Math.floor(size / 2);
  // Longer than the padding between two fragments, which is nobody's footage.
  const length = 3 * 4096;
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, at);
  await file.write(
    buffer.map((byte) => byte ^ 0x10),
    0,
    length,
    at,
  );
  await file.close();
  const report = await verifyPaths([footage], CHECK);
  t.false(report.ok);
  t.true(report.findings.some(({ severity, file: named }) => severity === 'error' && named.includes(segment)));

  await startAgain(box);
  await recordMore(box, 1);
  const order = { cameraIds: [id], start: iso(box.since), end: iso(Date.now()) };
  const made = (await box.api.call('POST', '/exports', order)) as { items: { id: string }[] };
  const job = await waitFor(
    'the export',
    async () => {
      const now = (await box.api.call('GET', `/exports/${made.items[0]?.id}`)) as ExportView;
      return now.state === 'done' || now.state === 'failed' ? now : undefined;
    },
    PATIENCE_MS,
  );
  t.is(job.state, 'done', job.message);
  const folder = join(box.dataDir, 'exports', made.items[0]?.id ?? '');
  const names = await readdir(folder);
  const manifest = await readFile(join(folder, names.find((name) => !name.endsWith('.mp4')) ?? ''), 'utf8');
  t.true(manifest.includes('footage-damaged'));
  t.true((await verifyPaths([folder], CHECK)).ok);
  const item = await healthItem(box, 'footage-damaged');
  t.true(item.message.includes(segment) && item.cameraId === id);
  t.is((await logged(box, 'footage-damaged')).length, 1);
  await waitFor('the ledger', async () => causesIn(await ledgerOf(box, id)).includes('footage-damaged'));
  const list = (await box.api.call(
    'GET',
    `/cameras/${id}/playlists?${new URLSearchParams(rangeOf(box)).toString()}`,
  )) as {
    items: unknown[];
  };
  t.true(list.items.length > 0);

  // By age: fractions of a day are taken. What is damaged goes in its turn like the rest.
  await box.api.call('PATCH', `/cameras/${id}`, { retention: { maxDays: 5 / 86_400 } });
  await waitFor(
    'old footage to go',
    async () => !(await readdir(footage, { recursive: true })).includes(segment),
    PATIENCE_MS,
  );
  await waitFor('the ledger to tell it', async () => causesIn(await ledgerOf(box, id)).includes('retention'));
});
type ExportView = { readonly state: string; readonly message?: string };
const iso = (at: number): string => new Date(at).toISOString();
const rangeOf = ({ since }: ServiceBox): { start: string; end: string } => ({
  start: iso(since),
  end: iso(Date.now()),
});

needsRoot(
  'a data directory that is read-only or full: one clear line, and recording goes on where it can',
  async (t) => {
    const readOnly = join(await tempDir(t, 'ro'), 'data');
    t.teardown(await mountTmpfs(readOnly, 'size=4m,ro'));
    const refused = startServer(t, readOnly);
    t.is(await refused.ended, 2);
    t.regex(refused.stderr(), /^understudy: .*read-only.*\n$/i);

    const dataDir = join(await tempDir(t, 'small'), 'data');
    t.teardown(await mountTmpfs(dataDir, 'size=80m'));
    const { box, footage } = await withVolume(t, 1, dataDir);
    const [id = ''] = box.cameraIds;
    const bytesNow = async (): Promise<number> => {
      const names = (await readdir(footage, { recursive: true })).filter((name) => name.endsWith('.mp4'));
      return (await Promise.all(names.map(async (name) => (await stat(join(footage, name))).size))).reduce(
        (a, b) => a + b,
        0,
      );
    };
    const stillRecords = async (): Promise<void> => {
      const before = await bytesNow();
      await waitFor('footage to grow', async () => (await bytesNow()) > before + 8000, PATIENCE_MS);
    };
    const fill = async (): Promise<void> => {
      const ballast = await open(join(dataDir, 'ballast'), 'a');
      for (const piece of [1024 * 1024, 4096])
        for (;;) {
          const written = await ballast.write(new Uint8Array(piece)).catch(() => undefined);
          if (written === undefined || written.bytesWritten < piece) break;
        }
      await ballast.close();
    };
    await fill();
    const item = await healthItem(box, 'data-full');
    t.regex(item.message, /Free space/);
    // The server may have made room meanwhile.
    await fill();
    await t.throwsAsync(box.api.call('PATCH', `/cameras/${id}`, { name: 'Other' }), {
      message: /could not be written|507|503/,
    });
    await stillRecords();

    // Started on a full disk.
    await fill();
    await killAll(box);
    await fill();
    box.server = startServer(t, dataDir);
    await waitFor(
      'the clear line',
      () => /data directory .* cannot be used|"msg":"/.test(box.server.stderr()),
      PATIENCE_MS,
    );
    await stillRecords();
    t.notRegex(box.server.stderr(), /because of a defect|media cannot start/);
    await rm(join(dataDir, 'ballast'));
    await waitFor('it to answer', async () => (await signIn(box)) !== undefined, PATIENCE_MS);
    await recordMore(box, 1);
    await noHealthItem(box, 'data-full');
    t.false(causesIn(await ledgerOf(box, id)).includes('unexplained'));
  },
);
