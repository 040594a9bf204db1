import test from 'ava';
import type { SiteServerView, SiteView } from '../../src/api/contract/site.ts';
import { settingsIn } from '../../src/cli/site-settings.ts';
import { failoverSettingsSchema } from '../../src/site/failover-settings.ts';
import { startCliBench } from '../support/cli-bench.ts';
import { knownServerOf } from '../support/known-server.ts';
import { serverIdOf } from '../support/memory-settings.ts';

const [SERVER_ID, SPARE_ID] = [serverIdOf(2), serverIdOf(3)];

const serverOf = (name: string, more: Partial<SiteServerView> = {}): SiteServerView => ({
  id: name.toLowerCase(),
  name,
  mode: 'recording',
  state: 'online',
  enabled: true,
  watches: [],
  watchedBy: [],
  coveredBy: [],
  ...more,
});
const SITE: SiteView = {
  host: { id: 'office', name: 'Office' },
  isHost: true,
  policy: { automaticTakeover: false, standbyLevels: { high: 'hot' } },
  protection: [],
};

test('the status of a site: counts, a line a server, and exit 1 when one is gone', async (t) => {
  const { run } = await startCliBench(t, {
    sitePolicy: {
      servers: () => [
        serverOf('Hall', { state: 'covered', coveredBy: [{ serverId: 's', name: 'Spare' }], load: 0.254 }),
        serverOf('Spare', { mode: 'failover', state: 'covering', channels: { max: 128, used: 3, free: 125 } }),
        serverOf('Yard', {
          lastDrill: { at: '2026-11-22T02:00:00.000Z', cameras: 4, recorded: 3 },
          lastContactAt: '2026-11-22T03:00:00.000Z',
        }),
      ],
    },
  });
  const ran = await run('site');
  t.is(ran.code, 1);
  t.regex(ran.stdout, /^3 servers: 1 covered, 1 covering, 1 online$/m);
  t.regex(ran.stdout, /^Hall +recording +covered by Spare .*load 0\.25/m);
  t.regex(ran.stdout, /^Spare +failover +covering .*125 of 128 channels free/m);
  t.regex(ran.stdout, /^Yard .*drill 2026-11-22T02:00:00\.000Z: 3 of 4 cameras +heard 2026-11-22T03:00:00\.000Z$/m);
  const some = await run('site', 'status', '--mode', 'failover', '--json');
  const { counts, items } = JSON.parse(some.stdout) as { counts: { total: number }; items: SiteServerView[] };
  t.deepEqual([counts.total, items.map(({ name }) => name)], [3, ['Spare']]);
  t.is((await run('site', 'status', '--state', 'asleep')).code, 1);
});

test('what if these die: whoever would not be covered is told with the reason', async (t) => {
  const camera = { priority: 'high', standbyLevel: 'warm', recording: true } as const;
  const { run } = await startCliBench(t, {
    servers: { list: () => [knownServerOf({ id: SERVER_ID })] },
    failover: {
      plan: (failed) => ({
        servers: [
          {
            serverId: failed?.[0] ?? 'all',
            name: 'Hall',
            cameras: [
              { ...camera, cameraId: 'a', name: 'Door', coveredBy: 's' },
              { ...camera, cameraId: 'b', name: 'Yard', cause: 'not-covered-channel', detail: 'No channel.' },
            ],
          },
        ],
        spares: [{ serverId: 's', name: 'Spare', channels: 1, assigned: 1 }],
      }),
    },
  });
  const ran = await run('site', 'plan', '--failed', 'Hall');
  t.is(ran.code, 1);
  t.regex(ran.stdout, /^1 cameras of 1 servers would be covered, 1 not\.$/m);
  t.regex(ran.stdout, /^Spare: 1 of 1 channels$/m);
  t.regex(ran.stdout, /^Hall +Yard +not-covered-channel +No channel\.$/m);
  t.regex((await run('site', 'plan', '--failed', 'Nobody')).stderr, /No server is called Nobody/);
});

test('the policy is shown and changed, and lists are named', async (t) => {
  const changes: unknown[] = [];
  const { run } = await startCliBench(t, {
    servers: { list: () => [knownServerOf({ id: SERVER_ID }), knownServerOf({ id: SPARE_ID, name: 'Spare' })] },
    sitePolicy: {
      site: () => SITE,
      changeSite: async (change) => {
        changes.push(change);
        return await Promise.resolve(SITE);
      },
    },
  });
  const shown = await run('site', 'policy');
  t.regex(shown.stdout, /^The host is Office\.\nautomaticTakeover +false\nstandbyLevels\.high +hot$/m);
  t.is((await run('site', 'policy', 'automaticTakeover=on', 'footagePolicy=', 'standbyLevels.low=cold')).code, 0);
  t.is((await run('site', 'protect', 'Spare', 'Hall')).code, 0);
  t.is((await run('site', 'protect', 'Spare', '--all')).code, 0);
  t.is((await run('site', 'protect', 'Spare', '--none')).code, 0);
  t.deepEqual(changes, [
    { policy: { automaticTakeover: true, footagePolicy: null, standbyLevels: { low: 'cold' } } },
    { protection: { [SPARE_ID]: [SERVER_ID] } },
    { protection: { [SPARE_ID]: null } },
    { protection: { [SPARE_ID]: [] } },
  ]);
  t.is((await run('site', 'protect', 'Spare')).code, 2);
  t.is((await run('site', 'policy', 'automaticTakeover')).code, 2);
});

test('failover settings of a server are shown and changed from the host', async (t) => {
  const changes: unknown[] = [];
  const answer = { settings: failoverSettingsSchema.parse({}), revision: 'x' };
  const { run } = await startCliBench(t, {
    servers: { list: () => [knownServerOf({ id: SERVER_ID })] },
    sitePolicy: {
      remote: {
        read: async () => await Promise.resolve(answer),
        change: async (id, change) => {
          changes.push([id, change]);
          return await Promise.resolve(answer);
        },
      },
    },
  });
  t.regex((await run('site', 'settings', 'Hall')).stdout, /^timeouts\.keepAlive +30$/m);
  t.is((await run('site', 'settings', 'Hall', 'hotSeconds=45', 'timeouts.keepAlive=60')).code, 0);
  t.deepEqual(changes, [[SERVER_ID, { hotSeconds: 45, timeouts: { keepAlive: 60 } }]]);
});

test('settings are read as they are meant', (t) => {
  t.deepEqual(
    settingsIn(['a=on', 'b=off', 'c=', 'd=12', 'e=text', 'storeVolumeIds=v1,v2', 'serverAddress=10', 'share=on']),
    {
      a: true,
      b: false,
      c: null,
      d: 12,
      e: 'text',
      storeVolumeIds: ['v1', 'v2'],
      serverAddress: '10',
      share: 'on',
    },
  );
  for (const text of ['', 'a', '=1', 'a.b.c=1', 'a b=1']) t.throws(() => settingsIn([text]), { code: 'cli/usage' });
});
