/** Pushing files to a real Samba server: every dialect and protection, and every refusal that an owner can cause. Needs root. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { durationMs } from '../../src/core/units.ts';
import type { SmbErrorCode, SmbShare, SmbShareOptions } from '../../src/smb/smb-client.ts';
import { isRoot, mountTmpfs } from '../support/lab.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { PASSWORD, startSamba } from './samba-server.ts';
import type { SambaOptions } from './samba-server.ts';

const needsRoot = isRoot() ? test : test.skip;
if (!isRoot()) console.error('samba: skipped, smbd needs root');

const MB = 1024 * 1024;

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function refused(
  t: ExecutionContext,
  code: SmbErrorCode,
  work: () => Promise<unknown>,
): Promise<UnderstudyError> {
  const error = await t.throwsAsync(work, { instanceOf: UnderstudyError });
  t.is(error?.code, code, error?.message);
  const told = JSON.stringify([error?.message, error?.stack, error?.context, String(error?.cause)]);
  t.false(told.includes(PASSWORD), 'an error tells the password');
  return error;
}

/** As a restoration does it: temporary name, flush, rename, and looked at again. */
async function push(share: SmbShare, path: string, bytes: Uint8Array): Promise<void> {
  const file = await share.open(`${path}.tmp`, 'create-new');
  await file.write(0, bytes);
  await file.flush();
  await file.close();
  await share.rename(`${path}.tmp`, path, { replace: false });
}

type Variant = {
  readonly name: string;
  readonly server: SambaOptions;
  readonly client?: Partial<SmbShareOptions>;
  readonly dialect: SmbShare['dialect'];
  readonly encrypted: boolean;
};
const encryptedBy = (cipher: string): Variant => ({
  name: `encryption required, ${cipher}`,
  server: { global: ['server smb encrypt = required', `server smb3 encryption algorithms = ${cipher}`] },
  dialect: '3.1.1',
  encrypted: true,
});
const signedBy = (algorithm: string): Variant => ({
  name: `signed by ${algorithm}`,
  server: { global: ['server signing = mandatory', `server smb3 signing algorithms = ${algorithm}`] },
  dialect: '3.1.1',
  encrypted: false,
});
const VARIANTS: readonly Variant[] = [
  { name: 'as installed', server: {}, dialect: '3.1.1', encrypted: false },
  { name: 'signing mandatory', server: { global: ['server signing = mandatory'] }, dialect: '3.1.1', encrypted: false },
  { name: 'signing off', server: { global: ['server signing = disabled'] }, dialect: '3.1.1', encrypted: false },
  { name: 'SMB 3 at least', server: { global: ['server min protocol = SMB3'] }, dialect: '3.1.1', encrypted: false },
  { name: 'SMB 2.1 at most', server: { global: ['server max protocol = SMB2_10'] }, dialect: '2.1', encrypted: false },
  { name: 'SMB 3.0 at most', server: { global: ['server max protocol = SMB3_00'] }, dialect: '3.0', encrypted: false },
  {
    name: 'SMB 3.0.2 at most',
    server: { global: ['server max protocol = SMB3_02'] },
    dialect: '3.0.2',
    encrypted: false,
  },
  {
    name: 'SMB 3.0 with encryption',
    server: { global: ['server max protocol = SMB3_00', 'server smb encrypt = required'] },
    dialect: '3.0',
    encrypted: true,
  },
  {
    name: 'encryption of the share',
    server: { share: ['server smb encrypt = required'] },
    dialect: '3.1.1',
    encrypted: true,
  },
  { name: 'encryption wanted by us', server: {}, client: { encrypt: 'required' }, dialect: '3.1.1', encrypted: true },
  ...['AES-128-GCM', 'AES-128-CCM', 'AES-256-GCM', 'AES-256-CCM'].map(encryptedBy),
  ...['AES-128-GMAC', 'AES-128-CMAC', 'HMAC-SHA256'].map(signedBy),
];

for (const { name, server, client, dialect, encrypted } of VARIANTS) {
  needsRoot(`a file arrives whole: ${name}`, async (t) => {
    const samba = await startSamba(t, server);
    const share = await samba.open(client);
    t.teardown(share.close);
    t.is(share.dialect, dialect);
    t.is(share.encrypted, encrypted);
    t.true(share.signed);
    const bytes = randomBytes(5 * MB + 4321);
    await share.makeDirectory('camera ü/2026-11-22');
    await push(share, 'camera ü/2026-11-22/00.mp4', bytes);
    t.true(bytes.equals(await readFile(join(samba.path, 'camera ü/2026-11-22/00.mp4'))));
    const file = await share.open('camera ü/2026-11-22/00.mp4', 'open');
    t.is(await file.size(), bytes.length);
    t.true(bytes.equals(await file.read(0, 6 * MB)), 'read to the end');
    t.true(bytes.subarray(MB - 7, MB + 9).equals(await file.read(MB - 7, 16)));
    t.is((await file.read(bytes.length, 10)).length, 0);
    await file.close();
    t.deepEqual(await share.list('camera ü/2026-11-22'), [{ name: '00.mp4', kind: 'file', size: bytes.length }]);
    t.deepEqual(await share.list(''), [{ name: 'camera ü', kind: 'directory', size: 0 }]);
    t.true((await share.freeBytes()) > 0);
    await share.remove('camera ü/2026-11-22/00.mp4');
    t.deepEqual(await share.list('camera ü/2026-11-22'), []);
  });
}

