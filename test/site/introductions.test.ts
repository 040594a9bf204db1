import test from 'ava';
import { isGuarded, recordsAfter, siteFor } from '../../src/site/introductions.ts';
import { peerRecordSchema } from '../../src/site/peer.ts';
import type { PeerRecord } from '../../src/site/peer.ts';

const idOf = (digit: number): string => `5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e00${digit}`;
const peer = (digit: number, mode: PeerRecord['mode'], more: Partial<PeerRecord> = {}): PeerRecord =>
  peerRecordSchema.parse({
    id: idOf(digit),
    name: `Server ${digit}`,
    mode,
    fingerprint: String(digit).repeat(64),
    host: `10.0.0.${digit}`,
    peerPort: 51_410,
    addedAt: 0,
    ...more,
  });
const HOST = { id: idOf(9), records: false };
const [R1, R2, F1, F2] = [peer(1, 'recording'), peer(2, 'recording'), peer(3, 'failover'), peer(4, 'failover')];
const ALL = [R1, R2, F1, F2];

test('a failover server protects the recording servers and knows the other failover servers', (t) => {
  const { members } = siteFor(F1, ALL, HOST);
  t.deepEqual(
    members.map(({ id, watched, watcher }) => [id, watched, watcher]),
    [
      [R1.id, true, false],
      [R2.id, true, false],
      [F2.id, false, false],
    ],
  );
});

test('a recording server knows only those that protect it, and no disabled one', (t) => {
  const ids = (all: readonly PeerRecord[]): readonly string[] => siteFor(R1, all, HOST).members.map(({ id }) => id);
  t.deepEqual(ids(ALL), [F1.id, F2.id]);
  t.deepEqual(ids([R1, R2, F1, { ...F2, enabled: false }]), [F1.id]);
  t.deepEqual(siteFor({ ...R1, enabled: false }, ALL, HOST).members, [], 'nobody is introduced to a disabled one');
});

test('cameras of the host itself are protected too', (t) => {
  t.true(siteFor(F1, ALL, { ...HOST, records: true }).hostWatched);
  t.false(siteFor(R1, ALL, { ...HOST, records: true }).hostWatched);
  const host = peer(9, 'host', { managesUs: true });
  const [after] = recordsAfter([host], siteFor(F1, ALL, { ...HOST, records: true }), 5);
  t.true(after?.watched);
});

test('what the host introduced goes when the host no longer names it; own records stay', (t) => {
  const own = { ...R2, host: '10.9.9.9', fingerprint: 'a'.repeat(64) };
  const first = recordsAfter([own], siteFor(F1, ALL, HOST), 5);
  t.deepEqual(
    first.map(({ id, introduced }) => [id, introduced]),
    [
      [R2.id, false],
      [R1.id, true],
      [F2.id, true],
    ],
  );
  t.is(first[0]?.fingerprint, 'a'.repeat(64), 'a key confirmed here is not replaced by the word of the host');
  const second = recordsAfter(first, siteFor(F1, [F1, F2], HOST), 6);
  t.deepEqual(
    second.map(({ id }) => id),
    [R2.id, F2.id],
  );
});

test('a failover server with a list protects those in it, and is known to no other', (t) => {
  const host = { ...HOST, records: true, protection: [{ failoverServerId: F1.id, serverIds: [R1.id] }] };
  const ids = (member: PeerRecord): readonly string[] => siteFor(member, ALL, host).members.map(({ id }) => id);
  t.deepEqual(ids(F1), [R1.id, F2.id]);
  t.deepEqual(ids(F2), [R1.id, R2.id, F1.id]);
  t.deepEqual(ids(R1), [F1.id, F2.id]);
  t.deepEqual(ids(R2), [F2.id]);
  t.false(siteFor(F1, ALL, host).hostWatched);
  t.true(siteFor(F2, ALL, host).hostWatched);
  t.deepEqual(siteFor(F2, ALL, host).protection, host.protection, 'each plans with what the others protect');
  t.deepEqual(siteFor(R1, ALL, host).protection, []);
});

test('who is disabled, forgotten or to leave is covered no more by a host that watches it', (t) => {
  const detachPending = { since: 1, cameras: 'keep', force: true, user: 'olga' } as const;
  const guarded = (more: Partial<PeerRecord>): boolean => isGuarded(peer(1, 'recording', { watched: true, ...more }));
  t.true(guarded({}));
  t.false(guarded({ watched: false }));
  t.false(guarded({ enabled: false }));
  t.false(guarded({ forgottenAt: 1 }));
  t.false(guarded({ detachPending }));
});

test('one that left, and of which footage lies at the host still, is introduced to nobody', (t) => {
  const left = { ...R1, watched: true, forgottenAt: 5 };
  t.deepEqual(
    siteFor(F1, [left, R2, F1, F2], HOST).members.map(({ id }) => id),
    [R2.id, F2.id],
  );
});
