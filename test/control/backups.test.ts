import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { startBackups } from '../../src/control/backups.ts';
import type { Backups } from '../../src/control/backups.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { createBackupStore } from '../../src/settings/backup-store.ts';
import type { BackupStore } from '../../src/settings/backup-store.ts';
import { serverSettingsSchema } from '../../src/site/server-settings.ts';
import { revisionOf } from '../../src/site/settings-backup.ts';
import type { SettingsBackup } from '../../src/site/settings-backup.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const SERVER = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001';

function documentOf(name: string): SettingsBackup {
  const server = serverSettingsSchema.parse({ id: SERVER, name, mode: 'recording' });
  const settings = { server, cameras: [], volumes: [], users: [], tokens: [], secrets: {} };
  const suitability = { platform: 'linux', frameGrabbers: [] };
  const revision = revisionOf(settings);
  return { format: 1, serverId: SERVER, name, version: '0.1.0', takenAt: 1, revision, suitability, settings };
}

type Rig = {
  readonly backups: Backups;
  readonly store: BackupStore;
  readonly reserve: BackupStore;
  readonly folder: string;
  readonly clock: FakeClock;
  readonly asked: () => number;
  readonly entries: readonly NewActivity[];
  answer: () => unknown;
  isThere: boolean;
};
async function rigOf(t: ExecutionContext): Promise<Rig> {
  const folder = await tempDir(t, 'backups');
  const store = createBackupStore(() => join(folder, 'backups'), new Uint8Array(32).fill(1));
  const reserve = createBackupStore(() => join(folder, 'reserve'), new Uint8Array(32).fill(1), 2);
  const clock = createFakeClock();
  const entries: NewActivity[] = [];
  let asked = 0;
  const rig = { answer: (): unknown => documentOf('Recorder'), isThere: true };
  const backups = startBackups({
    store,
    reserve,
    clock,
    connected: () => (rig.isThere ? [SERVER] : []),
    request: async () => {
      asked += 1;
      return await Promise.resolve(rig.answer());
    },
    nameOf: () => 'Recorder',
    dailyAt: () => '03:00',
    onBackup: () => undefined,
    activity: { record: (entry) => entries.push(entry) },
  });
  t.teardown(backups.stop);
  return Object.assign(rig, { backups, store, reserve, folder, clock, asked: () => asked, entries });
}

/** Until something that goes on in the background is done. */
async function eventually(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a revision that is not the one of the backup is fetched once', async (t) => {
  const rig = await rigOf(t);
  const { backups } = rig;
  await backups.take(SERVER, 'authorization');
  const { revision } = documentOf('Recorder');
  backups.sawRevision(SERVER, revision);
  t.is(rig.asked(), 1, 'nothing has changed');
  rig.answer = () => documentOf('Renamed');
  backups.sawRevision(SERVER, documentOf('Renamed').revision);
  backups.sawRevision(SERVER, documentOf('Renamed').revision);
  await eventually(() => backups.latest(SERVER)?.name === 'Renamed');
  t.is(rig.asked(), 2);
  t.is((await rig.store.load(SERVER)).backup?.name, 'Renamed', 'it is on disk');
});

test('an answer that is no backup of this server is refused and tried again later', async (t) => {
  const rig = await rigOf(t);
  for (const wrong of [undefined, {}, { ...documentOf('x'), serverId: SERVER.replace('5', '6') }]) {
    rig.answer = () => wrong;
    await t.throwsAsync(rig.backups.take(SERVER, 'by hand'), { instanceOf: UnderstudyError, code: 'backup/not-one' });
  }
  t.is(rig.backups.latest(SERVER), undefined);
  t.truthy(rig.backups.stateOf(SERVER).problem);
  rig.answer = () => documentOf('Recorder');
  rig.backups.sawRevision(SERVER, 'a');
  t.is(rig.asked(), 3, 'not with every keep-alive');
  await rig.clock.advance(6000);
  rig.backups.sawRevision(SERVER, 'a');
  await eventually(() => rig.backups.latest(SERVER) !== undefined);
  t.is(rig.backups.stateOf(SERVER).problem, undefined);
});

test('one by hand that failed while the server was away is made good when it is back, with the same settings', async (t) => {
  const rig = await rigOf(t);
  await rig.backups.take(SERVER, 'authorization');
  rig.answer = () => undefined;
  await t.throwsAsync(rig.backups.take(SERVER, 'by hand'));
  rig.answer = () => documentOf('Recorder');
  await rig.clock.advance(6000);
  rig.backups.sawRevision(SERVER, documentOf('Recorder').revision);
  await eventually(() => rig.backups.stateOf(SERVER).problem === undefined);
  t.is(rig.asked(), 3);
});

