import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { refuseHostMode } from '../../src/control/host-taking.ts';
import { HOST_GONE_MS, isHost, SUCCESSION_STEP_MS } from '../../src/site/host-role.ts';
import { managerOf } from '../../src/site/membership.ts';
import { createHostSite, turns } from './host-site.ts';
import type { HostSite, Node } from './host-site.ts';

const MODES = ['host', 'failover', 'failover', 'recording', 'recording'] as const;
/** Each second whoever reaches his host hears it, as beats do it. */
async function pass(site: HostSite, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    await site.clock.advance(1000);
    for (const node of site.nodes) {
      const heard = site.nodes.filter((other) => site.areLinked(node, other));
      for (const { id } of heard) node.services?.taking.heard(id);
    }
    for (const { services } of site.nodes) services?.taking.tick();
    await turns(2);
  }
}
async function codeOf(taking: Promise<unknown> | undefined): Promise<string> {
  try {
    await taking;
    return 'taken';
  } catch (error) {
    return error instanceof UnderstudyError ? error.code : String(error);
  }
}
const take = async ({ services }: Node, confirm?: string): Promise<string> =>
  await codeOf(services?.taking.take(confirm, 'owner'));
const nameOfHost = ({ settings }: Node): string | undefined => managerOf(settings.peers.get().peers)?.name;

test('while the host is heard its role is taken only with its name', async (t) => {
  const site = await createHostSite(MODES);
  await pass(site, 2000);
  t.is(await take(site.of(2)), 'site/host-heard');
  t.is(await take(site.of(2), 'server 1'), 'site/host-heard');
  t.is(await take(site.of(2), 'Server 1'), 'taken');
  await site.quiet();
  t.false(isHost(site.of(1).settings.server.get()));
  for (const n of [1, 3, 4, 5]) t.is(nameOfHost(site.of(n)), 'Server 2', `${n}`);
});

test('a host that is gone for long enough is succeeded without confirmation', async (t) => {
  const site = await createHostSite(MODES);
  await pass(site, 2000);
  site.kill(site.of(1));
  await pass(site, HOST_GONE_MS - 5000);
  t.is(await take(site.of(2)), 'site/host-heard');
  await pass(site, 10_000);
  t.is(await take(site.of(2)), 'taken');
  t.is(await take(site.of(2)), 'site/is-host');
});

test('a server that is cut off alone is told that others still hear the host', async (t) => {
  const site = await createHostSite(MODES);
  await pass(site, 2000);
  // 2 reaches 4, 4 reaches the host.
  site.cutLink(2, 1);
  await pass(site, HOST_GONE_MS * 2);
  t.is(await take(site.of(2)), 'site/host-heard');
  t.is(await take(site.of(2), 'Server 1'), 'taken');
});

test('a locked server takes the role of a host that is gone, and not of one that is heard', async (t) => {
  const site = await createHostSite(MODES);
  const { settings } = site.of(2);
  await settings.peers.update(({ peers }) => ({
    peers: peers.map((peer) => (peer.managesUs ? { ...peer, locked: true } : peer)),
  }));
  await pass(site, 2000);
  t.is(await take(site.of(2), 'Server 1'), 'site/host-heard');
  site.kill(site.of(1));
  await pass(site, HOST_GONE_MS + 5000);
  t.is(await take(site.of(2)), 'taken');
});

test('who has no copy of the site, or belongs to none, does not take the role', async (t) => {
  const site = await createHostSite(MODES);
  await site.of(2).copyFile.update(() => ({}));
  t.is(await take(site.of(2), 'Server 1'), 'site/no-copy');
  await site.of(3).settings.peers.update(() => ({ peers: [] }));
  t.is(await take(site.of(3), 'Server 1'), 'site/no-host');
});

test('a member does not become host by its mode; a server of no site does', async (t) => {
  const site = await createHostSite(MODES);
  const error = t.throws(() => refuseHostMode(site.of(2).settings, 'host'), { instanceOf: UnderstudyError });
  t.is(error.code, 'server/managed');
  t.regex(error.message, /^Server 1 is the host of this server\. .*take-host/);
  t.notThrows(() => refuseHostMode(site.of(2).settings, 'recording'));
  t.notThrows(() => refuseHostMode(site.of(1).settings, 'host'));
});

test('by itself a failover server takes the role only when that is set, and the first in order does', async (t) => {
  const site = await createHostSite(MODES);
  await pass(site, 2000);
  site.kill(site.of(1));
  await pass(site, 300_000);
  t.false(site.nodes.some((node) => node.n > 1 && isHost(node.settings.server.get())));
  for (const n of [2, 3])
    await site.of(n).settings.failover.update((before) => ({ ...before, takeHostAfterSeconds: 600 }));
  await pass(site, 310_000);
  await site.quiet();
  t.true(isHost(site.of(2).settings.server.get()));
  t.false(isHost(site.of(3).settings.server.get()));
  for (const n of [3, 4, 5]) t.is(nameOfHost(site.of(n)), 'Server 2', `${n}`);
});

test('the second in order does it by itself when the first is gone too', async (t) => {
  const site = await createHostSite(MODES);
  for (const n of [2, 3])
    await site.of(n).settings.failover.update((before) => ({ ...before, takeHostAfterSeconds: 60 }));
  await pass(site, 2000);
  site.kill(site.of(1));
  site.kill(site.of(2));
  await pass(site, 60_000 + SUCCESSION_STEP_MS + 15_000);
  t.true(isHost(site.of(3).settings.server.get()));
});

test('by itself nobody does it who reaches less than half of the site, or whom somebody tells that the host is heard', async (t) => {
  const site = await createHostSite(MODES);
  await site.of(2).settings.failover.update((before) => ({ ...before, takeHostAfterSeconds: 60 }));
  await pass(site, 2000);
  site.cut([
    [2, 4],
    [1, 3, 5],
  ]);
  await pass(site, 200_000);
  t.false(isHost(site.of(2).settings.server.get()));
  site.heal();
  site.cutLink(2, 1);
  await pass(site, 200_000);
  t.false(isHost(site.of(2).settings.server.get()));
});
