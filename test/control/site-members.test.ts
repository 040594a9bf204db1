import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { createSiteMembers } from '../../src/control/site-members.ts';
import type { SiteMembers } from '../../src/control/site-members.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { MAX_PEERS } from '../../src/site/peer.ts';
import type { Site } from '../../src/site/introductions.ts';
import type { SiteLicences } from '../../src/site/licence-records.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { cameraOf, memorySettings, OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';

type Rig = {
  readonly members: SiteMembers;
  readonly settings: MemorySettings;
  readonly sent: { readonly to: string; readonly site: Site }[];
  readonly entries: NewActivity[];
  readonly refreshed: () => number;
  /** Of whom nothing is kept here any more. */
  readonly forgotten: readonly string[];
  /** What its members are told. */
  licences: SiteLicences | undefined;
  readonly takenLicences: readonly object[];
  connected: string[];
  fails: boolean;
  held: readonly string[];
};
function rigOf(given: Parameters<typeof memorySettings>[0]): Rig {
  const settings = memorySettings(given);
  const sent: { to: string; site: Site }[] = [];
  const entries: NewActivity[] = [];
  let refreshed = 0;
  const forgotten: string[] = [];
  const takenLicences: object[] = [];
  const rig = {
    licences: undefined as SiteLicences | undefined,
    connected: (given?.peers ?? []).map(({ id }) => id),
    fails: false,
    held: [] as readonly string[],
  };
  const members = createSiteMembers({
    settings,
    connected: () => rig.connected,
    request: async (to, _method, site) => {
      if (rig.fails) throw new UnderstudyError('unavailable', 'peer/timeout', 'late');
      sent.push({ to, site: site as Site });
      return await Promise.resolve({});
    },
    mayTell: () => true,
    describe: () => ({ id: OWN_ID, name: 'Own', mode: 'host', fingerprint: 'f'.repeat(64) }),
    licences: {
      forMember: () => rig.licences,
      take: async (hostId, told) => {
        takenLicences.push({ hostId, told });
        await Promise.resolve();
      },
    },
    refresh: () => (refreshed += 1),
    onForgotten: async (id) => {
      forgotten.push(id);
      await Promise.resolve();
    },
    heldOf: (id) => (rig.held.includes(id) ? { words: '3 files (12.4 MB)', canStop: true } : undefined),
    activity: { record: (entry) => entries.push(entry) },
    clock: createFakeClock(),
    log: silentLog,
  });
  return Object.assign(rig, { members, settings, sent, entries, forgotten, takenLicences, refreshed: () => refreshed });
}
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
const SITE = [peerOf(2), peerOf(3), peerOf(4, { mode: 'failover' })];

test('a host tells each connected member whom it has to know, once', async (t) => {
  const rig = rigOf({ mode: 'host', peers: SITE, cameras: [cameraOf('cam-own')] });
  rig.members.review();
  rig.members.review();
  await settle();
  t.deepEqual(
    rig.sent.map(({ to, site }) => [to, site.members.map(({ id }) => id), site.hostWatched]),
    [
      [serverIdOf(2), [serverIdOf(4)], false],
      [serverIdOf(3), [serverIdOf(4)], false],
      [serverIdOf(4), [serverIdOf(2), serverIdOf(3)], true],
    ],
  );
  t.false(JSON.stringify(rig.sent).includes('managesUs'));
});

test('who was away, did not answer or connects anew is told again; a change is told to those it concerns', async (t) => {
  const rig = rigOf({ mode: 'host', peers: SITE });
  rig.connected = [serverIdOf(2)];
  rig.fails = true;
  rig.members.review();
  await settle();
  rig.fails = false;
  rig.members.review();
  t.deepEqual(
    rig.sent.map(({ to }) => to),
    [serverIdOf(2)],
  );
  rig.members.forget(serverIdOf(2));
  rig.connected.push(serverIdOf(4));
  rig.members.review();
  t.deepEqual(rig.sent.map(({ to }) => to).slice(1), [serverIdOf(2), serverIdOf(4)]);
  await rig.settings.peers.update(({ peers }) => ({
    peers: peers.map((peer) => (peer.id === serverIdOf(3) ? { ...peer, name: 'Renamed' } : peer)),
  }));
  rig.members.review();
  t.deepEqual(rig.sent.map(({ to }) => to).slice(3), [serverIdOf(4)], 'recording servers do not know each other');
});

