import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import test from 'ava';
import { findFrameGrabbers, readGrabberTable } from '../../src/hardware/frame-grabbers.ts';
import { tempDir } from '../support/temp-dir.ts';

const TABLE = readGrabberTable(resolve(import.meta.dirname, '../../hw/frame-grabbers.json'));
type Card = { readonly kind: string; readonly id: string; readonly driver?: string; readonly v4l?: boolean };
const CARDS: Readonly<Record<string, Card>> = {
  '0000:00:02.0': { kind: '0x030000', id: '8086:0412', driver: 'i915', v4l: true },
  '0000:01:00.0': { kind: '0x040000', id: '109e:036e', driver: 'bttv' },
  '0000:02:00.0': { kind: '0x048000', id: '1234:5678', driver: 'tw686x' },
  '0000:03:00.0': { kind: '0x040000', id: 'abcd:0001' },
  '0000:04:00.0': { kind: '0x0c0330', id: '1b21:1242', driver: 'xhci_hcd' },
  '0000:05:00.0': { kind: '0xff0000', id: '1cd7:0017' },
  '0000:06:00.0': { kind: '0x040000', id: 'abcd:0002', driver: 'newcard', v4l: true },
  '0000:07:00.0': { kind: '0x120000', id: '10ee:7011' },
};

test('capture cards are told from everything else on the bus', async (t) => {
  const sysfs = await tempDir(t, 'sysfs');
  for (const [slot, { kind, id, driver, v4l }] of Object.entries(CARDS)) {
    const device = join(sysfs, 'bus/pci/devices', slot);
    await mkdir(v4l === true ? join(device, 'video4linux/video0') : device, { recursive: true });
    const [vendor, model] = id.split(':');
    await writeFile(join(device, 'class'), `${kind}\n`);
    await writeFile(join(device, 'vendor'), `0x${vendor}\n`);
    await writeFile(join(device, 'device'), `0x${model}\n`);
    if (driver !== undefined) await symlink(join('/sys/bus/pci/drivers', driver), join(device, 'driver'));
  }
  t.deepEqual(
    findFrameGrabbers(TABLE, sysfs).map(({ slot, confidence }) => `${slot} ${confidence}`),
    ['0000:01:00.0 sure', '0000:02:00.0 sure', '0000:03:00.0 likely', '0000:05:00.0 sure', '0000:06:00.0 sure'],
  );
  t.deepEqual(findFrameGrabbers(TABLE, join(sysfs, 'nowhere')), [], 'no PCI at all');
});
