import test from 'ava';
import { ownRelations, recordsOfNewHost, recordsUnder, successorRecords } from '../../src/site/host-records.ts';
import type { HostRole, Successor } from '../../src/site/host-role.ts';
import { peerOf, serverIdOf } from '../support/memory-settings.ts';

const OWN = serverIdOf(2);
const spare: Successor = {
  id: serverIdOf(2),
  name: 'Spare',
  mode: 'failover',
  fingerprint: '2'.repeat(64),
  host: '192.0.2.2',
};
const idsOf = (records: readonly { readonly id: string }[]): readonly string[] => records.map(({ id }) => id);

test('a new host manages whom the old one managed, and the old one too; what it protects it protects still', (t) => {
  const own = [
    peerOf(1, { mode: 'host', managesUs: true, watched: true, locked: true }),
    peerOf(3, { introduced: true, watched: true, fingerprint: 'a'.repeat(64), receiptKey: 'mine' }),
  ];
  const copied = [
    peerOf(2, { mode: 'failover' }),
    peerOf(3, { fingerprint: 'b'.repeat(64), receiptKey: 'theirs', locked: true }),
    peerOf(4, { watched: true, enabled: false }),
  ];
  const records = recordsOfNewHost(own, copied, OWN);
  t.deepEqual(idsOf(records), [serverIdOf(1), serverIdOf(3), serverIdOf(4)]);
  t.like(records[0], { mode: 'recording', managesUs: false, introduced: false, watched: true, locked: undefined });
  t.like(records[1], {
    watched: true,
    introduced: false,
    fingerprint: 'a'.repeat(64),
    receiptKey: 'mine',
    locked: true,
  });
  t.like(records[2], { watched: false, managesUs: false, introduced: false, enabled: false });
  t.deepEqual(recordsOfNewHost(records, copied, OWN), records);
});

test('what lies at the old host of one that left is none of the new one', (t) => {
  const records = recordsOfNewHost(
    [peerOf(1, { managesUs: true })],
    [peerOf(3, { watched: true, forgottenAt: 5 })],
    OWN,
  );
  t.deepEqual(idsOf(records), [serverIdOf(1)]);
});

test('who follows has the new host as its only manager, with the lock of the old one, and keeps everybody', (t) => {
  const before = [
    peerOf(1, { mode: 'host', managesUs: true, watched: true, locked: true }),
    peerOf(2, { mode: 'failover', introduced: true, watcher: true }),
    peerOf(4, { introduced: true, watched: true }),
  ];
  const records = recordsUnder(before, spare, 7);
  t.deepEqual(idsOf(records.filter(({ managesUs }) => managesUs)), [OWN]);
  t.like(
    records.find(({ id }) => id === OWN),
    { watcher: true, introduced: false, locked: true },
  );
  t.like(records[0], { watched: true, introduced: true, locked: undefined });
  t.is(records[1], before[2]);
});

test('a new host that was not known is known by what the old one told of it', (t) => {
  const records = recordsUnder([peerOf(1, { mode: 'host', managesUs: true })], spare, 7);
  t.like(records.at(-1), { ...spare, managesUs: true, watched: false, watcher: false, addedAt: 7 });
});

test('a host that yields leaves it to the new one whom it shall know', (t) => {
  const before = [peerOf(2, { mode: 'failover', watcher: true }), peerOf(3, { locked: true })];
  const records = recordsUnder(before, spare, 7);
  t.like(
    records.find(({ id }) => id === serverIdOf(3)),
    { introduced: true, locked: undefined },
  );
  t.like(
    records.find(({ id }) => id === OWN),
    { managesUs: true, introduced: false, watcher: true },
  );
});

test('what a host and its members are to each other follows from modes, cameras and lists', (t) => {
  const all = [peerOf(3), peerOf(4, { mode: 'failover' })];
  const failover = ownRelations(all, { id: OWN, mode: 'failover', records: false }, []);
  t.deepEqual(
    failover.map(({ watched, watcher }) => [watched, watcher]),
    [
      [true, false],
      [false, false],
    ],
  );
  const lists = [{ failoverServerId: OWN, serverIds: [] }];
  t.false(ownRelations(all, { id: OWN, mode: 'failover', records: false }, lists)[0]?.watched);
  const host = ownRelations(all, { id: OWN, mode: 'host', records: true }, []);
  t.deepEqual(
    host.map(({ watcher }) => watcher),
    [false, true],
  );
  t.is(ownRelations(all, { id: OWN, mode: 'host', records: false }, []), all);
});

test('one that was replaced stays what it was until its cameras are handed over', (t) => {
  const replacedBy = { id: serverIdOf(4), name: 'Server 3', at: 5 };
  const own = { id: OWN, mode: 'failover', records: false } as const;
  const lists = [{ failoverServerId: OWN, serverIds: [serverIdOf(4)] }];
  const covered = [peerOf(3, { watched: true, replacedBy }), peerOf(4, { watched: true })];
  t.is(ownRelations(covered, own, lists), covered, 'its successor is in its place in the list already');
  const over = [peerOf(3, { replacedBy }), peerOf(4, { watched: true })];
  t.is(ownRelations(over, own, []), over, 'and is not watched anew when that is over');
});

test('a successor that is not known otherwise is let in, not dialled, and only in the site of the host that named it', (t) => {
  const hostRole: HostRole = {
    siteId: serverIdOf(1),
    hostId: serverIdOf(1),
    term: 1,
    since: 5,
    successors: [spare],
    acting: false,
  };
  const own = { id: serverIdOf(3), mode: 'recording', hostRole } as const;
  const host = peerOf(1, { mode: 'host', managesUs: true });
  const [record, ...more] = successorRecords(own, [host]);
  t.deepEqual(more, []);
  t.like(record, { id: OWN, host: undefined, watched: false, watcher: false, managesUs: false, enabled: true });
  t.deepEqual(successorRecords(own, [host, peerOf(2)]), []);
  t.deepEqual(successorRecords(own, [{ ...host, managesUs: false }]), []);
  t.deepEqual(successorRecords({ ...own, id: OWN }, [host]), []);
});

test('a host that is followed is let in from the moment that it is, before the records of the servers say so', (t) => {
  const before = peerOf(1, { mode: 'host', managesUs: true });
  const hostRole: HostRole = {
    siteId: before.id,
    hostId: OWN,
    term: 2,
    since: 5,
    successors: [{ ...spare, id: serverIdOf(4), name: 'Other' }],
    acting: false,
    host: spare,
    pending: 'follow',
  };
  t.deepEqual(idsOf(successorRecords({ id: serverIdOf(3), mode: 'recording', hostRole }, [before])), [
    OWN,
    serverIdOf(4),
  ]);
  t.deepEqual(idsOf(successorRecords({ id: serverIdOf(3), mode: 'recording', hostRole }, [before, peerOf(2)])), [
    serverIdOf(4),
  ]);
  const { pending: _done, ...settled } = hostRole;
  t.deepEqual(successorRecords({ id: serverIdOf(3), mode: 'recording', hostRole: settled }, [before]), []);
});
