/** Backup and restore of the own settings by API, on real settings files. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { MAX_BACKUP_CHARACTERS } from '../../src/api/contract/own-backup.ts';
import { refuseReplaced } from '../../src/control/replaced-side.ts';
import { completeRestore, ownSettings, restoreSettings } from '../../src/control/restoring-settings.ts';
import { systemClock } from '../../src/core/clock.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { createLog } from '../../src/core/log.ts';
import { openKeys } from '../../src/settings/keys.ts';
import { createRestoreJournal } from '../../src/settings/restore-journal.ts';
import { seal } from '../../src/settings/sealed-backup.ts';
import { openSettings } from '../../src/settings/settings.ts';
import type { Settings } from '../../src/settings/settings.ts';
import { MAX_USERS } from '../../src/site/account.ts';
import { addCamera, addUser, CHEAP_SEAL, cookieOf, OWNER, setUpOwner, startApi } from '../support/api-server.ts';
import type { Answer, Api } from '../support/api-server.ts';
import { peerOf } from '../support/memory-settings.ts';

const PASSPHRASE = 'a passphrase for the file';
const PLANTED = 'pl4nted-p4ssword';
const NOBODY: readonly string[] = [];

async function start(t: ExecutionContext, options: Parameters<typeof startApi>[1] = {}) {
  const api = await startApi(t, options);
  const cookie = await setUpOwner(api);
  const door = await addCamera(api, cookie, { name: 'Door', username: 'view', password: PLANTED });
  return { api, cookie, door };
}

/** Bytes as they are: the helper of the other tests reads text. */
const backUp = async ({ port, tls }: Api, cookie: string, passphrase = PASSPHRASE): Promise<Buffer> =>
  await new Promise((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/api/v1/server/settings/backup',
      ca: tls.certificate,
      checkServerIdentity: () => undefined,
      headers: { cookie, 'content-type': 'application/json' },
      agent: false,
    };
    const asked = request(options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        response.statusCode === 200
          ? resolve(Buffer.concat(parts))
          : reject(new Error(Buffer.concat(parts).toString())),
      );
    });
    asked.on('error', reject);
    asked.end(JSON.stringify({ passphrase }));
  });

const restore = async (api: Api, cookie: string, file: Buffer, more: object = {}): Promise<Answer> =>
  await api.call('POST', '/api/v1/server/settings/restore', {
    cookie,
    body: { backup: file.toString('base64'), passphrase: PASSPHRASE, ...more },
  });

const log = createLog('error', () => undefined, Date.now);
/** Of `restoreSettings`, which the API calls, and the key. */
async function partsOf({ dataDir, settings }: Api) {
  const { secretsKey } = await openKeys({ dataDir, clock: systemClock, hosts: [] });
  const journal = createRestoreJournal(dataDir, secretsKey);
  return { secretsKey, journal, settings, log, refuse: () => refuseReplaced({ settings }) };
}
const failing = async (): Promise<never> => await Promise.reject(new Error('EIO'));

/** The whole state, for "nothing was changed". */
const stateOf = ({ settings }: { readonly settings: Settings }): string => JSON.stringify(ownSettings(settings));

test('what was changed since a backup is shown, and then put back', async (t) => {
  const { api, cookie, door } = await start(t);
  const gate = await addCamera(api, cookie, { name: 'Gate' });
  const file = await backUp(api, cookie);
  t.false(file.includes(PLANTED));
  const before = stateOf(api);
  await api.call('PATCH', '/api/v1/server', { cookie, body: { name: 'Other' } });
  await api.call('PATCH', `/api/v1/cameras/${door}`, { cookie, body: { password: 'another' } });
  await api.call('DELETE', `/api/v1/cameras/${gate}`, { cookie });
  const roof = await addCamera(api, cookie, { name: 'Roof', password: 'of the roof' });
  const viewer = await addUser(api, cookie, 'viewer');
  await api.settings.failover.update((now) => ({ ...now, hotSeconds: 60 }));
  const shown = await restore(api, cookie, file);
  t.is(shown.status, 200, shown.text);
  t.false(shown.text.includes(PLANTED));
  t.like(shown.json, {
    restored: false,
    name: { before: 'Other', after: 'Test' },
    cameras: {
      added: [{ id: gate, name: 'Gate' }],
      changed: [{ id: door, name: 'Door' }],
      removed: [{ id: roof, name: 'Roof' }],
      unchanged: 0,
    },
    settings: ['failover.hotSeconds'],
    backup: { name: 'Test', ofThisServer: true },
    users: { added: [...NOBODY], changed: [...NOBODY] },
  });
  t.is(shown.json.users.removed.length, 1);
  t.is(api.settings.server.get().name, 'Other', 'nothing was changed by looking');

  const done = await restore(api, cookie, file, { confirm: 'Other', revision: shown.json.revision });
  t.is(done.status, 200, done.text);
  t.true(done.json.restored);
  t.is(stateOf(api), before);
  t.is(api.settings.secrets.get(`camera:${door}`), PLANTED);
  t.is(api.settings.secrets.get(`camera:${roof}`), undefined, 'passwords of cameras that went are forgotten');
  t.is((await api.call('GET', '/api/v1/server', { cookie })).status, 200, 'the owner stays signed in');
  t.is((await api.call('GET', '/api/v1/server', { cookie: viewer })).status, 401);
  const again = await restore(api, cookie, file);
  t.is(again.json.cameras.unchanged, 2);
  t.deepEqual([again.json.settings, again.json.users.removed], [[], []]);
  t.deepEqual(
    api.entries.filter(({ code }) => code.startsWith('settings-')).map(({ code, user }) => [code, user]),
    [
      ['settings-backed-up', OWNER.username],
      ['settings-restored', OWNER.username],
    ],
  );
  for (const secret of [PLANTED, PASSPHRASE]) t.false(api.lines.join('\n').includes(secret));
});

