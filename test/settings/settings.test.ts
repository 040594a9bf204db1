import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { cameraSettingsSchema } from '../../src/site/camera.ts';
import { MAX_QUARANTINED } from '../../src/settings/durable-adapter.ts';
import { openSettings } from '../../src/settings/settings.ts';
import type { Settings } from '../../src/settings/settings.ts';
import { tempDir } from '../support/temp-dir.ts';

const secretsKey = new Uint8Array(32).fill(7);
const open = (dataDir: string, key = secretsKey): Promise<Settings> =>
  openSettings({ dataDir, clock: systemClock, log: silentLog, name: 'Hall', mode: 'recording', secretsKey: key });
const rename = (settings: Settings, name: string): Promise<unknown> =>
  settings.server.update((server) => ({ ...server, name }));
const camera = (id: string, name = id) =>
  cameraSettingsSchema.parse({ id, name, main: { url: 'rtsp://192.168.1.20/stream1' } });

test('settings are there again after a restart, private to their owner', async (t) => {
  const dataDir = await tempDir(t, 'settings');
  const first = await open(dataDir);
  await rename(first, 'Attic');
  await first.cameras.update(({ cameras }) => ({ cameras: [...cameras, camera('cam-1')] }));
  const second = await open(dataDir);
  t.is(second.server.get().name, 'Attic');
  t.is(second.server.get().id, first.server.get().id);
  t.deepEqual(second.cameras.get(), first.cameras.get());
  t.deepEqual(second.recoveries, []);
  for (const name of await readdir(join(dataDir, 'settings'))) {
    t.is((await stat(join(dataDir, 'settings', name))).mode & 0o777, 0o600, name);
  }
  t.is((await stat(join(dataDir, 'settings'))).mode & 0o777, 0o700);
});

test('50 updates at once give 50', async (t) => {
  const dataDir = await tempDir(t, 'settings');
  const settings = await open(dataDir);
  await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      settings.cameras.update(({ cameras }) => ({ cameras: [...cameras, camera(`cam-${index}`)] })),
    ),
  );
  t.is(settings.cameras.get().cameras.length, 50);
  t.is((await open(dataDir)).cameras.get().cameras.length, 50);
});

test('a file cut short at any offset gives the generation before, an alarm, and keeps the bad one aside', async (t) => {
  const dataDir = await tempDir(t, 'settings');
  const path = join(dataDir, 'settings', 'server.json');
  const settings = await open(dataDir);
  await rename(settings, 'Before');
  await rename(settings, 'After');
  const whole = await readFile(path);
  const backup = await readFile(`${path}.bak`);
  for (let length = 0; length < whole.length - 1; length += 1) {
    await writeFile(path, whole.subarray(0, length));
    await writeFile(`${path}.bak`, backup);
    const recovered = await open(dataDir);
    t.is(recovered.server.get().name, 'Before', `cut at ${length}`);
    t.deepEqual(
      recovered.recoveries.map(({ file, outcome }) => [file, outcome]),
      [['server.json', 'previous']],
    );
    t.deepEqual(await readFile(recovered.recoveries[0]?.quarantined ?? ''), whole.subarray(0, length));
    t.is((await open(dataDir)).recoveries.length, 0, 'recovered once, not again');
  }
  const aside = (await readdir(join(dataDir, 'settings'))).filter((name) => name.includes('.bad-'));
  t.true(aside.length <= MAX_QUARANTINED);
});

test('zeros, garbage and a wrong shape are recovered from as a cut is', async (t) => {
  const dataDir = await tempDir(t, 'settings');
  const path = join(dataDir, 'settings', 'server.json');
  const settings = await open(dataDir);
  await rename(settings, 'Before');
  const before = await readFile(path);
  await rename(settings, 'After');
  for (const bad of ['\0'.repeat(before.length), 'null', '[]', '{"version":1,"data":{"name":5}}', 'x'.repeat(3e6)]) {
    await writeFile(path, bad);
    const recovered = await open(dataDir);
    t.is(recovered.server.get().name, 'Before');
    t.is(recovered.recoveries[0]?.outcome, 'previous');
  }
});

test('when both generations are bad the file starts empty and says so', async (t) => {
  const dataDir = await tempDir(t, 'settings');
  const path = join(dataDir, 'settings', 'cameras.json');
  const settings = await open(dataDir);
  await settings.cameras.update(() => ({ cameras: [camera('cam-1')] }));
  await writeFile(path, '{');
  await writeFile(`${path}.bak`, '');
  const recovered = await open(dataDir);
  t.deepEqual(recovered.cameras.get(), { cameras: [] });
  t.is(recovered.recoveries[0]?.outcome, 'lost');
});

