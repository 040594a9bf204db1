import test from 'ava';
import { failoverSettingsSchema } from '../../src/site/failover-settings.ts';
import {
  againstPolicy,
  changedSite,
  protects,
  siteChangeSchema,
  siteFileSchema,
  sitePolicySchema,
  standbyLevelOf,
  underPolicy,
} from '../../src/site/site-policy.ts';
import { serverIdOf } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';

const NOTHING = siteFileSchema.parse({});
const HOST = serverIdOf(9);
const [F1, F2, R1, R2] = [serverIdOf(1), serverIdOf(2), serverIdOf(3), serverIdOf(4)];

test('without a policy every server decides for itself, and protects everybody', (t) => {
  const own = failoverSettingsSchema.parse({ automaticRestore: false, footagePolicy: 'keep' });
  t.deepEqual(underPolicy(own, NOTHING.policy), own);
  t.true(protects(NOTHING.protection, F1, R1));
  t.is(standbyLevelOf(NOTHING.policy, 'high'), undefined);
});

test('what the site decides stands over the settings of a server, and nothing else does', (t) => {
  const own = failoverSettingsSchema.parse({ automaticTakeover: true, hotSeconds: 60 });
  const policy = sitePolicySchema.parse({ automaticTakeover: false, shortagePolicy: 'by-name' });
  t.deepEqual(underPolicy(own, policy), { ...own, automaticTakeover: false, shortagePolicy: 'by-name' });
  t.deepEqual(againstPolicy({ automaticTakeover: true, shortagePolicy: 'by-name', hotSeconds: 30 }, policy), [
    'automaticTakeover',
  ]);
});

test('a change leaves what it does not name, and null leaves it to the servers again', (t) => {
  const first = changedSite(
    NOTHING,
    {
      policy: { automaticTakeover: false, footagePolicy: 'keep', standbyLevels: { high: 'hot', low: 'cold' } },
      protection: { [F1]: [R2, R1, R1], [F2]: [] },
    },
    HOST,
  );
  t.deepEqual(first, {
    hostId: HOST,
    policy: { automaticTakeover: false, footagePolicy: 'keep', standbyLevels: { high: 'hot', low: 'cold' } },
    protection: [
      { failoverServerId: F1, serverIds: [R1, R2] },
      { failoverServerId: F2, serverIds: [] },
    ],
  });
  const second = changedSite(
    first,
    { policy: { automaticTakeover: null, standbyLevels: { low: null } }, protection: { [F2]: null } },
    HOST,
  );
  t.deepEqual(second.policy, { footagePolicy: 'keep', standbyLevels: { high: 'hot' } });
  t.deepEqual(
    second.protection.map(({ failoverServerId }) => failoverServerId),
    [F1],
  );
  t.true(protects(second.protection, F1, R1));
  t.true(protects(second.protection, F2, R1));
  t.false(protects(first.protection, F2, R1), 'an empty list protects nobody');
});

test('a camera of priority never has no standby level of the site', (t) => {
  const policy = sitePolicySchema.parse({ standbyLevels: { high: 'hot', medium: 'warm', low: 'cold' } });
  t.deepEqual(
    (['high', 'medium', 'low', 'never'] as const).map((priority) => standbyLevelOf(policy, priority)),
    ['hot', 'warm', 'cold', undefined],
  );
});

test('what is no change of a policy is refused', (t) => {
  const random = createRandom(11);
  const odd: unknown[] = [
    { policy: { automaticTakeover: 'yes' } },
    { policy: { footagePolicy: 'burn' } },
    { policy: { hotSeconds: 30 } },
    { policy: { standbyLevels: { never: 'hot' } } },
    { protection: { nobody: [] } },
    { protection: { [F1]: ['../x'] } },
    { protection: { [F1]: Array.from({ length: 257 }, (_, index) => serverIdOf(index)) } },
    { hostId: HOST },
    ...Array.from({ length: 50 }, () => Buffer.from(random.bytes(random.int(0, 40))).toString('latin1')),
  ];
  for (const change of odd) t.false(siteChangeSchema.safeParse(change).success, JSON.stringify(change));
});
