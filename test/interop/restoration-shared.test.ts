/** Footage on a disc that both servers have as a volume is adopted where it lies: real servers. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { filesOf, isWhole, PATIENCE_MS, PROTECTED, startPair } from '../support/protected-pair.ts';
import { failWithSnapshot, isHome } from '../support/taken-snapshot.ts';
import { waitFor } from '../support/wait-for.ts';

type Volume = { readonly id: string; readonly path: string; readonly footageBytes: number };

test.serial(
  'footage on a shared disc is adopted where it lies, and stays when either server starts again',
  async (t) => {
    t.timeout(240_000);
    const pair = await startPair(t, {
      failover: { footagePolicy: 'shared' },
      prepare: async ({ covering, dir }) => {
        const path = join(dir, PROTECTED, 'footage');
        await t.throwsAsync(covering.api.call('POST', '/volumes', { path }), { message: /another server/ });
        const { id } = (await covering.api.call('POST', '/volumes', { path, shared: true })) as Volume;
        await covering.api.call('PATCH', '/failover/settings', { storeVolumeIds: [id] });
      },
    });
    const disc = join(pair.dir, PROTECTED, 'footage');
    const taken = await failWithSnapshot(pair, 3000);
    await pair.restoration('the footage to be adopted', ({ state }) => state === 'done');
    await isHome(t, pair, taken);
    const adopted = (await filesOf(disc, pair.cameraId)).map((name) => join(disc, pair.cameraId, 'main', name));
    const notes = await Promise.all(
      adopted.map(async (file) => await readFile(`${file}.returned`, 'utf8').catch(() => undefined)),
    );
    t.true(
      notes.some((note) => note !== undefined),
      'nothing was adopted in place',
    );
    isWhole(t, await pair.played());
    t.true((await pair.ledger()).some(({ state }) => state === 'returned'));

    // Each makes its catalogue of the disc again: neither takes what is the other's, nor loses what is its own.
    await pair.stopCovering();
    await pair.startCovering();
    await pair.ready();
    const before = await pair.restorations();
    pair.kill();
    await pair.comeBack();
    await pair.recordsAgain();
    const { items } = (await pair.covering().api.call('GET', '/volumes')) as { readonly items: readonly Volume[] };
    t.true(items.some(({ path }) => path === disc));
    await waitFor(
      'the second failure to be mended',
      async () => {
        const all = await pair.restorations();
        return all.length > before.length && all.every(({ state }) => state === 'done');
      },
      PATIENCE_MS,
    );
    await pair.over();
    isWhole(t, await pair.played());
  },
);
