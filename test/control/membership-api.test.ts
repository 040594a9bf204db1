/** Address, lock, and several servers at once. */
import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import type { KnownServer } from '../../src/api/contract/failover.ts';
import type { DetachOutcome } from '../../src/control/detaching.ts';
import { createMembershipApi } from '../../src/control/membership-api.ts';
import type { MembershipApi } from '../../src/control/membership-api.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';

const CERTIFICATE = 'c'.repeat(64);
const [R, Q, F] = [serverIdOf(2), serverIdOf(3), serverIdOf(4)];
const SITE = [
  peerOf(2, { name: 'Hall', httpsFingerprint: CERTIFICATE }),
  peerOf(3, { name: 'Yard' }),
  peerOf(4, { name: 'Spare', mode: 'failover' }),
];

type Rig = {
  readonly api: MembershipApi;
  readonly peers: () => readonly PeerRecord[];
  readonly recordOf: (id: string) => PeerRecord | undefined;
  readonly entries: NewActivity[];
  readonly done: string[];
  /** Servers of which footage is not home. */
  held: readonly string[];
  /** What is at any address. */
  shown: string | undefined;
  /** Wishes that wait for footage. */
  waiting: readonly string[];
  atOnce: number;
};
function rigOf(members: readonly string[] = [R, Q, F]): Rig {
  const settings = memorySettings({ mode: 'host', peers: [...SITE, peerOf(5, { introduced: true, name: 'Other' })] });
  const [entries, done]: [NewActivity[], string[]] = [[], []];
  const peers = (): readonly PeerRecord[] => settings.peers.get().peers;
  const recordOf = (id: string): PeerRecord | undefined => peers().find((one) => one.id === id);
  const rig = {
    held: [] as readonly string[],
    shown: undefined as string | undefined,
    waiting: [] as readonly string[],
    atOnce: 0,
  };
  let now = 0;
  const find = (id: string): PeerRecord => {
    const record = recordOf(id);
    if (record === undefined) throw new UnderstudyError('not-found', 'server/unknown', 'No server has that id.');
    return record;
  };
  const covering = (): UnderstudyError => new UnderstudyError('conflict', 'failover/covering', 'Footage is not home.');
  const api = createMembershipApi({
    settings,
    known: {
      find,
      setEnabled: async (id, enabled) => {
        done.push(`${find(id).name} ${enabled}`);
        return await Promise.resolve(find(id));
      },
    },
    detaching: {
      isMember: (id) => members.includes(id),
      refuseHeld: async ({ id }) => {
        if (rig.held.includes(id)) throw covering();
        await Promise.resolve();
      },
      detach: async (id, { cameras, confirm }): Promise<DetachOutcome> => {
        now += 1;
        rig.atOnce = Math.max(rig.atOnce, now);
        for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
        now -= 1;
        if (rig.held.includes(id) && confirm === undefined) throw covering();
        if (id === F) throw new TypeError('a defect, with secrets in it');
        done.push(`${find(id).name} detached, ${cameras}`);
        return id === Q ? { state: 'pending', problem: undefined } : { state: 'detached' };
      },
      cancel: async (id) => await Promise.resolve(find(id)),
    },
    securing: {
      secure: async (id, { action }, user) => {
        done.push(`${find(id).name} ${action} secured by ${user}`);
        return await Promise.resolve(rig.held.includes(id) ? 'Spare has 3 files' : undefined);
      },
      cancel: async (id, action) => await Promise.resolve(rig.waiting.includes(`${id} ${action}`)),
    },
    viewOf: (record) => ({ ...record, connected: true }) as unknown as KnownServer,
    fetchFingerprint: async () => {
      if (rig.shown === undefined) throw new UnderstudyError('unavailable', 'server/no-answer', 'nothing');
      return await Promise.resolve(rig.shown);
    },
    refresh: () => undefined,
    activity: { record: (entry) => entries.push(entry) },
  });
  return Object.assign(rig, { api, peers, recordOf, entries, done });
}
const free = (): void => undefined;

test('an address is changed when nobody else is there, also to none', async (t) => {
  const rig = rigOf();
  rig.shown = CERTIFICATE;
  await rig.api.changeServer(R, { host: '192.0.2.77', httpPort: 443 }, 'olga', free);
  t.like(rig.recordOf(R), { host: '192.0.2.77', httpPort: 443, peerPort: 51_410 });
  t.is(rig.entries[0]?.message, 'The address of Hall was changed: it is looked for at 192.0.2.77 port 443.');
  rig.shown = undefined;
  await rig.api.changeServer(R, { host: '192.0.2.78' }, 'olga', free);
  t.is(rig.recordOf(R)?.host, '192.0.2.78', 'it may be there soon');
  await rig.api.changeServer(R, { host: null }, 'olga', free);
  t.false('host' in (rig.recordOf(R) ?? {}));
  t.regex(rig.entries.at(-1)?.message ?? '', /it dials in/);
  const count = rig.entries.length;
  await rig.api.changeServer(R, {}, 'olga', free);
  t.is(rig.entries.length, count, 'nothing changed, nothing told');
});

