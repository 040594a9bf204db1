/** Power cuts while settings are written, on ext4: what was acknowledged is there afterwards, and every file can be read. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { openSettings } from '../../src/settings/settings.ts';
import type { Settings } from '../../src/settings/settings.ts';
import { crashImage, faultDisk, isRoot, logInfo, mountImage } from '../support/lab.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

const UPDATES = 120;
const CUTS = 30;
const SEED = 20_261_121;

const open = (dataDir: string): Promise<Settings> =>
  openSettings({
    dataDir,
    clock: systemClock,
    log: silentLog,
    name: 'n0',
    mode: 'recording',
    secretsKey: new Uint8Array(32),
  });
const numberOf = (settings: Settings): number => Number(settings.server.get().name.slice(1));

(isRoot() ? test : test.skip)('no acknowledged setting is lost at any of many power cuts', async (t) => {
  const directory = await tempDir(t, 'cut');
  const disk = await faultDisk(directory, 64);
  const acknowledged: { readonly at: bigint; readonly number: number }[] = [];
  try {
    const settings = await open(disk.mount);
    acknowledged.push({ at: process.hrtime.bigint(), number: 0 });
    for (let number = 1; number <= UPDATES; number += 1) {
      await settings.server.update((server) => ({ ...server, name: `n${number}` }));
      acknowledged.push({ at: process.hrtime.bigint(), number });
    }
  } finally {
    await disk.down();
  }
  const { records } = await logInfo(disk.log);
  const random = createRandom(SEED);
  let checked = 0;
  for (let cut = 0; cut < CUTS; cut += 1) {
    const image = join(directory, 'cut.img');
    const at = await crashImage(disk, image, random.int(1, records), SEED + cut);
    const due = acknowledged.findLast((one) => one.at <= at);
    if (due === undefined) continue; // cut before the file system or the first settings were there
    const mount = join(directory, 'cut');
    await mkdir(mount, { recursive: true });
    const unmount = await mountImage(image, mount);
    try {
      const found = await open(mount);
      t.true(numberOf(found) >= due.number, `cut ${cut}: n${due.number} was promised, n${numberOf(found)} is there`);
      t.deepEqual(found.recoveries, [], `cut ${cut}: no file was damaged`);
      checked += 1;
    } finally {
      await unmount();
    }
  }
  t.log(`${checked} cuts checked, ${acknowledged.length} acknowledged, ${records} records`);
  t.true(checked > CUTS / 2);
});
