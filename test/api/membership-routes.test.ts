/** The routes of membership: who may, what is refused before anything happens, lost updates. */
import test from 'ava';
import type { KnownServer } from '../../src/api/contract/failover.ts';
import { addUser, setUpOwner, startApi } from '../support/api-server.ts';
import { knownServerOf, SERVER_ID } from '../support/known-server.ts';

const AT = `/api/v1/servers/${SERVER_ID}`;

test('a change with the ETag of another one is refused with 412, and with the newest one taken', async (t) => {
  let server: KnownServer = knownServerOf();
  const api = await startApi(t, {
    servers: {
      find: () => server,
      changeServer: async (_id, change, _user, check) => {
        check(server);
        server = { ...server, ...change, host: change.host ?? server.host };
        return await Promise.resolve(server);
      },
    },
  });
  const cookie = await setUpOwner(api);
  const etag = (await api.call('GET', AT, { cookie })).headers.etag ?? '';
  t.regex(etag, /^"/);
  const patch = async (body: object, tag?: string) =>
    await api.call('PATCH', AT, { cookie, body, headers: tag === undefined ? {} : { 'if-match': tag } });
  const first = await patch({ locked: true }, etag);
  t.is(first.status, 200);
  const late = await patch({ host: '192.0.2.5' }, etag);
  t.is(late.status, 412);
  t.is(late.json.code, 'server/changed');
  t.is(late.headers.etag, first.headers.etag);
  t.is((await patch({ host: '192.0.2.5' }, first.headers.etag)).status, 200);
  for (const host of ['https://192.0.2.5', 'nas:51443', ''])
    t.regex((await patch({ host })).json.detail, /Expected a host name or an IP address/, host);
  t.is((await patch({ host: '192.0.2.6' })).status, 200, 'without a header as ever');
  // What it does is no part of the tag.
  const before = (await api.call('GET', AT, { cookie })).headers.etag;
  server = { ...server, connected: !server.connected };
  t.is((await api.call('GET', AT, { cookie })).headers.etag, before);
});

test('only the owner detaches, one or many; administrators do the rest', async (t) => {
  const asked: string[] = [];
  const api = await startApi(t, {
    servers: {
      detach: async (id, { cameras }) => {
        asked.push(cameras);
        return await Promise.resolve({ id, name: 'Hall', state: 'pending', message: 'Hall is away.' });
      },
      bulk: async ({ action }) => {
        asked.push(action);
        return await Promise.resolve({ rows: [] });
      },
    },
  });
  const owner = await setUpOwner(api);
  const admin = await addUser(api, owner, 'admin');
  const status = async (cookie: string, path: string, body: object): Promise<number> =>
    (await api.call('POST', path, { cookie, body })).status;
  t.is(await status(admin, `${AT}/detach`, {}), 403);
  t.is(await status(admin, '/api/v1/servers/bulk', { ids: [SERVER_ID], action: 'detach' }), 403);
  t.is(await status(admin, '/api/v1/servers/bulk', { ids: [SERVER_ID], action: 'lock' }), 200);
  t.is(await status(owner, `${AT}/detach`, {}), 200);
  t.is(await status(owner, '/api/v1/servers/bulk', { ids: [SERVER_ID], action: 'detach' }), 200);
  t.deepEqual(asked, ['lock', 'keep', 'detach'], 'cameras are kept unless somebody says otherwise');
  for (const body of [{ cameras: 'burn' }, { confirm: 'x'.repeat(65) }, { force: true }])
    t.is(await status(owner, `${AT}/detach`, body), 422);
  for (const body of [
    { ids: [], action: 'lock' },
    { ids: [SERVER_ID], action: 'explode' },
    { ids: Array.from({ length: 257 }, String), action: 'lock' },
  ])
    t.is(await status(owner, '/api/v1/servers/bulk', body), 422);
});
