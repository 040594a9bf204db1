/** Footage goes home by SMB: real servers, a real Samba that shows a folder of the protected server's volume. Needs root. */
import { join } from 'node:path';
import { mkdir, readdir, stat } from 'node:fs/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Box } from '../../src/demo/demo-box.ts';
import { isRoot, mountTmpfs } from '../support/lab.ts';
import { failAndComeBack, isWhole, PATIENCE_MS, PROTECTED, startPair } from '../support/protected-pair.ts';
import type { Pair } from '../support/protected-pair.ts';
import { failWithSnapshot, isHome } from '../support/taken-snapshot.ts';
import { waitFor } from '../support/wait-for.ts';
import { PASSWORD, SHARE, startSamba } from './samba-server.ts';
import type { Samba } from './samba-server.ts';

// One after the other: each is a site of its own.
const needsRoot = isRoot() ? test.serial : test.serial.skip;
if (!isRoot()) console.error('restoration by SMB: skipped, smbd needs root');

const FOLDER = '.incoming/share';
/** Bits a second: a file is on its way for so long that nobody can miss it. */
const SLOW = 100_000;

async function nameShare({ api }: Box, { port }: Samba, change: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const { items } = (await api.call('GET', '/volumes')) as { readonly items: readonly { readonly id: string }[] };
  const share = {
    host: '127.0.0.1',
    port,
    share: SHARE,
    folder: 'home',
    username: 'root',
    password: PASSWORD,
    volumeId: items[0]?.id,
    volumeFolder: `${FOLDER}/home`,
  };
  await api.call('PUT', '/failover/return-share', { share: { ...share, ...change } });
}

async function startPairWithShare(t: ExecutionContext): Promise<{ readonly pair: Pair; readonly samba: Samba }> {
  const made: Samba[] = [];
  const pair = await startPair(t, {
    failover: { transport: 'smb' },
    prepare: async ({ protectedBox, dir }) => {
      const path = join(dir, PROTECTED, 'footage', FOLDER);
      await mkdir(path, { recursive: true });
      const samba = await startSamba(t, { path });
      made.push(samba);
      await nameShare(protectedBox, samba);
    },
  });
  const [samba] = made;
  if (samba === undefined) throw new Error('no Samba');
  return { pair, samba };
}

needsRoot('footage goes home by SMB, and every access unit is played once', async (t) => {
  t.timeout(180_000);
  const { pair } = await startPairWithShare(t);
  const taken = await failWithSnapshot(pair, 6000);
  const done = await pair.restoration('the footage to be home', ({ state }) => state === 'done');
  await isHome(t, pair, taken);
  t.true(done.files.total > 0);
  isWhole(t, await pair.played());
  t.true((await pair.ledger()).some(({ state }) => state === 'returned'));
});

needsRoot('a share that refuses is told clearly, nothing is lost, and footage goes on when it is mended', async (t) => {
  t.timeout(240_000);
  const { pair, samba } = await startPairWithShare(t);
  const share = join(pair.dir, PROTECTED, 'footage', FOLDER);
  const rename = async (name: string): Promise<void> => await nameShare(pair.protectedBox(), samba, { share: name });
  const told = async (what: string, pattern: RegExp): Promise<void> => {
    await pair.restoration(what, ({ state, message = '' }) => state === 'waiting' && pattern.test(message));
    const log = await pair.logOf(pair.covering());
    t.true(
      log.some(({ code, message }) => code.startsWith('smb-') && pattern.test(message)),
      what,
    );
    const all = JSON.stringify([log, await pair.restorations()]);
    t.false(all.includes(PASSWORD), 'the password is told');
  };
  const changedAt = Date.now();
  await nameShare(pair.protectedBox(), samba, { password: 'another one' });
  // Else footage could be on its way by what the failover server knew before.
  await pair.backedUp(changedAt);
  await failAndComeBack(pair);
  await told('a wrong password', /password/i);

  await samba.configure({ share: ['read only = yes'] });
  await nameShare(pair.protectedBox(), samba);
  await told('a share that is read-only', /read.only|no right|write/i);

  const undo = await mountTmpfs(join(share, 'home'), 'size=64k');
  await samba.configure({});
  await rename(SHARE);
  await told('a full share', /full|space|room/i);

  await rename('elsewhere');
  await told('a share that has another name', /elsewhere/);

  // Not before: it would go on by the old name while it has not heard of the other.
  await undo();
  await rename(SHARE);
  await pair.restoration('the footage to be home', ({ state }) => state === 'done');
  isWhole(t, await pair.played());
  t.deepEqual(await readdir(join(share, 'home')), [], 'something is left on the share');
});

needsRoot('a Samba server that is killed in the middle of a file delays it', async (t) => {
  t.timeout(180_000);
  const { pair, samba } = await startPairWithShare(t);
  const home = join(pair.dir, PROTECTED, 'footage', FOLDER, 'home');
  await pair.covering().api.call('PATCH', '/failover/settings', { restorationLimit: SLOW });
  await failAndComeBack(pair);
  const isPartThere = async (): Promise<boolean> => {
    const parts = (await readdir(home).catch(() => [])).filter((name) => name.endsWith('.part'));
    const sizes = await Promise.all(
      parts.map(async (name) => (await stat(join(home, name)).catch(() => undefined))?.size),
    );
    return sizes.some((size) => (size ?? 0) > 0);
  };
  await waitFor('part of a file on the share', isPartThere, PATIENCE_MS);
  await samba.kill();
  await pair.restoration('the loss to be noticed', ({ state }) => state === 'waiting');
  await samba.start();
  await pair.covering().api.call('PATCH', '/failover/settings', { restorationLimit: 1_000_000_000 });
  await pair.restoration('the footage to be home', ({ state }) => state === 'done');
  isWhole(t, await pair.played());
});
