/** `understudy servers` and `mode`: the commands in processes of their own against an API whose other side is made up. */
import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { startCliBench, understudy } from '../support/cli-bench.ts';
import { knownServerOf, SERVER_ID } from '../support/known-server.ts';

const FINGERPRINT = 'c'.repeat(64);
const SECRET = 'a password nobody may see';

test('the servers are listed with state, role and what is covered; one in trouble makes the exit code 1', async (t) => {
  let servers = [knownServerOf(), knownServerOf({ id: 'other', name: 'Yard', watched: false, watcher: true })];
  const { run } = await startCliBench(t, { servers: { list: () => servers } });
  const calm = await run('servers');
  t.like(calm, { code: 0, stderr: '' });
  t.regex(calm.stdout, /^Hall +recording +alive +protected +192\.168\.1\.20 .*0 of 4 cameras covered$/m);
  t.regex(calm.stdout, /^Yard .* protects/m);
  const watch = {
    state: 'taken-over',
    since: '2026-11-22T02:00:00.000Z',
    reason: 'gone',
    cameras: 4,
    covered: 4,
  } as const;
  servers = [knownServerOf({ watch, forgottenSince: watch.since })];
  t.regex((await run('servers')).stdout, /^Hall +recording +removed, footage here /m);
  const trouble = await run('servers', 'list', '--json');
  t.is(trouble.code, 1);
  t.like(JSON.parse(trouble.stdout), { servers: [{ id: SERVER_ID, watch: { state: 'taken-over', covered: 4 } }] });
});

test('how ready the cameras of a protected server are stands in its line, with what is not ready and why', async (t) => {
  const door = { cameraId: 'c1', name: 'Door', level: 'hot', actual: 'warm', reason: 'no second session' } as const;
  const yard = { cameraId: 'c2', name: 'Yard', level: 'warm', actual: 'cold' } as const;
  const watch = { state: 'alive', since: '2026-11-22T02:00:00.000Z', cameras: 9, covered: 0 } as const;
  const standby = { hot: { wanted: 3, ready: 2 }, warm: { wanted: 4, ready: 4 }, cold: 2, notReady: [door] };
  const all = { hot: { wanted: 0, ready: 0 }, warm: { wanted: 4, ready: 4 }, cold: 2, notReady: [] };
  const many = { ...all, warm: { wanted: 9, ready: 3 }, notReady: [yard, yard, yard, yard, yard, yard] };
  const { run } = await startCliBench(t, {
    servers: {
      list: () => [
        knownServerOf({ watch: { ...watch, standby } }),
        knownServerOf({ name: 'Shop', watch: { ...watch, standby: all } }),
        knownServerOf({ name: 'Barn', watch: { ...watch, standby: many } }),
        knownServerOf({ name: 'Attic', watch: { ...watch, standby: { ...all, warm: all.hot } } }),
      ],
    },
  });
  const { stdout } = await run('servers');
  t.regex(stdout, /^Hall .*2 of 3 hot, 4 of 4 warm ready; not Door \(warm instead of hot: no second session\)$/m);
  t.regex(stdout, /^Shop .*covered +4 of 4 warm ready$/m);
  t.regex(stdout, /^Barn .* 3 of 9 warm ready; not Yard, Yard, Yard \(cold instead of warm\), 3 more$/m);
  t.regex(stdout, /^Attic .*cameras covered$/m);
});

test('cameras that nobody would cover stand in the line of their server, but those that are left out on purpose', async (t) => {
  const planned = { standbyLevel: 'warm', recording: true, priority: 'medium' } as const;
  const cause = 'not-reachable-from-failover' as const;
  const cameras = [
    { ...planned, cameraId: 'c1', name: 'Door', cause },
    { ...planned, cameraId: 'c2', name: 'Yard', coveredBy: 'spare' },
    { ...planned, cameraId: 'c3', name: 'Shed', cause: 'not-covered-priority' as const, priority: 'never' as const },
    { ...planned, cameraId: 'c4', name: 'Gate', cause },
  ];
  const watch = { state: 'alive', since: '2026-11-22T02:00:00.000Z', cameras: 4, covered: 0 } as const;
  const { run } = await startCliBench(t, {
    servers: { list: () => [knownServerOf({ watch: { ...watch, backupProblem: 'the disk is full' } })] },
    failover: { plan: () => ({ servers: [{ serverId: SERVER_ID, name: 'Hall', cameras }] }) },
  });
  const { stdout } = await run('servers');
  t.regex(
    stdout,
    / 2 would not be covered: Door, Gate \(not reachable from failover\); settings not backed up: the disk is full$/m,
  );
});

