import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { syncRemoval } from '../../src/archive/remove-segments.ts';
import { tempDir } from '../support/temp-dir.ts';

test('a removal is made durable in what is left of its folders, and a volume that is gone is told', async (t) => {
  const path = await tempDir(t);
  const segment = 'cam-1/main/2026-01-01/000000.000Z-f0000000-1.mp4';
  await t.notThrowsAsync(syncRemoval({ id: 'vol-1', path }, segment));
  await mkdir(join(path, 'cam-1/main/2026-01-01'), { recursive: true });
  await t.notThrowsAsync(syncRemoval({ id: 'vol-1', path }, segment));
  await t.throwsAsync(syncRemoval({ id: 'vol-1', path: join(path, 'away') }, segment), { code: 'ENOENT' });
});