test('where another server is, or another certificate, nobody is sent', async (t) => {
  const rig = rigOf();
  rig.shown = 'd'.repeat(64);
  const wrong = await t.throwsAsync(rig.api.changeServer(R, { host: '192.0.2.77' }, 'olga', free), {
    code: 'server/another',
  });
  t.regex(wrong?.message ?? '', /another certificate.*than that of Hall/);
  const there = await t.throwsAsync(rig.api.changeServer(R, { host: '192.0.2.3' }, 'olga', free), {
    code: 'server/another',
  });
  t.is(there?.message, 'Yard is at that address, not Hall.');
  await t.throwsAsync(rig.api.changeServer(serverIdOf(5), { host: '192.0.2.9' }, 'olga', free), {
    code: 'server/introduced',
  });
  await t.throwsAsync(rig.api.changeServer('nobody', {}, 'olga', free), { code: 'server/unknown' });
  t.is(rig.recordOf(R)?.host, '192.0.2.2');
});

test('a lock is set and taken away by the host only', async (t) => {
  const rig = rigOf([R]);
  await rig.api.changeServer(R, { locked: true }, 'olga', free);
  t.true(rig.recordOf(R)?.locked);
  t.regex(rig.entries[0]?.message ?? '', /^Hall is locked/);
  await rig.api.changeServer(R, { peerPort: 51_411 }, 'olga', free);
  t.true(rig.recordOf(R)?.locked, 'another change leaves it');
  await rig.api.changeServer(R, { locked: false }, 'olga', free);
  t.false('locked' in (rig.recordOf(R) ?? {}));
  await t.throwsAsync(rig.api.changeServer(Q, { locked: true }, 'olga', free), { code: 'server/not-member' });
});

test('what somebody else changed meanwhile is seen at the moment of the change', async (t) => {
  const rig = rigOf();
  let calls = 0;
  const check = (): void => {
    calls += 1;
    if (calls === 2) throw new Error('changed meanwhile');
  };
  await t.throwsAsync(rig.api.changeServer(R, { peerPort: 1 }, 'olga', check), { message: 'changed meanwhile' });
  t.is(rig.recordOf(R)?.peerPort, 51_410);
});

test('a server with footage that is not home is disabled only when its name is typed', async (t) => {
  const rig = rigOf();
  rig.held = [R];
  await t.throwsAsync(rig.api.setEnabled(R, false, 'olga'), { code: 'failover/covering' });
  await rig.api.setEnabled(R, true, 'olga');
  await rig.api.setEnabled(Q, false, 'olga');
  const { rows } = await rig.api.bulk({ ids: [R], action: 'disable', cameras: 'keep', confirm: ['Hall'] }, 'olga');
  t.deepEqual(rows, [{ id: R, name: 'Hall', ok: true }]);
  t.deepEqual(rig.done, ['Hall true', 'Yard false', 'Hall false']);
});

test('secured, servers wait for their footage instead of being refused; that is taken back by enabling or keeping them', async (t) => {
  const rig = rigOf();
  rig.held = [R];
  const ask = { cameras: 'keep', confirm: [] as string[], secure: true } as const;
  const disabled = await rig.api.bulk({ ...ask, ids: [R, Q], action: 'disable' }, 'olga');
  t.deepEqual(disabled.rows, [
    {
      id: R,
      name: 'Hall',
      ok: true,
      state: 'pending',
      message: 'Hall is disabled when its footage is home: Spare has 3 files',
    },
    { id: Q, name: 'Yard', ok: true },
  ]);
  t.deepEqual(await rig.api.detach(R, { cameras: 'keep', secure: true }, 'olga'), {
    id: R,
    name: 'Hall',
    state: 'pending',
    message: 'Hall is detached when its footage is home: Spare has 3 files',
  });
  await rig.api.bulk({ ...ask, ids: [R], action: 'disable', confirm: ['Hall'] }, 'olga');
  rig.waiting = [`${R} disable`, `${R} detach`];
  await rig.api.setEnabled(R, true, 'olga');
  await rig.api.cancelDetach(R, 'olga');
  t.deepEqual(rig.done, [
    'Hall disable secured by olga',
    'Yard disable secured by olga',
    'Hall detach secured by olga',
    'Hall false',
  ]);
});

test('several at once: each for itself, in the order asked, once, a defect without its words', async (t) => {
  const rig = rigOf();
  rig.held = [R];
  const bulk = async (more: object = {}) =>
    (
      await rig.api.bulk(
        { ids: [F, R, 'nobody', Q, R], action: 'detach', cameras: 'remove', confirm: [], ...more },
        'olga',
      )
    ).rows;
  t.deepEqual(
    (await bulk()).map(({ id, ok, code, state }) => [id, ok, code ?? state]),
    [
      [F, false, 'internal'],
      [R, false, 'failover/covering'],
      ['nobody', false, 'server/unknown'],
      [Q, true, 'pending'],
    ],
  );
  const [defect, , , pending] = await bulk({ confirm: ['Hall'] });
  t.notRegex(defect?.message ?? '', /secrets/);
  t.is(pending?.message, 'Yard is away: it is detached when it returns.');
  t.true(rig.done.includes('Hall detached, remove'));
});

test('256 servers are taken eight at a time', async (t) => {
  const rig = rigOf();
  const ids = Array.from({ length: 256 }, (_, index) => (index % 2 === 0 ? R : Q)).map((id, index) =>
    index < 2 ? id : `x${index}`,
  );
  const { rows } = await rig.api.bulk({ ids, action: 'detach', cameras: 'keep', confirm: [] }, 'olga');
  t.is(rows.length, 256);
  t.is(rows.filter(({ ok }) => ok).length, 2);
  t.true(rig.atOnce <= 8);
});
