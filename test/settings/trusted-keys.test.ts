import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { createLog } from '../../src/core/log.ts';
import { LICENCE_ISSUERS, MAX_KEYS, readTrustedKeys } from '../../src/settings/trusted-keys.ts';
import { createIssuer } from '../support/licences.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

async function issuersIn(
  t: ExecutionContext,
  text: string | Uint8Array | undefined,
): Promise<{ readonly ids: readonly string[]; readonly lines: readonly string[] }> {
  const dataDir = await tempDir(t, 'issuers');
  await mkdir(join(dataDir, 'keys'));
  if (text !== undefined) await writeFile(join(dataDir, 'keys', LICENCE_ISSUERS.file), text);
  const lines: string[] = [];
  const log = createLog(
    'debug',
    (line) => lines.push(line),
    () => 0,
  );
  return { ids: (await readTrustedKeys(dataDir, LICENCE_ISSUERS, log)).map(({ keyId }) => keyId), lines };
}

test('without a file nobody is trusted, and that is nothing to tell', async (t) => {
  t.deepEqual(await issuersIn(t, undefined), { ids: [], lines: [] });
});

test('public keys count one behind the other, with whatever people write between them', async (t) => {
  const [one, two] = [createIssuer(), createIssuer()];
  const { ids } = await issuersIn(t, `# our dealer\r\n${one.pem}\nthe other one:\n${two.pem.replaceAll('\n', '\r\n')}`);
  t.deepEqual(ids, [one.keyId, two.keyId]);
});

test('a key of another kind, a private one and a damaged one are left out and told; the others count', async (t) => {
  const good = createIssuer();
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const wrong = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const secret = good.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { ids, lines } = await issuersIn(t, [wrong, secret, good.pem.replace('MCow', 'AAAA'), good.pem].join('\n'));
  t.deepEqual(ids, [good.keyId]);
  t.is(lines.length, 2, 'a private key is no public one, and is not looked at');
});

test('more issuers than anybody needs, or a file of another kind, are told and bounded', async (t) => {
  const pems = Array.from({ length: MAX_KEYS + 1 }, () => createIssuer().pem);
  const many = await issuersIn(t, pems.join(''));
  t.is(many.ids.length, MAX_KEYS);
  t.regex(many.lines.join(''), /too many trusted keys/);
  const large = await issuersIn(t, createIssuer().pem + ' '.repeat(64 * 1024));
  t.deepEqual(large.ids, []);
  t.regex(large.lines.join(''), /too large/);
});

test('random bytes make nobody trusted, and nothing fails', async (t) => {
  const random = createRandom(3);
  for (let turn = 0; turn < 20; turn += 1) {
    const { ids } = await issuersIn(t, random.bytes(random.int(0, 2000)));
    t.deepEqual(ids, []);
  }
});