test('what else speaks against covering a server stands in its line, with its age', async (t) => {
  const checkedAt = new Date(Date.now() - 120_000).toISOString();
  const backup = { check: 'backup', ok: false, message: 'There is no settings backup of it.', checkedAt } as const;
  const space = { check: 'space', ok: true, message: '45 GB are free.', checkedAt } as const;
  const { run } = await startCliBench(t, {
    servers: { list: () => [knownServerOf(), knownServerOf({ id: 'other', name: 'Shop' })] },
    failover: {
      probes: () => [],
      serverChecks: () => [backup, space].map((check) => ({ ...check, serverId: SERVER_ID })),
    },
  });
  const { stdout } = await run('servers');
  t.regex(stdout, /^Hall .* There is no settings backup of it \(checked \d+ minutes ago\)$/m);
  t.regex(stdout, /^Shop .*cameras covered$/m);
});

test('names of other servers cannot steer the terminal', async (t) => {
  const { run } = await startCliBench(t, {
    servers: { list: () => [knownServerOf({ name: 'Hall\u001B[2J\u202Eevil\nsecond line' })] },
  });
  const { stdout } = await run('servers');
  t.false(/[^\n\P{C}]/u.test(stdout));
  t.is(stdout.trimEnd().split('\n').length, 1);
});

test('a server is added only with a confirmed certificate: without one it is shown and no password is sent', async (t) => {
  const added: unknown[] = [];
  const { run, fileWith } = await startCliBench(t, {
    servers: {
      test: async () => ({ checks: [{ name: 'port', ok: true, detail: 'ok' }], httpsFingerprint: FINGERPRINT }),
      add: async (request) => {
        added.push(request);
        return knownServerOf();
      },
    },
  });
  const account = ['--username', 'olga', '--password-file', await fileWith(`${SECRET}\n`)];
  const first = await run('servers', 'add', '192.168.1.20', ...account);
  t.is(first.code, 2);
  t.regex(first.stderr, new RegExp(FINGERPRINT));
  t.is(first.stderr.trim().split('\n').length, 1);
  t.deepEqual(added, []);
  const colons = (FINGERPRINT.toUpperCase().match(/../g) ?? []).join(':');
  const place = ['--http-port', '4000', '--host-fingerprint', colons];
  const second = await run('servers', 'add', '192.168.1.20', ...place, ...account);
  t.like(second, { code: 0, stderr: '' });
  t.regex(second.stdout, /^Hall is protected from now on/);
  const host = '192.168.1.20';
  t.deepEqual(added, [{ host, httpPort: 4000, httpsFingerprint: FINGERPRINT, username: 'olga', password: SECRET }]);
  t.false(JSON.stringify([first, second]).includes(SECRET));
});

test('a host that does not answer is told with its reason', async (t) => {
  const { run, fileWith } = await startCliBench(t, {
    servers: { test: async () => ({ checks: [{ name: 'port', ok: false, detail: 'Nothing answers there.' }] }) },
  });
  const file = await fileWith(SECRET);
  const ran = await run('servers', 'add', 'nowhere.example', '--username', 'olga', '--password-file', file);
  t.is(ran.code, 1);
  t.regex(ran.stderr, /nowhere\.example: Nothing answers there/);
});

test('servers are meant by name or id; a name that two have, or nobody, is told', async (t) => {
  const done: string[] = [];
  const servers = [
    knownServerOf(),
    knownServerOf({ id: 'x-2', name: 'Yard' }),
    knownServerOf({ id: 'x-3', name: 'yard' }),
  ];
  const { run } = await startCliBench(t, {
    servers: {
      list: () => servers,
      setEnabled: async (id, enabled) => {
        done.push(`${id} ${enabled}`);
        return knownServerOf({ enabled });
      },
      backUp: async (id) => {
        done.push(`${id} backup`);
        return knownServerOf();
      },
      deauthorize: async (id, _user, remove) => {
        done.push(`${id} ${remove ? 'removed' : 'kept'}`);
      },
    },
  });
  t.like(await run('servers', 'disable', 'hall'), { code: 0, stderr: '' });
  t.like(await run('servers', 'enable', SERVER_ID), { code: 0, stderr: '' });
  t.like(await run('servers', 'backup', 'Hall'), { code: 0, stderr: '' });
  const backup = await run('backup', 'Hall');
  t.is(backup.stdout, 'The settings of Hall were backed up: 4 cameras.\n');
  t.like(await run('servers', 'remove', 'x-2', '--json'), { code: 0, stderr: '' });
  t.deepEqual(done, [
    `${SERVER_ID} false`,
    `${SERVER_ID} true`,
    `${SERVER_ID} backup`,
    `${SERVER_ID} backup`,
    'x-2 removed',
  ]);
  const two = await run('servers', 'remove', 'Yard');
  t.is(two.code, 1);
  t.regex(two.stderr, /2 servers are called Yard; give the id: x-2, x-3/);
  const nobody = await run('servers', 'remove', 'Attic');
  t.is(nobody.code, 1);
  t.regex(nobody.stderr, /No server is called Attic.*Hall, Yard, yard/);
  t.is(done.length, 5);
});

