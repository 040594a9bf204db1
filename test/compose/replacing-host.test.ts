/** Of a replacement the host believes whom it asked, and nobody else: fake members. */
import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import type { FailoverParts } from '../../src/compose/failover-box.ts';
import type { Peers } from '../../src/compose/peer-set-up.ts';
import { answerAsHost, replaceAtHost } from '../../src/compose/replacing-host.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { durationMs } from '../../src/core/units.ts';
import type { PeerHandler } from '../../src/peer/network-types.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import { PLANNED_FOR_MS } from '../../src/site/replacement.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { memorySettings, OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';

const [HALL, BARN, F, G] = [serverIdOf(2), serverIdOf(3), serverIdOf(4), serverIdOf(5)];
const SITE = [peerOf(2, { name: 'Hall' }), peerOf(3), peerOf(4, { mode: 'failover' }), peerOf(5, { mode: 'failover' })];
const HASH = 'a'.repeat(64);
const SHOWN = { name: 'Hall', cameras: [] };
const ANSWER = { before: SHOWN, after: SHOWN, warnings: [] };
const reportOf = (more: object = {}): object => ({
  serverId: HALL,
  by: BARN,
  name: 'Hall',
  at: 5,
  mode: 'recording',
  hash: HASH,
  ...more,
});
type Sent = { readonly to: string; readonly method: string; readonly params: unknown };
type Rig = {
  readonly settings: MemorySettings;
  readonly clock: FakeClock;
  readonly sent: Sent[];
  readonly entries: readonly NewActivity[];
  readonly hall: () => PeerRecord | undefined;
  readonly report: (from: string, params?: object) => Promise<unknown>;
  readonly ask: (more?: object) => Promise<unknown>;
  /** What members answer, or throw. */
  answer: (sent: Sent) => unknown;
};
function rigOf(): Rig {
  const settings = memorySettings({
    mode: 'host',
    peers: SITE,
    site: { hostId: OWN_ID, protection: [{ failoverServerId: F, serverIds: [HALL] }] },
  });
  const [clock, sent, entries] = [createFakeClock(), [] as Sent[], [] as NewActivity[]];
  const handlers = new Map<string, PeerHandler>();
  const rig = { answer: (_sent: Sent): unknown => ANSWER };
  const peers = {
    connected: () => SITE.map(({ id }) => id),
    members: { review: () => undefined },
    network: {
      handle: (method: string, handler: PeerHandler) => handlers.set(method, handler),
      listen: () => () => undefined,
      request: async (to: string, method: string, params: unknown) => {
        sent.push({ to, method, params });
        return await Promise.resolve({ result: rig.answer({ to, method, params }) });
      },
    },
  } as unknown as Peers;
  const activity = { record: (entry: NewActivity) => entries.push(entry) };
  const parts = { settings, activity, clock, log: silentLog } as unknown as FailoverParts;
  answerAsHost(parts, peers);
  const recordOf = (id: string): PeerRecord => {
    const record = settings.peers.get().peers.find((peer) => peer.id === id);
    if (record === undefined) throw new Error(`no server ${id}`);
    return record;
  };
  const asked = { serverId: HALL, by: BARN, dryRun: false, confirm: 'Hall', user: 'anna' };
  return Object.assign(rig, {
    settings,
    clock,
    sent,
    entries,
    hall: () => settings.peers.get().peers.find(({ id }) => id === HALL),
    report: async (from: string, params = reportOf()) =>
      await handlers.get('site.replacement')?.(
        { id: from, record: recordOf(from), signal: new AbortController().signal },
        params,
        {} as never,
      ),
    ask: async (more = {}) => await replaceAtHost({ parts, peers }, { ...asked, ...more }),
  });
}
const successorsIn = ({ sent }: Rig): readonly Sent[] => sent.filter(({ method }) => method === 'site.successor');
const refusal = (code: string): UnderstudyError => new UnderstudyError('conflict', code, 'No.');

test('a member that nobody asked retires no other one, be it a failover server or the one that gains by it', async (t) => {
  for (const [from, params] of [
    [BARN, reportOf()],
    [F, reportOf()],
    [F, reportOf({ by: F })],
  ] as const) {
    const rig = rigOf();
    const before = rig.settings.site.get();
    await t.throwsAsync(async () => await rig.report(from, params), { code: 'peer/not-yours' });
    t.deepEqual(rig.hall(), SITE[0]);
    t.is(rig.settings.site.get(), before);
    t.deepEqual([rig.sent, rig.entries], [[], []]);
  }
});

test('nor does the host name anybody to a server for one that it does not know', async (t) => {
  const rig = rigOf();
  await rig.ask();
  await rig.report(F, reportOf({ serverId: serverIdOf(77) }));
  t.deepEqual(successorsIn(rig), []);
  t.deepEqual(rig.entries, []);
});

test('whom the host asked is believed, as often as it says so, for this server and this successor only', async (t) => {
  const rig = rigOf();
  rig.answer = ({ method }) => {
    if (method === 'site.replace') t.like(rig.hall()?.replacing, { by: BARN, driver: F }, 'kept before it is asked');
    return ANSWER;
  };
  await rig.ask();
  for (const [from, params] of [
    [G, reportOf()],
    [BARN, reportOf()],
    [F, reportOf({ by: F })],
    [F, reportOf({ serverId: G })],
  ] as const)
    await t.throwsAsync(async () => await rig.report(from, params), { code: 'peer/not-yours' });
  t.is(rig.hall()?.replacedBy, undefined);
  for (const time of ['first', 'again']) {
    await rig.report(F);
    t.deepEqual(rig.hall()?.replacedBy, { id: BARN, name: 'Hall', at: 5 }, time);
  }
  t.deepEqual(
    successorsIn(rig),
    [1, 2].map(() => ({ to: BARN, method: 'site.successor', params: { driver: F, serverId: HALL, hash: HASH } })),
  );
  t.deepEqual(rig.settings.site.get().protection, [{ failoverServerId: F, serverIds: [BARN] }]);
  t.is(rig.entries.length, 1);
});

test('who refused, or only showed what would be, was not asked; who did not answer was', async (t) => {
  const rig = rigOf();
  await rig.ask({ dryRun: true });
  t.is(rig.hall()?.replacing, undefined);
  rig.answer = ({ to }) => {
    if (to === F) throw refusal('replace/not-acting');
    return ANSWER;
  };
  await rig.ask();
  t.like(rig.hall()?.replacing, { by: BARN, driver: G });

  const other = rigOf();
  other.answer = () => {
    throw refusal('replace/successor');
  };
  await t.throwsAsync(async () => await other.ask(), { code: 'replace/successor' });
  t.deepEqual(other.hall(), SITE[0]);
  other.answer = () => {
    throw new UnderstudyError('unavailable', 'peer/timeout', 'late');
  };
  await t.throwsAsync(async () => await other.ask(), { code: 'peer/timeout' });
  t.like(other.hall()?.replacing, { by: BARN, driver: F }, 'it may be at it');
});

test('while one may be at it nobody else is asked; the same again changes nothing of it', async (t) => {
  const rig = rigOf();
  await rig.ask();
  const asked = rig.sent.length;
  await t.throwsAsync(async () => await rig.ask({ by: G }), { code: 'replace/again', message: /Server 3/ });
  t.is(rig.sent.length, asked);
  rig.answer = () => {
    throw refusal('replace/again');
  };
  await t.throwsAsync(async () => await rig.ask(), { code: 'replace/again' });
  t.like(rig.hall()?.replacing, { by: BARN, driver: F });
  rig.answer = () => ANSWER;
  await rig.clock.advance(durationMs(2 * PLANNED_FOR_MS));
  await rig.ask({ by: G });
  t.like(rig.hall()?.replacing, { by: G, driver: G }, 'what was given up stands in nobody’s way');
});

test('a driver that is at it already is believed when the host asks for the same', async (t) => {
  const rig = rigOf();
  rig.answer = () => {
    throw refusal('replace/again');
  };
  await t.throwsAsync(async () => await rig.ask(), { code: 'replace/again' });
  await rig.report(F).catch(() => undefined);
  t.is(rig.hall()?.replacedBy?.id, BARN);
});
