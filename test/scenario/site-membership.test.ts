/**
 * Joining and leaving a site with real servers on loopback: a host, two recording servers, a failover server. Servers that are away, kills in
 * the middle, the lock, who is signed out.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { createApiClient } from '../../src/cli/api-client.ts';
import { systemClock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { silentLog } from '../../src/core/log.ts';
import { durationMs } from '../../src/core/units.ts';
import { placeOf, killBox, startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const PASSWORD = 'a long enough one';
const USER = 'owner';

type Server = {
  readonly box: () => Box;
  readonly dataDir: string;
  readonly id: string;
  readonly place: () => { readonly host: string; readonly httpPort: number };
  readonly fingerprint: string;
  readonly stop: () => Promise<void>;
  /** As a power cut would end it. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
};
type Mode = 'recording' | 'failover' | 'host';

async function server(t: Pick<ExecutionContext, 'teardown'>, dir: string, name: string, mode: Mode): Promise<Server> {
  const dataDir = join(dir, name);
  const [peerPort, httpPort] = [await freePort(), await freePort()];
  const options = {
    dataDir,
    httpPort,
    peerPort,
    password: PASSWORD,
    clock: systemClock,
    name,
    logTo: 'ignore',
  } as const;
  let box = await startBox(options);
  t.teardown(async () => await box.stop());
  if (mode !== 'recording') await box.api.call('PUT', '/server/mode', { mode });
  const { id, fingerprint } = (await box.api.call('GET', '/server')) as { id: string; fingerprint: string };
  return {
    box: () => box,
    dataDir,
    id,
    fingerprint,
    place: () => ({ host: '127.0.0.1', httpPort: box.port() }),
    stop: async () => void (await box.stop()),
    kill: async () => await killBox(box),
    start: async () => {
      box = await startBox(options);
    },
  };
}

async function add(host: Server, member: Server, more: object = {}): Promise<void> {
  const body = { ...member.place(), httpsFingerprint: member.fingerprint, username: USER, password: PASSWORD, ...more };
  await host.box().api.call('POST', '/servers', body);
}

type Known = {
  readonly id: string;
  readonly name: string;
  readonly connected: boolean;
  readonly introduced: boolean;
  readonly managesUs: boolean;
  readonly watched: boolean;
  readonly watcher: boolean;
  readonly locked?: boolean;
  readonly enabled: boolean;
  readonly detachPending?: { readonly cameras: string; readonly problem?: string };
  readonly securing?: { readonly action: string; readonly problem?: string };
  readonly watch?: { readonly state: string; readonly cameras: number; readonly backupAt?: string };
};
const knownAt = async ({ box }: Server): Promise<readonly Known[]> =>
  ((await box().api.call('GET', '/servers')) as { items: Known[] }).items;
const recordAt = async (at: Server, { id }: Server): Promise<Known | undefined> =>
  (await knownAt(at)).find((one) => one.id === id);
type Site = {
  readonly kind: string;
  readonly host?: { readonly name: string };
  readonly locked: boolean;
  readonly members?: number;
};
const siteOf = async ({ box }: Server): Promise<Site> =>
  ((await box().api.call('GET', '/server')) as { site: Site }).site;
type Logged = { readonly at: string; readonly code: string; readonly message: string };
const logOf = async ({ box }: Server): Promise<readonly Logged[]> =>
  ((await box().api.call('GET', '/log')) as { items: Logged[] }).items;
const camerasOf = async ({ box }: Server): Promise<number> =>
  ((await box().api.call('GET', '/cameras')) as { items: unknown[] }).items.length;

test('servers join a site, are locked, and leave it with or without their cameras; then everybody is signed out', async (t) => {
  t.timeout(240_000);
  const dir = await tempDir(t, 'membership');
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, [{ id: 'cam-1' }]);
  t.teardown(() => simulator.stop());
  const [H, R, Q, F] = await Promise.all([
    server(t, dir, 'Head', 'host'),
    server(t, dir, 'Shop', 'recording'),
    server(t, dir, 'Yard', 'recording'),
    server(t, dir, 'Spare', 'failover'),
  ]);
  const url = simulator.cameras[0]?.urlOf('main');
  for (const one of [R, Q]) await one.box().api.call('POST', '/cameras', { name: 'Door', main: { url } });
  t.deepEqual(await siteOf(H), { kind: 'host', locked: false, members: 0 });
  t.deepEqual(await siteOf(R), { kind: 'undefined', locked: false });
  for (const one of [R, Q, F]) await add(H, one, one === R ? { lock: true } : {});
  await waitFor('the failover server to protect both', async () => {
    const views = await knownAt(F);
    return [R, Q].every(({ id }) => views.find((one) => one.id === id)?.watch?.state === 'alive');
  });
  await waitFor('the lock', async () => (await siteOf(R)).locked);
  t.is((await siteOf(H)).members, 3);
  t.is((await siteOf(R)).host?.name, 'Head');
  const refused = await t.throwsAsync(R.box().api.call('PATCH', '/server', { name: 'Mine' }));
  t.regex(refused?.message ?? '', /^Head manages this server and locks it/);
  await t.notThrowsAsync(Q.box().api.call('PATCH', '/server', { name: 'Yard 2' }));

  const leftAt = Date.now();
  const gone = (await H.box().api.call('POST', `/servers/${R.id}/detach`, { cameras: 'keep' })) as { state: string };
  t.is(gone.state, 'detached');
  t.is(await recordAt(H, R), undefined);
  await waitFor('the shop to be alone', async () => (await knownAt(R)).length === 0);
  t.deepEqual(await siteOf(R), { kind: 'undefined', locked: false });
  t.is(await camerasOf(R), 1);
  await waitFor('the shop to tell that it left', async () =>
    (await logOf(R)).some(
      ({ code, message }) => code === 'site-left' && message.includes('goes on recording its 1 camera'),
    ),
  );
  await waitFor('the failover server to forget the shop', async () => (await recordAt(F, R)) === undefined);
  t.false(
    (await logOf(F)).some(({ at, code }) => Date.parse(at) >= leftAt && (code === 'covering' || code === 'takeover')),
    'nobody took it for a failure',
  );
  await t.notThrowsAsync(R.box().api.call('PATCH', '/server', { name: 'Mine' }), 'the lock went with the host');

  await Q.box().api.call('GET', '/cameras');
  const removed = (await H.box().api.call('POST', `/servers/${Q.id}/detach`, { cameras: 'remove' })) as {
    state: string;
  };
  t.is(removed.state, 'detached');
  t.is(await camerasOf(Q), 0);

  const browser = createApiClient(() => ({
    host: '127.0.0.1',
    port: H.box().port(),
    fingerprint: placeOf(H.dataDir)?.fingerprint,
    token: undefined,
  }));
  await browser.call('POST', '/sessions', { username: USER, password: PASSWORD });
  t.is((await H.box().api.call('DELETE', `/servers/${F.id}`)) as undefined, undefined);
  const over = await t.throwsAsync(browser.call('GET', '/server'));
  t.regex(over?.message ?? '', /^The last server of this site was detached, and everybody was signed out/);
  await browser.call('POST', '/sessions', { username: USER, password: PASSWORD });
  t.deepEqual(((await browser.call('GET', '/servers')) as { items: unknown[] }).items, []);
});

test('a server that is away stays marked, also over a restart of the host, and leaves when it returns', async (t) => {
  t.timeout(240_000);
  const dir = await tempDir(t, 'away');
  const [H, R] = await Promise.all([server(t, dir, 'Head', 'host'), server(t, dir, 'Shop', 'recording')]);
  await R.box().api.call('POST', '/cameras', {
    name: 'Door',
    main: { url: 'rtsp://192.0.2.9/main' },
    password: 'of the door',
  });
  await add(H, R, { lock: true });
  await waitFor('the lock', async () => (await siteOf(R)).locked);
  await R.stop();
  await waitFor('the host to miss it', async () => (await recordAt(H, R))?.connected === false);
  const asked = (await H.box().api.call('POST', `/servers/${R.id}/detach`, { cameras: 'remove' })) as {
    state: string;
    message: string;
  };
  t.is(asked.state, 'pending');
  t.regex(asked.message, /^Shop is away: it is detached when it returns/);
  await H.kill();
  await H.start();
  t.like(await recordAt(H, R), { connected: false, detachPending: { cameras: 'remove' } });
  await waitFor('health to say so', async () => {
    const { health } = (await H.box().api.call('GET', '/server')) as {
      health: { items: { code: string; message: string }[] };
    };
    return health.items.some(({ code, message }) => code === 'detach-pending' && message.startsWith('Shop '));
  });
  const again = (await H.box().api.call('POST', `/servers/${R.id}/detach`, { cameras: 'remove' })) as { state: string };
  t.is(again.state, 'pending', 'asking again changes nothing');
  await t.throwsAsync(H.box().api.call('POST', `/servers/${R.id}/detach`, { confirm: 'Not its name' }), {
    message: /name of the server, Shop/,
  });
  const cookies = H.box().api;
  await R.start();
  await waitFor('the host to be alone', async () => {
    const known = await cookies.call('GET', '/servers').catch((error: unknown) => String(error));
    return typeof known === 'string' && known.includes('everybody was signed out');
  });
  await waitFor('the shop to be alone', async () => (await siteOf(R)).kind === 'undefined');
  await waitFor('it to know nobody', async () => (await knownAt(R)).length === 0);
  t.is(await camerasOf(R), 0);
});

test('a server that never returns is forgotten when its name is typed; one that is to leave may stay', async (t) => {
  t.timeout(240_000);
  const dir = await tempDir(t, 'never');
  const [H, R, Q] = await Promise.all([
    server(t, dir, 'Head', 'host'),
    server(t, dir, 'Shop', 'recording'),
    server(t, dir, 'Yard', 'recording'),
  ]);
  for (const one of [R, Q]) await add(H, one);
  for (const one of [R, Q]) await one.stop();
  await waitFor('the host to miss them', async () => (await knownAt(H)).every(({ connected }) => !connected));
  const bulk = async (body: object): Promise<{ rows: { id: string; ok: boolean; state?: string; code?: string }[] }> =>
    (await H.box().api.call('POST', '/servers/bulk', body)) as never;
  const both = await bulk({ ids: [R.id, Q.id, 'nobody'], action: 'detach' });
  t.deepEqual(
    both.rows.map(({ id, ok, state, code }) => [id, ok, state ?? code]),
    [
      [R.id, true, 'pending'],
      [Q.id, true, 'pending'],
      ['nobody', false, 'server/unknown'],
    ],
  );
  await H.box().api.call('POST', `/servers/${Q.id}/detach/cancel`);
  await t.throwsAsync(H.box().api.call('POST', `/servers/${Q.id}/detach/cancel`), { message: /not to be detached/ });
  t.is((await recordAt(H, Q))?.detachPending, undefined);
  const gone = await bulk({ ids: [R.id, Q.id], action: 'detach', confirm: ['Shop'] });
  t.deepEqual(
    gone.rows.map(({ state }) => state),
    ['detached', 'pending'],
  );
  await H.box().api.call('POST', `/servers/${Q.id}/detach/cancel`);
  await Q.start();
  await waitFor('the yard to be back', async () => (await recordAt(H, Q))?.connected === true);
  t.like(await siteOf(Q), { kind: 'member', host: { name: 'Head' } });
  await R.start();
  t.like(await siteOf(R), { kind: 'member' }, 'nobody told it');
  const another = await server(t, dir, 'Other', 'host');
  await t.throwsAsync(add(another, R), { message: /belongs to the site of Head.*detached there first/ });
  await R.box().api.call('POST', `/servers/${H.id}/deauthorize`);
  await add(another, R);
  t.like(await siteOf(R), { kind: 'member', host: { name: 'Other' } });
});

test('killed at any moment of it, host and member agree in the end', async (t) => {
  t.timeout(400_000);
  const dir = await tempDir(t, 'killed');
  const [H, R, Q] = await Promise.all([
    server(t, dir, 'Head', 'host'),
    server(t, dir, 'Shop', 'recording'),
    server(t, dir, 'Yard', 'recording'),
  ]);
  await add(H, Q);
  const peersOf = ({ dataDir }: Server): string => readFileSync(join(dataDir, 'settings', 'peers.json'), 'utf8');
  const moments: readonly (readonly [what: string, came: () => boolean])[] = [
    ['asked', () => true],
    ['the wish on disk', () => peersOf(H).includes('detachPending') || !peersOf(H).includes(R.id)],
    ['it has left', () => !peersOf(R).includes(H.id)],
  ];
  for (const [moment, came] of moments)
    for (const victim of [H, R]) {
      await add(H, R);
      const asked = H.box()
        .api.call('POST', `/servers/${R.id}/detach`, { cameras: 'keep' })
        .catch(() => undefined);
      while (!came()) await systemClock.sleep(durationMs(1));
      await victim.kill();
      await asked;
      const wish = /detachPending/.test(peersOf(H)) || !peersOf(H).includes(R.id);
      await victim.start();
      t.log(`${victim === H ? 'host' : 'member'} killed when ${moment}: ${wish ? 'goes on' : 'nothing was asked'}`);
      if (!wish) {
        await waitFor('them to be together', async () => (await recordAt(H, R))?.connected === true);
        t.like(await siteOf(R), { kind: 'member' });
        await H.box().api.call('POST', `/servers/${R.id}/detach`, { cameras: 'keep' });
      }
      await waitFor('the host to forget it', async () => (await recordAt(H, R)) === undefined, 90_000);

      await waitFor('the shop to be alone', async () => (await siteOf(R)).kind === 'undefined');
      t.like(await siteOf(Q), { kind: 'member' });
    }
});

type CoveredSite = {
  readonly H: Server;
  readonly R: Server;
  readonly F: Server;
};
/** The shop is dead, and the spare records its camera. */
async function coveredSite(t: ExecutionContext, dir: string): Promise<CoveredSite> {
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, [{ id: 'cam-1' }]);
  t.teardown(() => simulator.stop());
  const [H, R, F] = await Promise.all([
    server(t, dir, 'Head', 'host'),
    server(t, dir, 'Shop', 'recording'),
    server(t, dir, 'Spare', 'failover'),
  ]);
  await F.box().api.call('PATCH', '/server/settings', { allowLoopbackCameras: true });
  const main = { url: simulator.cameras[0]?.urlOf('main') };
  await R.box().api.call('POST', '/cameras', { name: 'Door', main, standbyLevel: 'warm' });
  for (const one of [R, F]) await add(H, one);
  await waitFor('it to be protected, with its camera', async () => {
    const watch = (await recordAt(F, R))?.watch;
    return watch?.state === 'alive' && watch.cameras === 1 && watch.backupAt !== undefined;
  });
  await R.kill();
  const footage = async (): Promise<number> =>
    (
      (await F.box().api.call('GET', '/failover/takeovers')) as { items: { cameras: { firstFrameAt?: string }[] }[] }
    ).items
      .flatMap(({ cameras }) => cameras)
      .filter(({ firstFrameAt }) => firstFrameAt !== undefined).length;
  await waitFor('its camera to be covered', async () => (await footage()) > 0, 90_000);
  return { H, R, F };
}

