import { randomBytes } from 'node:crypto';
import { appendFile, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { createDiskReader, WINDOW_BYTES } from '../../src/archive/disk-reader.ts';
import type { DirectFile, DiskReader } from '../../src/archive/disk-reader.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

test('read past the page cache at random places, a file has the same bytes; several at once too', async (t) => {
  const folder = await tempDir(t, 'disk');
  const random = createRandom(5);
  const reader = createDiskReader();
  const files = await Promise.all(
    [0, 1, 4095, 4096, 2_500_001].map(async (size, index) => {
      const bytes = randomBytes(size);
      const path = join(folder, `${index}.mp4`);
      await writeFile(path, bytes);
      return { bytes, source: await reader.open(path) };
    }),
  );
  const looks = Array.from({ length: 300 }, async () => {
    const { bytes, source } = random.pick(files);
    const position = random.int(0, bytes.length + 10);
    const length = random.chance(0.2) ? random.int(0, 2_600_000) : random.int(0, 9000);
    const found = await source.read(position, length);
    t.is(Buffer.compare(found, bytes.subarray(position, position + length)), 0, `${position} + ${length}`);
  });
  await Promise.all(looks);
  for (const { bytes, source } of files) t.is(source.size, bytes.length);
  await Promise.all(files.map(async ({ source }) => await source.close()));
});

test('what is appended later is not seen, and the next file is not taken for the one before', async (t) => {
  const folder = await tempDir(t, 'disk');
  const reader = createDiskReader();
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  await writeFile(one, 'first');
  await writeFile(two, 'other');
  const source = await reader.open(one);
  await appendFile(one, ' and more');
  t.is(Buffer.from(await source.read(0, 100)).toString(), 'first');
  await source.close();
  const next = await reader.open(two);
  t.is(Buffer.from(await next.read(1, 3)).toString(), 'the');
  await next.close();
});

test('a file system that refuses is read as any other, and that is said once', async (t) => {
  const lines: unknown[] = [];
  const reader = createDiskReader({ info: (message, fields) => lines.push([message, fields]) });
  for (const path of ['/proc/version', '/proc/uptime']) await (await reader.open(path)).close();
  t.is(lines.length, 1);
  await t.throwsAsync(reader.open('/proc/no-such-file'), { code: 'ENOENT' });
});

type Step = { readonly path: string; readonly position: number; readonly length: number };
type Faults = {
  /** Of one file; else what it is. */
  readonly dev?: (path: string) => number;
  readonly stat?: () => void;
  /** Before each read of a disk. */
  readonly read?: (step: Step) => Promise<void>;
};
type Faulty = {
  readonly reader: DiskReader;
  readonly lines: unknown[];
  readonly reads: Step[];
  readonly closed: string[];
};

/** Real files, by ordinary reads. */
function faulty({ dev, stat, read }: Faults): Faulty {
  const [lines, reads, closed]: [unknown[], Step[], string[]] = [[], [], []];
  const openFile = async (path: string): Promise<DirectFile> => {
    const file = await open(path, 'r');
    return {
      stat: async () => {
        stat?.();
        const found = await file.stat();
        return { size: found.size, dev: dev?.(path) ?? found.dev };
      },
      read: async (into, at, length, position) => {
        reads.push({ path, position, length });
        await read?.({ path, position, length });
        return await file.read(into, at, length, position);
      },
      close: async () => {
        closed.push(path);
        await file.close();
      },
    };
  };
  const reader = createDiskReader({ info: (_message, fields) => lines.push(fields) }, openFile);
  return { reader, lines, reads, closed };
}

const failed = (code: string): Error => Object.assign(new Error(code), { code });

test('a disk that hangs holds up no other, nor the closing of its own files', async (t) => {
  const folder = await tempDir(t, 'disk');
  const paths = ['hung', 'beside', 'other'].map((name) => join(folder, name));
  for (const path of paths) await writeFile(path, 'bytes');
  const [hung = '', beside = '', other = ''] = paths;
  const { reader, closed } = faulty({
    dev: (path) => (path === other ? 2 : 1),
    read: async ({ path }) => await (path === hung ? new Promise<void>(() => undefined) : Promise.resolve()),
  });
  const stuck = await reader.open(hung);
  void stuck.read(0, 5);
  const [waiting, fine] = [await reader.open(beside), await reader.open(other)];
  t.is(Buffer.from(await fine.read(0, 5)).toString(), 'bytes');
  await fine.close();
  await waiting.close();
  await stuck.close();
  t.deepEqual(closed, [other, beside, hung]);
});

test('many small reads in order are few of the disk', async (t) => {
  const path = join(await tempDir(t, 'disk'), 'long');
  const bytes = randomBytes(2.5 * WINDOW_BYTES);
  await writeFile(path, bytes);
  const { reader, reads } = faulty({});
  const source = await reader.open(path);
  for (let at = 0; at < bytes.length; at += 10_000)
    t.is(Buffer.compare(await source.read(at, 10_000), bytes.subarray(at, at + 10_000)), 0);
  await source.close();
  t.deepEqual(
    reads.map(({ length }) => length),
    [WINDOW_BYTES, WINDOW_BYTES, WINDOW_BYTES / 2],
  );
});

test('a place that cannot be read fails what is there, and not what lies before and behind', async (t) => {
  const path = join(await tempDir(t, 'disk'), 'bad');
  const bytes = randomBytes(100_000);
  await writeFile(path, bytes);
  const { reader, reads } = faulty({
    read: async ({ position, length }) => {
      if (position <= 50_000 && position + length > 50_000) throw failed('EIO');
      await Promise.resolve();
    },
  });
  const source = await reader.open(path);
  for (const at of [0, 8192, 60_000])
    t.is(Buffer.compare(await source.read(at, 8192), bytes.subarray(at, at + 8192)), 0);
  t.is(reads.length, 4, 'what fails is tried in one go once');
  await t.throwsAsync(source.read(45_000, 8192), { code: 'EIO' });
  await source.close();
});

test('a file that tells nothing of itself is closed again', async (t) => {
  const path = join(await tempDir(t, 'disk'), 'mute');
  await writeFile(path, 'bytes');
  const { reader, closed } = faulty({
    stat: () => {
      throw failed('EIO');
    },
  });
  await t.throwsAsync(reader.open(path), { code: 'EIO' });
  t.deepEqual(closed, [path]);
});

test('a read that is refused is laid on the file system only where memory has proved aligned', async (t) => {
  const folder = await tempDir(t, 'disk');
  const [first, fine, third] = ['first', 'fine', 'third'].map((name) => join(folder, name)) as [string, string, string];
  for (const path of [first, fine, third]) await writeFile(path, 'bytes');
  const { reader, lines } = faulty({
    dev: (path) => [first, fine, third].indexOf(path),
    read: async ({ path }) => {
      if (path !== fine) throw failed('EINVAL');
      await Promise.resolve();
    },
  });
  for (const path of [first, fine, third]) {
    const source = await reader.open(path);
    t.is(Buffer.from(await source.read(0, 5)).toString(), 'bytes');
    await source.close();
  }
  t.deepEqual(lines, [
    { path: first, code: 'EINVAL', by: 'file system, or memory not aligned' },
    { path: third, code: 'EINVAL', by: 'file system' },
  ]);
});