test('a file that is no backup, a wrong passphrase, damage and a newer release are told apart, and change nothing', async (t) => {
  const { api, cookie } = await start(t);
  const file = await backUp(api, cookie);
  const before = stateOf(api);
  const flipped = Buffer.from(file);
  flipped[60] = (flipped[60] ?? 0) ^ 1;
  const sealed = async (document: unknown): Promise<Buffer> =>
    await seal(Buffer.from(JSON.stringify(document)), Buffer.from(PASSPHRASE), CHEAP_SEAL);
  const cases: readonly (readonly [Buffer, string, RegExp])[] = [
    [Buffer.from('a holiday picture'), 'foreign', /no backup of settings/],
    [Buffer.concat([Buffer.from('USTAKEN02\n'), file.subarray(10)]), 'newer', /update this server/],
    [flipped, 'damaged', /altered/],
    [file.subarray(0, 20), 'damaged', /length/],
    [await sealed({ format: 2 }), 'newer', /newer release/],
    [await sealed('no document'), 'unusable', /cannot read it/],
    [await sealed({ format: 1, version: '0.0.1', settings: {} }), 'unusable', /made by release 0\.0\.1/],
  ];
  for (const [bytes, code, words] of cases) {
    const answer = await restore(api, cookie, bytes, { confirm: 'Test' });
    t.is(answer.status, 422, answer.text);
    t.is(answer.json.code, `settings-backup/${code}`);
    t.regex(answer.json.detail, words);
  }
  const wrong = await restore(api, cookie, file, { passphrase: 'not the passphrase', confirm: 'Test' });
  t.is(wrong.json.code, 'settings-backup/passphrase');
  t.is((await restore(api, cookie, file, { confirm: 'Tset' })).json.code, 'settings-backup/not-confirmed');
  t.is(stateOf(api), before);
  const short = await api.call('POST', '/api/v1/server/settings/backup', { cookie, body: { passphrase: 'short' } });
  t.is(short.status, 422);
  t.regex(short.json.detail, /at least 10 characters/);
  const large = await restore(api, cookie, Buffer.alloc((MAX_BACKUP_CHARACTERS * 3) / 4 + 3));
  t.is(large.status, 422);
  const huge = await api.call('POST', '/api/v1/server/settings/restore', {
    cookie,
    raw: '{',
    headers: { 'content-length': String(MAX_BACKUP_CHARACTERS * 2) },
  });
  t.is(huge.status, 413);
});

test('while it covers, after somebody else changed something, and for a server that is known here nothing is restored', async (t) => {
  const { api, cookie } = await start(t, {
    refuseCovering: () => {
      if (api.settings.server.get().openMetrics) throw new Error('stand-in');
    },
  });
  const file = await backUp(api, cookie);
  const { json: shown } = await restore(api, cookie, file);
  await api.call('PATCH', '/api/v1/server', { cookie, body: { name: 'Other' } });
  const stale = await restore(api, cookie, file, { confirm: 'Other', revision: shown.revision });
  t.is(stale.json.code, 'settings/changed');
  await api.settings.server.update((now) => ({ ...now, openMetrics: true }));
  t.is((await restore(api, cookie, file, { confirm: 'Other' })).status, 500, 'asked before anything else');
  await api.settings.server.update((now) => ({ ...now, openMetrics: false }));
  t.is(api.settings.server.get().name, 'Other');

  const other = await start(t);
  const { id } = api.settings.server.get();
  await other.api.settings.peers.update(() => ({ peers: [peerOf(2, { id, name: 'Hall' })] }));
  const known = await restore(other.api, other.cookie, file, { confirm: 'Test' });
  t.is(known.json.code, 'settings-backup/other-server');
  t.regex(known.json.detail, /known here as another server \(Hall\)/);
});

