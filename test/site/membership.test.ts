import test from 'ava';
import { lockedBy, managerOf, membershipOf, membersOf, siteIdOf } from '../../src/site/membership.ts';
import { peerOf } from '../support/memory-settings.ts';

test('a server is undefined, joined or foreign by the host that manages it; a host is its own site', (t) => {
  const of = (mode: 'recording' | 'failover' | 'host', hostId?: string, own: string | undefined = 'ours') =>
    membershipOf({ id: 'it', mode, hostId }, own);
  t.is(of('recording'), 'undefined');
  t.is(of('failover', 'ours'), 'joined');
  t.is(of('recording', 'theirs'), 'foreign');
  t.is(of('host'), 'foreign');
  t.is(membershipOf({ id: 'ours', mode: 'host', hostId: undefined }, 'ours'), 'joined');
  t.is(membershipOf({ id: 'it', mode: 'recording', hostId: 'theirs' }, undefined), 'foreign');
  t.is(siteIdOf({ id: 'it', mode: 'recording', hostId: undefined }), undefined);
});

const REPLACED = peerOf(5, { replacedBy: { id: peerOf(6).id, name: 'Other', at: 1 } });

test('whose trust is gone manages nobody; who is only introduced is no member of ours', (t) => {
  const gone = peerOf(9, { mode: 'host', managesUs: true, locked: true, forgottenAt: 5 });
  t.is(managerOf([gone]), undefined);
  t.is(lockedBy([gone]), undefined);
  const host = peerOf(8, { mode: 'host', managesUs: true, locked: true });
  t.is(managerOf([peerOf(2), host]), host);
  t.is(lockedBy([host]), host);
  t.is(lockedBy([{ ...host, locked: false }]), undefined);
  t.is(lockedBy([peerOf(2, { locked: true })]), undefined, 'a member that we lock does not lock us');
  t.deepEqual(membersOf([host, peerOf(2), peerOf(3, { introduced: true }), peerOf(4, { forgottenAt: 1 }), REPLACED]), [
    peerOf(2),
  ]);
});