test('a pairing code is shown, and one from a file is entered on the other side', async (t) => {
  const paired: unknown[] = [];
  const { run, fileWith } = await startCliBench(t, {
    servers: {
      issueCode: () => ({ code: 'ABCD-EFGH-JKLM', expiresAt: '2026-11-22T02:05:00.000Z', fingerprint: FINGERPRINT }),
      pair: async (request) => {
        paired.push(request);
        return knownServerOf({ watched: false, watcher: true });
      },
    },
  });
  const shown = await run('servers', 'code');
  t.is(shown.stdout.split('\n', 1)[0], 'ABCD-EFGH-JKLM');
  const joined = await run('servers', 'pair', '192.168.1.30', '--code-file', await fileWith('ABCD-EFGH-JKLM\n'));
  t.is(joined.stdout, `Hall protects this server from now on (${SERVER_ID}).\n`);
  t.deepEqual(paired, [{ host: '192.168.1.30', peerPort: 51_410, code: 'ABCD-EFGH-JKLM' }]);
  t.is((await run('servers', 'pair', '192.168.1.30')).code, 2);
});

test('the mode is shown and set; what would end something needs the name of the server', async (t) => {
  const { run, api } = await startCliBench(t, {
    beforeModeChange: (_mode, confirm) => {
      if (confirm === api.settings.server.get().name) return;
      throw new UnderstudyError('conflict', 'server/records', '3 cameras are recorded here.');
    },
  });
  t.is((await run('mode')).stdout, 'recording\n');
  const refused = await run('mode', 'failover');
  t.is(refused.code, 1);
  t.regex(refused.stderr, /^understudy: 3 cameras are recorded here/);
  t.is(api.settings.server.get().mode, 'recording');
  const changed = await run('mode', 'failover', '--confirm', api.settings.server.get().name, '--json');
  t.like(JSON.parse(changed.stdout), { mode: 'failover' });
  t.is(api.settings.server.get().mode, 'failover');
  const wrong = await run('mode', 'standby');
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /recording, failover, host, not standby/);
});

test('used wrongly: exit 2, one line that names what is missing, and nothing of a secret', async (t) => {
  const { run, fileWith, tokenFile, url } = await startCliBench(t);
  const empty = await fileWith('\n');
  for (const [args, words] of [
    [['servers', 'add'], /host/],
    [['servers', 'add', 'h', '--username', 'olga'], /--password-file/],
    [['servers', 'add', 'h', '--username', 'olga', '--password-file', empty], /empty/],
    [['servers', 'add', 'h', '--username', 'o', '--password-file', tokenFile, '--http-port', '70000'], /1 to 65535/],
    [['servers', 'add', 'h', '--username', 'o', '--password-file', tokenFile, '--host-fingerprint', 'ab'], /64 hex/],
    [['servers', 'paint'], /argument/],
    [['mode', '--confirm', 'x'], /--confirm/],
  ] as const) {
    const ran = await run(...args);
    t.is(ran.code, 2, args.join(' '));
    t.regex(ran.stderr, words);
    t.is(ran.stderr.trim().split('\n').length, 1);
  }
  const bad = await understudy('servers', '--server', url, '--fingerprint', 'zz', '--token-file', tokenFile);
  t.is(bad.code, 2);
  t.regex(bad.stderr, /64 hexadecimal digits/);
});

test('what a token may not do is told with the words of the server', async (t) => {
  const { run } = await startCliBench(t, { role: 'viewer' });
  const ran = await run('servers');
  t.is(ran.code, 1);
  t.regex(ran.stderr, /^understudy: This needs the role operator; script has viewer\.$/m);
});