test('on another box a backup brings cameras, accounts and name; id, volumes and places stay', async (t) => {
  const { api, cookie, door } = await start(t);
  await api.call('PATCH', '/api/v1/server', { cookie, body: { name: 'Hall' } });
  await api.settings.volumes.update(() => ({ volumes: [{ id: 'v1', path: '/srv/one', reserveBytes: 5 }] }));
  await api.settings.failover.update((now) => ({ ...now, backupDirectory: '/srv/one/b', storeVolumeIds: ['v1'] }));
  const file = await backUp(api, cookie);
  const fresh = await startApi(t);
  const there = await setUpOwner(fresh);
  const { id } = fresh.settings.server.get();
  const { json: shown } = await restore(fresh, there, file);
  t.like(shown, { backup: { ofThisServer: false }, volumesMissing: ['/srv/one'], settings: [] });
  const done = await restore(fresh, there, file, { confirm: 'Test' });
  t.is(done.status, 200, done.text);
  t.like(fresh.settings.server.get(), { id, name: 'Hall' });
  t.is(fresh.settings.secrets.get(`camera:${door}`), PLANTED);
  t.deepEqual(fresh.settings.volumes.get().volumes, []);
  t.is(fresh.settings.failover.get().backupDirectory, undefined);
  t.is((await fresh.call('GET', '/api/v1/server', { cookie: there })).status, 401, 'that account was another one');
  const session = await fresh.call('POST', '/api/v1/sessions', { body: OWNER });
  t.is((await fresh.call('GET', '/api/v1/cameras', { cookie: cookieOf(session) })).json.items.length, 1);
});

test('a restore that the disk cuts off leaves everything as before, and one cut off by a crash is completed at the start', async (t) => {
  const { api, cookie, door } = await start(t);
  const wanted = ownSettings(api.settings);
  await api.call('PATCH', '/api/v1/server', { cookie, body: { name: 'Other' } });
  await api.call('PATCH', `/api/v1/cameras/${door}`, { cookie, body: { name: 'Gate', password: 'another' } });
  const before = stateOf(api);
  const { secretsKey, journal, ...parts } = await partsOf(api);
  const files = ['cameras', 'server', 'users', 'failover'] as const;
  for (const name of files) {
    let failures = 1;
    const failing = {
      ...api.settings[name],
      update: async () => {
        failures -= 1;
        if (failures >= 0) throw new Error('ENOSPC');
        return await Promise.resolve(api.settings[name].get());
      },
    };
    const settings = { ...api.settings, [name]: failing } as Settings;
    await t.throwsAsync(restoreSettings({ ...parts, journal, settings }, wanted), {
      message: /everything is as before/,
    });
    t.is(stateOf(api), before, name);
    t.is(await journal.load(), undefined);
  }

  await journal.keep(Buffer.from(JSON.stringify(wanted)));
  t.false((await readFile(join(api.dataDir, 'settings-restore', 'wanted.backup'))).includes(PLANTED));
  const opening = { dataDir: api.dataDir, clock: systemClock, secretsKey, name: 'Test', mode: 'recording' } as const;
  const settings = await openSettings({ ...opening, log });
  t.regex((await completeRestore(settings, journal, log)) ?? '', /has been completed/);
  t.is(stateOf({ settings }), JSON.stringify(wanted));
  t.deepEqual(settings.sessions.get().sessions, []);
  t.is(await completeRestore(settings, journal, log), undefined, 'once');
  t.deepEqual(await readdir(join(api.dataDir, 'settings-restore')), []);
  await writeFile(join(api.dataDir, 'settings-restore', 'wanted.backup'), 'rot');
  t.regex((await completeRestore(settings, journal, log)) ?? '', /cannot be read/);
  t.is(stateOf({ settings }), JSON.stringify(wanted));
});

test('unchanged files are not written: cameras that stay the same are not heard of', async (t) => {
  const { api, cookie } = await start(t);
  const file = await backUp(api, cookie);
  let changes = 0;
  t.teardown(api.settings.cameras.onChange(() => (changes += 1)));
  await api.settings.failover.update((now) => ({ ...now, hotSeconds: 60 }));
  t.true((await restore(api, cookie, file, { confirm: 'Test' })).json.restored);
  t.is(api.settings.failover.get().hotSeconds, 30);
  t.is(changes, 0);
});

