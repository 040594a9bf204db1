import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { createFailoverEffects } from '../../src/control/failover-effects.ts';
import type { FailoverEffects } from '../../src/control/failover-effects.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import type { StreamRef } from '../../src/failover/cover-reasons.ts';
import type { IncidentChange } from '../../src/failover/incident.ts';
import type { Effect, HandoverAnswer, Happening, State, Wanted } from '../../src/failover/machine-types.ts';
import { initialState } from '../../src/failover/machine.ts';
import type { RestorationOrder } from '../../src/restoration/restoration-types.ts';
import { serverIdOf } from '../support/memory-settings.ts';

const R = serverIdOf(11);
const DOOR = { cameraId: 'cam-door', stream: 'main' } as const;
const YARD = { cameraId: 'cam-yard', stream: 'main' } as const;

type Rig = {
  readonly effects: FailoverEffects;
  readonly calls: unknown[][];
  readonly told: Happening[];
  readonly entries: NewActivity[];
  wanted: State['wanted'];
  answer: () => Promise<HandoverAnswer>;
  watched: boolean;
};
function rigOf(): Rig {
  const calls: unknown[][] = [];
  const told: Happening[] = [];
  const entries: NewActivity[] = [];
  const rig = {
    wanted: {} as State['wanted'],
    answer: async () => await Promise.resolve<HandoverAnswer>({ streams: [] }),
    watched: true,
  };
  const note =
    (name: string) =>
    (...args: unknown[]): void => {
      calls.push([name, ...args]);
    };
  const effects = createFailoverEffects({
    covering: { want: note('want'), release: note('release') },
    incidents: { apply: (change: IncidentChange) => calls.push(['incident', change.kind]) },
    stateOf: (id) => ({ ...initialState(id, monotonicMs(0), epochMs(0)), wanted: rig.wanted }),
    tell: (_serverId, happening) => {
      told.push(happening);
      return rig.watched;
    },
    askHandover: async () => await rig.answer(),
    beginRestoration: (incident: string, order: RestorationOrder) => calls.push(['restoration', incident, order]),
    failover: () => ({ footagePolicy: 'return', transport: 'smb' }),
    nameOf: () => 'Hall',
    onTakeover: note('takeover'),
    onRestoring: note('restoring'),
    activity: { record: (entry) => entries.push(entry) },
    log: silentLog,
  });
  return Object.assign(rig, { effects, calls, told, entries });
}
const wanted = (stream: StreamRef, lostFrom: number): Wanted => ({
  stream,
  reason: 'silent',
  since: monotonicMs(0),
  sinceWall: epochMs(0),
  lostFrom: epochMs(lostFrom),
  covered: false,
});
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

test('streams are covered together by the time since which they may be missing', (t) => {
  const rig = rigOf();
  rig.wanted = { 'cam-door/main': wanted(DOOR, 500), 'cam-yard/main': wanted(YARD, 700) };
  rig.effects.carryOut(R, { kind: 'cover', streams: [DOOR, YARD], reason: 'silent', everything: true });
  t.deepEqual(rig.calls, [
    ['want', R, [DOOR], 500],
    ['want', R, [YARD], 700],
  ]);
});

test('each effect leads to its one call', (t) => {
  const rig = rigOf();
  const one = { incident: 'incident-1', at: epochMs(1) };
  const effects: Effect[] = [
    { kind: 'release', streams: [DOOR], why: 'confirmed' },
    { kind: 'release', streams: [YARD], why: 'gave-way' },
    { kind: 'declare-takeover', by: 'automatic', reason: 'silent' },
    { kind: 'end-takeover', by: 'automatic' },
    { kind: 'restore-footage', incident: 'incident-1', streams: [DOOR], from: epochMs(10), to: epochMs(20) },
    { kind: 'incident', change: { ...one, kind: 'server-back' } },
    { kind: 'log', severity: 'warning', code: 'failover/takeover', message: 'Taken over.' },
  ];
  for (const effect of effects) rig.effects.carryOut(R, effect);
  t.deepEqual(rig.calls, [
    ['release', R, [DOOR], 'confirmed'],
    ['release', R, [YARD], 'gave-way'],
    ['takeover', R],
    ['takeover', R],
    [
      'restoration',
      'incident-1',
      { serverId: R, streams: [DOOR], start: 10, end: 20, policy: 'return', transport: 'smb' },
    ],
    ['incident', 'server-back'],
  ]);
  t.deepEqual(rig.entries, [{ severity: 'warning', code: 'failover/takeover', message: 'Hall: Taken over.' }]);
});

test('the answer about a hand-over goes to the machine under the number of its question; no answer is none', async (t) => {
  const rig = rigOf();
  rig.effects.carryOut(R, { kind: 'confirm-handover', ask: 7, streams: [DOOR] });
  await settle();
  t.deepEqual(rig.told, [{ kind: 'confirmed', ask: 7, streams: [] }]);
  rig.told.length = 0;
  rig.answer = async () => await Promise.resolve({ streams: [], noRoom: [DOOR] });
  rig.effects.carryOut(R, { kind: 'confirm-handover', ask: 8, streams: [DOOR] });
  await settle();
  t.deepEqual(rig.told, [{ kind: 'confirmed', ask: 8, streams: [], noRoom: [DOOR] }]);
  rig.answer = async () => await Promise.reject(new UnderstudyError('unavailable', 'peer/timeout', 'late'));
  rig.effects.carryOut(R, { kind: 'confirm-handover', ask: 9, streams: [DOOR] });
  await settle();
  t.is(rig.told.length, 1);
});

/** The number under which the machine was asked last. */
const askedId = (rig: Rig): string => {
  const asked = rig.told.findLast(({ kind }) => kind === 'handover-asked');
  return asked?.kind === 'handover-asked' ? asked.id : '';
};

test('a server that is about to stop waits until the machine says who records, and is told what is missing', async (t) => {
  const rig = rigOf();
  const answer = rig.effects.handOver(R);
  rig.effects.carryOut(R, { kind: 'handover-ready', id: 'handover-99', covered: [], missing: [] });
  rig.effects.carryOut(serverIdOf(12), { kind: 'handover-ready', id: askedId(rig), covered: [], missing: [] });
  rig.effects.carryOut(R, { kind: 'handover-ready', id: askedId(rig), covered: [DOOR], missing: [YARD] });
  t.deepEqual(await answer, { covered: [DOOR], missing: [YARD] });
  t.notThrows(() => rig.effects.carryOut(R, { kind: 'handover-ready', id: askedId(rig), covered: [], missing: [] }));
});

test('asked again, the first question is given up: questions do not heap up', async (t) => {
  const rig = rigOf();
  const first = rig.effects.handOver(R);
  const second = rig.effects.handOver(R);
  await t.throwsAsync(first, { instanceOf: UnderstudyError, code: 'handover/again' });
  rig.effects.carryOut(R, { kind: 'handover-ready', id: askedId(rig), covered: [], missing: [] });
  t.deepEqual(await second, { covered: [], missing: [] });
});

test('who is not protected here is not told that it is relieved', async (t) => {
  const rig = rigOf();
  rig.watched = false;
  await t.throwsAsync(rig.effects.handOver(R), { instanceOf: UnderstudyError, code: 'peer/not-yours' });
});