test('servers that are no host tell nobody', (t) => {
  for (const mode of ['recording', 'failover'] as const) {
    const rig = rigOf({ mode, peers: SITE });
    rig.members.review();
    t.deepEqual(rig.sent, []);
  }
});

const HOST = peerOf(9, { mode: 'host', managesUs: true, name: 'Host' });
const introduction = (n: number, more: object = {}) => {
  const {
    managesUs: _m,
    introduced: _i,
    enabled: _e,
    addedAt: _a,
    ...rest
  } = peerOf(n, { mode: 'failover', watcher: true });
  return { ...rest, ...more };
};
const siteOf = (members: readonly unknown[]) => ({ hostId: HOST.id, hostWatched: false, members });

test('a member takes the word of its host, never about itself, and of nobody else', async (t) => {
  const rig = rigOf({ mode: 'recording', peers: [HOST, peerOf(2)] });
  await rig.members.take(HOST.id, siteOf([introduction(4), introduction(1)]));
  t.deepEqual(
    rig.settings.peers.get().peers.map(({ id, introduced, watcher }) => [id, introduced, watcher]),
    [
      [HOST.id, false, false],
      [serverIdOf(2), false, false],
      [serverIdOf(4), true, true],
    ],
  );
  t.false(rig.settings.peers.get().peers.some(({ id }) => id === OWN_ID));
  t.is(rig.refreshed(), 1);
  for (const stranger of [serverIdOf(2), serverIdOf(4), serverIdOf(77)])
    await t.throwsAsync(rig.members.take(stranger, siteOf([])), { code: 'peer/not-yours' });
  await rig.members.take(HOST.id, siteOf([]));
  t.is(rig.settings.peers.get().peers.length, 2, 'who was only introduced goes with the word of the host');
});

test('a key that was confirmed here is not replaced by the host', async (t) => {
  const confirmed = peerOf(4, { mode: 'failover', watcher: true, fingerprint: 'a'.repeat(64) });
  const rig = rigOf({ mode: 'recording', peers: [HOST, confirmed] });
  await rig.members.take(HOST.id, siteOf([introduction(4, { fingerprint: 'b'.repeat(64) })]));
  t.is(rig.settings.peers.get().peers.find(({ id }) => id === serverIdOf(4))?.fingerprint, 'a'.repeat(64));
});

test('what is no site is refused whole, and changes nothing', async (t) => {
  const rig = rigOf({ mode: 'recording', peers: [HOST] });
  const random = createRandom(3);
  const odd: unknown[] = [
    undefined,
    null,
    7,
    {},
    siteOf([{}]),
    siteOf([introduction(4, { managesUs: true })]),
    siteOf([introduction(4, { id: '../x' })]),
    siteOf([introduction(4, { fingerprint: 'short' })]),
    siteOf(Array.from({ length: MAX_PEERS + 1 }, (_, index) => introduction(index + 20))),
    ...Array.from({ length: 30 }, () => Buffer.from(random.bytes(random.int(0, 40))).toString('latin1')),
  ];
  for (const params of odd) await t.throwsAsync(rig.members.take(HOST.id, params), { code: 'peer/params' });
  t.deepEqual(rig.settings.peers.get().peers, [HOST]);
  t.is(rig.refreshed(), 0);
});

