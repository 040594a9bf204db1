import { rmSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { encodeMarker, MARKER_FILE } from '../../src/archive/volume-marker.ts';
import { deleteFootage } from '../../src/control/delete-footage.ts';
import type { DeleteFootageDeps } from '../../src/control/delete-footage.ts';
import { createLog } from '../../src/core/log.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const ID = 'vol-1';
const PATHS = ['2026-01-01/000000.000Z-f0000000-1.mp4', '2026-01-02/000000.000Z-f0000000-1.mp4'].map(
  (name) => `cam-1/main/${name}`,
);

/** Two days of a camera on a volume; `emptied` is called with its path when the catalogue has no row left. */
async function footage(t: ExecutionContext, emptied: (volume: string) => void) {
  const path = await tempDir(t);
  await writeFile(join(path, MARKER_FILE), encodeMarker({ id: ID, created: '2026-01-01', serverId: undefined }));
  for (const file of PATHS) {
    await mkdir(join(path, dirname(file)), { recursive: true });
    await writeFile(join(path, file), 'segment');
  }
  const rows = new Set(PATHS);
  const lines: string[] = [];
  const catalogue = {
    transaction: <T>(work: () => T): T => work(),
    removed: { add: () => undefined },
    segments: {
      totals: () =>
        rows.size === 0 ? [] : [{ cameraId: 'cam-1', stream: 'main', volumeId: ID, segments: rows.size, bytes: 1 }],
      oldest: () => [...rows].map((file) => ({ path: file })),
      get: () => undefined,
      remove: (_volumeId: string, file: string) => {
        rows.delete(file);
        if (rows.size === 0) emptied(path);
        return true;
      },
    },
  };
  const deps = {
    catalogue,
    volumes: () => [{ id: ID, path }],
    clock: createFakeClock(),
    log: createLog(
      'debug',
      (line) => lines.push(line),
      () => 0,
    ),
    signal: new AbortController().signal,
  } as unknown as DeleteFootageDeps;
  return { path, rows, lines, deps };
}

test('all footage of a camera goes, with its folders', async (t) => {
  const { path, rows, lines, deps } = await footage(t, () => undefined);
  deleteFootage(deps, 'cam-1');
  const isEmpty = async (): Promise<boolean> => (await readdir(join(path, 'cam-1/main'))).length === 0;
  await waitFor('every day to be gone', isEmpty);
  t.is(rows.size, 0);
  t.deepEqual(lines, []);
});

test('a removal that cannot be made durable is told', async (t) => {
  const { lines, deps } = await footage(t, (path) => rmSync(path, { recursive: true }));
  deleteFootage(deps, 'cam-1');
  await waitFor('it to be told', () => lines.some((line) => line.includes('could not be deleted')));
  t.pass();
});
