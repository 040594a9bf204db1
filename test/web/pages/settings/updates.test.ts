import test from 'ava';
import {
  inOrder,
  isUnderway,
  newestOf,
  updatesPath,
  wantedIn,
} from '../../../../web/src/pages/settings/updates/choice.ts';
import { keptMock } from '../../../support/mock-updates.ts';

test('the newest that is not older than what runs', (t) => {
  t.is(newestOf([]), undefined);
  t.is(newestOf([{ ...keptMock('0.0.9'), beside: 'older' }]), undefined);
  t.is(newestOf([keptMock('0.9.0'), keptMock('0.10.0'), keptMock('0.2.0', 'same')])?.version, '0.10.0');
});

test('who is older gets it, recording servers first; who is not known is left alone', (t) => {
  const servers = [
    { id: 'a', name: 'Spare', mode: 'failover', version: '0.1.0' },
    { id: 'b', name: 'Yard', mode: 'recording', version: '0.1.0' },
    { id: 'c', name: 'Barn', mode: 'recording', version: '0.1.0' },
    { id: 'd', name: 'New', mode: 'recording', version: '0.2.0' },
    { id: 'e', name: 'Silent', mode: 'recording', version: undefined },
  ] as const;
  t.deepEqual(
    inOrder(servers, '0.2.0').map(({ id }) => id),
    ['c', 'b', 'a'],
  );
});

test('while one waits or works it is under way', (t) => {
  const row = { serverId: 'a', name: 'A', version: '0.2.0', sentBytes: 0, bytes: 1 } as const;
  for (const phase of ['waiting', 'sending', 'unpacking', 'restarting'] as const)
    t.true(
      isUnderway({
        servers: [
          { ...row, phase: 'done' },
          { ...row, phase },
        ],
      }),
      phase,
    );
  for (const phase of ['done', 'failed', 'broken-off'] as const)
    t.false(isUnderway({ servers: [{ ...row, phase }] }), phase);
});

test('servers chosen elsewhere', (t) => {
  t.is(wantedIn(''), undefined);
  t.is(wantedIn('?update='), undefined);
  t.deepEqual(wantedIn('?x=1&update=a,b'), ['a', 'b']);
  const { search, hash } = new URL(updatesPath(['a', 'c&d']), 'https://box');
  t.is(hash, '#updates');
  t.deepEqual(wantedIn(search), ['a', 'c&d']);
});
