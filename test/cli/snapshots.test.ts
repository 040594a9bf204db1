import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { StoredSnapshot } from '../../src/api/contract/snapshots.ts';
import { startCliBench } from '../support/cli-bench.ts';
import { tempDir } from '../support/temp-dir.ts';

const ID = `1767225600000-${'a'.repeat(64)}`;
const ONE: StoredSnapshot = {
  id: ID,
  cameraId: 'cam-1',
  stream: 'main',
  at: '2026-01-01T00:00:00.000Z',
  mediaType: 'image/jpeg',
  bytes: 4,
  sha256: 'a'.repeat(64),
  user: 'owner',
  note: 'gate open',
  takenBy: { serverId: 'b0000000-0000-4000-8000-00000000000b', name: 'Spare' },
  keptBy: { serverId: 'b0000000-0000-4000-8000-00000000000b', name: 'Spare' },
};

test('snapshots are listed, taken, saved and deleted by the name of the camera', async (t) => {
  const { run } = await startCliBench(t, {
    failover: {
      plan: () => ({
        servers: [
          {
            serverId: 'a0000000-0000-4000-8000-00000000000a',
            name: 'Hall',
            cameras: [{ cameraId: 'cam-1', name: 'Door', priority: 'medium', standbyLevel: 'warm', recording: true }],
          },
        ],
      }),
    },
    snapshots: {
      isCamera: (id) => id === 'cam-1',
      take: async (_stream, { note }) => await Promise.resolve({ ...ONE, note: note ?? '' }),
      list: async () =>
        await Promise.resolve({
          items: [{ id: ID, describe: async () => await Promise.resolve(ONE) }],
          away: ['Attic'],
        }),
      picture: async (_cameraId, id) =>
        await Promise.resolve(id === ID ? { bytes: Buffer.from('jpeg'), mediaType: 'image/jpeg' } : undefined),
      remove: async (_cameraId, id) => await Promise.resolve(id === ID),
    },
  });
  const listed = await run('snapshots', 'door');
  t.is(listed.code, 0, listed.stderr);
  t.regex(listed.stdout, /2026-01-01T00:00:00.000Z +1 KB +owner +Spare, lies at Spare +gate open +1767225600000-a/);
  t.regex(listed.stdout, /Attic cannot be asked now/);
  t.deepEqual(JSON.parse((await run('snapshots', 'cam-1', '--json')).stdout), { snapshots: [ONE], away: ['Attic'] });
  t.regex((await run('snapshots', 'Door', '--take', '--note', 'x')).stdout, /Stored 1767225600000-a/);
  const file = join(await tempDir(t, 'snapshot'), 'one.jpg');
  t.is((await run('snapshots', 'Door', '--get', ID, '--out', file)).code, 0);
  t.is(await readFile(file, 'utf8'), 'jpeg');
  t.is((await run('snapshots', 'Door', '--delete', ID)).code, 0);
  t.like(await run('snapshots', 'Door', '--delete', 'none'), { code: 1 });
  t.regex((await run('snapshots', 'Window')).stderr, /no camera Window; its cameras: Door/);
  for (const wrong of [
    ['--take', '--delete', ID],
    ['--note', 'x'],
    ['--get', ID],
    ['--out', file],
  ])
    t.is((await run('snapshots', 'Door', ...wrong)).code, 2, wrong.join(' '));
});
