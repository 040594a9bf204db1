/** `understudy servers search|test|batch|allow`, in processes of their own against an API whose other side is made up. */
import test from 'ava';
import type { ServersDeps } from '../../src/api/routes/servers.ts';
import { namingIn, parseList } from '../../src/cli/find-and-add.ts';
import { startCliBench } from '../support/cli-bench.ts';
import { knownServerOf, SERVER_ID } from '../support/known-server.ts';
import { createRandom } from '../support/seeded-random.ts';

const FINGERPRINT = 'c'.repeat(64);
const SECRET = 'a password nobody may see';
const FOUND: Awaited<ReturnType<ServersDeps['search']>>[number] = {
  id: 'x',
  name: 'Hall\u001B[2J',
  mode: 'recording',
  version: '1.2.0',
  model: 'DS1522+',
  addresses: ['192.168.1.20', '10.0.0.7'],
  httpPort: 51_443,
  peerPort: 51_410,
  httpsFingerprint: FINGERPRINT,
  enabled: false,
  via: 'both',
  known: false,
  membership: 'undefined',
};

test('a list has a line a server, with port and name if need be', (t) => {
  const colons = (FINGERPRINT.toUpperCase().match(/../g) ?? []).join(':');
  const text = `# the hall\n192.168.1.20 ${FINGERPRINT}\n\nnas.example:4000 ${colons} Front door\r\n[2001:db8::1]:5 ${FINGERPRINT}\n`;
  t.deepEqual(parseList(text, 'list'), [
    { host: '192.168.1.20', httpPort: 51_443, httpsFingerprint: FINGERPRINT },
    { host: 'nas.example', httpPort: 4000, httpsFingerprint: FINGERPRINT, name: 'Front door' },
    { host: '2001:db8::1', httpPort: 5, httpsFingerprint: FINGERPRINT },
  ] as never);
  t.deepEqual(parseList('[{"host": "nas", "password": "x"}]', 'list'), [{ host: 'nas', password: 'x' }] as never);
});

test('what is no list is refused with the line, and quotes no password', (t) => {
  for (const [text, words] of [
    ['', /lists no server/],
    ['# only this', /lists no server/],
    [`a ${FINGERPRINT}\nnas.example`, /list line 2: expected HOST/],
    ['nas 1234', /line 1 takes the 64/],
    [`nas:70000 ${FINGERPRINT}`, /1 to 65535/],
    [`a:b:c ${FINGERPRINT}`, /expected HOST/],
    ['[]', /no JSON list/],
    ['[{"hos": 1}]', /no JSON list/],
    [`[{"host": "a", "password": "${SECRET}"`, /no JSON list/],
  ] as const) {
    const error = t.throws(() => parseList(text, 'list'), { message: words });
    t.false(error?.message.includes(SECRET));
  }
});

test('random text is a list or refused as one', (t) => {
  const pieces = ['nas', ':', '51443', ' ', '\n', FINGERPRINT, '#', '[', ']', '{', '"host"', '::1', '\u0000', '😀'];
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = createRandom(seed);
    const text = Array.from({ length: random.int(0, 20) }, () => random.pick(pieces)).join('');
    try {
      t.true(parseList(text, 'list').length > 0);
    } catch (error) {
      t.is((error as { code?: string }).code, 'cli/usage', `seed ${seed}`);
    }
  }
});

test('naming rules are read as they are written in the help', (t) => {
  t.deepEqual(namingIn('model'), { kind: 'model' });
  t.deepEqual(namingIn('prefix-number:Hall'), { kind: 'prefix-number', prefix: 'Hall' });
  t.deepEqual(namingIn('prefix-number:a:b'), { kind: 'prefix-number', prefix: 'a:b' }, 'the server refuses it');
  for (const text of ['', 'prefix-number', 'prefix-number:', 'model:x', 'names']) t.throws(() => namingIn(text));
});

