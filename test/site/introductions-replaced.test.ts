import test from 'ava';
import { recordsAfter, siteFor, siteSchema } from '../../src/site/introductions.ts';
import { withSuccessor } from '../../src/site/site-policy.ts';
import { peerOf, serverIdOf } from '../support/memory-settings.ts';

const host = { id: serverIdOf(1), records: false };
const [hall, acting, spare] = [peerOf(2), peerOf(3, { mode: 'failover' }), peerOf(4, { mode: 'failover' })];
const replacedBy = { id: acting.id, name: 'Hall', at: 5 };
const tombstone = { ...hall, replacedBy };

test('one that was replaced is introduced to nobody, and is told of nobody', (t) => {
  for (const mode of ['failover', 'recording'] as const) {
    const all = [tombstone, { ...acting, mode }, spare];
    t.deepEqual(
      siteFor(spare, all, host).members.map(({ id, replaces }) => [id, replaces]),
      [[acting.id, [hall.id]]],
      `also while its successor is in mode ${mode}: nobody lets go of its cameras meanwhile`,
    );
    t.deepEqual(siteFor(tombstone, all, host).members, []);
  }
});

test('a member goes on with what it has of it, for the successor; one that is nothing to it is not told', (t) => {
  const site = siteSchema.parse(siteFor(spare, [tombstone, acting, spare], host));
  const before = [{ ...hall, introduced: true, watched: true }, peerOf(9)];
  const after = recordsAfter(before, site, 77);
  t.deepEqual(after.find(({ id }) => id === hall.id)?.replacedBy, { id: acting.id, name: acting.name, at: 77 });
  t.true(after.find(({ id }) => id === hall.id)?.watched);
  t.is(after.find(({ id }) => id === acting.id)?.introduced, true);
  t.deepEqual(
    recordsAfter([{ ...hall, introduced: true }], site, 77).map(({ id }) => id),
    [acting.id],
  );
  t.deepEqual(recordsAfter(after, site, 99), after, 'again is nothing new');
});

test('a tombstone is not lifted by what a host says that does not know yet', (t) => {
  const site = siteSchema.parse(siteFor(spare, [hall, acting, spare], host));
  const kept = { ...tombstone, introduced: true };
  t.deepEqual(
    recordsAfter([kept], site, 77).find(({ id }) => id === hall.id),
    kept,
  );
});

test('protected lists name the successor, once; one that took the place itself protects nobody any more', (t) => {
  const [R, F, N, S] = [2, 3, 4, 5].map(serverIdOf) as [string, string, string, string];
  const before = [
    { failoverServerId: F, serverIds: [R, N] },
    { failoverServerId: S, serverIds: [R] },
  ];
  t.deepEqual(withSuccessor(before, R, N), [
    { failoverServerId: F, serverIds: [N] },
    { failoverServerId: S, serverIds: [N] },
  ]);
  t.deepEqual(withSuccessor(before, R, F), [{ failoverServerId: S, serverIds: [F] }]);
});
