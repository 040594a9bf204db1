/** `understudy servers detach|keep|lock|unlock|move`: the commands in processes of their own against an API whose other side is made up. */
import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { startCliBench, understudy } from '../support/cli-bench.ts';
import { AT, knownServerOf, SERVER_ID } from '../support/known-server.ts';

const YARD = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e002';

test('a server is detached with or without its cameras, with what came of it', async (t) => {
  const asked: unknown[] = [];
  const { run } = await startCliBench(t, {
    servers: {
      list: () => [knownServerOf()],
      detach: async (id, request, user) => {
        asked.push([id, request, user]);
        if (request.confirm === undefined)
          throw new UnderstudyError('conflict', 'failover/covering', 'Hall cannot be detached before that is home.');
        return await Promise.resolve({
          id,
          name: 'Hall',
          state: 'pending',
          message: 'Hall is away: it is detached when it returns.',
        });
      },
    },
  });
  const refused = await run('servers', 'detach', 'Hall');
  t.not(refused.code, 0);
  t.regex(refused.stderr, /Hall cannot be detached before that is home/);
  const done = await run('servers', 'detach', 'Hall', '--remove-cameras', '--confirm', 'Hall');
  t.like(done, { code: 0, stdout: 'Hall is away: it is detached when it returns.\n' });
  t.deepEqual(asked[1], [SERVER_ID, { cameras: 'remove', confirm: 'Hall' }, (asked[1] as unknown[])[2]]);
  const json = await run('servers', 'detach', 'Hall', '--confirm', 'Hall', '--json');
  t.like(JSON.parse(json.stdout), { state: 'pending' });
});

test('several are enabled, disabled, locked, unlocked or detached at once; one that is refused makes the exit code 1', async (t) => {
  const asked: unknown[] = [];
  const { run } = await startCliBench(t, {
    servers: {
      list: () => [knownServerOf(), knownServerOf({ id: YARD, name: 'Yard' })],
      bulk: async (request) => {
        asked.push(request);
        return await Promise.resolve({
          rows: [
            { id: SERVER_ID, name: 'Hall', ok: true },
            {
              id: YARD,
              name: 'Yard',
              ok: request.action !== 'detach',
              ...(request.action === 'detach' ? { code: 'x', message: 'Footage is not home.' } : {}),
            },
          ],
        });
      },
    },
  });
  const locked = await run('servers', 'lock', 'Hall', 'Yard');
  t.is(locked.code, 0);
  t.regex(locked.stdout, /^Hall +locked/m);
  const detached = await run('servers', 'detach', 'Hall', 'Yard', '--confirm', 'Hall', 'Yard');
  t.is(detached.code, 1);
  t.regex(detached.stdout, /^Yard +refused +Footage is not home\.$/m);
  t.regex((await run('servers', 'enable', 'Hall', 'Yard')).stdout, /^Hall +watched$/m);
  t.regex((await run('servers', 'disable', 'Hall', '--confirm', 'Hall')).stdout, /^Hall +not watched$/m);
  t.deepEqual(asked, [
    { ids: [SERVER_ID, YARD], action: 'lock', cameras: 'keep', confirm: [] },
    { ids: [SERVER_ID, YARD], action: 'detach', cameras: 'keep', confirm: ['Hall', 'Yard'] },
    { ids: [SERVER_ID, YARD], action: 'enable', cameras: 'keep', confirm: [] },
    { ids: [SERVER_ID], action: 'disable', cameras: 'keep', confirm: ['Hall'] },
  ]);
});

test('a server is looked for at another address, or not at all; one that is to leave may stay', async (t) => {
  const asked: unknown[] = [];
  const { run } = await startCliBench(t, {
    servers: {
      list: () => [knownServerOf({ detachPending: { since: AT, cameras: 'keep' }, locked: true })],
      find: () => knownServerOf(),
      changeServer: async (_id, change) => {
        asked.push(change);
        return await Promise.resolve(knownServerOf());
      },
      cancelDetach: async () => await Promise.resolve(knownServerOf()),
    },
  });
  t.is((await run('servers', 'move', 'Hall', '--address', 'hall.example', '--http-port', '443')).code, 0);
  t.is((await run('servers', 'move', 'Hall', '--dials-in')).code, 0);
  t.deepEqual(asked, [{ host: 'hall.example', httpPort: 443 }, { host: null }]);
  t.is((await run('servers', 'keep', 'Hall')).stdout, 'Hall stays in the site.\n');
  t.regex((await run('servers')).stdout, /^Hall +recording +alive, detach pending +protected, locked /m);
});

test('used wrongly: exit 2 and one line', async (t) => {
  for (const words of [
    ['servers', 'move', 'Hall'],
    ['servers', 'move', 'Hall', '--address', 'x', '--dials-in'],
    ['servers', 'move', 'Hall', '--peer-port', '0'],
  ]) {
    const { code, stderr } = await understudy(...words, '--server', 'https://127.0.0.1:1', '--token-file', '/nowhere');
    t.is(code, 2, words.join(' '));
    t.is(stderr.trim().split('\n').length, 1);
  }
});

test('several are removed, each for itself: one that is refused stays and makes the exit code 1, one that is away waits', async (t) => {
  const gate = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e003';
  let servers = [knownServerOf(), knownServerOf({ id: YARD, name: 'Yard' }), knownServerOf({ id: gate, name: 'Gate' })];
  const { run } = await startCliBench(t, {
    servers: {
      list: () => servers,
      deauthorize: async (id) => {
        if (id === YARD) throw new UnderstudyError('conflict', 'failover/covering', 'Yard is covered.');
        const pending = { since: AT, cameras: 'keep' } as const;
        servers = servers.flatMap((one) =>
          one.id !== id ? [one] : id === gate ? [{ ...one, detachPending: pending }] : [],
        );
        await Promise.resolve();
      },
    },
  });
  const unknown = await run('servers', 'remove', 'Hall', 'Attic');
  t.is(unknown.code, 1);
  t.is(servers.length, 3, 'nothing is removed if one is not known');
  const ran = await run('servers', 'remove', 'Hall', 'Yard', 'Gate', 'hall');
  t.is(ran.code, 1);
  t.is(
    ran.stdout,
    `Hall  removed  Hall was deauthorized and forgotten.
Yard  refused  Yard is covered.
Gate  pending  Gate is away: it is detached when it returns.
`,
  );
  t.deepEqual(
    servers.map(({ name }) => name),
    ['Yard', 'Gate'],
  );
});
