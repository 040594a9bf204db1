/**
 * What a failover server does with footage that it has of another one when that one, or a person, lets go of it: real servers.
 * Nothing that is owed is forgotten by the way, and there is always a way to give it back, or to give it up on purpose.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Box } from '../../src/demo/demo-box.ts';
import { isRefused } from '../support/is-refused.ts';
import { failAndComeBack, isWhole, PATIENCE_MS, PROTECTED, startPair } from '../support/protected-pair.ts';
import type { Pair } from '../support/protected-pair.ts';
import { PASSWORD } from '../support/real-box.ts';
import { waitFor } from '../support/wait-for.ts';

type Items<T> = { readonly items: readonly T[] };
type Incident = { readonly id: string; readonly state: string };
/** Bits a second: slow enough that everything here happens in the middle of it, on a machine that is slow itself. */
const SLOWLY = { restorationLimit: 10_000 };

const idOf = async ({ api }: Box): Promise<string> => ((await api.call('GET', '/server')) as { id: string }).id;
const healthOf = async ({ api }: Box): Promise<readonly { readonly code: string; readonly message: string }[]> =>
  ((await api.call('GET', '/server')) as { health: { items: { code: string; message: string }[] } }).health.items;
const knows = async ({ api }: Box, id: string): Promise<boolean> =>
  ((await api.call('GET', '/servers')) as Items<{ readonly id: string }>).items.some((one) => one.id === id);
const volumeOf = async ({ api }: Box): Promise<{ readonly id: string; readonly path: string }> => {
  const [volume] = ((await api.call('GET', '/volumes')) as Items<{ id: string; path: string }>).items;
  if (volume === undefined) throw new Error('there is no volume');
  return volume;
};

/** Footage of the protected server is on its way home, slowly. */
async function halfway(pair: Pair): Promise<string> {
  await failAndComeBack(pair, 4000);
  const { id } = await pair.restoration(
    'a file to be on its way',
    ({ state, files }) => state === 'running' && files.total > 0,
  );
  return id;
}
/** The owner of the protected server removes the failover server there. */
async function deauthorizeAtHome(pair: Pair): Promise<string> {
  await pair.protectedBox().api.call('DELETE', `/servers/${await idOf(pair.covering())}`);
  const told = await waitFor(
    'the alarm of the failover server',
    async () => (await pair.logOf(pair.covering())).find(({ code }) => code === 'footage-held'),
    PATIENCE_MS,
  );
  return told.message;
}
/** As a person sees it who looks again: health follows what happened a moment later. */
async function saysHeld({ covering }: Pair, held: boolean): Promise<string> {
  const look = async (): Promise<string | undefined> => {
    const found = (await healthOf(covering())).filter(({ code }) => code === 'footage-held');
    return found.length > 0 === held ? found.map(({ message }) => message).join(' ') : undefined;
  };
  return await waitFor(`footage ${held ? '' : 'not '}to be called held`, look, PATIENCE_MS);
}
async function incidentsClose({ covering }: Pair): Promise<void> {
  await waitFor(
    'every incident to be closed',
    async () =>
      ((await covering().api.call('GET', '/incidents')) as Items<Incident>).items.every(
        ({ state }) => state === 'closed',
      ),
    PATIENCE_MS,
  );
}

