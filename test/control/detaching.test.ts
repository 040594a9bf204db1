/** Detaching at the host, with members that are away, refuse, answer too late, or were killed in the middle. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { detachHealth, startDetaching } from '../../src/control/detaching.ts';
import type { Detaching } from '../../src/control/detaching.ts';
import type { HeldFootage, KnownServers } from '../../src/control/known-servers.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';

const [R, Q, F, G] = [serverIdOf(2), serverIdOf(3), serverIdOf(4), serverIdOf(5)];
const SITE = [peerOf(2, { name: 'Hall' }), peerOf(3, { name: 'Yard' }), peerOf(4, { name: 'Spare', mode: 'failover' })];

type Rig = {
  readonly detaching: Detaching;
  readonly clock: FakeClock;
  readonly peers: () => readonly PeerRecord[];
  readonly entries: NewActivity[];
  readonly asked: { readonly to: string; readonly method: string; readonly params: unknown }[];
  readonly codes: () => readonly string[];
  connected: Set<string>;
  refusing: Set<string>;
  held: Map<string, readonly { readonly serverId: string; readonly words: string }[]>;
  heldHere: HeldFootage | undefined;
  answer: (to: string) => Promise<unknown>;
  signedOut: number;
};
function rigOf(t: ExecutionContext, given: Parameters<typeof memorySettings>[0] = {}): Rig {
  const settings = memorySettings({ mode: 'host', peers: SITE, ...given });
  const clock = createFakeClock();
  const peers = (): readonly PeerRecord[] => settings.peers.get().peers;
  const [entries, asked]: [NewActivity[], Rig['asked']] = [[], []];
  const rig = {
    connected: new Set(peers().map(({ id }) => id)),
    refusing: new Set<string>(),
    held: new Map() as Rig['held'],
    heldHere: undefined as HeldFootage | undefined,
    answer: async (_to: string): Promise<unknown> => await Promise.resolve({}),
    signedOut: 0,
  };
  const known: Pick<KnownServers, 'find' | 'left'> = {
    find: (id) => {
      const record = peers().find((one) => one.id === id);
      if (record === undefined) throw new UnderstudyError('not-found', 'server/unknown', 'unknown');
      return record;
    },
    left: async (id) => {
      await settings.peers.update((file) => ({ peers: file.peers.filter((one) => one.id !== id) }));
    },
  };
  const detaching = startDetaching({
    settings,
    known,
    clock,
    log: silentLog,
    isConnected: (id) => rig.connected.has(id),
    refuses: (id) => rig.refusing.has(id),
    heldOf: () => rig.heldHere,
    request: async (to, method, params) => {
      asked.push({ to, method, params });
      if (method === 'site.detach') return await rig.answer(to);
      const { serverIds } = params as { serverIds: string[] };
      return { held: (rig.held.get(to) ?? []).filter(({ serverId }) => serverIds.includes(serverId)) };
    },
    tellOthers: async () => {
      asked.push({ to: 'everybody', method: 'site.set', params: peers().map(({ id }) => id) });
      await Promise.resolve();
    },
    endSessions: async () => {
      rig.signedOut += 1;
      await Promise.resolve();
    },
    activity: { record: (entry) => entries.push(entry) },
  });
  t.teardown(() => detaching.stop());
  const codes = (): readonly string[] => entries.map(({ code }) => code);
  return Object.assign(rig, { detaching, clock, peers, entries, asked, codes });
}
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
};
const lost = (): UnderstudyError => new UnderstudyError('unavailable', 'peer/closed', 'The connection ended.');
const KEEP = { cameras: 'keep' } as const;

test('a server that is there leaves at once: the others hear it first, then the server, then its record goes', async (t) => {
  const rig = rigOf(t);
  t.deepEqual(await rig.detaching.detach(R, { cameras: 'remove' }, 'olga'), { state: 'detached' });
  t.deepEqual(
    rig.asked.map(({ method }) => method),
    ['site.held', 'site.set', 'site.detach'],
  );
  t.deepEqual(rig.asked.at(-1), { to: R, method: 'site.detach', params: { cameras: 'remove', force: false } });
  t.deepEqual(
    rig.peers().map(({ id }) => id),
    [Q, F],
  );
  t.like(rig.entries.at(-1), { code: 'server-detached', message: 'Hall was detached from this site.', user: 'olga' });
  t.is(rig.signedOut, 0);
});

test('the last one signs everybody out', async (t) => {
  const rig = rigOf(t, {
    peers: [peerOf(2, { name: 'Hall' }), peerOf(5, { introduced: true }), peerOf(6, { forgottenAt: 1 })],
  });
  await rig.detaching.detach(R, KEEP, 'olga');
  t.is(rig.signedOut, 1);
  t.deepEqual(rig.codes(), ['server-detached', 'site-empty']);
});

test('a server that is away is marked, told when it returns, and once', async (t) => {
  const rig = rigOf(t);
  rig.connected.delete(R);
  t.deepEqual(await rig.detaching.detach(R, KEEP, 'olga'), { state: 'pending', problem: undefined });
  t.like(rig.peers().find(({ id }) => id === R)?.detachPending, { cameras: 'keep', force: false, user: 'olga' });
  const since = rig.peers().find(({ id }) => id === R)?.detachPending?.since;
  await rig.clock.advance(60_000);
  t.deepEqual(await rig.detaching.detach(R, { cameras: 'remove' }, 'otto'), { state: 'pending', problem: undefined });
  t.like(rig.peers().find(({ id }) => id === R)?.detachPending, { cameras: 'remove', since, user: 'otto' });
  t.false(rig.asked.some(({ method }) => method === 'site.detach'));
  const [item] = detachHealth(rig.peers(), rig.detaching.problemOf);
  t.like(item, { code: 'detach-pending', message: 'Hall is to leave the site, and is detached when it returns.' });
  rig.connected.add(R);
  rig.detaching.review(R);
  rig.detaching.review(R);
  await settle();
  t.is(rig.asked.filter(({ method }) => method === 'site.detach').length, 1);
  t.is(rig.peers().length, 2);
  t.deepEqual(rig.codes(), ['detach-pending', 'detach-pending', 'server-detached']);
});

test('footage that is not home refuses it with what and where, unless the name is typed', async (t) => {
  const rig = rigOf(t);
  rig.held.set(F, [{ serverId: R, words: '3 files (12.4 MB)' }]);
  const error = await t.throwsAsync(rig.detaching.detach(R, KEEP, 'olga'), { code: 'failover/covering' });
  t.regex(
    error?.message ?? '',
    /^Hall cannot be detached before that is home: Spare has footage of Hall: 3 files \(12\.4 MB\)/,
  );
  t.is(rig.peers().find(({ id }) => id === R)?.detachPending, undefined, 'nothing was changed');
  const own = await t.throwsAsync(rig.detaching.detach(F, KEEP, 'olga'), { code: 'failover/covering' });
  t.regex(own?.message ?? '', /^Spare cannot be detached.*Spare has footage of Hall/);
  await t.notThrowsAsync(rig.detaching.detach(Q, KEEP, 'olga'), 'another server is not concerned');
  await t.throwsAsync(rig.detaching.detach(R, { ...KEEP, confirm: 'hall' }, 'olga'), { code: 'server/not-confirmed' });
  t.deepEqual(await rig.detaching.detach(R, { ...KEEP, confirm: 'Hall' }, 'olga'), { state: 'detached' });
  t.like(rig.asked.at(-1), { params: { force: true } });
});

test('footage at the host itself counts, and a failover server that does not answer is not taken for one that has none', async (t) => {
  const rig = rigOf(t);
  rig.heldHere = { words: '1 file', canStop: true };
  const error = await t.throwsAsync(rig.detaching.refuseHeld(peerOf(2, { name: 'Hall' }), 'be disabled'));
  t.regex(error?.message ?? '', /^Hall cannot be disabled.*This server has footage of Hall: 1 file/);
  rig.heldHere = undefined;
  rig.held.set(F, 'nonsense' as never);
  await t.throwsAsync(rig.detaching.detach(R, KEEP, 'olga'), { code: 'site/unreachable' });
  rig.connected.delete(F);
  t.deepEqual(await rig.detaching.detach(R, KEEP, 'olga'), { state: 'detached' }, 'one that is away is not asked');
});

test('a server that refuses stays as it was; one that was away is asked again until its footage is home', async (t) => {
  const rig = rigOf(t);
  const covering = new UnderstudyError('conflict', 'failover/covering', 'It still has footage of Hall: 1 file.');
  rig.answer = async () => await Promise.reject(covering);
  const error = await t.throwsAsync(rig.detaching.detach(F, KEEP, 'olga'), { code: 'failover/covering' });
  t.regex(error?.message ?? '', /^Spare does not leave the site now\. It still has footage/);
  t.is(rig.peers().find(({ id }) => id === F)?.detachPending, undefined);
  rig.connected.delete(F);
  await rig.detaching.detach(F, KEEP, 'olga');
  rig.connected.add(F);
  rig.detaching.review(F);
  await settle();
  t.is(rig.detaching.problemOf(F), 'It still has footage of Hall: 1 file.');
  t.regex(
    detachHealth(rig.peers(), rig.detaching.problemOf)[0]?.message ?? '',
    /later: It still has footage of Hall: 1 file\.$/,
  );
  const triesUntilNow = rig.asked.filter(({ method }) => method === 'site.detach').length;
  await rig.clock.advance(10_000);
  t.is(rig.asked.filter(({ method }) => method === 'site.detach').length, triesUntilNow, 'not at once again');
  rig.answer = async () => await Promise.resolve({});
  await rig.clock.advance(20_000);
  await settle();
  t.deepEqual(
    rig.peers().map(({ id }) => id),
    [R, Q],
  );
});

test('an answer that is lost leaves the wish; the refusal of the next connection counts as the answer', async (t) => {
  const rig = rigOf(t);
  rig.answer = async () => await Promise.reject(lost());
  t.deepEqual(await rig.detaching.detach(R, KEEP, 'olga'), { state: 'pending', problem: 'The connection ended.' });
  rig.connected.delete(R);
  rig.detaching.refusedBy(Q);
  rig.detaching.refusedBy('nobody');
  await settle();
  t.is(rig.peers().length, 3, 'who is not to leave is not forgotten for a refusal');
  rig.refusing.add(R);
  await rig.clock.advance(6000);
  await settle();
  t.deepEqual(
    rig.peers().map(({ id }) => id),
    [Q, F],
  );
});

test('heard in two ways at once, it is forgotten once', async (t) => {
  const rig = rigOf(t, { peers: [peerOf(2, { name: 'Hall' })] });
  rig.answer = async () => {
    rig.detaching.refusedBy(R);
    rig.detaching.refusedBy(R);
    await Promise.resolve();
    throw lost();
  };
  t.deepEqual(await rig.detaching.detach(R, KEEP, 'olga'), { state: 'detached' });
  await settle();
  t.is(rig.signedOut, 1);
  t.deepEqual(rig.codes(), ['server-detached', 'site-empty']);
});

test('two who ask at once get the same outcome from one question', async (t) => {
  const rig = rigOf(t);
  const gate = Promise.withResolvers<object>();
  rig.answer = async () => await gate.promise;
  const both = [rig.detaching.detach(R, KEEP, 'olga'), rig.detaching.detach(R, { cameras: 'remove' }, 'otto')];
  await settle();
  gate.resolve({});
  t.deepEqual(await Promise.all(both), [{ state: 'detached' }, { state: 'detached' }]);
  t.is(rig.asked.filter(({ method }) => method === 'site.detach').length, 1);
});

test('one that will never return is forgotten when its name is typed a second time, and may be kept before', async (t) => {
  const rig = rigOf(t);
  rig.connected.delete(R);
  t.like(await rig.detaching.detach(R, { ...KEEP, confirm: 'Hall' }, 'olga'), { state: 'pending' });
  t.is((await rig.detaching.cancel(R, 'olga')).detachPending, undefined);
  await t.throwsAsync(rig.detaching.cancel(R, 'olga'), { code: 'server/not-pending' });
  await rig.detaching.detach(R, KEEP, 'olga');
  t.like(await rig.detaching.detach(R, { ...KEEP, confirm: 'Hall' }, 'olga'), { state: 'detached' });
  t.regex(rig.entries.at(-1)?.message ?? '', /^Hall was removed from this site without being told/);
  t.false(rig.asked.some(({ method }) => method === 'site.detach'));
});

test('a server that is disabled is enabled to be told', async (t) => {
  const rig = rigOf(t, { peers: [peerOf(2, { name: 'Hall', enabled: false }), peerOf(3)] });
  rig.connected.delete(R);
  await rig.detaching.detach(R, KEEP, 'olga');
  t.true(rig.peers().find(({ id }) => id === R)?.enabled);
});

test('only a host detaches, and only servers that it manages', async (t) => {
  const failover = rigOf(t, { mode: 'failover', peers: [peerOf(2, { watched: true })] });
  await t.throwsAsync(failover.detaching.detach(R, KEEP, 'olga'), { code: 'server/not-member' });
  t.false(failover.detaching.isMember(R));
  const host = rigOf(t, { peers: [...SITE, peerOf(5, { mode: 'host', managesUs: true })] });
  await t.throwsAsync(host.detaching.detach(G, KEEP, 'olga'), { code: 'server/not-member' });
  await t.throwsAsync(host.detaching.detach('nobody', KEEP, 'olga'), { code: 'server/unknown' });
  t.true(host.detaching.isMember(R));
});

type Play = {
  readonly rig: Rig;
  readonly random: Random;
  /** What the members themselves believe. */ readonly managed: Set<string>;
};
const EVERYBODY = [R, Q, F];

