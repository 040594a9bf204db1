import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { MAX_KEPT, openReleaseStore, UPLOAD_IS_OVER_AFTER_MS } from '../../src/control/release-store.ts';
import type { ReleaseStore } from '../../src/control/release-store.ts';
import { silentLog } from '../../src/core/log.ts';
import { MAX_PART_BYTES } from '../../src/site/release-limits.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { codeOf } from '../support/is-refused.ts';
import { createIssuer } from '../support/licences.ts';
import { makeTestRelease } from '../support/releases.ts';
import { tempDir } from '../support/temp-dir.ts';

const issuer = createIssuer();
type Rig = { readonly store: ReleaseStore; readonly dataDir: string; readonly clock: FakeClock };
async function open(t: ExecutionContext, { version = '0.1.0', dataDir = '' } = {}): Promise<Rig> {
  const folder = dataDir === '' ? await tempDir(t) : dataDir;
  const trusted = async () => await Promise.resolve([issuer]);
  const clock = createFakeClock();
  const store = await openReleaseStore({ dataDir: folder, version, trusted, clock, log: silentLog });
  return { store, dataDir: folder, clock };
}
async function send(store: ReleaseStore, bytes: Uint8Array, size = 4000): Promise<string | undefined> {
  let version: string | undefined;
  for (let at = 0; at < bytes.length; at += size) {
    const { release } = await store.take({ bytes: bytes.length, at, part: bytes.subarray(at, at + size) }, 'anna');
    version = release?.release.version;
  }
  return version;
}
const releaseOf = async (t: ExecutionContext, version: string) =>
  await readFile((await makeTestRelease(t, { version, issuer })).path);

test('part by part, and kept over a restart', async (t) => {
  const { store, dataDir } = await open(t);
  const bytes = await releaseOf(t, '0.2.0');
  t.is(await send(store, bytes, 300), '0.2.0');
  t.deepEqual(await readdir(join(dataDir, 'releases')), ['0.2.0.release']);
  t.deepEqual(await readFile(join(dataDir, 'releases', '0.2.0.release')), bytes);
  const again = await open(t, { dataDir });
  t.deepEqual(
    again.store.list().map(({ release }) => release.version),
    ['0.2.0'],
  );
});

test('a part elsewhere is refused, and it begins anew', async (t) => {
  const { store } = await open(t);
  const bytes = await releaseOf(t, '0.2.0');
  const part = (at: number, length: number, whole = bytes.length) =>
    codeOf(store.take({ bytes: whole, at, part: bytes.subarray(at, at + length) }, 'anna'));
  t.is(await part(100, 100), 'updates/part');
  t.is(await part(0, 100), undefined);
  t.deepEqual(store.incoming(), { bytes: bytes.length, received: 100 });
  t.is(await part(50, 100), 'updates/part');
  t.is(await part(100, 100, bytes.length + 1), 'updates/part');
  t.is(await part(100, 0), 'updates/part');
  t.is(await codeOf(store.take({ bytes: 10, at: 0, part: Buffer.alloc(11) }, 'anna')), 'updates/part');
  t.is(
    await codeOf(store.take({ bytes: 2 ** 24, at: 0, part: Buffer.alloc(MAX_PART_BYTES + 1) }, 'anna')),
    'updates/part',
  );
  t.is(await send(store, bytes), '0.2.0');
  t.is(store.incoming(), undefined);
});

test('parts that come at the same time are taken one after another', async (t) => {
  const { store } = await open(t);
  const bytes = await releaseOf(t, '0.2.0');
  const half = Math.floor(bytes.length / 2);
  const first = store.take({ bytes: bytes.length, at: 0, part: bytes.subarray(0, half) }, 'anna');
  const second = store.take({ bytes: bytes.length, at: half, part: bytes.subarray(half) }, 'anna');
  t.like(await first, { received: half });
  t.is((await second).release?.release.version, '0.2.0');
});

test('while one person adds a file no other begins one; who has gone away holds nobody up', async (t) => {
  const { store, clock } = await open(t);
  const bytes = await releaseOf(t, '0.2.0');
  const begin = (by: string) => codeOf(store.take({ bytes: bytes.length, at: 0, part: bytes.subarray(0, 100) }, by));
  t.is(await begin('bert'), undefined);
  t.is(await begin('anna'), 'updates/uploading');
  t.is(await begin('bert'), undefined, 'begun anew');
  await clock.advance(UPLOAD_IS_OVER_AFTER_MS + 1);
  t.is(await begin('anna'), undefined);
  t.is(await begin('bert'), 'updates/uploading');
  t.is(await send(store, bytes), '0.2.0');
  t.is(await begin('bert'), undefined);
});

test('what is no release, is damaged, or is older is refused at its end, and nothing is kept', async (t) => {
  const { store, dataDir } = await open(t, { version: '0.2.0' });
  const bytes = await releaseOf(t, '0.2.0');
  t.is(await codeOf(send(store, Buffer.from('hello\nworld'))), 'updates/format');
  t.is(await codeOf(send(store, await releaseOf(t, '0.1.9'))), 'updates/older');
  t.is(await codeOf(send(store, bytes.subarray(0, -1))), 'updates/damaged');
  t.is(await codeOf(send(store, Buffer.concat([bytes, Buffer.from('x')]))), 'updates/damaged');
  const changed = Buffer.from(bytes);
  changed[changed.length - 20] = (changed.at(-20) ?? 0) ^ 1;
  t.is(await codeOf(send(store, changed)), 'updates/damaged');
  t.deepEqual(await readdir(join(dataDir, 'releases')), []);
  t.is(await send(store, bytes), '0.2.0');
});

test('the newest are kept', async (t) => {
  const { store, dataDir } = await open(t);
  for (const version of ['0.2.0', '0.5.0', '0.3.0', '0.4.0']) await send(store, await releaseOf(t, version));
  t.is(MAX_KEPT, 3);
  t.deepEqual(
    store.list().map(({ release }) => release.version),
    ['0.5.0', '0.4.0', '0.3.0'],
  );
  t.deepEqual(await readdir(join(dataDir, 'releases')), ['0.3.0.release', '0.4.0.release', '0.5.0.release']);
  await store.remove('0.4.0');
  t.deepEqual(await readdir(join(dataDir, 'releases')), ['0.3.0.release', '0.5.0.release']);
});
