import test from 'ava';
import { isOlder, lockedBy, managerOf, membershipOf, membersOf, siteIdOf } from '../../src/site/membership.ts';
import { peerOf } from '../support/memory-settings.ts';

const older = test.macro<[a: string, b: string, expected: boolean]>({
  title: (_given, a, b, expected) => `${a} is ${expected ? '' : 'not '}older than ${b}`,
  exec: (t, a, b, expected) => {
    t.is(isOlder(a, b), expected);
    if (expected) t.false(isOlder(b, a));
  },
});
test(older, '0.1.0', '0.2.0', true);
test(older, '0.9.9', '1.0.0', true);
test(older, '0.9.0', '0.10.0', true);
test(older, '1.0.0', '1.0.0', false);
test(older, 'v1.0.0', '1.0.1', true);
test(older, '1.0.0-rc.1', '1.0.0', true);
test(older, '1.0.0-rc.2', '1.0.0-rc.10', true);
test(older, '1.0.0-alpha', '1.0.0-alpha.1', true);
test(older, '1.0.0-1', '1.0.0-alpha', true);
test(older, '1.0.0+build.1', '1.0.0+build.2', false);
test(older, 'unknown', '1.0.0', false);
test(older, '', '1.0.0', false);
test(older, '1.0', '1.0.1', false);
test(older, '99999999999999999999.0.0', '1.0.0', false);

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

test('whose trust is gone manages nobody; who is only introduced is no member of ours', (t) => {
  const gone = peerOf(9, { mode: 'host', managesUs: true, locked: true, forgottenAt: 5 });
  t.is(managerOf([gone]), undefined);
  t.is(lockedBy([gone]), undefined);
  const host = peerOf(8, { mode: 'host', managesUs: true, locked: true });
  t.is(managerOf([peerOf(2), host]), host);
  t.is(lockedBy([host]), host);
  t.is(lockedBy([{ ...host, locked: false }]), undefined);
  t.is(lockedBy([peerOf(2, { locked: true })]), undefined, 'a member that we lock does not lock us');
  t.deepEqual(membersOf([host, peerOf(2), peerOf(3, { introduced: true }), peerOf(4, { forgottenAt: 1 })]), [
    peerOf(2),
  ]);
});
