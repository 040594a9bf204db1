/** Volumes against real folders: what is refused before a single byte is written, and what is suggested. */
import { existsSync } from 'node:fs';
import { mkdir, realpath, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { MARKER_FILE } from '../../src/archive/volume-marker.ts';
import { createVolumes } from '../../src/control/volumes.ts';
import type { VolumeDeps } from '../../src/control/volumes.ts';
import { patientClock } from '../support/patient-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const SERVER = '11111111-2222-4333-8444-555555555555';

async function start(t: ExecutionContext, volumes: readonly string[] = []) {
  const root = await realpath(await tempDir(t, 'volumes'));
  const dataDir = join(root, 'data');
  for (const name of ['keys', 'settings']) await mkdir(join(dataDir, name), { recursive: true });
  const paths = volumes.map((name) => join(root, name));
  for (const path of paths) await mkdir(path, { recursive: true });
  const deps = {
    options: { dataDir },
    clock: patientClock,
    settings: {
      server: { get: () => ({ id: SERVER }) },
      cameras: { get: () => ({ cameras: [] }) },
      volumes: {
        get: () => ({ volumes: paths.map((path, index) => ({ id: `vol-${index}`, path, reserveBytes: 0 })) }),
      },
    },
    state: { volumeOf: () => undefined },
  } as unknown as VolumeDeps;
  return { root, dataDir, volumes: createVolumes(deps) };
}

const PLAIN = { shared: false, check: (): void => undefined };
test('no marker is written where a volume may not be, whichever links lead there', async (t) => {
  const { root, dataDir, volumes } = await start(t, ['one', 'outer/two']);
  await mkdir(join(root, 'one', 'inner'));
  const targets = [
    dataDir,
    join(dataDir, 'keys'),
    join(root, 'one/inner'),
    join(root, 'outer'),
    '/etc',
    '/',
    '/proc/self',
  ];
  for (const [index, target] of targets.entries()) {
    const link = join(root, `link-${index}`);
    await symlink(target, link);
    for (const path of [target, link, `${target}/`, `${target}/.`])
      await t.throwsAsync(volumes.prepare(path, PLAIN), { code: 'volume/not-here' }, path);
    t.false(existsSync(join(target, MARKER_FILE)), target);
  }
});

test('a folder of its own becomes a volume under its true path', async (t) => {
  const { root, volumes } = await start(t);
  await mkdir(join(root, 'footage'));
  await symlink(join(root, 'footage'), join(root, 'link'));
  const { id, path } = await volumes.prepare(join(root, 'link'), PLAIN);
  t.is(path, join(root, 'footage'));
  t.true(existsSync(join(path, MARKER_FILE)));
  t.is((await volumes.prepare(path, PLAIN)).id, id, 'the same folder is the same volume');
});

test('what is suggested can be used; only a folder in the data directory is made', async (t) => {
  const { root, dataDir, volumes } = await start(t);
  for (const { path, totalBytes } of await volumes.suggestions()) {
    t.true(totalBytes > 0);
    t.not(path, '/');
  }
  await volumes.prepare(join(dataDir, 'footage'), PLAIN);
  t.true(existsSync(join(dataDir, 'footage', MARKER_FILE)));
  await t.throwsAsync(volumes.prepare(join(root, 'not-mounted'), PLAIN), { code: 'volume/unusable' });
  t.false(existsSync(join(root, 'not-mounted')));
});
