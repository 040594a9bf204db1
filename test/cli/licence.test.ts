/** `understudy licence`: keys, licences and files by themselves, and against an API whose other side is made up. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { Licence, Licences } from '../../src/api/contract/licences.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { readLicence } from '../../src/site/licence.ts';
import { issuerOf } from '../../src/site/signed-text.ts';
import { startCliBench, understudy } from '../support/cli-bench.ts';
import { tempDir } from '../support/temp-dir.ts';

async function madeKey(t: ExecutionContext): Promise<{ readonly folder: string; readonly key: string }> {
  const folder = await tempDir(t, 'licence');
  const key = join(folder, 'issuer');
  t.like(await understudy('licence', 'key', key), { code: 0, stderr: '' });
  return { folder, key };
}

test('a key is made, and with it a licence that its public half proves', async (t) => {
  const { folder, key } = await madeKey(t);
  t.is((await stat(key)).mode & 0o777, 0o600);
  const out = join(folder, 'site.licence');
  const options = ['--holder', 'Bakery Müller', '--id', 'B-7', '--covered-cameras', '90', '--failover-servers', '3'];
  const ran = await understudy('licence', 'make', '--key', key, ...options, '--expires', '2099-12-31', '--out', out);
  t.like(ran, { code: 0, stderr: '' });
  const issuer = issuerOf(await readFile(`${key}.pub`, 'utf8'));
  const { terms, trust } = readLicence(await readFile(out, 'utf8'), [issuer]);
  t.is(trust, 'trusted');
  t.like(terms, {
    id: 'B-7',
    holder: 'Bakery Müller',
    expiresAt: '2099-12-31T23:59:59.999Z',
    seats: { coveredCameras: 90, failoverServers: 3 },
  });
  const shown = await understudy('licence', 'show', out);
  t.is(shown.code, 0);
  t.regex(shown.stdout, /^Licence B-7 for Bakery Müller, signed by key [0-9a-f]{16}/m);
  t.regex(shown.stdout, /3 failover servers, 90 covered cameras; until 2099-12-31T23:59:59\.999Z/);
  const json = JSON.parse((await understudy('licence', 'show', out, '--json')).stdout);
  t.is(json.keyId, issuer.keyId);
});

test('neither a key nor a licence is written over', async (t) => {
  const { folder, key } = await madeKey(t);
  const before = await readFile(key, 'utf8');
  const again = await understudy('licence', 'key', key);
  t.is(again.code, 2);
  t.regex(again.stderr, /is there already/);
  t.is(await readFile(key, 'utf8'), before);
  const out = join(folder, 'kept');
  await writeFile(out, 'kept');
  const made = await understudy(
    'licence',
    'make',
    '--key',
    key,
    '--holder',
    'x',
    '--covered-cameras',
    '1',
    '--out',
    out,
  );
  t.is(made.code, 2);
  t.is(await readFile(out, 'utf8'), 'kept');
});

for (const [what, args, said] of [
  ['no seats', [], /seats/],
  ['half a camera', ['--covered-cameras', '1.5'], /--covered-cameras takes a whole number, not 1\.5/],
  ['a day that nobody knows', ['--covered-cameras', '1', '--expires', 'tomorrow'], /--expires takes a day/],
  [
    'an end before its beginning',
    ['--covered-cameras', '1', '--from', '2030-01-01', '--expires', '2029-01-01'],
    /begin/,
  ],
  ['an id that is a path', ['--covered-cameras', '1', '--id', '../x'], /id/],
] as const)
  test(`licence make with ${what} is used wrongly`, async (t) => {
    const { key } = await madeKey(t);
    const ran = await understudy('licence', 'make', '--key', key, '--holder', 'x', ...args);
    t.is(ran.code, 2);
    t.is(ran.stdout, '');
    t.regex(ran.stderr, said);
  });

test('a public key, or no key at all, signs nothing', async (t) => {
  const { key } = await madeKey(t);
  for (const wrong of [`${key}.pub`, `${key}.none`]) {
    const ran = await understudy('licence', 'make', '--key', wrong, '--holder', 'x', '--covered-cameras', '1');
    t.is(ran.code, 2, wrong);
  }
});

const LICENCE: Licence = {
  id: 'B-7',
  holder: 'Bakery',
  issuedAt: '2026-01-01T00:00:00.000Z',
  seats: { coveredCameras: 90 },
  state: 'in-force',
  keyId: '0123456789abcdef',
};
const ALL: Licences = {
  items: [LICENCE],
  covering: [{ serverId: 'f1', name: 'Spare', seats: 30, used: 2 }],
  recording: [{ serverId: 'r1', name: 'Hall', used: 8 }],
  issuers: [LICENCE.keyId],
};

test('the licences of a server are shown with the seats in use; one that counts no more makes the exit code 1', async (t) => {
  let all = ALL;
  const { run } = await startCliBench(t, { licences: { list: () => all } });
  const good = await run('licence');
  t.like(good, { code: 0, stderr: '' });
  t.regex(good.stdout, /^B-7 +in-force +Bakery +90 covered cameras +without end$/m);
  t.regex(good.stdout, /^Spare may cover 30 cameras, 2 are covered now\.$/m);
  t.regex(good.stdout, /^Hall may record any number of cameras, 8 are recorded now\.$/m);
  all = { ...ALL, items: [{ ...LICENCE, state: 'expired', expiresAt: '2026-02-01T00:00:00.000Z' }] };
  const expired = await run('licence', 'show', '--json');
  t.is(expired.code, 1);
  t.is(JSON.parse(expired.stdout).items[0].state, 'expired');
  all = { ...ALL, items: [], host: { id: 'h', name: 'Head' } };
  const none = await run('licence', 'show');
  t.regex(none.stdout, /Head manages this server/);
  t.regex(none.stdout, /nothing is limited but the channels/);
});

test('a file is added and a licence removed; what the server says against it is told', async (t) => {
  const asked: unknown[] = [];
  const { run, fileWith } = await startCliBench(t, {
    licences: {
      add: async (request, user) => {
        asked.push([request, user]);
        if (request.licence.startsWith('bad'))
          throw new UnderstudyError('invalid', 'licence/signature', 'The signature of this licence is wrong.');
        return await Promise.resolve(LICENCE);
      },
      remove: async (id, user) => await Promise.resolve(void asked.push([id, user])),
    },
  });
  const added = await run('licence', 'add', await fileWith('good\n'));
  t.regex(added.stdout, /^Licence B-7 for Bakery was added: 90 covered cameras, without end\.$/m);
  const bad = await run('licence', 'add', await fileWith('bad'));
  t.not(bad.code, 0);
  t.regex(bad.stderr, /^understudy: The signature of this licence is wrong\.$/m);
  const large = await run('licence', 'add', await fileWith('x'.repeat(5000)));
  t.is(large.code, 2);
  t.is((await run('licence', 'add', '/none/of/this')).code, 2);
  t.is((await run('licence', 'remove', 'B-7')).code, 0);
  t.deepEqual(asked, [
    [{ licence: 'good\n' }, 'script'],
    [{ licence: 'bad' }, 'script'],
    ['B-7', 'script'],
  ]);
});
