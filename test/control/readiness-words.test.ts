import test from 'ava';
import { codesOf } from '../../src/api/log-topics.ts';
import { readinessHealth, readinessNews } from '../../src/control/readiness-words.ts';
import { epochMs } from '../../src/core/units.ts';
import type { CheckResult } from '../../src/cover/server-readiness.ts';

const nameOf = (serverId: string): string => ({ n: 'North', s: 'South' })[serverId] ?? serverId;
const noBackup: CheckResult = { serverId: 'n', check: 'backup', ok: false, message: 'There is no settings backup.' };
const noRoom = (serverId: string): CheckResult => ({
  serverId,
  check: 'space',
  ok: false,
  message: '3 GB are free for covered cameras, 30 GB are needed.',
});

test('a check that failed is a warning with server, check and what to do; one that is fit again is said too', (t) => {
  const [told, ...others] = readinessNews([noBackup], nameOf);
  t.deepEqual(others, []);
  t.like(told, { severity: 'warning', code: 'readiness-failed' });
  t.regex(told?.message ?? '', /cover North \(settings backup\): There is no settings backup\. .*back up its settings/);
  const [again] = readinessNews([{ ...noBackup, ok: true, message: 'Its settings backup is 0 minutes old.' }], nameOf);
  t.like(again, { severity: 'info', code: 'readiness-recovered' });
  t.regex(again?.message ?? '', /^This server is fit again to cover North \(settings backup\): .* 0 minutes old\.$/);
});

test('room is said once for all servers, what is of a server for each', (t) => {
  const all = [noBackup, noRoom('n'), noRoom('s'), { ...noBackup, serverId: 's' }];
  const told = readinessNews(all, nameOf).map(({ message }) => message);
  t.is(told.length, 3);
  t.is(told.filter((message) => message.includes('cover North, South (room for footage)')).length, 1);
  t.is(told.filter((message) => message.includes('(settings backup)')).length, 2);
});

test('a clock has an alarm of its own', (t) => {
  const clock: CheckResult = { serverId: 'n', check: 'clock', ok: false, message: '' };
  t.deepEqual(readinessNews([clock], nameOf), []);
  t.deepEqual(readinessHealth([{ ...clock, since: epochMs(0) }], nameOf), []);
});

test('health has what is unfit, since the first of them', (t) => {
  const unfit = [
    { ...noRoom('n'), since: epochMs(9000) },
    { ...noRoom('s'), since: epochMs(5000) },
  ];
  const [item, ...others] = readinessHealth(unfit, nameOf);
  t.deepEqual(others, []);
  t.like(item, { code: 'readiness-failed', severity: 'warning', since: '1970-01-01T00:00:05.000Z' });
  t.deepEqual(readinessHealth([], nameOf), []);
});

test('both are news of failover', (t) => {
  t.true(codesOf('failover').includes('readiness-*'));
});
