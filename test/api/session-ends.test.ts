/** Everybody is signed out for a reason, and is told it. */
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { createLog } from '../../src/core/log.ts';
import { openKeys } from '../../src/settings/keys.ts';
import { openSettings } from '../../src/settings/settings.ts';
import { MAX_ENDED_SESSIONS, withAllEnded } from '../../src/site/account.ts';
import { addUser, cookieOf, OWNER, setUpOwner, startApi } from '../support/api-server.ts';

test('after the site became empty every session is over, and says why until its browser signs in again', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  const viewer = await addUser(api, owner, 'viewer');
  const at = Date.now();
  await api.settings.sessions.update((file) => withAllEnded(file, 'site-empty', at));
  for (const cookie of [owner, viewer]) {
    const answer = await api.call('GET', '/api/v1/sessions/current', { cookie });
    t.is(answer.status, 401);
    t.is(answer.json.code, 'session/site-empty');
    t.regex(answer.json.detail, /^The last server of this site was detached, and everybody was signed out \(20/);
    t.is(answer.headers['www-authenticate'], 'Bearer realm="understudy"');
  }
  for (const cookie of [undefined, '__Host-session=never-was-one'])
    t.is((await api.call('GET', '/api/v1/server', { cookie })).json.code, 'auth/required');
  t.is((await api.call('GET', '/api/v1/setup', { cookie: owner })).status, 200, 'what is public stays so');
  const again = cookieOf(await api.call('POST', '/api/v1/sessions', { body: OWNER, cookie: owner }));
  t.is((await api.call('GET', '/api/v1/sessions/current', { cookie: again })).status, 200);
  t.is((await api.call('GET', '/api/v1/sessions/current', { cookie: viewer })).json.code, 'session/site-empty');
});

test('tokens of scripts stay: nobody signed in with them', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const { secret } = (await api.call('POST', '/api/v1/tokens', { cookie, body: { name: 'x', role: 'viewer' } })).json;
  await api.settings.sessions.update((file) => withAllEnded(file, 'site-empty', Date.now()));
  t.is((await api.call('GET', '/api/v1/server', { token: secret })).status, 200);
});

test('the reason survives a restart, and sessions that begin later are not affected', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  await api.settings.sessions.update((file) => withAllEnded(file, 'site-empty', Date.now()));
  await api.call('POST', '/api/v1/sessions', { body: OWNER });
  const log = createLog('error', () => undefined, Date.now);
  const { secretsKey } = await openKeys({ dataDir: api.dataDir, clock: systemClock, hosts: [] });
  const place = { dataDir: api.dataDir, clock: systemClock, log, name: 'Test', mode: 'recording', secretsKey } as const;
  const { ended, sessions } = (await openSettings(place)).sessions.get();
  t.is(ended?.length, 1);
  t.is(sessions.length, 1);
  t.is((await api.call('GET', '/api/v1/sessions/current', { cookie: owner })).json.code, 'session/site-empty');
});

test('reasons that are kept are bounded; the oldest go', (t) => {
  const sessions = Array.from({ length: MAX_ENDED_SESSIONS }, (_, index) => ({
    tokenHash: String(index),
    userId: 'user',
    createdAt: 1,
    lastUsedAt: 1,
  }));
  const first = withAllEnded({ sessions }, 'site-empty', 5);
  t.is(first.ended?.length, MAX_ENDED_SESSIONS);
  const second = withAllEnded({ ...first, sessions: sessions.slice(0, 2) }, 'site-empty', 6);
  t.is(second.ended?.length, MAX_ENDED_SESSIONS);
  t.deepEqual(
    second.ended?.slice(-2).map(({ endedAt }) => endedAt),
    [6, 6],
  );
  t.deepEqual(second.sessions, []);
});
