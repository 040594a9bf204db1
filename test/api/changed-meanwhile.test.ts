/** Two administrators who edit the same at once: the second is told, and changes nothing. */
import test from 'ava';
import { setUpOwner, startApi } from '../support/api-server.ts';

test('what the owner allows', async (t) => {
  const { call, ...api } = await startApi(t);
  const cookie = await setUpOwner({ call, ...api });
  const path = '/api/v1/server/settings';
  const read = await call('GET', path, { cookie });
  const change = async (names: readonly string[], tag: string | undefined): ReturnType<typeof call> =>
    await call('PATCH', path, { cookie, body: { allowedHosts: names }, headers: { 'if-match': tag ?? '' } });
  const first = await change(['first.example'], read.headers.etag);
  t.is(first.status, 200);
  const second = await change(['second.example'], read.headers.etag);
  t.deepEqual([second.status, second.json.code, second.headers.etag], [412, 'settings/changed', first.headers.etag]);
  t.deepEqual((await call('GET', path, { cookie })).json.allowedHosts, ['first.example']);
  t.is((await change(['second.example'], second.headers.etag)).status, 200);
});

test('how much of a volume stays free', async (t) => {
  const { call, ...api } = await startApi(t);
  const cookie = await setUpOwner({ call, ...api });
  const made = await call('POST', '/api/v1/volumes', { cookie, body: { path: '/srv/footage' } });
  const path = `/api/v1/volumes/${made.json.id}`;
  const read = await call('GET', path, { cookie });
  const change = async (gigabytes: number, tag: string | undefined): ReturnType<typeof call> =>
    await call('PATCH', path, { cookie, body: { reserveBytes: gigabytes * 1e9 }, headers: { 'if-match': tag ?? '' } });
  const first = await change(20, read.headers.etag);
  t.is(first.status, 200);
  const second = await change(30, read.headers.etag);
  t.deepEqual([second.status, second.json.code, second.headers.etag], [412, 'volume/changed', first.headers.etag]);
  t.is((await call('GET', path, { cookie })).json.reserveBytes, 20e9);
});