/** A member that answers, refuses, or leaves without being heard. */
const unreliable =
  ({ rig, random, managed }: Play): Rig['answer'] =>
  async (to) => {
    const luck = random.next();
    if (luck < 0.2) throw lost();
    if (managed.has(to) && luck < 0.4) throw new UnderstudyError('conflict', 'failover/covering', 'It has footage.');
    managed.delete(to);
    rig.refusing.add(to);
    if (luck < 0.6) throw lost();
    return await Promise.resolve({});
  };

async function playTurn({ rig, random, managed }: Play): Promise<void> {
  const id = random.pick(EVERYBODY);
  const luck = random.next();
  if (luck < 0.3) await rig.detaching.detach(id, KEEP, 'olga').catch(() => undefined);
  else if (luck < 0.35) await rig.detaching.cancel(id, 'olga').catch(() => undefined);
  else if (luck < 0.5) rig.connected.delete(id);
  else if (luck < 0.7 && managed.has(id)) {
    rig.connected.add(id);
    rig.detaching.review(id);
  } else await rig.clock.advance(random.int(100, 20_000));
}

async function playToTheEnd({ rig, managed }: Play): Promise<void> {
  rig.answer = async (to) => {
    managed.delete(to);
    return await Promise.resolve({});
  };
  for (const id of managed) rig.connected.add(id);
  for (let turn = 0; turn < 8; turn += 1) {
    await rig.clock.advance(20_000);
    await settle();
  }
}

test('whatever happens in whatever order, nobody is forgotten who did not leave, and every wish comes to an end', async (t) => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const play: Play = { rig: rigOf(t), random: createRandom(seed), managed: new Set(EVERYBODY) };
    const { rig, managed } = play;
    rig.answer = unreliable(play);
    for (let turn = 0; turn < 40; turn += 1) {
      await playTurn(play);
      const left = new Set(rig.peers().map(({ id }) => id));
      t.deepEqual(
        [...managed].filter((id) => !left.has(id)),
        [],
        `seed ${seed}: forgotten, and still managed`,
      );
    }
    await playToTheEnd(play);
    const wishes = rig.peers().filter(({ detachPending }) => detachPending !== undefined);
    t.deepEqual(wishes, [], `seed ${seed}: a wish is left`);
  }
});
