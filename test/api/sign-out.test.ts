import test from 'ava';
import { cookieOf, OWNER, setUpOwner, startApi } from '../support/api-server.ts';

test('signing out ends every session of a user; with others=keep only the one that asks', async (t) => {
  const api = await startApi(t);
  const first = await setUpOwner(api);
  const signIn = async (): Promise<string> => cookieOf(await api.call('POST', '/api/v1/sessions', { body: OWNER }));
  const statusOf = async (cookie: string): Promise<number> =>
    (await api.call('GET', '/api/v1/sessions/current', { cookie })).status;
  const [second, third] = [await signIn(), await signIn()];
  const one = await api.call('DELETE', '/api/v1/sessions/current?others=keep', { cookie: second });
  t.is(one.status, 204);
  t.deepEqual([await statusOf(first), await statusOf(second), await statusOf(third)], [200, 401, 200]);
  t.is((await api.call('DELETE', '/api/v1/sessions/current?others=maybe', { cookie: third })).status, 422);
  t.is((await api.call('DELETE', '/api/v1/sessions/current', { cookie: third })).status, 204);
  t.deepEqual([await statusOf(first), await statusOf(third)], [401, 401]);
});
