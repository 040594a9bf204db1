import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { checkTag, etagOf } from '../../src/api/etag.ts';
import { HttpError } from '../../src/api/problem.ts';
import type { SiteDeps } from '../../src/api/routes/site.ts';
import { createSiteApi, heldOfThese } from '../../src/control/site-api.ts';
import { refuseAgainstSite, underSite } from '../../src/control/site-policies.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import type { Settings } from '../../src/settings/settings.ts';
import type { FailoverSettings } from '../../src/site/failover-settings.ts';
import { memorySettings, OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';

type Rig = {
  readonly api: Pick<SiteDeps, 'site' | 'changeSite'>;
  readonly settings: MemorySettings;
  readonly asked: { readonly peerId: string; readonly method: string; readonly params: unknown }[];
  readonly entries: NewActivity[];
  held: readonly string[];
  isAway: boolean;
};
const SITE = [peerOf(2), peerOf(3), peerOf(4, { mode: 'failover' }), peerOf(5, { mode: 'failover' })];
function rigOf(given: Parameters<typeof memorySettings>[0] = { mode: 'host', peers: SITE }): Rig {
  const settings = memorySettings(given);
  const rig = { asked: [] as Rig['asked'], entries: [] as NewActivity[], held: [] as readonly string[], isAway: false };
  const api = createSiteApi({
    settings,
    activity: { record: (entry) => rig.entries.push(entry) },
    request: async (peerId, method, params) => {
      rig.asked.push({ peerId, method, params });
      if (rig.isAway) throw new UnderstudyError('unavailable', 'peer/not-connected', 'gone');
      const heldOf = (id: string): { words: string; canStop: boolean } | undefined =>
        rig.held.includes(id) ? { words: '3 files (12.4 MB)', canStop: true } : undefined;
      return await Promise.resolve(heldOfThese(params, heldOf));
    },
  });
  return Object.assign(rig, { api, settings });
}
const noCheck = (): void => undefined;

test('the host changes the policy; who changed it is in its log', async (t) => {
  const { api, settings, entries } = rigOf();
  const after = await api.changeSite({ policy: { automaticTakeover: false } }, 'anna', noCheck);
  t.is(after.policy.automaticTakeover, false);
  t.deepEqual(after.host, { id: OWN_ID, name: 'Own' });
  t.is(settings.site.get().hostId, OWN_ID);
  t.deepEqual(
    entries.map(({ code, user }) => [code, user]),
    [['site-policy-changed', 'anna']],
  );
});

test('of two who change the policy at once the second is told so, and changes nothing', async (t) => {
  const { api } = rigOf();
  const known = etagOf({ tag: api.site() });
  const check = (now: object): void => checkTag(known, etagOf({ tag: now }), { code: 'site/changed', message: 'x' });
  const both = await Promise.allSettled([
    api.changeSite({ policy: { automaticTakeover: false } }, 'anna', check),
    api.changeSite({ policy: { automaticTakeover: true } }, 'ben', check),
  ]);
  t.deepEqual(
    both.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  const reason: unknown = both[1]?.status === 'rejected' ? both[1].reason : undefined;
  t.true(reason instanceof HttpError && reason.status === 412);
  t.is(api.site().policy.automaticTakeover, false);
});

test('only a host has a policy to change; a member names its host', async (t) => {
  const alone = rigOf({ mode: 'failover', peers: [] });
  await t.throwsAsync(alone.api.changeSite({}, 'anna', noCheck), { code: 'site/not-host', message: /no host/ });
  const member = rigOf({ mode: 'failover', peers: [peerOf(9, { mode: 'host', managesUs: true, name: 'Office' })] });
  await t.throwsAsync(member.api.changeSite({}, 'anna', noCheck), { code: 'site/not-host', message: /Office/ });
  t.deepEqual(member.api.site().host, { id: serverIdOf(9), name: 'Office' });
});

test('lists name failover servers and what these can protect', async (t) => {
  const { api } = rigOf();
  const change = async (protection: Record<string, string[] | null>): Promise<unknown> =>
    await api.changeSite({ protection }, 'anna', noCheck);
  await t.throwsAsync(change({ [serverIdOf(2)]: [] }), { code: 'site/unknown-server' });
  await t.throwsAsync(change({ [serverIdOf(77)]: [] }), { code: 'site/unknown-server' });
  await t.throwsAsync(change({ [serverIdOf(4)]: [serverIdOf(5)] }), { code: 'site/unknown-server' });
  await t.notThrowsAsync(change({ [serverIdOf(4)]: [serverIdOf(2), OWN_ID], [serverIdOf(77)]: null }));
  t.deepEqual(
    api.site().protection.map(({ name, serverIds }) => [name, serverIds]),
    [['Server 4', [OWN_ID, serverIdOf(2)]]],
  );
});

test('whoever still has footage of a server goes on protecting it', async (t) => {
  const rig = rigOf();
  rig.held = [serverIdOf(3)];
  const only2 = { protection: { [serverIdOf(4)]: [serverIdOf(2)] } };
  await t.throwsAsync(rig.api.changeSite(only2, 'anna', noCheck), {
    code: 'failover/covering',
    message: /Server 4 has footage of Server 3 .*3 files/,
  });
  t.deepEqual(rig.api.site().protection, []);
  rig.held = [];
  rig.isAway = true;
  await t.throwsAsync(rig.api.changeSite(only2, 'anna', noCheck), { code: 'site/unreachable' });
  rig.isAway = false;
  await rig.api.changeSite(only2, 'anna', noCheck);
  t.deepEqual(rig.asked.at(-1)?.params, { serverIds: [OWN_ID, serverIdOf(3)] });
  const { length } = rig.asked;
  await rig.api.changeSite({ protection: { [serverIdOf(4)]: null } }, 'anna', noCheck);
  t.is(rig.asked.length, length, 'nobody is asked when nobody is protected less');
});

const HOST = peerOf(9, { mode: 'host', managesUs: true, name: 'Office' });
function underSiteOf(settings: MemorySettings): Settings {
  return underSite(settings as unknown as Settings);
}
test('a member works by the word of its host; without one, and of another one, by its own settings', async (t) => {
  const site = { hostId: HOST.id, policy: { automaticTakeover: false, shortagePolicy: 'by-name' as const } };
  const settings = memorySettings({ mode: 'failover', peers: [HOST], site });
  const under = underSiteOf(settings);
  const heard: FailoverSettings[] = [];
  under.failover.onChange((value) => heard.push(value));
  t.like(under.failover.get(), { automaticTakeover: false, shortagePolicy: 'by-name', automaticRestore: true });
  t.is(under.failover.get(), under.failover.get(), 'one value until something changes');
  t.throws(() => refuseAgainstSite(settings, { automaticTakeover: true }), {
    code: 'failover/site-policy',
    message: /automaticTakeover: the host Office/,
  });
  t.notThrows(() => refuseAgainstSite(settings, { automaticTakeover: false, hotSeconds: 40 }));
  const after = await under.failover.update((own) => ({ ...own, hotSeconds: 40 }));
  t.like(after, { hotSeconds: 40, automaticTakeover: false });
  t.is(settings.failover.get().automaticTakeover, true, 'its own settings are kept for the day it leaves');
  await settings.peers.update(() => ({ peers: [] }));
  t.is(under.failover.get().automaticTakeover, true);
  await settings.peers.update(() => ({ peers: [{ ...HOST, id: serverIdOf(8) }] }));
  t.is(under.failover.get().automaticTakeover, true);
  t.deepEqual(
    heard.map(({ automaticTakeover, hotSeconds }) => [automaticTakeover, hotSeconds]),
    [
      [false, 40],
      [true, 40],
    ],
  );
});