needsRoot('100 MB arrive identical, signed and encrypted', async (t) => {
  const samba = await startSamba(t);
  const bytes = randomBytes(100 * MB);
  for (const encrypt of ['when-offered', 'required'] as const) {
    const share = await samba.open({ encrypt });
    await push(share, `${encrypt}.mp4`, bytes);
    await share.close();
    t.is(await hashOfFile(join(samba.path, `${encrypt}.mp4`)), hashOf(bytes));
  }
});

needsRoot(
  'a server killed in the middle is a definite error, and the upload goes on from what was flushed',
  async (t) => {
    const samba = await startSamba(t);
    const bytes = randomBytes(96 * MB);
    const first = await samba.open();
    const cut = await first.open('00.mp4.tmp', 'create-new');
    let flushed = 0;
    const kills: Promise<void>[] = [];
    const upload = async (): Promise<void> => {
      for (; flushed < bytes.length; flushed += 8 * MB) {
        await cut.write(flushed, bytes.subarray(flushed, flushed + 8 * MB));
        await cut.flush();
        if (flushed === 24 * MB) setImmediate(() => kills.push(samba.kill()));
      }
    };
    await refused(t, 'smb-connection-lost', upload);
    t.true(flushed >= 24 * MB && flushed < bytes.length, `${flushed} bytes were flushed`);
    await refused(t, 'smb-connection-lost', async () => await cut.size());
    await refused(t, 'smb-connection-lost', async () => await first.list(''));
    // Each of its processes dies for itself: one that still listens would be reached.
    await Promise.all(kills);
    await refused(t, 'smb-unreachable', async () => await samba.open());
    await first.close();

    await samba.start();
    const second = await samba.open();
    t.teardown(second.close);
    const file = await second.open('00.mp4.tmp', 'open');
    t.true((await file.size()) >= flushed);
    await file.write(flushed, bytes.subarray(flushed));
    await file.flush();
    await file.close();
    await second.rename('00.mp4.tmp', '00.mp4', { replace: false });
    t.is(await hashOfFile(join(samba.path, '00.mp4')), hashOf(bytes));
  },
);

needsRoot('a server that hangs is given up after the time that a request has', async (t) => {
  const samba = await startSamba(t);
  const share = await samba.open({ timeoutMs: durationMs(5000) });
  const file = await share.open('a', 'overwrite');
  samba.signal('SIGSTOP');
  t.teardown(() => samba.signal('SIGCONT'));
  await refused(t, 'smb-timeout', async () => await file.write(0, new Uint8Array(MB)));
  await refused(t, 'smb-timeout', async () => await share.list(''));
});

needsRoot('whoever breaks it off gets that at once, before and after the share is open', async (t) => {
  const samba = await startSamba(t);
  const stop = new AbortController();
  const share = await samba.open({ signal: stop.signal });
  const file = await share.open('a', 'overwrite');
  samba.signal('SIGSTOP');
  t.teardown(() => samba.signal('SIGCONT'));
  const writing = file.write(0, new Uint8Array(20 * MB));
  stop.abort();
  await refused(t, 'smb-aborted', async () => await writing);
  await refused(t, 'smb-aborted', async () => await samba.open({ signal: stop.signal }));
});

needsRoot('a wrong password is refused, an unknown user too although the server takes guests', async (t) => {
  const samba = await startSamba(t);
  await refused(t, 'smb-logon-failed', async () => await samba.open({ password: `${PASSWORD}x` }));
  const guest = await refused(t, 'smb-logon-failed', async () => await samba.open({ username: 'nobody-here' }));
  t.regex(guest.message, /guest/);
  await refused(t, 'smb-logon-failed', async () => await samba.open({ username: '' }));
});

needsRoot('a server that will not encrypt is not written to when encryption is required', async (t) => {
  const samba = await startSamba(t, { global: ['server max protocol = SMB2_10'] });
  await refused(t, 'smb-encryption-missing', async () => await samba.open({ encrypt: 'required' }));
  const off = await startSamba(t, { global: ['server smb encrypt = off'] });
  await refused(t, 'smb-encryption-missing', async () => await off.open({ encrypt: 'required' }));
});

needsRoot('a server that speaks only older dialects is refused with what to do', async (t) => {
  const old = await startSamba(t, { global: ['server max protocol = SMB2_02'] });
  await refused(t, 'smb-unsupported', async () => await old.open());
});

