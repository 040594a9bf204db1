/**
 * Updates of a real box that records, started by bin/understudy: a release that works, releases that do not, and processes that are killed
 * in between. What was recorded is counted access unit by access unit.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { BatchResult } from '../../src/api/contract/adding.ts';
import type { Updates } from '../../src/api/contract/updates.ts';
import { freePort } from '../../src/core/free-port.ts';
import { placeOf } from '../../src/demo/demo-box.ts';
import { readStatus, startTicksOf } from '../../src/supervisor/instance.ts';
import { readReleaseState } from '../../src/updates/release-folder.ts';
import { releaseListText } from '../../src/updates/release-list.ts';
import { stageRelease, trust, upload } from '../support/built-release.ts';
import {
  addCameras,
  addVolume,
  judge,
  logged,
  PATIENCE_MS,
  recordMore,
  signIn,
  startServiceBox,
} from '../support/service-box.ts';
import type { ServiceBox } from '../support/service-box.ts';
import { startReleaseServer } from '../support/release-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

/** A release that does not work is ended after 90 s, and stopping it may take 45. */
const ROLL_BACK_MS = 200_000;

const updatesOf = async (box: ServiceBox): Promise<Updates | undefined> => {
  await signIn(box);
  return (await box.api.call('GET', '/updates').catch(() => undefined)) as Updates | undefined;
};
const until = async (
  box: ServiceBox,
  what: string,
  is: (seen: Updates) => boolean,
  withinMs = PATIENCE_MS,
): Promise<Updates> =>
  await waitFor(
    what,
    async () => {
      const seen = await updatesOf(box);
      return seen !== undefined && is(seen) ? seen : undefined;
    },
    withinMs,
  );
const isSettled = ({ installing, trial }: Updates): boolean => installing === undefined && trial === undefined;
const install = async (box: ServiceBox, version: string): Promise<unknown> =>
  await box.api.call('POST', '/updates/install', { version });

test('a release is installed, tried and kept while the box records; then one is not, and the one before is back', async (t) => {
  t.timeout(600_000);
  const stage = await stageRelease(t);
  const box = await startServiceBox(t, { cameras: 2, isLaunched: true });
  const volume = await tempDir(t, 'volume');
  await addVolume(box, volume, 0);
  await addCameras(box);
  await recordMore(box, 4);
  await trust(box.dataDir, stage.issuer);
  await upload(box.api, await stage.release('0.2.0'));
  const shell = box.server.supervisor.pid;

  const asked = Date.now();
  await install(box, '0.2.0');
  const seen = await until(box, '0.2.0 to be kept', (one) => one.version === '0.2.0' && isSettled(one));
  t.log(`0.2.0 ran and had shown that it works ${Date.now() - asked} ms after it was asked for`);
  t.like(seen, { packaged: '0.1.0', last: { from: '0.1.0', to: '0.2.0', result: 'updated' } });
  t.is(box.server.supervisor.pid, shell);
  t.regex(await commandOf(box), /releases\/0\.2\.0\/dist\/supervisor\.js/);
  t.is((await logged(box, 'updated')).length, 1);
  // What is loaded only when somebody asks for it is in the release as well.
  await box.api.call('POST', '/servers/search', { seconds: 1 });
  await recordMore(box, 2);

  // It starts and answers, but records nothing: its media process does not come up.
  await upload(box.api, await stage.release('0.3.0', { 'dist/media.js': 'process.exit(1);' }));
  await install(box, '0.3.0');
  const back = await until(
    box,
    '0.2.0 to be back',
    (one) => one.version === '0.2.0' && isSettled(one) && one.last?.to === '0.3.0',
    ROLL_BACK_MS,
  );
  t.like(back.last, {
    from: '0.2.0',
    to: '0.3.0',
    result: 'rolled-back',
    reason: 'Its recording process did not come up.',
  });
  t.is((await logged(box, 'update-failed')).length, 1);
  await recordMore(box, 2);

  const verdicts = await judge(box, [volume]);
  for (const { cameraId, doubled, reordered, altered, problems } of verdicts)
    t.deepEqual(
      { cameraId, doubled, reordered, altered, problems },
      { cameraId, doubled: 0, reordered: 0, altered: 0, problems: [] },
    );
  t.log(`access units missing, all booked: ${verdicts.map(({ missing }) => missing).join(', ')}`);
  t.is(await box.server.ended, 0);
});

/** Of the supervisor that runs now. */
const commandOf = async ({ dataDir }: ServiceBox): Promise<string> =>
  (await readFile(`/proc/${readStatus(dataDir)?.pid ?? 0}/cmdline`, 'utf8')).replaceAll('\0', ' ');

