/** Where browsers reach a server: told by itself, kept in records, passed on to whoever has to know it. */
import test from 'ava';
import { changedSettings, failoverChangeSchema, failoverSettingsSchema } from '../../src/site/failover-settings.ts';
import { recordsUnder } from '../../src/site/host-records.ts';
import { browserAddressOf, succeededBy, successorsOf } from '../../src/site/host-role.ts';
import type { HostRole } from '../../src/site/host-role.ts';
import { recordsAfter, siteFor, siteSchema } from '../../src/site/introductions.ts';
import { peerOf, serverIdOf } from '../support/memory-settings.ts';

const clientAddress = 'nas.example.org';

for (const name of ['clientAddress', 'serverAddress'] as const)
  test(`${name} is a host name or an address, or nothing`, (t) => {
    const before = failoverSettingsSchema.parse({});
    t.is(changedSettings(before, failoverChangeSchema.parse({ [name]: clientAddress }))[name], clientAddress);
    t.is(changedSettings({ ...before, [name]: clientAddress }, { [name]: null })[name], undefined);
    for (const text of ['https://nas.example.org:51443/', 'nas.example.org:51410', '10.0.0.300', ''])
      t.regex(
        failoverChangeSchema.safeParse({ [name]: text }).error?.issues[0]?.message ?? '',
        /^Expected a host name or an IP address/,
        text,
      );
    t.like(failoverSettingsSchema.parse({ [name]: 'https://nas', dailyBackup: false }), {
      [name]: undefined,
      dailyBackup: false,
    });
  });

test('a host passes it on, and it does not change where servers dial', (t) => {
  const [R, F] = [peerOf(2, { host: '10.0.0.2', clientAddress }), peerOf(4, { mode: 'failover' })];
  const site = siteSchema.parse(siteFor(F, [R, F], { id: serverIdOf(9), records: false }));
  t.like(site.members[0], { host: '10.0.0.2', clientAddress });
  const records = recordsAfter([peerOf(9, { mode: 'host', managesUs: true })], site, 5);
  t.like(records.at(-1), { host: '10.0.0.2', clientAddress });
});

test('people are told that of a new host, from the record, else from the role', (t) => {
  const spare = peerOf(4, { mode: 'failover', host: '10.0.0.4', clientAddress });
  const [successor = spare] = successorsOf([spare]);
  t.is(successor.clientAddress, clientAddress);
  const manager = recordsUnder([], successor, 5).at(-1);
  t.like(manager, { managesUs: true, host: '10.0.0.4', clientAddress });
  const [siteId, hostId] = [serverIdOf(1), spare.id];
  const hostRole: HostRole = { siteId, hostId, term: 2, since: 5, successors: [], host: successor, acting: false };
  const old = { id: siteId, mode: 'recording', hostRole } as const;
  t.is(succeededBy(old, manager)?.host, clientAddress);
  t.is(succeededBy(old, { id: hostId, name: 'Spare' })?.host, clientAddress);
  t.is(browserAddressOf({ host: '10.0.0.4' }), '10.0.0.4');
});
