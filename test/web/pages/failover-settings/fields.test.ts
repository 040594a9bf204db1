import test from 'ava';
import {
  failoverChangeSchema,
  failoverSettingsSchema,
  TIMEOUT_LIMITS as AT_THE_BOX,
} from '../../../../src/site/failover-settings.ts';
import { siteChangeSchema, sitePolicySchema } from '../../../../src/site/site-policy.ts';
import { changedFields, merge } from '../../../../web/src/pages/failover/settings/draft.ts';
import {
  changeOf,
  draftOf,
  NUMBER_LIMITS,
  NUMBERS,
  spanOf,
  TIMEOUT_LIMITS,
  troublesOf,
} from '../../../../web/src/pages/failover/settings/fields.ts';
import { policyChangeOf, policyDraftOf } from '../../../../web/src/pages/failover/settings/policy-fields.ts';

const USUAL = failoverSettingsSchema.parse({});
const DRAFT = draftOf(USUAL);

test('the limits of the form are those of the box', (t) => {
  t.deepEqual(TIMEOUT_LIMITS, AT_THE_BOX);
  for (const name of NUMBERS) {
    const { min, max, default: usual } = NUMBER_LIMITS[name];
    t.is(USUAL[name], usual, name);
    for (const value of [min, max])
      t.true(failoverChangeSchema.safeParse({ [name]: value }).success, `${name} ${value}`);
    for (const value of [min - 1, max + 1])
      t.false(failoverChangeSchema.safeParse({ [name]: value }).success, `${name} ${value}`);
  }
});

test('what the form lets through the box takes, and what the box refuses the form stops', (t) => {
  const tries: readonly (readonly [string, string, boolean])[] = [
    ['timeouts.keepAlive', '30', true],
    ['timeouts.keepAlive', '29', false],
    ['timeouts.keepAlive', '301', false],
    ['timeouts.keepAlive', '30.5', false],
    ['timeouts.keepAlive', '', false],
    ['timeouts.normalShutdown', '3600', true],
    ['takeHostAfterSeconds', '0', true],
    ['takeHostAfterSeconds', '59', false],
    ['takeHostAfterSeconds', '60', true],
    ['restorationLimit', '0', false],
    ['restorationLimit', '12.5', true],
    ['restorationLimit', '', true],
    ['dailyBackupAt', '24:00', false],
    ['dailyBackupAt', '23:59', true],
    ['backupDirectory', 'x'.repeat(4097), false],
    ['serverAddress', 'nas.example', true],
    ['serverAddress', 'https://nas.example', false],
  ];
  for (const [name, text, isFine] of tries) {
    const draft = { ...DRAFT, [name]: text };
    t.is(troublesOf(draft).size === 0, isFine, `form: ${name} ${text.slice(0, 20)}`);
    t.is(failoverChangeSchema.safeParse(changeOf(DRAFT, draft)).success, isFine, `box: ${name} ${text.slice(0, 20)}`);
  }
});

test('only what differs is sent; what is emptied is taken away', (t) => {
  const full = draftOf({ ...USUAL, backupDirectory: '/b', restorationLimit: 8e6, storeVolumeIds: ['v1', 'v2'] });
  t.is(full['restorationLimit'], '8');
  t.deepEqual(changeOf(DRAFT, DRAFT), {});
  t.deepEqual(
    changeOf(full, {
      ...full,
      backupDirectory: '',
      restorationLimit: '',
      storeVolumeIds: 'v2',
      automaticTakeover: 'no',
      'timeouts.started': '600',
    }),
    {
      backupDirectory: null,
      restorationLimit: null,
      storeVolumeIds: ['v2'],
      automaticTakeover: false,
      timeouts: { started: 600 },
    },
  );
});

test('theirs and ours are merged; where both changed the same, both are told', (t) => {
  const before = { a: '1', b: '1', c: '1', d: '1' };
  const { draft, met } = merge(before, { ...before, a: '2', b: '2', d: '9' }, { ...before, b: '3', c: '3', d: '9' });
  t.deepEqual(draft, { a: '2', b: '2', c: '3', d: '9' });
  t.deepEqual(met, [
    { name: 'b', theirs: '3', yours: '2' },
    { name: 'c', theirs: '3', yours: undefined },
  ]);
  t.deepEqual(changedFields({ ...before, b: '3', c: '3', d: '9' }, draft), ['a', 'b']);
});

test('seconds are said as people say them', (t) => {
  t.deepEqual(
    [0, 30, 60, 90, 300, 3600].map((seconds) => Object.values(spanOf(seconds)).join(' ')),
    ['0 seconds', '30 seconds', '1 minutes', '90 seconds', '5 minutes', '1 hours'],
  );
});

test('the policy of a site: what is empty is left to each server, and sent as null', (t) => {
  const policy = sitePolicySchema.parse({ automaticTakeover: false, standbyLevels: { high: 'hot' } });
  const before = policyDraftOf(policy);
  t.deepEqual([before['automaticTakeover'], before['footagePolicy'], before['level.high']], ['no', '', 'hot']);
  const change = policyChangeOf(before, {
    ...before,
    automaticTakeover: '',
    automaticRestore: 'yes',
    footagePolicy: 'keep',
    'level.high': '',
    'level.low': 'cold',
  });
  t.deepEqual(change, {
    policy: {
      automaticTakeover: null,
      automaticRestore: true,
      footagePolicy: 'keep',
      standbyLevels: { high: null, low: 'cold' },
    },
  });
  t.true(siteChangeSchema.safeParse(change).success);
});
