import test from 'ava';
import { createAdoptingSide } from '../../src/control/adopting-side.ts';
import { adoptionHash } from '../../src/site/adoption.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import { serverSettingsSchema } from '../../src/site/server-settings.ts';
import { revisionOf, settingsBackupSchema } from '../../src/site/settings-backup.ts';
import type { SettingsBackup } from '../../src/site/settings-backup.ts';
import type { UsersFile } from '../../src/settings/settings.ts';
import { z } from 'zod';
import { tokenRecordSchema, userRecordSchema } from '../../src/site/account.ts';
import { cameraOf, memoryFile, memorySettings, OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';

const [WATCHER, ORIGINAL] = [serverIdOf(2), serverIdOf(4)];
const user = { id: 'user-1', username: 'anna', role: 'owner' as const, passwordHash: 'h', createdAt: 1 };
const settings: SettingsBackup['settings'] = {
  server: serverSettingsSchema.parse({ id: ORIGINAL, name: 'Hall', mode: 'recording', epoch: 7 }),
  cameras: [cameraOf('door', { hasPassword: true })],
  volumes: [],
  users: [user],
  tokens: [],
  secrets: { 'camera:door': 'secret' },
};
const backup: SettingsBackup = settingsBackupSchema.parse({
  format: 1,
  serverId: ORIGINAL,
  name: 'Hall',
  version: '0.1.0',
  takenAt: 1,
  revision: revisionOf(settings),
  suitability: { platform: 'linux', frameGrabbers: [] },
  settings,
});
const adoption = { id: 'replacement-1', hash: adoptionHash(settings), epoch: 513, backup };

function set(
  peers: readonly PeerRecord[],
  mode: 'recording' | 'failover' = 'recording',
  permitted: readonly string[] = [],
) {
  const memory = memorySettings({ mode, peers, cameras: [cameraOf('gate', { hasPassword: true })] });
  const users = memoryFile<UsersFile>(
    z.strictObject({ users: z.array(userRecordSchema), tokens: z.array(tokenRecordSchema) }),
    { users: [], tokens: [] },
  );
  const secrets = new Map([['camera:gate', 'old']]);
  const words: string[] = [];
  let orders = 0;
  const side = createAdoptingSide({
    settings: {
      ...memory,
      users,
      secrets: {
        get: (name) => secrets.get(name),
        set: async (changes) => {
          for (const [name, value] of changes)
            if (value === undefined) secrets.delete(name);
            else secrets.set(name, value);
          return await Promise.resolve();
        },
      },
    },
    isPermitted: (id) => permitted.includes(id),
    order: () => (orders += 1),
    activity: { record: ({ message }) => void words.push(message) },
  });
  return { side, memory, users, secrets, words, orders: () => orders };
}
const watcher = peerOf(2, { watcher: true, mode: 'failover' });

test('a server that is put in the place of another one has its cameras, passwords, accounts and name', async (t) => {
  const { side, memory, users, secrets, words, orders } = set([watcher]);
  t.deepEqual(await side.take(WATCHER, adoption), { hash: adoption.hash });
  t.like(memory.server.get(), { id: OWN_ID, name: 'Hall', mode: 'recording', epoch: 513 });
  t.deepEqual(memory.cameras.get().cameras, settings.cameras);
  t.deepEqual(users.get(), { users: [user], tokens: [] });
  t.deepEqual([...secrets], [['camera:door', 'secret']], 'passwords of cameras that went are forgotten');
  t.regex(words.join(), /in the place of Hall.*Its cameras before: gate/);
  t.is(orders(), 1);
});

test('again is the same as once, and changes made since then by hand are overwritten only if it is asked again', async (t) => {
  const { side, memory, words } = set([watcher]);
  await side.take(WATCHER, adoption);
  const before = memory.server.get();
  t.deepEqual(await side.take(WATCHER, adoption), { hash: adoption.hash });
  t.is(memory.server.get(), before);
  t.is(words.length, 1);
});

test('what was changed at the successor after it had the settings stays when the same replacement asks again', async (t) => {
  const { side, memory, users, words } = set([watcher]);
  await side.take(WATCHER, adoption);
  const [door, gate] = [cameraOf('door', { hasPassword: true }), cameraOf('yard')];
  await memory.cameras.update(() => ({ cameras: [door, gate] }));
  await users.update((file) => ({ ...file, users: [{ ...user, username: 'berta' }] }));
  t.deepEqual(await side.take(WATCHER, adoption), { hash: adoption.hash });
  t.deepEqual(memory.cameras.get().cameras, [door, gate]);
  t.is(users.get().users[0]?.username, 'berta');
  t.is(words.length, 1);

  await side.take(WATCHER, { ...adoption, id: 'replacement-2' });
  t.deepEqual(memory.cameras.get().cameras, settings.cameras, 'another replacement is another decision');
  t.is(words.length, 2);
});

test('an adoption that was not finished is carried out again', async (t) => {
  const { side, memory, users } = set([watcher]);
  const { update } = users;
  const broken = { ...users, update: async () => await Promise.reject(new Error('the disk is full')) };
  Object.assign(users, broken);
  await t.throwsAsync(side.take(WATCHER, adoption), { message: 'the disk is full' });
  Object.assign(users, { update });
  await side.take(WATCHER, adoption);
  t.like(memory.server.get(), { name: 'Hall', epoch: 513 });
  t.deepEqual(users.get().users, [user]);
});

test('only the host, or whom it names, or without one who was authorized here', async (t) => {
  const host = peerOf(3, { managesUs: true, mode: 'host' });
  const refused: readonly (readonly [string, readonly PeerRecord[]])[] = [
    [WATCHER, [{ ...watcher, introduced: true }]],
    [WATCHER, [watcher, host]],
    [WATCHER, [{ ...watcher, watcher: false }]],
    [serverIdOf(9), [watcher]],
  ];
  for (const [peer, peers] of refused) {
    const { side, memory } = set(peers);
    await t.throwsAsync(async () => await side.take(peer, adoption), { code: 'peer/not-yours' });
    t.is(memory.server.get().name, 'Own');
  }
  for (const [by, permitted] of [
    [host.id, []],
    [WATCHER, [WATCHER]],
  ] as const) {
    const { side, memory } = set([{ ...watcher, introduced: true }, host], 'recording', permitted);
    await side.take(by, adoption);
    t.is(memory.server.get().name, 'Hall');
  }
});

test('what cannot be in the place of another one says why', async (t) => {
  const { side } = set([watcher], 'failover');
  await t.throwsAsync(async () => await side.take(WATCHER, adoption), {
    code: 'replace/successor',
    message: /mode failover/,
  });
  const replaced = set([watcher]);
  const by = { id: WATCHER, name: 'Other', at: 1 };
  await replaced.memory.server.update((server) => ({ ...server, replacedBy: by }));
  await t.throwsAsync(async () => await replaced.side.take(WATCHER, adoption), {
    code: 'replace/successor',
    message: /replaced itself/,
  });
  const itself = set([watcher]);
  const own = { ...adoption, backup: { ...backup, serverId: OWN_ID } };
  await t.throwsAsync(async () => await itself.side.take(WATCHER, own), {
    code: 'replace/successor',
    message: /that server itself/,
  });
});

test('what is no adoption, or has another hash, changes nothing', async (t) => {
  const { side, memory } = set([watcher]);
  const wrong: readonly unknown[] = [
    undefined,
    null,
    [],
    {},
    { ...adoption, more: 1 },
    { ...adoption, hash: 'b'.repeat(64) },
    { ...adoption, epoch: 0 },
    { ...adoption, backup: { ...backup, settings: { ...settings, cameras: [{ id: 'X Y' }] } } },
  ];
  for (const params of wrong)
    await t.throwsAsync(async () => await side.take(WATCHER, params), { code: 'peer/params' });
  t.is(memory.server.get().name, 'Own');
});