needsRoot('a read-only share is read from and not written to', async (t) => {
  const samba = await startSamba(t, { share: ['read only = yes'] });
  await writeFile(join(samba.path, 'there.mp4'), 'footage');
  const share = await samba.open();
  t.teardown(share.close);
  for (const work of [
    async () => await share.open('new.mp4', 'create-new'),
    async () => await share.open('there.mp4', 'overwrite'),
    async () => await share.makeDirectory('day'),
    async () => await share.rename('there.mp4', 'other.mp4', { replace: true }),
    async () => await share.remove('there.mp4'),
  ])
    await refused(t, 'smb-read-only', work);
  const file = await share.open('there.mp4', 'open');
  t.is(Buffer.from(await file.read(0, 100)).toString(), 'footage');
  await refused(t, 'smb-read-only', async () => await file.write(0, Buffer.from('x')));
  t.is(await readFile(join(samba.path, 'there.mp4'), 'utf8'), 'footage');
});

needsRoot('a full share refuses the rest and keeps what was there', async (t) => {
  const path = join(await tempDir(t, 'full'), 'share');
  t.teardown(await mountTmpfs(path, 'size=8m'));
  const samba = await startSamba(t, { path });
  const share = await samba.open();
  t.teardown(share.close);
  const bytes = randomBytes(16 * MB);
  await push(share, 'small.mp4', bytes.subarray(0, MB));
  const file = await share.open('big.mp4.tmp', 'create-new');
  await refused(t, 'smb-full', async () => await file.write(0, bytes));
  await file.close();
  t.true((await share.freeBytes()) < MB);
  await share.remove('big.mp4.tmp');
  t.true((await share.freeBytes()) > 6 * MB);
  t.true(bytes.subarray(0, MB).equals(await readFile(join(path, 'small.mp4'))));
});

needsRoot('a disk behind the share that turned read-only is told as that', async (t) => {
  const path = join(await tempDir(t, 'readonly'), 'share');
  t.teardown(await mountTmpfs(path, 'size=8m,ro'));
  const samba = await startSamba(t, { path });
  const share = await samba.open();
  t.teardown(share.close);
  await refused(t, 'smb-read-only', async () => await share.open('new.mp4', 'create-new'));
});

needsRoot('a share that was renamed is missed by name', async (t) => {
  const samba = await startSamba(t);
  await (await samba.open()).close();
  await samba.configure({ shareName: 'renamed' });
  await waitFor('the new name', async () =>
    samba.open({ share: 'renamed' }).then(
      async (share) => await share.close().then(() => true),
      () => false,
    ),
  );
  const error = await refused(t, 'smb-share-missing', async () => await samba.open());
  t.regex(error.message, /footage.*BAD_NETWORK_NAME/);
  await refused(t, 'smb-share-missing', async () => await samba.open({ share: 'IPC$' }));
});

needsRoot('a directory of 1,500 entries is listed completely', async (t) => {
  const samba = await startSamba(t);
  const names = Array.from({ length: 1500 }, (_, index) => `${'segment-ü-'.repeat((index % 9) + 1)}${index}.mp4`);
  await Promise.all(names.map(async (name, index) => await writeFile(join(samba.path, name), 'x'.repeat(index % 50))));
  const share = await samba.open();
  t.teardown(share.close);
  const listed = await share.list('');
  t.deepEqual(listed.map(({ name }) => name).toSorted(), names.toSorted());
  t.true(listed.every(({ size, kind, name }) => kind === 'file' && size === names.indexOf(name) % 50));
});

needsRoot('names that are taken, missing or of the wrong sort are told apart', async (t) => {
  const samba = await startSamba(t);
  const share = await samba.open();
  t.teardown(share.close);
  await share.makeDirectory('day');
  await share.makeDirectory('day');
  await push(share, 'day/a', Buffer.from('a'));
  await push(share, 'day/b', Buffer.from('b'));
  await refused(t, 'smb-exists', async () => await share.open('day/a', 'create-new'));
  await refused(t, 'smb-not-found', async () => await share.open('day/c', 'open'));
  await refused(t, 'smb-not-found', async () => await share.open('no/c', 'create-new'));
  await refused(t, 'smb-not-found', async () => await share.list('no'));
  await refused(t, 'smb-exists', async () => await share.rename('day/a', 'day/b', { replace: false }));
  await share.rename('day/a', 'day/b', { replace: true });
  t.is(await readFile(join(samba.path, 'day/b'), 'utf8'), 'a');
  await share.rename('day/b', 'c', { replace: false });
  await refused(t, 'smb-path', async () => await share.open('day', 'open'));
  await refused(t, 'smb-path', async () => await share.makeDirectory('c/d'));
  await share.makeDirectory('full/sub');
  await refused(t, 'smb-path', async () => await share.remove('full'));
  await share.remove('day');
  await refused(t, 'smb-path', async () => await share.open('../outside', 'create-new'));
  t.deepEqual((await share.list('')).map(({ name }) => name).toSorted(), ['c', 'full']);
});

needsRoot('forty files at once share the connection', async (t) => {
  const samba = await startSamba(t);
  const share = await samba.open({ encrypt: 'required' });
  t.teardown(share.close);
  const files = Array.from({ length: 40 }, (_, index) => randomBytes(300_000 + index * 1000));
  await Promise.all(files.map(async (bytes, index) => await push(share, `${index}.mp4`, bytes)));
  for (const [index, bytes] of files.entries())
    t.true(bytes.equals(await readFile(join(samba.path, `${index}.mp4`))), `file ${index}`);
});