test.serial(
  'deauthorized in the middle of it, a failover server keeps what it has, says so, and gives it back once it is authorized again',
  async (t) => {
    t.timeout(240_000);
    const pair = await startPair(t, { failover: SLOWLY });
    await pair.ready();
    await halfway(pair);
    const { api } = pair.covering();
    const volume = await volumeOf(pair.covering());
    await isRefused(t, async () => await api.call('DELETE', `/volumes/${volume.id}`), {
      status: 409,
      message: /holds \d+ files? \(\d+\.\d MB\) of Shop.*restoration/,
    });
    t.is((await volumeOf(pair.covering())).id, volume.id);

    const home = await idOf(pair.protectedBox());
    t.regex(
      await deauthorizeAtHome(pair),
      /^Shop.* deauthorized this server.*: \d+ files? \(\d+\.\d MB\).*Authorize Shop again/,
    );
    t.true((await saysHeld(pair, true)).includes(PROTECTED));
    t.true(await knows(pair.covering(), home));
    t.true((await readdir(join(pair.dir, 'Spare', 'backups', home))).length > 0, 'its settings stay');
    await isRefused(t, async () => await api.call('DELETE', `/servers/${home}`), {
      status: 409,
      message: /Footage of Shop.*restoration stop/,
    });

    await pair.stopCovering();
    await pair.startCovering();
    const again = pair.covering().api;
    t.true((await saysHeld(pair, true)).includes(PROTECTED), 'after a restart too');
    await again.call('PATCH', '/failover/settings', { restorationLimit: null });
    const place = { host: '127.0.0.1', httpPort: pair.protectedBox().port() };
    const { httpsFingerprint } = (await again.call('POST', '/servers/test', place)) as { httpsFingerprint: string };
    await again.call('POST', '/servers', { ...place, httpsFingerprint, username: 'owner', password: PASSWORD });
    await pair.restoration('the footage to be home', ({ state }) => state === 'done');
    await incidentsClose(pair);
    isWhole(t, await pair.played());
    t.is(await saysHeld(pair, false), '');
    const [incident] = ((await again.call('GET', '/incidents')) as Items<Incident>).items;
    const { totals } = (await again.call('GET', `/incidents/${incident?.id}/report`)) as {
      totals: { files: number; bytes: number; accessUnits: number };
    };
    t.true(totals.files > 0 && totals.bytes > 0 && totals.accessUnits > 0, JSON.stringify(totals));
    t.is(await again.call('DELETE', `/volumes/${volume.id}`), undefined, 'nothing is owed any more');
  },
);

test.serial(
  'deauthorized in the middle of it, the footage can be given up by name; then the server is forgotten',
  async (t) => {
    t.timeout(240_000);
    const pair = await startPair(t, { failover: SLOWLY });
    await pair.ready();
    const id = await halfway(pair);
    const home = await idOf(pair.protectedBox());
    await deauthorizeAtHome(pair);
    const { api } = pair.covering();
    await api.call('POST', `/failover/restorations/${id}/stop`, { confirm: PROTECTED });
    await waitFor('the server to be forgotten', async () => !(await knows(pair.covering(), home)), PATIENCE_MS);
    const settingsOfIt = async (): Promise<readonly string[]> =>
      await readdir(join(pair.dir, 'Spare', 'backups', home)).catch(() => []);
    await waitFor('and its settings', async () => (await settingsOfIt()).length === 0, PATIENCE_MS);
    t.is(await saysHeld(pair, false), '');
    await incidentsClose(pair);
  },
);

test.serial('another mode while it covers, and back: the footage goes home and the incident ends', async (t) => {
  t.timeout(240_000);
  const pair = await startPair(t);
  await pair.ready();
  pair.kill();
  await pair.covered(4000);
  const { api } = pair.covering();
  await isRefused(t, async () => await api.call('PUT', '/server/mode', { mode: 'host' }), {
    status: 409,
    message: /./,
  });
  const { name: confirm } = (await api.call('GET', '/server')) as { name: string };
  await api.call('PUT', '/server/mode', { mode: 'host', confirm });
  await waitFor(
    'it to protect nobody any more',
    async () => !((await api.call('GET', '/servers')) as Items<{ watched: boolean }>).items.some((one) => one.watched),
  );
  await api.call('PUT', '/server/mode', { mode: 'failover' });
  await pair.comeBack();
  await pair.recordsAgain();
  await pair.restoration('the footage to be home', ({ state }) => state === 'done');
  await incidentsClose(pair);
  const { doubled, reordered, altered } = await pair.played();
  t.deepEqual({ doubled, reordered, altered }, { doubled: [], reordered: [], altered: [] });
});