test('found servers are listed; as rows they go into a batch, but those that are known', async (t) => {
  const { run } = await startCliBench(t, {
    servers: { search: async () => [FOUND, { ...FOUND, name: 'Yard', known: true, enabled: true }] },
  });
  const table = await run('servers', 'search');
  t.like(table, { code: 0, stderr: '' });
  t.regex(
    table.stdout,
    /^Hall \[2J +recording +management off +192\.168\.1\.20:51443 10\.0\.0\.7:51443 +1\.2\.0 +DS1522\+ +c{64}$/m,
  );
  t.regex(table.stdout, /^Yard .* known /m);
  const rows = await run('servers', 'search', '--rows');
  t.deepEqual(parseList(rows.stdout, 'list'), [
    { host: '192.168.1.20', httpPort: 51_443, httpsFingerprint: FINGERPRINT },
  ] as never);
  t.is((await run('servers', 'search', '--seconds', '99')).code, 2);
});

test('nothing found is exit code 1', async (t) => {
  const { run } = await startCliBench(t, { servers: { search: async () => [] } });
  t.is((await run('servers', 'search')).code, 1);
});

test('a server is tested check by check; what would refuse it makes exit code 1, a remark does not', async (t) => {
  const asked: unknown[] = [];
  let code: string | undefined = 'server/older';
  const { run, fileWith } = await startCliBench(t, {
    servers: {
      test: async (request) => {
        asked.push(request);
        const failed = {
          name: 'version',
          ok: false,
          detail: 'older\u001B[1m',
          ...(code === undefined ? {} : { code }),
        } as const;
        return { checks: [{ name: 'port', ok: true, detail: 'answers' }, failed], httpsFingerprint: FINGERPRINT };
      },
    },
  });
  const bad = await run('servers', 'test', 'nas.example', '--http-port', '4000');
  t.is(bad.code, 1);
  t.is(bad.stdout, 'ok      port     answers\nFAILED  version  older [1m\n');
  code = undefined;
  const password = await fileWith(SECRET);
  const account = ['--username', 'olga', '--password-file', password];
  t.is((await run('servers', 'test', 'nas.example', ...account)).code, 2, 'without a confirmed certificate');
  const fine = await run('servers', 'test', 'nas.example', ...account, '--host-fingerprint', FINGERPRINT, '--json');
  t.is(fine.code, 0);
  t.is((JSON.parse(fine.stdout) as { checks: unknown[] }).checks.length, 2);
  t.deepEqual(asked, [
    { host: 'nas.example', httpPort: 4000 },
    { host: 'nas.example', httpPort: 51_443, httpsFingerprint: FINGERPRINT, username: 'olga', password: SECRET },
  ]);
  t.false(JSON.stringify([bad, fine]).includes(SECRET));
});

test('a batch tells each server by itself, and is exit code 1 when one was not added', async (t) => {
  const asked: unknown[] = [];
  const { run, fileWith } = await startCliBench(t, {
    servers: {
      batch: async (request) => {
        asked.push(request);
        return {
          rows: request.rows.map((_row, index) =>
            index === 0
              ? { ok: true, serverId: 'x', name: 'Hall-1' }
              : { ok: false, code: 'server/older', message: 'Update it first.' },
          ),
        };
      },
    },
  });
  const list = await fileWith(`192.168.1.20 ${FINGERPRINT}\n192.168.1.21 ${FINGERPRINT}\n`);
  const account = ['--username', 'olga', '--password-file', await fileWith(SECRET)];
  const ran = await run('servers', 'batch', list, ...account, '--naming', 'prefix-number:Hall', '--lock');
  t.is(ran.code, 1);
  t.is(ran.stdout, '192.168.1.20  added   Hall-1\n192.168.1.21  FAILED  Update it first.\n');
  const rows = ['192.168.1.20', '192.168.1.21'].map((host) => ({
    host,
    httpPort: 51_443,
    httpsFingerprint: FINGERPRINT,
  }));
  const naming = { kind: 'prefix-number', prefix: 'Hall' };
  t.deepEqual(asked, [{ rows, username: 'olga', password: SECRET, naming, lock: true, updateOlder: false }]);
  t.is((await run('servers', 'batch', '/nowhere/list', ...account)).code, 2);
  t.is((await run('servers', 'batch', list, ...account, '--naming', 'a/b')).code, 2);
  const wrong = await run('servers', 'batch', list, ...account, '--naming', 'prefix-number:a/b');
  t.true(wrong.code !== 0 && /must not contain/.test(wrong.stderr), wrong.stderr);
});

test('management is allowed with the account of the owner there', async (t) => {
  const asked: unknown[] = [];
  const { run, fileWith } = await startCliBench(t, {
    servers: {
      enable: async (request) => {
        asked.push(request);
        return { id: 'x', name: 'Hall' };
      },
    },
  });
  const account = ['--username', 'olga', '--password-file', await fileWith(SECRET), '--host-fingerprint', FINGERPRINT];
  const ran = await run('servers', 'allow', 'nas.example', ...account);
  t.like(ran, { code: 0, stderr: '' });
  t.regex(ran.stdout, /^Hall lets a host manage it/);
  const place = { host: 'nas.example', httpPort: 51_443, httpsFingerprint: FINGERPRINT };
  t.deepEqual(asked, [{ ...place, username: 'olga', password: SECRET }]);
});

test('a server of the site is renamed by its name or id', async (t) => {
  const asked: unknown[] = [];
  const { run } = await startCliBench(t, {
    servers: {
      list: () => [knownServerOf()],
      rename: async (id, name) => {
        asked.push([id, name]);
        return { id, name };
      },
    },
  });
  const ran = await run('servers', 'rename', 'Hall', 'Front door');
  t.like(ran, { code: 0, stdout: 'Hall is called Front door from now on.\n', stderr: '' });
  t.deepEqual(asked, [[SERVER_ID, 'Front door']]);
  const bad = await run('servers', 'rename', 'Hall', 'a/b');
  t.true(bad.code !== 0 && /must not contain/.test(bad.stderr), bad.stderr);
});
