/**
 * The host updates a recording server and the failover server that protects it, real processes started by bin/understudy: the one hands its
 * cameras over and takes them back, then the other goes. Counted access unit by access unit.
 */
import test from 'ava';
import type { Updates } from '../../src/api/contract/updates.ts';
import { BUILT_LAUNCHER, stageRelease, trust, upload } from '../support/built-release.ts';
import { lostNothing, onlyPlanned, recordedUntil, serverIdOf, serversOf, startSpares } from '../support/spares-site.ts';
import { waitFor } from '../support/wait-for.ts';

/** A hot camera is footage only once the ring behind it is. */
const RING_MS = 6000;
const DONE_WITHIN_MS = 180_000;

test('a site is updated from its host, one box after another, and no camera misses an access unit', async (t) => {
  t.timeout(350_000);
  const stage = await stageRelease(t);
  const site = await startSpares(t, {
    camerasEach: 4,
    spares: ['Spare'],
    standbyLevel: 'hot',
    launcher: BUILT_LAUNCHER,
  });
  const [recorder, spare] = [site.recorders[0], site.failover];
  if (recorder === undefined) throw new Error('a site without a recorder');
  for (const { dataDir } of serversOf(site)) await trust(dataDir, stage.issuer);
  const { api } = site.host.box();
  await upload(api, await stage.release('0.2.0'));
  const since = Date.now() + RING_MS;
  await recordedUntil(site, since + 2000);

  const asked = Date.now();
  const serverIds = [recorder, spare].map(serverIdOf);
  await api.call('POST', '/updates/servers', { version: '0.2.0', serverIds });
  const rows = await waitFor(
    'both servers to be updated',
    async () => {
      const { servers } = (await api.call('GET', '/updates')) as Updates;
      return servers.some(({ phase }) => phase === 'failed') || servers.every(({ phase }) => phase === 'done')
        ? servers
        : undefined;
    },
    DONE_WITHIN_MS,
  );
  t.deepEqual(
    rows.map(({ name, phase, problem }) => ({ name, phase, problem })),
    [recorder, spare].map(({ name }) => ({ name, phase: 'done', problem: undefined })),
  );
  t.log(`two servers updated in ${Date.now() - asked} ms`);
  for (const { dataDir } of [recorder, spare]) {
    const { version } = (await api.call('GET', `/servers/${serverIdOf({ dataDir })}/api/server`)) as {
      version: string;
    };
    t.is(version, '0.2.0');
  }
  await lostNothing(t, site, since);
  await onlyPlanned(t, spare, since);
});
