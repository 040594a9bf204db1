/** Real processes on loopback: the failover server that has the role of the host takes the place of a server that it acts for. */
import test from 'ava';
import type { KnownServer } from '../../src/api/contract/failover.ts';
import type { Server } from '../../src/api/contract/server.ts';
import type { SiteHostView } from '../../src/api/contract/site-host.ts';
import { DEMO_USER } from '../../src/demo/demo-box.ts';
import type { SiteServer } from '../../src/demo/demo-site.ts';
import { killServer, PATIENCE_MS, recordedUntil, startSpares } from '../support/spares-site.ts';
import { waitFor } from '../support/wait-for.ts';

/** Of every server of the site (spares-site.ts). */
const PASSWORD = 'correct horse battery';
const get = async <T>(server: SiteServer, path: string): Promise<T> => (await server.box().api.call('GET', path)) as T;
async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const looked = async (): Promise<boolean> => {
    if (await look().catch(() => false)) return true;
    await new Promise((done) => setTimeout(done, 100));
    return false;
  };
  await waitFor(what, looked, PATIENCE_MS);
}

test('it is the server from then on and stays the host, and the original left its list', async (t) => {
  t.timeout(235_000);
  const site = await startSpares(t, { camerasEach: 2, spares: ['Spare A', 'Spare B'] });
  const { host } = site;
  const [spare, other] = site.spares;
  const [recorder] = site.recorders;
  if (spare === undefined || other === undefined || recorder === undefined) throw new Error('three servers are needed');
  await recordedUntil(site, Date.now() + 2000);
  await until('a copy of the site', async () => (await get<SiteHostView>(spare, '/site/host')).here.canTake);
  await spare.box().api.call('POST', '/site/take-host', { confirm: host.name });
  await until('the others to follow', async () => {
    const views = await Promise.all(
      [host, other, recorder].map(async (one) => await get<SiteHostView>(one, '/site/host')),
    );
    return views.every((view) => view.host?.name === spare.name);
  });
  // Nobody else covers: it acts for the original itself.
  await killServer(other);
  await killServer(recorder);
  const recorderAt = async (): Promise<KnownServer | undefined> =>
    (await get<{ items: KnownServer[] }>(spare, '/servers')).items.find(({ name }) => name === recorder.name);
  await until('all cameras to be covered by the new host', async () => (await recorderAt())?.watch?.covered === 2);
  const known = await recorderAt();
  const own = await get<Server>(spare, '/server');
  const body = { by: own.id, confirm: recorder.name };
  await spare.box().api.call('POST', `/servers/${known?.id ?? ''}/replace`, body, PATIENCE_MS);
  // It has the accounts of the original now: whoever was signed in is not any more.
  await until('the new host to be the server', async () => {
    await spare.box().api.call('POST', '/sessions', { username: DEMO_USER, password: PASSWORD });
    const after = await get<Server>(spare, '/server');
    const isItself = after.name === recorder.name && after.mode === 'recording' && after.id === own.id;
    return isItself && after.site.kind === 'host';
  });
  t.is((await get<Server>(spare, '/server')).site.kind, 'host');
  await until('the original to have left', async () => {
    const { items } = await get<{ items: KnownServer[] }>(spare, '/servers');
    return items.every(({ id }) => id !== known?.id);
  });
  await other.start();
  // The failover server that was away follows, and protects the successor.
  await until('the other failover server to protect it', async () => {
    const { items } = await get<{ items: KnownServer[] }>(other, '/servers');
    return items.some(({ id, watched, managesUs }) => id === own.id && watched && managesUs);
  });
  const cameras = (await get<{ items: { id: string; state: string }[] }>(spare, '/cameras')).items;
  t.is(cameras.length, 2);
});
