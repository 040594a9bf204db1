/** Stopping a restoration on purpose: real servers. */
import test from 'ava';
import { isRefused } from '../support/is-refused.ts';
import { failAndComeBack, PATIENCE_MS, PROTECTED, startPair } from '../support/protected-pair.ts';
import { waitFor } from '../support/wait-for.ts';

type Incidents = { readonly items: readonly { readonly state: string; readonly missingSeconds: number }[] };

test.serial('a restoration is stopped only by name, and what is lost by it is missing with that cause', async (t) => {
  t.timeout(180_000);
  const pair = await startPair(t, { failover: { restorationLimit: 100_000 } });
  await failAndComeBack(pair, 4000);
  const isUnderWay = ({ state, files }: { state: string; files: { total: number } }): boolean =>
    state === 'running' && files.total > 0;
  const { id } = await pair.restoration('a file to be on its way', isUnderWay);
  const { api } = pair.covering();
  const stop = async (confirm: string): Promise<unknown> =>
    await api.call('POST', `/failover/restorations/${id}/stop`, { confirm });
  await isRefused(t, async () => await stop('Shed'), {
    status: 422,
    message: /files with \d+ s of footage would be lost.*Shop/,
  });
  // It may wait for a moment; one that was stopped never runs again.
  const still = await pair.restoration('it to go on', (one) => one.id === id && one.state === 'running');
  t.is(still.state, 'running', 'a wrong name stops nothing');

  t.like(await stop(PROTECTED), { state: 'stopped' });
  const lost = await waitFor(
    'the ledger to tell what was deleted',
    async () => (await pair.ledger()).find(({ state, cause }) => state === 'missing' && cause === 'deleted'),
    PATIENCE_MS,
  );
  t.regex(lost.detail ?? '', /Spare.*restoration was stopped/);
  const played = await pair.played();
  t.true(played.missing.length > 0);
  t.deepEqual([played.doubled, played.reordered], [[], []]);
  const log = await pair.logOf(pair.covering());
  t.true(log.some(({ code, message }) => code === 'restoration-stopped' && /not returned are deleted/.test(message)));
  await waitFor(
    'the incident to end with what is missing',
    async () =>
      ((await api.call('GET', '/incidents')) as Incidents).items.some(
        ({ state, missingSeconds }) => state === 'closed' && missingSeconds > 1,
      ),
    PATIENCE_MS,
  );
});
