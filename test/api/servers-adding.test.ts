/** Bounds of the requests that add servers, as a client meets them. */
import test from 'ava';
import { MAX_BATCH_ROWS } from '../../src/api/contract/adding.ts';
import { setUpOwner, startApi } from '../support/api-server.ts';

const FINGERPRINT = 'c'.repeat(64);
const row = (more: object = {}) => ({ host: '192.0.2.1', httpsFingerprint: FINGERPRINT, ...more });

test('a batch has 1 to 100 rows, and what is no batch is refused whole with the place of the mistake', async (t) => {
  const batches: number[] = [];
  const batch = async ({ rows }: { readonly rows: readonly unknown[] }): Promise<{ rows: [] }> => {
    batches.push(rows.length);
    return await Promise.resolve({ rows: [] });
  };
  const api = await startApi(t, { servers: { batch } });
  const cookie = await setUpOwner(api);
  const ask = async (body: unknown) => await api.call('POST', '/api/v1/servers/batch', { cookie, body });
  const many = (count: number) => Array.from({ length: count }, () => row());
  t.is((await ask({ rows: many(MAX_BATCH_ROWS) })).status, 200);
  for (const body of [
    {},
    { rows: [] },
    { rows: many(MAX_BATCH_ROWS + 1) },
    { rows: [row({ host: '' })] },
    { rows: [row({ host: 'x'.repeat(254) })] },
    { rows: [row({ httpPort: 0 })] },
    { rows: [row({ httpsFingerprint: 'short' })] },
    { rows: [row({ unknown: true })] },
    { rows: [row({ name: 'x'.repeat(257) })] },
    { rows: [row()], naming: { kind: 'prefix-number' } },
    { rows: [row()], naming: { kind: 'prefix-number', prefix: 'a/b' } },
    { rows: [row()], naming: { kind: 'other' } },
    { rows: [row()], lock: 'yes' },
  ]) {
    const answer = await ask(body);
    t.is(answer.status, 422, JSON.stringify(body).slice(0, 200));
    t.true(answer.json.detail !== '' || answer.json.issues.length > 0);
  }
  t.deepEqual(batches, [MAX_BATCH_ROWS]);
  t.is((await ask({ rows: [row({ name: 'a/b' })] })).status, 200, 'a bad name costs its own row');
});

test('a password is taken for a test with a confirmed certificate only, and never without a user', async (t) => {
  const tested: unknown[] = [];
  const api = await startApi(t, {
    servers: {
      test: async (request) => {
        tested.push(request);
        return await Promise.resolve({ checks: [] });
      },
    },
  });
  const cookie = await setUpOwner(api);
  const ask = async (body: unknown) => await api.call('POST', '/api/v1/servers/test', { cookie, body });
  const host = '192.0.2.1';
  for (const body of [
    { host, username: 'olga', password: 'secret' },
    { host, httpsFingerprint: FINGERPRINT, username: 'olga' },
    { host, httpsFingerprint: FINGERPRINT, password: 'secret' },
  ]) {
    const answer = await ask(body);
    t.is(answer.status, 422);
    t.false(answer.text.includes('secret'));
  }
  t.deepEqual(tested, []);
  t.is((await ask({ host })).status, 200);
  t.is((await ask({ host, httpsFingerprint: FINGERPRINT, username: 'olga', password: 'secret' })).status, 200);
});

test('a new name for a server keeps the rules of names', async (t) => {
  const api = await startApi(t, { servers: { rename: async (id, name) => await Promise.resolve({ id, name }) } });
  const cookie = await setUpOwner(api);
  const ask = async (name: unknown) => await api.call('POST', '/api/v1/servers/x/rename', { cookie, body: { name } });
  for (const name of ['', ' a', '-a', 'a ', 'a/b', 'x'.repeat(33), 7, '\ud800']) t.is((await ask(name)).status, 422);
  for (const name of ['Hall', '😀'.repeat(32), 'a-b c']) t.is((await ask(name)).status, 200);
});

test('whether a host may manage it is the owner to say, and cannot be taken back while one does', async (t) => {
  let isManaged = false;
  const api = await startApi(t, {
    beforeUnmanaged: () => {
      if (isManaged) throw new Error('managed');
    },
  });
  const cookie = await setUpOwner(api);
  const set = async (managed: unknown) =>
    await api.call('PATCH', '/api/v1/server/settings', { cookie, body: { managed } });
  const told = async (): Promise<unknown> => (await api.call('GET', '/api/v1/server', { cookie })).json.managed;
  t.is(await told(), 'allowed');
  t.is((await set('off')).json.managed, 'off');
  t.is(await told(), 'off');
  t.is((await set('sometimes')).status, 422);
  isManaged = true;
  t.is((await set('allowed')).status, 200);
  t.not((await set('off')).status, 200);
  t.is(await told(), 'allowed');
});
