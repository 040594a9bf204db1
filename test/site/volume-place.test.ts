import test from 'ava';
import { volumePlaceProblem } from '../../src/site/volume-place.ts';

const rules = { dataDir: '/srv/understudy', volumes: ['/mnt/one', '/mnt/two/footage'] };
const problem = (path: string): string | undefined => volumePlaceProblem(path, rules);

test('folders of the system, of everybody and of this server cannot be volumes', (t) => {
  const system = [
    '/etc',
    '/etc/cron.d',
    '/proc/self',
    '/sys',
    '/dev/shm',
    '/usr/local',
    '/boot/efi',
    '/run',
    '/run/lock',
  ];
  const shared = ['/', '/home', '/opt', '/tmp', '/var', '/var/lib', '/run/media'];
  const own = ['', '/keys', '/settings', '/settings/deeper', '/run', '/exports', '/exports/exp-1'];
  const cases = [
    ...system,
    '/var/log',
    '/root/.ssh',
    '/lib64',
    ...shared,
    ...own.map((name) => `/srv/understudy${name}`),
  ];
  for (const path of cases) t.is(typeof problem(path), 'string', path);
});

test('a volume lies neither in another one nor around it', (t) => {
  for (const path of ['/mnt/one/inner', '/mnt/two']) t.regex(problem(path) ?? '', /lie in one another/, path);
  t.is(problem('/mnt/one'), undefined, 'the same one is told otherwise');
  t.is(problem('/mnt/one-more'), undefined);
});

test('disks, shares and the folder for footage in the data directory can be volumes', (t) => {
  const cases = [
    '/mnt/disk',
    '/media/usb',
    '/run/media/anna/usb',
    '/srv/footage',
    '/home/anna/footage',
    '/volume1/footage',
  ];
  for (const path of [...cases, '/srv/understudy/footage', '/etcetera', '/var/lib/understudy', '/tmp/x'])
    t.is(problem(path), undefined, path);
});
