import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { createPlacesCheck } from '../../src/control/failover-places.ts';
import { createRemoteSettings, createSettingsAnswers } from '../../src/control/remote-settings.ts';
import type { RemoteSettingsApi } from '../../src/control/remote-settings.ts';
import { systemClock } from '../../src/core/clock.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';

const HOST = peerOf(9, { mode: 'host', managesUs: true, name: 'Office' });
const SPARE = serverIdOf(4);
type Rig = {
  readonly api: RemoteSettingsApi;
  readonly answers: ReturnType<typeof createSettingsAnswers>;
  readonly member: MemorySettings;
  readonly entries: NewActivity[];
};
/** A host and one of its members; what one asks the other answers. */
function rigOf(mode: 'host' | 'failover' = 'host', site: object = {}): Rig {
  const entries: NewActivity[] = [];
  const activity = { record: (entry: NewActivity): void => void entries.push(entry) };
  const member = memorySettings({ mode: 'failover', peers: [HOST], site });
  const answers = createSettingsAnswers({
    settings: member,
    activity,
    checkPlaces: createPlacesCheck({ settings: member, clock: systemClock }),
  });
  const api = createRemoteSettings({
    settings: memorySettings({ mode, peers: [peerOf(4, { mode: 'failover', name: 'Spare' })] }),
    activity,
    request: async (_peerId, method, params) =>
      // As over the wire.
      JSON.parse(
        JSON.stringify(method === 'failover.settings' ? answers.read() : await answers.change(HOST.name, params)),
      ) as unknown,
  });
  return { api, answers, member, entries };
}

test('the host reads and changes how a member fails over; both logs say who did', async (t) => {
  const { api, member, entries } = rigOf();
  const { settings, revision } = await api.read(SPARE);
  t.is(settings.hotSeconds, 30);
  const change = { hotSeconds: 45, timeouts: { connected: 600 }, restorationLimit: null };
  const after = await api.change(SPARE, change, { user: 'anna', expected: [revision] });
  t.like(after.settings, { hotSeconds: 45, timeouts: { connected: 600, started: 300 } });
  t.not(after.revision, revision);
  t.is(member.failover.get().hotSeconds, 45);
  t.deepEqual(
    entries.map(({ message, user }) => [message, user]),
    [
      ['The failover settings were changed at the host Office.', 'anna'],
      ['The failover settings of Spare were changed.', 'anna'],
    ],
  );
});

test('of two who change a member at once the second is told, and changes nothing', async (t) => {
  const { api, member } = rigOf();
  const { revision } = await api.read(SPARE);
  const change = async (hotSeconds: number): Promise<unknown> =>
    await api.change(SPARE, { hotSeconds }, { user: 'anna', expected: [revision] });
  const both = await Promise.allSettled([change(45), change(60)]);
  t.deepEqual(
    both.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  t.like(both[1], { reason: { code: 'settings/changed' } });
  t.is(member.failover.get().hotSeconds, 45);
  await t.throwsAsync(api.change(SPARE, { hotSeconds: 60 }, { user: 'anna', expected: [] }), {
    code: 'settings/changed',
  });
});

test('what the site decides is not changed at one server', async (t) => {
  const { api } = rigOf('host', { hostId: HOST.id, policy: { footagePolicy: 'return' } });
  const more = { user: 'anna', expected: undefined };
  await t.throwsAsync(api.change(SPARE, { footagePolicy: 'keep' }, more), { code: 'failover/site-policy' });
});

test('only a host, and only of a server that it knows', async (t) => {
  await t.throwsAsync(rigOf('failover').api.read(SPARE), { code: 'server/not-managed' });
  await t.throwsAsync(rigOf().api.read('nobody'), { code: 'server/unknown' });
});

test('what is no change is refused whole', async (t) => {
  const { answers, member } = rigOf();
  const before = member.failover.get();
  const random = createRandom(5);
  const odd: unknown[] = [
    undefined,
    null,
    {},
    { change: {}, by: 7 },
    { change: { hotSeconds: 1 }, by: 'x' },
    { change: { timeouts: { connected: 10 } }, by: 'x' },
    { change: { unknown: 1 }, by: 'x' },
    { change: {}, by: 'x', expected: ['"'] },
    ...Array.from({ length: 30 }, () => Buffer.from(random.bytes(random.int(0, 40))).toString('latin1')),
  ];
  for (const params of odd) await t.throwsAsync(answers.change('Office', params), { code: 'peer/params' });
  t.is(member.failover.get(), before);
});

test('an answer of another release is told as that', async (t) => {
  const api = createRemoteSettings({
    settings: memorySettings({ mode: 'host', peers: [peerOf(4, { mode: 'failover' })] }),
    activity: { record: () => undefined },
    request: async () => await Promise.resolve({ settings: { moonPhase: true }, revision: 'x' }),
  });
  await t.throwsAsync(api.read(SPARE), { code: 'server/answer', message: /update the older/ });
});
