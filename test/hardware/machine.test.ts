import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { machineFacts, machineModel } from '../../src/hardware/machine.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

const SYNOLOGY = 'etc.defaults/synoinfo.conf';
const TREE = 'proc/device-tree/model';
const DMI = 'sys/class/dmi/id/product_name';

const says = test.macro<[files: Readonly<Record<string, string>>, wanted: string | undefined]>({
  title: (given) => `model: ${given}`,
  exec: async (t, files, wanted) => {
    const root = await tempDir(t, 'machine');
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    t.is(machineModel(root), wanted);
  },
});
test(
  'a Synology',
  says,
  { [SYNOLOGY]: 'unique="x"\nupnpmodelname="DS1522+"\nfoo="1"\n', [DMI]: 'DS1522+\n' },
  'DS1522+',
);
test(
  'a board with a device tree',
  says,
  { [TREE]: 'Raspberry Pi 5 Model B Rev 1.0\0' },
  'Raspberry Pi 5 Model B Rev 1.0',
);
test('a PC', says, { [DMI]: 'ProLiant MicroServer Gen10\n' }, 'ProLiant MicroServer Gen10');
test('a board that nobody filled in', says, { [DMI]: 'To Be Filled By O.E.M.\n' }, undefined);
test('nothing at all', says, {}, undefined);
test('control characters and too much', says, { [DMI]: `\u001B[2J${'x'.repeat(200_000)}` }, `[2J${'x'.repeat(61)}`);

test('whatever stands in these files, a model is short text', async (t) => {
  const root = await tempDir(t, 'machine');
  await mkdir(join(root, dirname(DMI)), { recursive: true });
  for (let seed = 1; seed <= 50; seed += 1) {
    const random = createRandom(seed);
    await writeFile(join(root, DMI), random.bytes(random.int(0, 300)));
    const model = machineModel(root) ?? 'none';
    t.true(model.isWellFormed() && Array.from(model).length <= 64 && !/\p{Cc}/u.test(model), `seed ${seed}`);
  }
});

test('this machine has a platform', (t) => t.is(machineFacts().platform, process.platform));