test('a journal that is left behind is not carried out over what was changed since', async (t) => {
  const { api, cookie, door } = await start(t);
  await addUser(api, cookie, 'viewer');
  const wanted = ownSettings(api.settings);
  const { journal, ...parts } = await partsOf(api);
  const folder = join(api.dataDir, 'settings-restore');
  const withoutViewer = (): Promise<unknown> =>
    api.settings.users.update((file) => ({ ...file, users: file.users.filter(({ role }) => role === 'owner') }));
  await withoutViewer();

  // Done, but the journal stays: the owner removes again what came back.
  await restoreSettings({ ...parts, journal: { ...journal, forget: failing } }, wanted);
  t.is(api.settings.users.get().users.length, 2, 'a success all the same');
  await withoutViewer();
  const changed = stateOf(api);
  t.regex((await completeRestore(api.settings, journal, log)) ?? '', /changed since/);
  t.is(stateOf(api), changed);
  t.deepEqual(await readdir(folder), ['set-aside.backup']);
  t.is(await completeRestore(api.settings, journal, log), undefined);

  // Written, but not known to be durable: refused, and so not done later either.
  const keep = async (plain: Uint8Array): Promise<void> => {
    await journal.keep(plain);
    await failing();
  };
  await t.throwsAsync(restoreSettings({ ...parts, journal: { ...journal, keep } }, wanted), { message: 'EIO' });
  t.is(await completeRestore(api.settings, journal, log), undefined);
  t.is(stateOf(api), changed);

  // Neither forwards nor back: completed at the start, if nobody changed anything before.
  await api.settings.secrets.set(new Map([[`camera:${door}`, 'another']]));
  const before = stateOf(api);
  const half = { ...api.settings, users: { ...api.settings.users, update: failing } } as Settings;
  for (const change of [undefined, 'Other']) {
    await t.throwsAsync(restoreSettings({ ...parts, settings: half, journal }, wanted), { message: /nor those/ });
    if (change !== undefined) await api.settings.server.update((now) => ({ ...now, name: change }));
    const words = (await completeRestore(api.settings, journal, log)) ?? '';
    t.regex(words, change === undefined ? /has been completed/ : /changed since/);
    if (change === undefined) t.is(stateOf(api), before);
    t.is(api.settings.server.get().name, change ?? 'Test');
  }
});

test('what other servers say while settings are restored stays', async (t) => {
  const { api } = await start(t);
  const { journal, ...parts } = await partsOf(api);
  const wanted = { ...ownSettings(api.settings), failover: { ...api.settings.failover.get(), hotSeconds: 60 } };
  const replacedBy = { id: peerOf(2).id, name: 'Hall', at: 1 };
  const keep = async (plain: Uint8Array): Promise<void> => {
    await journal.keep(plain);
    await api.settings.server.update((now) => ({ ...now, replacedBy, epoch: 7 }));
  };
  const meanwhile = { ...parts, journal: { ...journal, keep } };
  await restoreSettings({ ...meanwhile, refuse: () => undefined }, wanted);
  t.like(api.settings.server.get(), { replacedBy, epoch: 7 });
  t.is(api.settings.failover.get().hotSeconds, 60);

  const before = stateOf(api);
  const other = { ...wanted, failover: { ...wanted.failover, hotSeconds: 90 } };
  await t.throwsAsync(restoreSettings(meanwhile, other), { code: 'server/replaced' });
  t.is(stateOf(api), before);
  t.is(await journal.load(), undefined);
});

test('a journal that cannot be carried out keeps no server from starting', async (t) => {
  const { api } = await start(t);
  const { journal } = await partsOf(api);
  const own = ownSettings(api.settings);
  const [owner] = own.users;
  t.truthy(owner);
  const users = Array.from({ length: MAX_USERS + 1 }, () => owner);
  await journal.keep(Buffer.from(JSON.stringify({ ...own, users })));
  t.regex((await completeRestore(api.settings, journal, log)) ?? '', /cannot be used.*restore it again/);
  t.is(stateOf(api), JSON.stringify(own));
  t.deepEqual(await readdir(join(api.dataDir, 'settings-restore')), ['set-aside.backup']);

  const wanted = { ...own, failover: { ...own.failover, hotSeconds: 60 } };
  await journal.keep(Buffer.from(JSON.stringify(wanted)));
  const update = async (): Promise<never> => {
    const message = 'failover.json could not be written (ENOSPC): nothing was changed.';
    return await Promise.reject(new UnderstudyError('storage', 'settings/write-failed', message));
  };
  const full = { ...api.settings, failover: { ...api.settings.failover, update } } as Settings;
  t.regex((await completeRestore(full, journal, log)) ?? '', /ENOSPC.*next start/);
  t.regex((await completeRestore(api.settings, journal, log)) ?? '', /has been completed/);
  t.is(api.settings.failover.get().hotSeconds, 60);
  const unreadable = { ...journal, load: failing };
  t.regex((await completeRestore(api.settings, unreadable, log)) ?? '', /EIO/);
});