test('a damaged newest file is an alarm, and the one before is used', async (t) => {
  const rig = await rigOf(t);
  await rig.backups.take(SERVER, 'authorization');
  rig.answer = () => documentOf('Newer');
  await rig.backups.take(SERVER, 'by hand');
  const [newest] = await rig.store.list(SERVER);
  await writeFile(newest?.file ?? '', 'nothing');
  await rig.backups.open(SERVER);
  t.is(rig.backups.latest(SERVER)?.name, 'Recorder');
  t.is(rig.entries.at(-1)?.code, 'backup-damaged');
});

test('with every file of the backup directory gone or damaged it goes on with its own copy, with an alarm, and puts it back', async (t) => {
  for (const lose of ['delete', 'damage'] as const) {
    const rig = await rigOf(t);
    for (const name of ['Recorder', 'Renamed']) {
      rig.answer = () => documentOf(name);
      await rig.backups.take(SERVER, 'by hand');
    }
    if (lose === 'delete') await rm(join(rig.folder, 'backups'), { recursive: true });
    else for (const { file } of await rig.store.list(SERVER)) await writeFile(file, 'nothing');
    await rig.backups.open(SERVER);
    t.is(rig.backups.latest(SERVER)?.name, 'Renamed', lose);
    const alarm = rig.entries.at(-1);
    t.like(alarm, { severity: 'error', code: 'backup-missing' });
    t.regex(alarm?.message ?? '', /Recorder.*its own copy of 2026-01-01.*understudy backup Recorder/);
    t.is(rig.entries.filter(({ code }) => code === 'backup-damaged').length, lose === 'damage' ? 2 : 0);
    t.is((await rig.store.load(SERVER)).backup?.name, 'Renamed', 'it is where it belongs again');
    await rig.backups.forget(SERVER);
    t.is((await rig.reserve.load(SERVER)).backup, undefined);
  }
});

test('without any backup there is an alarm that says what to do, and one is fetched as soon as the server answers', async (t) => {
  const rig = await rigOf(t);
  await rig.backups.take(SERVER, 'authorization');
  await rm(rig.folder, { recursive: true });
  await rig.backups.open(SERVER);
  t.is(rig.backups.latest(SERVER), undefined);
  const alarm = rig.entries.at(-1);
  t.like(alarm, { severity: 'error', code: 'backup-missing' });
  t.regex(
    alarm?.message ?? '',
    /no settings backup of Recorder that can be used.*understudy backup Recorder.*goes home/,
  );
  t.truthy(rig.backups.stateOf(SERVER).problem, 'health says so too');
  rig.backups.sawRevision(SERVER, documentOf('Recorder').revision);
  await eventually(() => rig.backups.latest(SERVER) !== undefined);
  t.is(rig.backups.stateOf(SERVER).problem, undefined);
});

test('a backup directory that cannot be read does not keep the server from starting', async (t) => {
  const rig = await rigOf(t);
  await rig.backups.take(SERVER, 'authorization');
  await rm(join(rig.folder, 'backups'), { recursive: true });
  await writeFile(join(rig.folder, 'backups'), 'not a folder');
  await rig.backups.open(SERVER);
  t.is(rig.backups.latest(SERVER)?.name, 'Recorder');
  t.deepEqual(rig.entries.map(({ code }) => code).slice(-2), ['backup-damaged', 'backup-missing']);
});

test('a copy that cannot be kept is told, and the backup counts', async (t) => {
  const rig = await rigOf(t);
  await writeFile(join(rig.folder, 'reserve'), 'not a folder');
  await rig.backups.take(SERVER, 'authorization');
  t.is(rig.backups.latest(SERVER)?.name, 'Recorder');
  t.true(rig.entries.some(({ code }) => code === 'backup-failed'));
});

test('a backup is taken each day in the asked minute', async (t) => {
  const rig = await rigOf(t);
  await rig.clock.advance(36 * 3_600_000);
  await eventually(() => rig.entries.length > 0);
  const days = rig.entries.filter(({ code }) => code === 'backup-taken').length;
  t.true(days >= 1 && days <= 2, `${days} in a day and a half`);
});

test('a server that was away in the asked minute is backed up when it is back; what fails is tried again in an hour', async (t) => {
  const rig = await rigOf(t);
  const hours = async (count: number): Promise<void> => await rig.clock.advance(count * 3_600_000);
  const taken = (): number => rig.entries.filter(({ code }) => code === 'backup-taken').length;
  rig.isThere = false;
  await hours(5);
  t.is(rig.asked(), 0);
  rig.isThere = true;
  await rig.clock.advance(20_000);
  await eventually(() => taken() === 1);
  await hours(12);
  t.is(rig.asked(), 1, 'once a day');
  rig.answer = () => {
    throw new Error('no room');
  };
  await hours(10.5);
  await eventually(() => rig.entries.some(({ code }) => code === 'backup-failed'));
  t.is(rig.asked(), 2, 'half past three');
  rig.answer = () => documentOf('Recorder');
  await hours(0.75);
  await eventually(() => taken() === 2);
  t.is(rig.asked(), 3);
});