test('secured first, a failover server is disabled when the footage that it has is home, also if the host is killed meanwhile', async (t) => {
  t.timeout(420_000);
  const { H, R, F } = await coveredSite(t, await tempDir(t, 'secured'));
  const secured = async (one: Server): Promise<Known> =>
    (await H.box().api.call('POST', `/servers/${one.id}/disable?secure=true`)) as Known;
  t.like(await secured(R), { enabled: true, securing: { action: 'disable' } });
  t.like(await H.box().api.call('POST', `/servers/${R.id}/enable`), { enabled: true });
  t.is((await recordAt(H, R))?.securing, undefined, 'taken back');
  const waits = await secured(F);
  t.regex(waits.securing?.problem ?? '', /^Spare has footage of Shop: /);
  await H.kill();
  await H.start();
  t.like(await recordAt(H, F), { enabled: true, securing: { action: 'disable' } });
  await waitFor(
    'the host to say again what is not home',
    async () => (await recordAt(H, F))?.securing?.problem?.includes('footage of Shop') === true,
  );
  await R.start();
  await waitFor('the spare to be disabled', async () => (await recordAt(H, F))?.enabled === false, 240_000);
  await waitFor('the wish to be gone', async () => (await recordAt(H, F))?.securing === undefined);
  const restorations = (await F.box().api.call('GET', '/failover/restorations')) as { items: { state: string }[] };
  const states = new Set(restorations.items.map(({ state }) => state));
  t.deepEqual([...states], ['done'], 'nothing ended before the footage was home');
  t.true((await logOf(H)).some(({ message }) => message === 'Spare was disabled.'));
});

