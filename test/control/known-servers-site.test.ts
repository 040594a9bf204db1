/** Joining a site: who may, who belongs to another one already, whose release is too old. */
import test from 'ava';
import { peerOf, serverIdOf } from '../support/memory-settings.ts';
import { code, remoteOf, REQUEST, rigOf } from './known-servers-rig.ts';
import type { Remote } from './known-servers-rig.ts';

const THEIRS = { kind: 'member', host: { id: serverIdOf(77), name: 'Other site' } };

test('a server of another site is refused with the name of its host, before it is told of this one', async (t) => {
  const rig = rigOf({ mode: 'host' });
  rig.remote = remoteOf({ site: THEIRS });
  const error = await t.throwsAsync(rig.known.add(REQUEST, 'olga'), code('server/foreign'));
  t.regex(error?.message ?? '', /Hall belongs to the site of Other site.*detached there first/);
  t.false(rig.sent.some((line) => line.startsWith('/peers')));
  t.deepEqual(rig.peers(), []);
});

test('a failover server of one site does not protect a server of another, one of no site may', async (t) => {
  const host = peerOf(9, { mode: 'host', managesUs: true, name: 'Host' });
  const rig = rigOf({ mode: 'failover', peers: [host] });
  rig.remote = remoteOf({ site: THEIRS });
  await t.throwsAsync(rig.known.add(REQUEST, 'olga'), code('server/foreign'));
  rig.remote = remoteOf({ site: { kind: 'member', host: { id: host.id, name: 'Host' } } });
  await t.notThrowsAsync(rig.known.add(REQUEST, 'olga'));
  const free = rigOf({ mode: 'failover' });
  free.remote = remoteOf({ site: THEIRS });
  await t.notThrowsAsync(free.known.add(REQUEST, 'olga'));
});

test('a server that took the role of the host of its site is of that site: no other one takes it', async (t) => {
  const acting = { kind: 'host' };
  const rig = rigOf({ mode: 'host' });
  rig.remote = remoteOf({ mode: 'failover', site: acting });
  const error = await t.throwsAsync(rig.known.add(REQUEST, 'olga'), code('server/foreign'));
  t.regex(error?.message ?? '', /^Hall is the host of a site.*another server of that site takes the role/);
  t.false(rig.sent.some((line) => line.startsWith('/peers')));
  const member = rigOf({ mode: 'failover', peers: [peerOf(9, { mode: 'host', managesUs: true, name: 'Host' })] });
  member.remote = remoteOf({ site: acting });
  await t.throwsAsync(member.known.add(REQUEST, 'olga'), code('server/foreign'));
  const ours = rigOf({ mode: 'failover', peers: [peerOf(2, { managesUs: true, introduced: true })] });
  ours.remote = remoteOf({ site: acting });
  await t.notThrowsAsync(ours.known.add(REQUEST, 'olga'), 'the host of this very site may be protected');
  const free = rigOf({ mode: 'failover' });
  free.remote = remoteOf({ site: acting });
  await t.notThrowsAsync(free.known.add(REQUEST, 'olga'), 'by one of no site too');
});

const olderAt = test.macro<[mode: 'host' | 'failover', remote: Partial<Remote>, refused: RegExp | undefined]>({
  title: (given = '') => given,
  exec: async (t, mode, remote, refused) => {
    const rig = rigOf({ mode });
    rig.remote = remoteOf(remote);
    const { certificate: _c, password: _p, admin: _a, version, site: _s, ...identity } = rig.remote;
    const tries = [
      async () => await rig.known.add(REQUEST, 'olga'),
      async () => await rig.known.paired({ identity, host: '192.0.2.2', version }),
    ];
    for (const tryIt of tries) {
      if (refused === undefined) {
        await t.notThrowsAsync(tryIt);
        await rig.known.deauthorize(identity.id, 'olga', true);
        continue;
      }
      const error = await t.throwsAsync(tryIt, code('server/older'));
      t.regex(error?.message ?? '', refused);
      t.deepEqual(rig.peers(), []);
    }
  },
});
test(
  'a server with an older release than the host does not join it',
  olderAt,
  'host',
  { version: '0.1.9' },
  /0\.1\.9.*0\.2\.0.*update it first/,
);
test(
  'a pre-release of the release of the host is older',
  olderAt,
  'host',
  { version: '0.2.0-rc.1' },
  /update it first/,
);
test('a server with a newer release than the host joins it', olderAt, 'host', { version: '0.3.0' }, undefined);
test('a release that nobody can order joins', olderAt, 'host', { version: 'built by hand' }, undefined);
test(
  'a server does not join a host with a newer release',
  olderAt,
  'failover',
  { mode: 'host', version: '1.0.0' },
  /older than 1.0.0 of the host Hall: update it first, then join/,
);
test('a failover server protects a server with an older release', olderAt, 'failover', { version: '0.1.0' }, undefined);

test('a host may lock a server when it adds it; a failover server locks nobody', async (t) => {
  const host = rigOf({ mode: 'host' });
  t.true((await host.known.add({ ...REQUEST, lock: true }, 'olga')).locked);
  t.true((await host.known.authorize(serverIdOf(2), REQUEST, 'olga')).locked, 'authorizing again leaves it as it was');
  t.is((await host.known.authorize(serverIdOf(2), { ...REQUEST, lock: false }, 'olga')).locked, undefined);
  const failover = rigOf({ mode: 'failover' });
  t.is((await failover.known.add({ ...REQUEST, lock: true }, 'olga')).locked, undefined);
});

test('a locked server is introduced to nobody but by its host', async (t) => {
  const host = peerOf(9, { mode: 'host', managesUs: true, name: 'Host', locked: true });
  const rig = rigOf({ mode: 'recording', peers: [host] });
  const {
    addedAt: _at,
    watched: _w,
    watcher: _r,
    managesUs: _m,
    introduced: _i,
    enabled: _e,
    ...failover
  } = peerOf(4, {
    mode: 'failover',
  });
  const error = await t.throwsAsync(
    rig.known.introduce({ peer: failover, role: 'protects' }, 'olga'),
    code('server/locked'),
  );
  t.regex(error?.message ?? '', /^Host manages this server and locks it/);
  const paired = { identity: failover, host: undefined };
  await t.throwsAsync(rig.known.paired(paired), code('server/locked'), 'nor by a code from before');
  const { id, name, mode, fingerprint } = host;
  const other = { id, name, mode, fingerprint: '8'.repeat(64) };
  const refused = { ...code('server/locked'), message: /^Host manages this server and locks it.*another key/ };
  await t.throwsAsync(rig.known.introduce({ peer: other, role: 'manages' }, 'olga'), refused, 'nor in its name');
  await t.throwsAsync(rig.known.paired({ identity: other, host: undefined }), code('server/locked'));
  t.deepEqual(rig.peers(), [host]);
  await rig.known.introduce({ peer: { id, name, mode, fingerprint }, role: 'manages' }, 'olga');
  t.true(rig.peers().find((peer) => peer.id === id)?.locked, 'its host is known again, and still locks it');
});
