import test from 'ava';
import type { SiteHostView } from '../../src/api/contract/site-host.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { startCliBench } from '../support/cli-bench.ts';

const VIEW: SiteHostView = {
  host: { id: 'a', name: 'Office', address: '192.0.2.7', httpPort: 51_443, connected: false },
  term: 3,
  since: '2026-11-22T02:00:00.000Z',
  isHost: false,
  successors: [{ id: 'b', name: 'Spare', mode: 'failover', address: 'fd00::2', httpPort: 443, connected: true }],
  here: { canTake: true, copyAt: '2026-11-22T03:00:00.000Z', silentSeconds: 75, automaticAfterSeconds: 120 },
};

test('who is the host, where, and who may succeed it', async (t) => {
  const { run } = await startCliBench(t, { siteHost: { view: () => VIEW } });
  const { stdout, code } = await run('site', 'host');
  t.is(code, 0);
  t.regex(stdout, /^Office is the host, https:\/\/192\.0\.2\.7:51443\/, term 3, not heard for 75 s\.$/m);
  t.regex(stdout, /^Spare +failover +https:\/\/\[fd00::2\]:443\/ +connected/m);
  t.regex(stdout, /^This server can take its role: understudy site take-host\.$/m);
  t.regex(stdout, /^Its copy of the site is of 2026-11-22T03:00/m);
  t.regex(stdout, /not heard for 120 s\.$/m);
  const json = JSON.parse((await run('site', 'host', '--json')).stdout) as SiteHostView;
  t.deepEqual(json, VIEW);
});

test('a server of no site says so, and a host names itself', async (t) => {
  const none = await startCliBench(t, {
    siteHost: { view: () => ({ isHost: false, successors: [], here: { canTake: false, reason: 'No site.' } }) },
  });
  t.is((await none.run('site', 'host')).stdout, 'This server belongs to no site.\n');
  const host = await startCliBench(t, {
    siteHost: {
      view: () => ({
        ...VIEW,
        isHost: true,
        host: { id: 'a', name: 'Office', connected: true },
        successors: [{ id: 'b', name: 'Spare', mode: 'failover', connected: true, hasCopy: false }],
        here: { canTake: false, reason: 'This server is the host already.' },
      }),
    },
  });
  const { stdout } = await host.run('site', 'host');
  t.regex(stdout, /^Office is the host, this server, term 3\.$/m);
  t.regex(stdout, /has no copy yet/);
});

test('the role is taken with the name of the host, and refusals are told in words', async (t) => {
  const asked: (string | undefined)[] = [];
  const { run } = await startCliBench(t, {
    siteHost: {
      view: () => ({ ...VIEW, isHost: true, host: { id: 'b', name: 'Spare', connected: true } }),
      take: async (confirm) => {
        asked.push(confirm);
        if (confirm === undefined)
          throw new UnderstudyError('conflict', 'site/host-heard', 'Office was heard 1 s ago.');
        await Promise.resolve();
      },
    },
  });
  const refused = await run('site', 'take-host');
  t.is(refused.code, 1);
  t.regex(refused.stderr, /Office was heard 1 s ago/);
  t.is((await run('site', 'take-host', '--confirm', 'Office')).stdout, 'Spare is the host of the site now (term 3).\n');
  t.deepEqual(asked, [undefined, 'Office']);
});