test('nobody leaves while footage is not home, unless the name is typed; then it stays where it lies, by name', async (t) => {
  t.timeout(300_000);
  const { H, R, F } = await coveredSite(t, await tempDir(t, 'owed'));
  const detach = async (one: Server, more: object = {}): Promise<unknown> =>
    await H.box().api.call('POST', `/servers/${one.id}/detach`, { cameras: 'keep', ...more });
  for (const one of [R, F])
    await t.throwsAsync(detach(one), {
      message: /cannot be detached before that is home: Spare has footage of Shop: .*confirm with the name/,
    });
  await t.throwsAsync(H.box().api.call('POST', `/servers/${R.id}/disable`), {
    message: /cannot be disabled before that is home/,
  });
  await waitFor('the host to miss it', async () => (await recordAt(H, R))?.connected === false);
  t.is((await recordAt(H, R))?.detachPending, undefined);
  t.like(await detach(R, { confirm: 'Shop' }), { state: 'pending' });
  const items = async (): Promise<readonly { code: string; message: string }[]> =>
    ((await F.box().api.call('GET', '/server')) as { health: { items: { code: string; message: string }[] } }).health
      .items;
  await waitFor('the alarm', async () =>
    (await items()).some(({ code, message }) => code === 'footage-held' && message.startsWith('Shop')),
  );
  await R.start();
  await waitFor('the host to forget it', async () => (await recordAt(H, R)) === undefined, 90_000);
  await waitFor('the shop to be alone', async () => (await siteOf(R)).kind === 'undefined');
  t.is(await camerasOf(R), 1);
  t.true(
    (await items()).some(({ code }) => code === 'footage-held'),
    'its footage lies there still',
  );
  // Protected anew by its own administrator, the footage goes home.
  await add(F, R);
  await waitFor(
    'the footage to go home',
    async () => !(await items()).some(({ code }) => code === 'footage-held'),
    90_000,
  );
  await waitFor(
    'the restoration',
    async () =>
      ((await F.box().api.call('GET', '/failover/restorations')) as { items: { state: string }[] }).items.some(
        ({ state }) => state === 'done',
      ),
    120_000,
  );
});
