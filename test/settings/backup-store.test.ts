import { readFile, writeFile } from 'node:fs/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createBackupStore, MAX_BACKUPS } from '../../src/settings/backup-store.ts';
import type { BackupStore } from '../../src/settings/backup-store.ts';
import { cameraSettingsSchema } from '../../src/site/camera.ts';
import { serverSettingsSchema } from '../../src/site/server-settings.ts';
import { canonicalJson, revisionOf } from '../../src/site/settings-backup.ts';
import type { BackedUpSettings, SettingsBackup } from '../../src/site/settings-backup.ts';
import { tempDir } from '../support/temp-dir.ts';

const SERVER = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001';
const OTHER = '6a2e5f0c-8a1c-4c39-9d55-a3c1d1b7e002';
const PLANTED = 'pl4nted-p4ssword';

const settingsOf = (cameraName: string): BackedUpSettings => ({
  server: serverSettingsSchema.parse({ id: SERVER, name: 'Recorder', mode: 'recording' }),
  cameras: [cameraSettingsSchema.parse({ id: 'cam-1', name: cameraName, main: { url: 'rtsp://10.0.0.9/main' } })],
  volumes: [],
  users: [],
  tokens: [],
  secrets: { 'camera:cam-1': PLANTED },
});
const backupOf = (cameraName: string, takenAt = 1_790_000_000_000): SettingsBackup => {
  const settings = settingsOf(cameraName);
  return {
    format: 1,
    serverId: SERVER,
    name: 'Recorder',
    version: '0.1.0',
    takenAt,
    revision: revisionOf(settings),
    suitability: { platform: 'linux', frameGrabbers: [] },
    settings,
  };
};

async function storeOf(t: ExecutionContext): Promise<{ store: BackupStore; folder: string }> {
  const folder = await tempDir(t, 'backups');
  return { folder, store: createBackupStore(() => folder, new Uint8Array(32).fill(7)) };
}

test('the newest backup is the one that is loaded', async (t) => {
  const { store } = await storeOf(t);
  await store.save(backupOf('Door', 2));
  await store.save(backupOf('Gate', 1));
  const { backup, damaged } = await store.load(SERVER);
  t.is(backup?.settings.cameras[0]?.name, 'Gate', 'by number, whatever the clock said');
  t.deepEqual(damaged, []);
  t.is((await store.load(OTHER)).backup, undefined);
});

test('a backup tells no password to whoever steals the file', async (t) => {
  const { store } = await storeOf(t);
  const { file } = await store.save(backupOf('Door'));
  const bytes = await readFile(file);
  for (const secret of [PLANTED, 'rtsp://', 'Door']) t.false(bytes.includes(secret));
});

test('every altered byte is noticed, and the backup before is used', async (t) => {
  const { store } = await storeOf(t);
  await store.save(backupOf('Door'));
  const { file } = await store.save(backupOf('Gate'));
  const good = await readFile(file);
  const step = Math.max(1, Math.floor(good.length / 24));
  for (let at = 0; at < good.length; at += step) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ 0x20;
    await writeFile(file, bad);
    const { backup, damaged } = await store.load(SERVER);
    t.is(backup?.settings.cameras[0]?.name, 'Door', `byte ${at}`);
    t.is(damaged.length, 1);
  }
  for (const length of [0, 5, 40, good.length - 1]) {
    await writeFile(file, good.subarray(0, length));
    t.is((await store.load(SERVER)).backup?.settings.cameras[0]?.name, 'Door', `cut to ${length}`);
  }
});

test('a backup moved under the name of another server is not used', async (t) => {
  const { store, folder } = await storeOf(t);
  const { file } = await store.save(backupOf('Door'));
  const other = await store.save({ ...backupOf('Gate'), serverId: OTHER });
  await writeFile(other.file, await readFile(file));
  const { backup, damaged } = await store.load(OTHER);
  t.is(backup, undefined);
  t.regex(damaged[0]?.message ?? '', /another server/);
  await store.forget(OTHER);
  t.deepEqual(await store.list(OTHER), []);
  t.is((await createBackupStore(() => folder, new Uint8Array(32)).load(SERVER)).backup, undefined, 'another key');
});

test('only so many are kept', async (t) => {
  const { store } = await storeOf(t);
  for (let count = 0; count < MAX_BACKUPS + 3; count += 1) await store.save(backupOf(`Door ${count}`));
  const kept = await store.list(SERVER);
  t.is(kept.length, MAX_BACKUPS);
  t.is(kept[0]?.number, MAX_BACKUPS + 3);
});

test('equal settings have equal revisions, others have others', (t) => {
  const one = settingsOf('Door');
  t.is(canonicalJson({ b: 1, a: [{ d: 1, c: 2 }] }), '{"a":[{"c":2,"d":1}],"b":1}');
  t.is(revisionOf(one), revisionOf(JSON.parse(JSON.stringify(one)) as BackedUpSettings));
  t.is(revisionOf(one), revisionOf({ ...one, server: { ...one.server, epoch: 9 } }), 'an epoch is no setting');
  t.not(revisionOf(one), revisionOf(settingsOf('Gate')));
  t.not(revisionOf(one), revisionOf({ ...one, secrets: {} }));
});