test('releases that crash or hang are gone after their time, whatever of them does not come up', async (t) => {
  t.timeout(600_000);
  const stage = await stageRelease(t);
  const box = await startServiceBox(t, { cameras: 0, isLaunched: true });
  await trust(box.dataDir, stage.issuer);
  const broken: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    '0.2.0': { 'dist/supervisor.js': 'throw new Error("a defect");' },
    '0.3.0': {
      'dist/supervisor.js': await readFile('dist/supervisor.js', 'utf8'),
      'dist/control.js': 'setInterval(() => {}, 1000);',
    },
  };
  for (const [version, files] of Object.entries(broken)) {
    const asked = Date.now();
    await upload(box.api, await stage.release(version, files));
    await install(box, version);
    const seen = await until(
      box,
      `0.1.0 to be back after ${version}`,
      (one) => isSettled(one) && one.last?.to === version,
      ROLL_BACK_MS,
    );
    t.log(`${version} gone after ${Date.now() - asked} ms: ${seen.last?.reason ?? ''}`);
    t.like(seen, { version: '0.1.0', last: { from: '0.1.0', result: 'rolled-back' } });
    await waitFor('what was unpacked to be gone', async () => (await updatesOf(box)) !== undefined, PATIENCE_MS);
  }
  t.is((await logged(box, 'update-failed')).length, 2);
});

test('killed while it unpacks, and while it is tried: the next start runs one of the two, whole', async (t) => {
  t.timeout(600_000);
  const stage = await stageRelease(t);
  const box = await startServiceBox(t, { cameras: 0, isLaunched: true });
  await trust(box.dataDir, stage.issuer);
  await upload(box.api, await stage.release('0.2.0'));

  await install(box, '0.2.0');
  const control = placeOf(box.dataDir)?.pid ?? 0;
  process.kill(control, 'SIGKILL');
  await waitFor('control to be started again', () => (placeOf(box.dataDir)?.pid ?? control) !== control, PATIENCE_MS);
  const seen = await until(box, 'an answer', isSettled);
  t.is(seen.version, '0.1.0');
  t.is(readReleaseState(box.dataDir).active, undefined);

  await install(box, '0.2.0');
  const before = readStatus(box.dataDir)?.pid;
  const tried = await waitFor(
    'the new supervisor',
    () => {
      const pid = readStatus(box.dataDir)?.pid;
      return pid !== undefined && pid !== before && startTicksOf(pid) !== '' && pid;
    },
    PATIENCE_MS,
  );
  process.kill(tried, 'SIGKILL');
  const after = await until(box, '0.2.0 in its second try', (one) => one.version === '0.2.0' && isSettled(one));
  t.is(after.last?.result, 'updated');
  t.true(readReleaseState(box.dataDir).active?.confirmed);
  t.is((await readFile(join(box.dataDir, 'releases', '0.2.0', 'package.json'), 'utf8')).includes('0.2.0'), true);
});

/** As an owner does who put it on a web server, with the list that `understudy release list` makes. */
async function fetchFromWebServer(t: ExecutionContext, box: ServiceBox, bytes: Buffer): Promise<void> {
  const { url, answers } = await startReleaseServer(t);
  const builtAt = '2026-11-24T00:00:00.000Z';
  answers.set('/0.2.0.release', bytes);
  answers.set(
    '/releases.json',
    releaseListText([{ version: '0.2.0', file: '0.2.0.release', bytes: bytes.length, builtAt }]),
  );
  await box.api.call('PATCH', '/server/settings', { releaseSource: `${url}/releases.json` });
  const seen = (await box.api.call('POST', '/updates/online')) as Updates;
  t.like(seen.online?.releases[0], { version: '0.2.0', beside: 'newer', kept: false });
  await box.api.call('POST', '/updates/online/fetch', { version: '0.2.0' });
  const fetched = await until(box, 'it to be fetched', ({ online }) => online?.fetching === undefined);
  t.like(fetched.releases[0], { version: '0.2.0', bytes: bytes.length }, fetched.online?.problem);
}

test('a host fetches a release and updates itself, and then a box that is older before it is added', async (t) => {
  t.timeout(600_000);
  const stage = await stageRelease(t);
  const [host, other] = await Promise.all([
    startServiceBox(t, { cameras: 0, isLaunched: true }),
    // Whoever updates it looks for it where it was.
    startServiceBox(t, { cameras: 0, isLaunched: true, httpPort: await freePort() }),
  ]);
  await host.api.call('PUT', '/server/mode', { mode: 'host' });
  for (const { dataDir } of [host, other]) await trust(dataDir, stage.issuer);
  await fetchFromWebServer(t, host, await stage.release('0.2.0'));
  await install(host, '0.2.0');
  await until(host, 'the host to run 0.2.0', (one) => one.version === '0.2.0' && isSettled(one));

  const { port, fingerprint } = placeOf(other.dataDir) ?? {};
  const row = { host: '127.0.0.1', httpPort: port, httpsFingerprint: fingerprint, name: 'Hall' };
  const account = { username: 'owner', password: 'a long enough one' };
  const refused = (await host.api.call('POST', '/servers/batch', { rows: [row], ...account })) as BatchResult;
  t.like(refused.rows[0], { ok: false, code: 'server/older' });
  const asked = { rows: [row], ...account, updateOlder: true };
  const added = (await host.api.call('POST', '/servers/batch', asked, ROLL_BACK_MS)) as BatchResult;
  t.like(added.rows[0], { ok: true, name: 'Hall' }, added.rows[0]?.message);
  const seen = await until(other, 'the other one to run it', (one) => one.version === '0.2.0' && isSettled(one));
  t.like(seen.last, { from: '0.1.0', to: '0.2.0', result: 'updated' });
});
