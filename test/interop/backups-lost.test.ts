/** A failover server that loses every settings backup of the server that it covers, and is started again: real servers. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { isWhole, PATIENCE_MS, startPair } from '../support/protected-pair.ts';
import type { Pair } from '../support/protected-pair.ts';
import { waitFor } from '../support/wait-for.ts';

type Takeovers = { readonly items: readonly { readonly cameras: readonly { readonly lastFrameAt?: string }[] }[] };
type Named = { readonly items: readonly { readonly name: string }[] };

async function alarmOf({ covering, logOf }: Pair): Promise<string> {
  const told = await waitFor(
    'the alarm',
    async () => (await logOf(covering()).catch(() => [])).find(({ code }) => code === 'backup-missing'),
    PATIENCE_MS,
  );
  return told.message;
}
/** Until the failover server has durable footage of a moment that is still to come. */
async function goesOnCovering({ covering }: Pair): Promise<void> {
  const wanted = Date.now() + 2000;
  await waitFor(
    'the cover to go on',
    async () => {
      const answer = (await covering()
        .api.call('GET', '/failover/takeovers')
        .catch(() => undefined)) as Takeovers | undefined;
      return Date.parse(answer?.items[0]?.cameras[0]?.lastFrameAt ?? '1970-01-01T00:00:00Z') > wanted;
    },
    PATIENCE_MS,
  );
}
async function goHome(pair: Pair): Promise<void> {
  await pair.comeBack();
  await pair.recordsAgain();
  await pair.restoration('the footage to be home', ({ state }) => state === 'done');
}

test.serial('another name of the protected server is known without a new connection', async (t) => {
  t.timeout(240_000);
  const pair = await startPair(t);
  await pair.ready();
  await pair.protectedBox().api.call('PATCH', '/server', { name: 'Corner Shop' });
  await waitFor(
    'the new name at the failover server',
    async () => {
      const { items } = (await pair.covering().api.call('GET', '/servers')) as Named;
      return items.some(({ name }) => name === 'Corner Shop');
    },
    PATIENCE_MS,
  );
  t.pass();
});

test.serial('with the backup directory emptied it covers on by its own copy', async (t) => {
  t.timeout(240_000);
  const pair = await startPair(t);
  await pair.ready();
  pair.kill();
  await pair.covered(3000);
  await pair.stopCovering();
  await rm(join(pair.dir, 'Spare', 'backups'), { recursive: true });
  await pair.startCovering();
  t.regex(await alarmOf(pair), /Shop.*its own copy.*understudy backup Shop/);
  await goesOnCovering(pair);
  await goHome(pair);
  const { doubled, reordered, altered } = await pair.played();
  t.deepEqual({ doubled, reordered, altered }, { doubled: [], reordered: [], altered: [] });
  t.deepEqual(
    (await pair.ledger()).filter(({ cause }) => cause === 'unexplained'),
    [],
  );
});

test.serial(
  'without any backup, and no copy, what is covered is recorded on without a frame lost, and goes home',
  async (t) => {
    t.timeout(240_000);
    const pair = await startPair(t);
    await pair.ready();
    pair.kill();
    await pair.covered(3000);
    for (const folder of ['backups', 'backups-reserve']) await rm(join(pair.dir, 'Spare', folder), { recursive: true });
    const control = pair.covering().status()?.control?.pid;
    if (control === undefined) throw new Error('control does not run');
    process.kill(control, 'SIGKILL');
    await waitFor(
      'control to be started again',
      () => (pair.covering().status()?.control?.pid ?? control) !== control,
      PATIENCE_MS,
    );
    t.regex(await alarmOf(pair), /no settings backup of Shop that can be used.*understudy backup Shop.*goes home/);
    await goesOnCovering(pair);
    await goHome(pair);
    isWhole(t, await pair.played());
    const isThere = async (): Promise<boolean> =>
      (await pair.logOf(pair.covering())).some(({ code }) => code === 'backup-taken');
    await waitFor('a backup again', isThere, PATIENCE_MS);
  },
);
