import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { epochMs } from '../../src/core/units.ts';
import { openKeys, openPeerKeys } from '../../src/settings/keys.ts';
import { tempDir } from '../support/temp-dir.ts';

const HOSTS = ['nas.local', '192.168.1.5', 'fd00::1:2', '::ffff:10.0.0.1', 'fe80::7%eth0', 'büro.local', 'a b'];
const open = (dataDir: string, clock = systemClock) => openKeys({ dataDir, clock, hosts: HOSTS });

test('the certificate names every host and address and stays the same', async (t) => {
  const dataDir = await tempDir(t, 'keys');
  const { tls, recoveries } = await open(dataDir);
  const certificate = new X509Certificate(tls.certificate);
  for (const host of ['localhost', 'nas.local', 'xn--bro-hoa.local']) t.is(certificate.checkHost(host), host);
  for (const address of ['127.0.0.1', '::1', '192.168.1.5', 'fd00::1:2', '10.0.0.1', 'fe80::7'])
    t.truthy(certificate.checkIP(address), address);
  t.is(certificate.checkHost('example.com'), undefined);
  t.true(certificate.verify(certificate.publicKey));
  t.true(certificate.checkPrivateKey(createPrivateKey(tls.key)));
  t.false(certificate.ca);
  t.is(createPrivateKey(tls.key).asymmetricKeyDetails?.namedCurve, 'prime256v1');
  t.regex(tls.fingerprint, /^[0-9a-f]{64}$/);
  t.deepEqual(recoveries, []);
  t.is((await open(dataDir)).tls.fingerprint, tls.fingerprint);
});

test('a TLS client that trusts the certificate reaches the server by name', async (t) => {
  const { tls } = await open(await tempDir(t, 'keys'));
  const server = createServer({ key: tls.key, cert: tls.certificate, minVersion: 'TLSv1.2' }, (_request, response) =>
    response.end('hello'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const ask = request({ host: 'localhost', port, ca: tls.certificate, family: 4 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    ask.on('error', reject);
    ask.end();
  });
  t.is(status, 200);
});

test('keys are private to their owner', async (t) => {
  const dataDir = await tempDir(t, 'keys');
  const keys = await open(dataDir);
  t.is((await stat(join(dataDir, 'keys'))).mode & 0o777, 0o700);
  for (const name of ['tls.key', 'secrets.key', 'export-signing.key']) {
    t.is((await stat(join(dataDir, 'keys', name))).mode & 0o777, 0o600, name);
  }
  t.is(createPrivateKey(await readFile(keys.exportSigningKeyPath)).asymmetricKeyType, 'ed25519');
  t.is(keys.secretsKey.length, 32);
});

test('a damaged or expired key is put aside, made anew and told', async (t) => {
  const dataDir = await tempDir(t, 'keys');
  const before = await open(dataDir);
  await writeFile(join(dataDir, 'keys', 'tls.crt'), 'garbage');
  await writeFile(join(dataDir, 'keys', 'secrets.key'), 'short');
  const after = await open(dataDir);
  t.not(after.tls.fingerprint, before.tls.fingerprint);
  t.deepEqual(
    after.recoveries.map(({ file }) => file),
    ['keys/tls.crt', 'keys/secrets.key'],
  );
  const later = { ...systemClock, now: () => epochMs(systemClock.now() + 11 * 365 * 86_400_000) };
  t.is((await open(dataDir, later)).recoveries[0]?.file, 'keys/tls.crt');
});

const SERVER = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001';
test('the key for other servers names this one, has no end and stays', async (t) => {
  const dataDir = await tempDir(t, 'keys');
  const made = await openPeerKeys(dataDir, SERVER);
  const certificate = new X509Certificate(made.certificate);
  t.is(certificate.subject, `CN=${SERVER}`);
  t.is(certificate.validTo, 'Dec 31 23:59:59 9999 GMT');
  t.true(certificate.verify(certificate.publicKey));
  t.true(certificate.checkPrivateKey(createPrivateKey(made.key)));
  t.is((await stat(join(dataDir, 'keys', 'peer.key'))).mode & 0o777, 0o600);
  t.deepEqual(await openPeerKeys(dataDir, SERVER), made);
  t.deepEqual(made.recoveries, []);
});

test('a server with another id, or a damaged key, is another server and says so', async (t) => {
  const dataDir = await tempDir(t, 'keys');
  const before = await openPeerKeys(dataDir, SERVER);
  const other = await openPeerKeys(dataDir, SERVER.replace('5', '6'));
  t.not(other.fingerprint, before.fingerprint);
  t.deepEqual(
    other.recoveries.map(({ file }) => file),
    ['keys/peer.crt'],
  );
  await rm(join(dataDir, 'keys', 'peer.crt'));
  t.is((await openPeerKeys(dataDir, SERVER)).recoveries[0]?.file, 'keys/peer.crt');
});