test('a member that tells another name or mode is written down so, and the others hear of it', async (t) => {
  const rig = rigOf({ mode: 'host', peers: SITE });
  rig.members.learn(serverIdOf(3), { name: 'Server 3', mode: 'recording' });
  rig.members.learn(serverIdOf(77), { name: 'Stranger', mode: 'recording' });
  await settle();
  t.deepEqual(rig.sent, []);
  rig.members.learn(serverIdOf(3), { name: 'Garage', mode: 'recording' });
  await settle();
  t.is(rig.settings.peers.get().peers.find(({ id }) => id === serverIdOf(3))?.name, 'Garage');
  t.true(rig.sent.some(({ to, site }) => to === serverIdOf(4) && site.members.some(({ name }) => name === 'Garage')));
});

test('a member that says it is a failover server now gets what others have: the host names that, once', async (t) => {
  const rig = rigOf({ mode: 'host', peers: SITE });
  for (const mode of ['failover', 'failover', 'recording'] as const) {
    rig.members.learn(serverIdOf(3), { name: 'Server 3', mode });
    await settle();
  }
  const said = rig.entries.filter(({ code }) => code === 'server-mode');
  t.deepEqual(
    said.map(({ severity }) => severity),
    ['warning'],
  );
  t.regex(said[0]?.message ?? '', /Server 3 .*failover server now.*passwords/);
});

test('a failover server that says it is none any more is named by the host: those that it protected are not told by anybody else', async (t) => {
  const rig = rigOf({ mode: 'host', peers: SITE });
  for (const mode of ['failover', 'recording', 'recording'] as const) {
    rig.members.learn(serverIdOf(4), { name: 'Server 4', mode });
    await settle();
  }
  const said = rig.entries.filter(({ code }) => code === 'server-no-spare');
  t.deepEqual(
    said.map(({ severity }) => severity),
    ['warning'],
  );
  t.regex(said[0]?.message ?? '', /Server 4 .*no failover server any more.*covers nobody/);
});

test('a name that cannot be one is not taken over', async (t) => {
  const rig = rigOf({ mode: 'host', peers: SITE });
  rig.members.learn(serverIdOf(3), { name: 'x'.repeat(500), mode: 'recording' });
  await settle();
  t.is(rig.settings.peers.get().peers.find(({ id }) => id === serverIdOf(3))?.name, 'Server 3');
});

test('where browsers reach a server is learned from itself, passed on, and forgotten when it says so', async (t) => {
  const rig = rigOf({ mode: 'host', peers: SITE });
  rig.members.review();
  rig.members.locate(serverIdOf(2), 'nas.example.org');
  rig.members.locate(serverIdOf(8), 'nobody.example.org');
  await settle();
  const known = (): string | undefined =>
    rig.settings.peers.get().peers.find(({ id }) => id === serverIdOf(2))?.clientAddress;
  const toldSpare = (): string | undefined =>
    rig.sent.findLast(({ to }) => to === serverIdOf(4))?.site.members.find(({ id }) => id === serverIdOf(2))
      ?.clientAddress;
  t.deepEqual([known(), toldSpare()], ['nas.example.org', 'nas.example.org']);
  t.is(rig.settings.peers.get().peers.length, SITE.length);
  // Name and mode are said in other ways too.
  rig.members.learn(serverIdOf(2), { name: 'Hall', mode: 'recording' });
  await settle();
  t.is(known(), 'nas.example.org');
  rig.members.locate(serverIdOf(2), undefined);
  await settle();
  t.deepEqual([known(), toldSpare()], [undefined, undefined]);
});

