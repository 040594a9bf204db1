import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Updates } from '../../src/api/contract/updates.ts';
import { openOwnUpdates } from '../../src/control/updates.ts';
import type { OwnUpdates } from '../../src/control/updates.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { MAX_PART_BYTES } from '../../src/site/release-limits.ts';
import { readReleaseState, writeReleaseState } from '../../src/updates/release-folder.ts';
import { begun, NO_RELEASES, STEADY_MS, TRIAL_MS } from '../../src/updates/release-state.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { codeOf } from '../support/is-refused.ts';
import { createIssuer } from '../support/licences.ts';
import { makeTestRelease } from '../support/releases.ts';
import type { ReleaseOptions } from '../support/releases.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const issuer = createIssuer();
type Facts = { covering: boolean; media: string | undefined; recording: number; restarts: number; free: number };
type Rig = {
  readonly own: OwnUpdates;
  readonly facts: Facts;
  readonly clock: FakeClock;
  readonly dataDir: string;
  readonly log: readonly string[];
};
type Start = { readonly version?: string; readonly dataDir?: string; readonly packageRoot?: string | undefined };

async function start(t: ExecutionContext, { version = '0.1.0', ...given }: Start = {}): Promise<Rig> {
  const dataDir = given.dataDir ?? (await tempDir(t));
  const root = await tempDir(t);
  await writeFile(join(root, 'package.json'), '{"version":"0.1.0"}');
  await mkdir(join(dataDir, 'releases'), { recursive: true });
  const facts: Facts = { covering: false, media: 'media-1', recording: 4, restarts: 0, free: 1e9 };
  const clock = createFakeClock();
  const log: string[] = [];
  const own: OwnUpdates = await openOwnUpdates({
    dataDir,
    version,
    nodeVersion: '24.21.0',
    packageRoot: () => ('packageRoot' in given ? given.packageRoot : root),
    freeBytes: async () => await Promise.resolve(facts.free),
    trusted: async () => await Promise.resolve([issuer]),
    refuseCovering: () => {
      if (facts.covering) throw new UnderstudyError('conflict', 'failover/covering', 'It covers Hall.');
    },
    media: () => facts.media,
    recording: () => facts.recording,
    restart: () => (facts.restarts += 1),
    changed: () => undefined,
    activity: { record: ({ code, message }) => void log.push(`${code}: ${message}`) },
    clock,
    log: silentLog,
  });
  t.teardown(own.stop);
  return { own, facts, clock, dataDir, log };
}

async function add(t: ExecutionContext, { own }: Pick<Rig, 'own'>, options: ReleaseOptions = {}): Promise<void> {
  const bytes = await readFile((await makeTestRelease(t, { issuer, ...options })).path);
  t.true(bytes.length <= MAX_PART_BYTES);
  await own.upload({ bytes: bytes.length, at: 0, part: bytes.toString('base64') }, 'anna');
}
const restarted = async ({ facts }: Rig): Promise<boolean> =>
  await waitFor('the restart', () => facts.restarts > 0, 20_000);
const settled = async ({ own }: Rig): Promise<Omit<Updates, 'servers'>> => {
  await waitFor('the installation to end', () => own.view().installing === undefined, 20_000);
  return own.view();
};

test('added, installed, restarted: the next start tries it', async (t) => {
  const rig = await start(t);
  await add(t, rig);
  t.like(rig.own.view(), { version: '0.1.0', packaged: '0.1.0', keys: [issuer.keyId] });
  t.like(rig.own.view().releases[0], { version: '0.2.0', beside: 'newer', problem: undefined });
  await rig.own.install('0.2.0', 'anna');
  t.deepEqual(rig.own.view().installing, { version: '0.2.0', phase: 'unpacking' });
  t.is(await codeOf(rig.own.install('0.2.0', 'anna')), 'updates/busy');
  t.is(await codeOf(rig.own.remove('0.2.0', 'anna')), 'updates/busy');
  await restarted(rig);
  t.is(rig.own.view().installing?.phase, 'restarting');
  t.like(readReleaseState(rig.dataDir).active, {
    version: '0.2.0',
    before: '0.1.0',
    confirmed: false,
    attempts: 0,
    recorded: 4,
  });
  t.true((await readdir(join(rig.dataDir, 'releases', '0.2.0'))).includes('dist'));
  t.deepEqual(rig.log, [
    'release-added: Release 0.2.0 was added; it is installed when somebody says so.',
    'update-began: Release 0.2.0 is being installed; 0.1.0 runs until then.',
  ]);
});

test('refused: unknown, not newer, too old a Node, covering, and where nothing could start it', async (t) => {
  const rig = await start(t);
  await add(t, rig, { version: '0.1.0' });
  await add(t, rig, { version: '0.3.0', node: '26.0.0' });
  await add(t, rig);
  t.is(await codeOf(rig.own.install('0.9.0', 'anna')), 'updates/unknown');
  t.is(await codeOf(rig.own.install('0.1.0', 'anna')), 'updates/older');
  t.is(await codeOf(rig.own.install('0.3.0', 'anna')), 'updates/node');
  t.regex(rig.own.view().releases[0]?.problem ?? '', /needs Node 26\.0\.0 or later; this server runs on 24\.21\.0/);
  rig.facts.free = 60e6;
  const noRoom = await t.throwsAsync(rig.own.install('0.2.0', 'anna'));
  t.is(
    noRoom?.message,
    'Release 0.2.0 needs 65 MB on the disk of the data directory; 60 MB are free. Make room there.',
  );
  rig.facts.free = 1e9;
  rig.facts.covering = true;
  t.is(await codeOf(rig.own.install('0.2.0', 'anna')), 'failover/covering');
  t.is(rig.own.view().installing, undefined);
  const alone = await start(t, { dataDir: rig.dataDir, packageRoot: undefined });
  t.regex(alone.own.view().unable ?? '', /not started by bin\/understudy/);
  t.is(await codeOf(alone.own.install('0.2.0', 'anna')), 'updates/unable');
});

