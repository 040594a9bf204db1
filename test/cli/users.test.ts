/** `understudy users` and `tokens`: the commands in processes of their own against the real accounts of an API server. */
import test from 'ava';
import type { User } from '../../src/api/contract/access.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { changeTagged } from '../../src/cli/change-tagged.ts';
import { createApiClient } from '../../src/cli/api-client.ts';
import { startCliBench, understudy, understudyReading } from '../support/cli-bench.ts';

const SECRET = 'a password nobody may see';

test('users are added, limited to cameras, changed and deleted; a password never comes back', async (t) => {
  const { api, run, fileWith, tokenFile, url } = await startCliBench(t);
  const passwordFile = await fileWith(`${SECRET}\n`);
  const added = await run('users', 'add', 'jan', '--role', 'operator', '--password-file', passwordFile);
  t.like(added, { code: 0, stdout: 'jan was added as operator.\n' });
  t.is((await api.call('POST', '/api/v1/sessions', { body: { username: 'jan', password: SECRET } })).status, 201);
  const none = await run('users', 'change', 'JAN', '--cameras', 'Nowhere');
  t.is(none.code, 1);
  t.regex(none.stderr, /No camera is called Nowhere: give its id\./);
  const changed = await run('users', 'change', 'jan', '--role', 'viewer', '--all-cameras', '--json');
  t.like(JSON.parse(changed.stdout), { user: { username: 'jan', role: 'viewer' } });
  const other = 'another long password';
  const where = ['--server', url, '--token-file', tokenFile];
  const piped = await understudyReading(`${other}\n`, 'users', 'password', 'jan', ...where);
  t.like(piped, { code: 0, stdout: 'jan has a new password; all sessions of that account ended.\n' });
  t.is((await api.call('POST', '/api/v1/sessions', { body: { username: 'jan', password: other } })).status, 201);
  t.regex((await run('users')).stdout, /^jan +viewer +\S+ +all cameras$/m);
  t.is((await run('users', 'delete', 'jan')).stdout, 'jan was removed.\n');
  const gone = await run('users', 'delete', 'jan');
  t.is(gone.code, 1);
  t.regex(gone.stderr, /No user is called jan; there are: \S+\./);
});

test('a token is shown once, works, and works no more once it is revoked', async (t) => {
  const { run, fileWith, url } = await startCliBench(t);
  const made = await run('tokens', 'add', 'nightly', '--role', 'viewer');
  t.is(made.code, 0);
  t.regex(made.stdout, /^\S{20,}\n$/);
  t.regex(made.stderr, /shown once/);
  const where = ['--server', url, '--token-file', await fileWith(made.stdout)];
  t.is((await understudy('mode', ...where)).code, 0);
  const list = await run('tokens');
  t.regex(list.stdout, /^nightly +viewer /m);
  t.false(list.stdout.includes(made.stdout.trim()));
  t.is((await run('tokens', 'delete', 'nightly')).stdout, 'Token nightly was revoked.\n');
  t.is((await understudy('mode', ...where)).code, 1);
  t.regex((await run('tokens', 'delete', 'nightly')).stderr, /No token is called nightly\./);
});

test('a change in between is not overwritten, and it is said what to do', async (t) => {
  const { run, fileWith, url, secret } = await startCliBench(t);
  await run('users', 'add', 'jan', '--role', 'operator', '--password-file', await fileWith(SECRET));
  const port = Number(new URL(url).port);
  const api = createApiClient(() => ({ host: '127.0.0.1', port, fingerprint: undefined, token: secret }));
  const { items } = (await api.call('GET', '/users')) as { readonly items: readonly User[] };
  const path = `/users/${items.find(({ username }) => username === 'jan')?.id ?? ''}`;
  const slow = {
    ...api,
    readTagged: async (asked: string) => {
      const read = await api.readTagged(asked);
      await api.call('PATCH', asked, { role: 'viewer' });
      return read;
    },
  };
  const error = await t.throwsAsync(changeTagged(slow, path, { role: 'admin' }), { instanceOf: UnderstudyError });
  t.like(error, { code: 'cli/changed' });
  t.regex(error.message, /Somebody else changed this user meanwhile.* run it again/);
  t.like(await api.call('GET', path), { role: 'viewer' });
  t.like(await changeTagged(api, path, { role: 'admin' }), { role: 'admin' });
});

test('used wrongly: exit 2 and one line', async (t) => {
  for (const words of [
    ['users', 'add', 'jan'],
    ['users', 'add', 'jan', '--role', 'king'],
    ['users', 'change', 'jan'],
    ['users', 'change', 'jan', '--cameras', 'a', '--all-cameras'],
    ['tokens', 'add', 'x', '--role', 'king'],
  ]) {
    const { code, stderr } = await understudy(...words, '--server', 'https://127.0.0.1:1', '--token-file', '/nowhere');
    t.is(code, 2, words.join(' '));
    t.is(stderr.trim().split('\n').length, 1);
  }
});
