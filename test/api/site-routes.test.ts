import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { SiteView } from '../../src/api/contract/site.ts';
import { setUpOwner, startApi } from '../support/api-server.ts';
import type { Api } from '../support/api-server.ts';
import { serverIdOf } from '../support/memory-settings.ts';

const SITE: SiteView = {
  host: { id: serverIdOf(1), name: 'Office' },
  isHost: true,
  policy: { automaticTakeover: true, standbyLevels: {} },
  protection: [],
};
type Site = Api & { readonly cookie: string; readonly changes: unknown[] };
async function siteApi(t: ExecutionContext): Promise<Site> {
  let now = SITE;
  const changes: unknown[] = [];
  const api = await startApi(t, {
    sitePolicy: {
      site: () => now,
      changeSite: async (change, user, check) => {
        check(now);
        changes.push([change, user]);
        now = { ...now, policy: { automaticTakeover: false, standbyLevels: {} } };
        return await Promise.resolve(now);
      },
    },
  });
  return { ...api, cookie: await setUpOwner(api), changes };
}

test('two who edit the policy at once: the second gets 412 with the tag of what is there now', async (t) => {
  const { call, cookie, changes } = await siteApi(t);
  const read = await call('GET', '/api/v1/site', { cookie });
  t.is(read.status, 200);
  const etag = read.headers.etag ?? '';
  t.regex(etag, /^"[\w-]{22}"$/);
  const change = async (ifMatch: string): ReturnType<typeof call> =>
    await call('PATCH', '/api/v1/site', {
      cookie,
      body: { policy: { automaticTakeover: false } },
      headers: { 'if-match': ifMatch },
    });
  const first = await change(etag);
  t.is(first.status, 200);
  t.not(first.headers.etag, etag);
  const second = await change(etag);
  t.is(second.status, 412);
  t.is(second.json.code, 'site/changed');
  t.is(second.headers.etag, first.headers.etag);
  t.is((await change('*')).status, 200);
  t.is(changes.length, 2);
});

test('a change that is none is refused where it is wrong', async (t) => {
  const { call, cookie, changes } = await siteApi(t);
  for (const body of [
    { policy: { footagePolicy: 'burn' } },
    { policy: { hotSeconds: 3 } },
    { protection: { x: [] } },
    [],
  ]) {
    const answer = await call('PATCH', '/api/v1/site', { cookie, body });
    t.true([400, 422].includes(answer.status), JSON.stringify(body));
  }
  t.deepEqual(changes, []);
});

test('a camera that is added without a standby level has that of the site for its priority', async (t) => {
  const { call, cookie } = await siteApi(t);
  const add = async (more: object): Promise<unknown> => {
    const body = { name: 'Door', main: { url: 'rtsp://192.0.2.9/main' }, ...more };
    return (await call('POST', '/api/v1/cameras', { cookie, body })).json.standbyLevel;
  };
  t.is(await add({ priority: 'high' }), 'hot');
  t.is(await add({ priority: 'high', standbyLevel: 'cold' }), 'cold');
  t.is(await add({}), 'warm');
});