test('a failure while it unpacks ends it in words: a cover that began, a release without a server in it', async (t) => {
  const rig = await start(t);
  await add(t, rig);
  await rig.own.install('0.2.0', 'anna');
  rig.facts.covering = true;
  const { last } = await settled(rig);
  t.like(last, { from: '0.1.0', to: '0.2.0', result: 'rolled-back', reason: 'It covers Hall.' });
  rig.facts.covering = false;
  await add(t, rig, { version: '0.4.0', files: { 'package.json': '{"version":"0.4.0"}' } });
  await rig.own.install('0.4.0', 'anna');
  t.regex((await settled(rig)).last?.reason ?? '', /holds no server of version 0\.4\.0/);
  t.is(rig.facts.restarts, 0);
  t.is(readReleaseState(rig.dataDir).active, undefined);
  await waitFor(
    'nothing to be left unpacked',
    async () => (await readdir(join(rig.dataDir, 'releases'))).every((name) => /\.(release|json)$/.test(name)),
    20_000,
  );
  t.is(rig.log.filter((line) => line.startsWith('update-failed')).length, 2);
});

/** As the launcher leaves it when it starts `0.2.0`. */
async function startTried(t: ExecutionContext): Promise<Rig> {
  const dataDir = await tempDir(t);
  await mkdir(join(dataDir, 'releases'), { recursive: true });
  writeReleaseState(dataDir, begun(NO_RELEASES, { version: '0.2.0', before: '0.1.0', recorded: 4, now: 1 }));
  return await start(t, { dataDir, version: '0.2.0' });
}

test('a release that is tried is confirmed once it records what was recorded, and the log says so', async (t) => {
  const rig = await startTried(t);
  rig.facts.recording = 3;
  t.like(rig.own.view().trial, { before: '0.1.0' });
  await rig.clock.advance(5000);
  t.truthy(rig.own.view().trial, 'nobody judges before everything is up');
  rig.own.judge();
  await rig.clock.advance(5000);
  t.truthy(rig.own.view().trial);
  await add(t, rig, { version: '0.3.0' });
  t.is(await codeOf(rig.own.install('0.3.0', 'anna')), 'updates/busy');
  rig.facts.recording = 4;
  await rig.clock.advance(STEADY_MS - 2000);
  // It was started again: that does not count.
  rig.facts.media = 'media-2';
  await rig.clock.advance(STEADY_MS - 2000);
  t.truthy(rig.own.view().trial);
  await rig.clock.advance(4000);
  t.is(rig.own.view().trial, undefined);
  t.like(rig.own.view().last, { result: 'updated', to: '0.2.0' });
  t.true(readReleaseState(rig.dataDir).active?.confirmed);
  t.is(rig.log.filter((line) => line.startsWith('updated: ')).length, 1);
  // Told once.
  const again = await start(t, { dataDir: rig.dataDir, version: '0.2.0' });
  t.deepEqual(again.log, []);
});

test('one that does not record what was recorded gives way, and the one before says why', async (t) => {
  const rig = await startTried(t);
  rig.facts.recording = 1;
  rig.own.judge();
  await rig.clock.advance(TRIAL_MS + 1000);
  t.is(rig.facts.restarts, 1);
  const back = await start(t, { dataDir: rig.dataDir, version: '0.1.0' });
  t.deepEqual(back.log, [
    'update-failed: Release 0.2.0 was not kept: It recorded 1 streams; 4 were recorded before. 0.1.0 runs again.',
  ]);
  t.like(back.own.view().last, { result: 'rolled-back' });
});

test('a state file that cannot be read is put aside', async (t) => {
  const dataDir = await tempDir(t);
  await mkdir(join(dataDir, 'releases'), { recursive: true });
  await writeFile(join(dataDir, 'releases', 'state.json'), '{"format":1,"active":');
  const { own } = await start(t, { dataDir });
  t.is(own.view().last, undefined);
  t.deepEqual(await readdir(join(dataDir, 'releases')), ['state.json.bad']);
});

test('what is left of other releases goes, and one that a later release wrote more of is understood', async (t) => {
  const dataDir = await tempDir(t);
  for (const name of ['0.1.0', '0.2.0', '0.3.0', '0.4.0.new'])
    await mkdir(join(dataDir, 'releases', name), { recursive: true });
  const state = begun(NO_RELEASES, { version: '0.2.0', before: '0.1.0', recorded: 0, now: 1 });
  await writeFile(join(dataDir, 'releases', 'state.json'), JSON.stringify({ ...state, more: 1 }));
  const { own } = await start(t, { dataDir, version: '0.2.0' });
  t.truthy(own.view().trial);
  await waitFor(
    'the others to be gone',
    async () => (await readdir(join(dataDir, 'releases'))).toSorted().join() === '0.1.0,0.2.0,state.json',
    20_000,
  );
});
