/** Members of a host whose hardware speaks against protecting them, as each hello says it. */
import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { createUnsuitedServers } from '../../src/control/unsuited-servers.ts';
import type { UnsuitedServers } from '../../src/control/unsuited-servers.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';

const [R, F] = [serverIdOf(2), serverIdOf(4)];
const GRABBER = { platform: 'linux', frameGrabbers: ['109e:036e at 0000:03:00.0'] };
const PLAIN = { platform: 'linux', frameGrabbers: [] };

type Rig = UnsuitedServers & { readonly entries: readonly NewActivity[]; readonly clock: FakeClock };
function rigOf(given: Parameters<typeof memorySettings>[0] = {}): Rig {
  const entries: NewActivity[] = [];
  const clock = createFakeClock();
  const peers = [peerOf(2, { name: 'Hall' }), peerOf(4, { mode: 'failover' })];
  const settings = memorySettings({ mode: 'host', peers, ...given });
  const servers = createUnsuitedServers({ settings, clock, activity: { record: (entry) => entries.push(entry) } });
  return { ...servers, entries, clock };
}

test('a member that turns unsuitable is told once, is an alarm while it is so, and told again when it is suitable', async (t) => {
  const { see, healthItems, entries, clock } = rigOf();
  see(R, { mode: 'recording', suitability: PLAIN });
  t.deepEqual([entries.length, healthItems()], [0, []]);
  see(R, { mode: 'recording', suitability: GRABBER });
  const [item] = healthItems();
  t.like(item, { code: 'server-unsuited', severity: 'warning' });
  t.regex(item?.message ?? '', /^Hall has frame grabber cards \(109e:036e/);
  await clock.advance(60_000);
  see(R, { mode: 'recording', suitability: GRABBER });
  t.deepEqual(
    entries.map(({ code, severity }) => `${severity} ${code}`),
    ['warning server-unsuited'],
  );
  t.is(healthItems()[0]?.since, item?.since, 'since it was seen first');
  see(R, { mode: 'recording', suitability: { ...PLAIN, platform: 'netbsd' } });
  t.regex(entries.at(-1)?.message ?? '', /^Hall runs NetBSD/, 'another reason is news');
  see(R, { mode: 'recording', suitability: PLAIN });
  t.like(entries.at(-1), { severity: 'info', code: 'server-suited' });
  t.deepEqual(healthItems(), []);
});

test('a failover server is protected by nobody and may have such cards; who is no member is not told of', (t) => {
  const { see, healthItems, entries } = rigOf();
  see(F, { mode: 'failover', suitability: GRABBER });
  see(serverIdOf(7), { mode: 'recording', suitability: GRABBER });
  const member = rigOf({ mode: 'recording' });
  member.see(R, { mode: 'recording', suitability: GRABBER });
  t.deepEqual([entries, healthItems(), member.entries, member.healthItems()], [[], [], [], []]);
});

test('what this server protects itself its readiness checks tell of', (t) => {
  const { see, entries } = rigOf({ peers: [peerOf(2, { watched: true })] });
  see(R, { mode: 'recording', suitability: GRABBER });
  t.deepEqual(entries, []);
});

test('one that leaves is no alarm any more', async (t) => {
  const entries: NewActivity[] = [];
  const settings = memorySettings({ mode: 'host', peers: [peerOf(2)] });
  const activity = { record: (entry: NewActivity) => entries.push(entry) };
  const { see, healthItems } = createUnsuitedServers({ settings, clock: createFakeClock(), activity });
  see(R, { mode: 'recording', suitability: GRABBER });
  t.is(healthItems().length, 1);
  await settings.peers.update(() => ({ peers: [] }));
  t.deepEqual(healthItems(), []);
});