test('a vanished file comes back from the generation before', async (t) => {
  const dataDir = await tempDir(t, 'settings');
  const settings = await open(dataDir);
  await rename(settings, 'Before');
  await rename(settings, 'After');
  await rm(join(dataDir, 'settings', 'server.json'));
  const recovered = await open(dataDir);
  t.is(recovered.server.get().name, 'Before');
  t.is(recovered.recoveries[0]?.outcome, 'previous');
});

test('a file of a newer release is refused, not replaced', async (t) => {
  const dataDir = await tempDir(t, 'settings');
  await open(dataDir);
  const path = join(dataDir, 'settings', 'server.json');
  const newer = '{"version":99,"data":{}}';
  await writeFile(path, newer);
  await t.throwsAsync(open(dataDir), { message: /newer release/ });
  t.is(await readFile(path, 'utf8'), newer);
});

test('a change that throws or does not fit the schema changes nothing, and the next one works', async (t) => {
  const settings = await open(await tempDir(t, 'settings'));
  await t.throwsAsync(
    settings.server.update(() => {
      throw new RangeError('no');
    }),
    { instanceOf: RangeError },
  );
  await t.throwsAsync(rename(settings, 'a/b'), { message: /server\.json: name: A name must not contain \// });
  t.is(settings.server.get().name, 'Hall');
  await rename(settings, 'Attic');
  t.is(settings.server.get().name, 'Attic');
});

test('all settings together stay below 2 MB', async (t) => {
  const settings = await open(await tempDir(t, 'settings'));
  const big = Array.from({ length: 128 }, (_, index) => ({
    ...camera(`cam-${index}`),
    main: { url: `rtsp://host/${'x'.repeat(2000)}`, transport: 'auto' as const },
    sub: { url: `rtsp://host/${'x'.repeat(2000)}`, transport: 'auto' as const },
  }));
  await settings.cameras.update(() => ({ cameras: big }));
  const secret = new Map(Array.from({ length: 12 }, (_, index) => [`camera:${index}`, 's'.repeat(100_000)]));
  await t.throwsAsync(settings.secrets.set(secret), { message: /at most 2097152/ });
  t.is(settings.secrets.get('camera:1'), undefined);
});

test('secrets are not to be found in any file, and come back after a restart', async (t) => {
  const dataDir = await tempDir(t, 'settings');
  const settings = await open(dataDir);
  await settings.secrets.set(new Map([['camera:a', 'canary-Pa55']]));
  await settings.secrets.set(new Map([['camera:b', 'canary-two']]));
  t.is((await open(dataDir)).secrets.get('camera:a'), 'canary-Pa55');
  for (const name of await readdir(join(dataDir, 'settings'))) {
    t.false((await readFile(join(dataDir, 'settings', name), 'utf8')).includes('canary'), name);
  }
});

test('a secret under another key or a swapped name is not opened, and the owner is told which', async (t) => {
  const dataDir = await tempDir(t, 'settings');
  const settings = await open(dataDir);
  await settings.secrets.set(
    new Map([
      ['camera:a', 'one'],
      ['camera:b', 'two'],
    ]),
  );
  const other = await open(dataDir, new Uint8Array(32));
  t.is(other.secrets.get('camera:a'), undefined);
  t.regex(other.recoveries[0]?.message ?? '', /passwords of a, b/);

  const path = join(dataDir, 'settings', 'secrets.json');
  const file = JSON.parse(await readFile(path, 'utf8'));
  const { 'camera:a': a, 'camera:b': b } = file.data.secrets;
  file.data.secrets = { 'camera:a': b, 'camera:b': a };
  await writeFile(path, JSON.stringify(file));
  t.is((await open(dataDir)).secrets.get('camera:a'), undefined);
});

test('temporary files that a crash left are removed', async (t) => {
  const dataDir = await tempDir(t, 'settings');
  await open(dataDir);
  await writeFile(join(dataDir, 'settings', 'server.json.tmp-0123456789ab'), 'half');
  await open(dataDir);
  t.deepEqual(
    (await readdir(join(dataDir, 'settings'))).filter((name) => name.includes('.tmp-')),
    [],
  );
});