test('a server that the host names no longer stays known while its footage lies here, with an alarm; named again it is trusted again', async (t) => {
  const host = peerOf(9, { mode: 'host', managesUs: true, name: 'Host' });
  const rig = rigOf({ mode: 'failover', peers: [host] });
  const member = (digit: number): Site['members'][number] => {
    const { id, name, mode, fingerprint } = peerOf(digit, { name: `Server ${digit}` });
    return { id, name, mode, fingerprint, watched: true, watcher: false };
  };
  const say = async (...digits: readonly number[]): Promise<void> =>
    await rig.members.take(host.id, { hostId: host.id, hostWatched: false, members: digits.map(member) });
  const records = (): readonly (readonly [string, boolean])[] =>
    rig.settings.peers
      .get()
      .peers.slice(1)
      .map(({ name, forgottenAt }) => [name, forgottenAt !== undefined]);
  const alarms = (): readonly string[] =>
    rig.entries.flatMap(({ code, message }) => (code === 'footage-held' ? [message] : []));
  await say(2, 3);
  rig.held = [serverIdOf(2)];
  await say();
  t.deepEqual(records(), [['Server 2', true]]);
  t.is(alarms().length, 1);
  t.regex(alarms()[0] ?? '', /^Server 2.*3 files \(12\.4 MB\)/);
  await say();
  t.is(alarms().length, 1, 'told once');
  await say(2);
  t.deepEqual(records(), [['Server 2', false]]);
  rig.held = [];
  await say();
  t.deepEqual(records(), []);
});

test('the policy of the site goes to every member and is in force there', async (t) => {
  const policy = { automaticTakeover: false, standbyLevels: { high: 'hot' as const } };
  const host = rigOf({ mode: 'host', peers: SITE, site: { hostId: OWN_ID, policy } });
  host.members.review();
  t.is(host.sent.length, 3);
  t.true(host.sent.every(({ site }) => site.policy.automaticTakeover === false));
  await host.settings.site.update((site) => ({ ...site, policy: { standbyLevels: {} } }));
  host.members.review();
  t.is(host.sent.length, 6, 'a change is told to everybody');
  const other = rigOf({ mode: 'host', peers: SITE, site: { hostId: serverIdOf(9), policy } });
  other.members.review();
  t.deepEqual(other.sent[0]?.site.policy, { standbyLevels: {} }, 'what another host said before counts no more');
  const member = rigOf({ mode: 'failover', peers: [HOST] });
  await member.members.take(HOST.id, { ...siteOf([]), policy });
  t.deepEqual(member.settings.site.get(), { hostId: HOST.id, policy, protection: [] });
  await t.throwsAsync(member.members.take(HOST.id, { ...siteOf([]), policy: { footagePolicy: 'burn' } }), {
    code: 'peer/params',
  });
});

test('the licences of the site go to every member, and a change of them once; a member keeps them as the word of its host', async (t) => {
  const rig = rigOf({ mode: 'host', peers: SITE });
  rig.licences = { licences: [{ text: 'a.b.c' }], failoverServers: [serverIdOf(4)], cameraSeats: 8 };
  rig.members.review();
  rig.members.review();
  t.is(rig.sent.length, 3);
  t.true(rig.sent.every(({ site }) => site.licences?.cameraSeats === 8));
  rig.licences = { ...rig.licences, cameraSeats: 7 };
  rig.members.review();
  t.is(rig.sent.length, 6);

  const member = rigOf({ mode: 'failover', peers: [HOST] });
  await member.members.take(HOST.id, { ...siteOf([]), licences: rig.licences });
  await member.members.take(HOST.id, siteOf([]));
  t.deepEqual(member.takenLicences, [
    { hostId: HOST.id, told: rig.licences },
    { hostId: HOST.id, told: undefined },
  ]);
  for (const licences of [
    { ...rig.licences, cameraSeats: -1 },
    { ...rig.licences, licences: [{ text: 'x'.repeat(5000) }] },
    { ...rig.licences, licences: Array.from({ length: 33 }, () => ({ text: 'a' })) },
    { ...rig.licences, failoverServers: ['not an id'] },
    { ...rig.licences, licences: [{ text: 'a', vouched: true }] },
    'unlimited',
  ])
    await t.throwsAsync(member.members.take(HOST.id, { ...siteOf([]), licences }), { code: 'peer/params' });
  t.is(member.takenLicences.length, 2);
});
