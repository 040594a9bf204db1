import test from 'ava';
import { failoverHealth } from '../../src/control/failover-health.ts';
import type { FailoverHealthFacts } from '../../src/control/failover-health.ts';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import { initialState } from '../../src/failover/machine.ts';
import type { State } from '../../src/failover/machine-types.ts';

const SERVER = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001';
const quiet = initialState(SERVER, monotonicMs(0), epochMs(1000));
const covering: State = {
  ...quiet,
  wanted: {
    'cam-1/main': {
      stream: { cameraId: 'cam-1', stream: 'main' },
      reason: 'silent',
      since: monotonicMs(0),
      sinceWall: epochMs(5000),
      lostFrom: epochMs(4000),
      covered: true,
    },
  },
};
const facts = (more: Partial<FailoverHealthFacts>): FailoverHealthFacts => ({
  states: [quiet],
  notCovered: [],
  nameOf: () => 'North',
  watchers: [],
  backupProblemOf: () => undefined,
  held: [],
  clocksOff: [],
  unfit: [],
  startedAt: 0,
  ...more,
});
const codes = (more: Partial<FailoverHealthFacts>): readonly string[] =>
  failoverHealth(facts(more)).map(({ code, severity }) => `${severity} ${code}`);

test('nothing is said while all is well', (t) => {
  t.deepEqual(codes({}), []);
  t.deepEqual(codes({ watchers: [{ id: 'a', name: 'Spare', connected: true }] }), []);
});

test('a covered server is a warning, a camera that nobody records an error', (t) => {
  const camera = { id: 'cam-2', serverId: SERVER, name: 'Gate', priority: 'low' } as const;
  const notCovered = [{ camera, cause: 'not-covered-channel', detail: '' }] as const;
  t.deepEqual(codes({ states: [covering], notCovered }), ['warning covering', 'error not-covered']);
  t.regex(failoverHealth(facts({ states: [covering] }))[0]?.message ?? '', /covers North: 1 cameras/);
});

test('footage of a server that deauthorized this one is an error for as long as it lies here', (t) => {
  const held = [{ message: 'Hall deauthorized this server, which still has its footage.', since: 5000 }];
  t.deepEqual(codes({ held }), ['error footage-held']);
  t.like(failoverHealth(facts({ held }))[0], { since: '1970-01-01T00:00:05.000Z', message: held[0]?.message });
});

test('a clock that is off is a warning until it is right', (t) => {
  const clocksOff = [{ serverId: SERVER, offsetMs: -86_400_000, since: epochMs(5000) }];
  t.deepEqual(codes({ clocksOff }), ['warning clock-off']);
  t.like(failoverHealth(facts({ clocksOff }))[0], { since: '1970-01-01T00:00:05.000Z' });
  t.regex(failoverHealth(facts({ clocksOff }))[0]?.message ?? '', /clock of North is 1 day behind/);
});

test('a protected server says when nobody watches it, a failover server when a backup failed', (t) => {
  const watchers = [
    { id: 'a', name: 'Spare', connected: false },
    { id: 'b', name: 'Other', connected: false },
  ];
  t.deepEqual(codes({ watchers, backupProblemOf: () => 'no answer' }), [
    'warning backup-failed',
    'warning not-protected',
  ]);
  t.deepEqual(codes({ watchers: [...watchers, { id: 'c', name: 'Third', connected: true }] }), []);
});
