import test from 'ava';
import { MAX_MOUNTS, parseMountInfo, readMounts, suggestVolumes } from '../../src/archive/mounts.ts';
import { forSeeds } from '../support/seeded-random.ts';

const TEXT = `21 98 0:20 / /sys rw,nosuid - sysfs sysfs rw
98 1 259:2 / / rw,relatime shared:1 - ext4 /dev/root rw
45 98 8:1 / /volume1 rw,relatime shared:2 - btrfs /dev/sda1 rw
46 98 8:1 /backup /volume1/backup rw,relatime shared:2 - btrfs /dev/sda1 rw
47 98 8:17 / /media/USB\\040Disk rw - ext4 /dev/sdb1 rw,errors=continue
48 98 8:33 / /mnt/broken rw - ext4 /dev/sdc1 ro
49 98 0:33 / /run/user/0 rw - tmpfs tmpfs rw
50 98 8:2 / /boot rw - ext4 /dev/sda2 rw
garbage
51 98 0:44 / /mnt/nas rw - nfs4 nas:/export rw
52 45 8:49 / /volume1 rw - ext4 /dev/sdd1 rw
`;

test('disks and shares are suggested, each once, what is mounted on top counting', (t) => {
  const mounts = parseMountInfo(TEXT);
  t.deepEqual(
    suggestVolumes(mounts).map(({ path, fileSystem }) => `${path} ${fileSystem}`),
    ['/media/USB Disk ext4', '/mnt/nas nfs4', '/volume1 ext4', '/volume1/backup btrfs'],
  );
  t.true(mounts.find(({ path }) => path === '/mnt/broken')?.readOnly);
});

test('the system disk is suggested when there is no other', (t) => {
  t.deepEqual(
    suggestVolumes(parseMountInfo(TEXT.split('\n').slice(0, 2).join('\n'))).map(({ path }) => path),
    ['/'],
  );
});

test('this machine has mounts', async (t) => {
  t.true((await readMounts()).some(({ path }) => path === '/'));
});

test('random bytes and endless lists do no harm', (t) => {
  forSeeds(200, (random) => {
    const letters = Array.from(TEXT);
    for (let change = 0; change < 20; change += 1)
      letters[random.int(0, letters.length - 1)] = String.fromCodePoint(random.int(0, 255));
    suggestVolumes(parseMountInfo(letters.join('')));
  });
  const many = Array.from({ length: MAX_MOUNTS + 10 }, (_, n) => `1 1 8:${n} / /m${n} rw - ext4 /dev/x rw`).join('\n');
  t.is(parseMountInfo(many).length, MAX_MOUNTS);
});
