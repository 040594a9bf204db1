/** What others can make grow stops at its bound. */
import test from 'ava';
import { monotonicMs } from '../../src/core/units.ts';
import { MAX_CLAIM_CAMERAS, MAX_OTHERS, initialClaims, stepClaims } from '../../src/failover/claims.ts';
import type { ClaimsState } from '../../src/failover/claim-types.ts';
import { MAX_STREAMS } from '../../src/failover/facts.ts';
import { savedOf, savedStateSchema } from '../../src/failover/saved-state.ts';
import { MAX_RESTORING } from '../../src/failover/settle.ts';
import { createRig } from './machine-rig.ts';

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ cameraId: `cam-${index}`, stream: 'main' as const }));

test('streams of a keep-alive and of a roster', (t) => {
  const rig = createRig();
  rig.say({ kind: 'roster', streams: many(MAX_STREAMS + 1) });
  t.is(rig.state().roster.length, MAX_STREAMS);
  const streams = many(MAX_STREAMS + 1).map((stream) => ({
    ...stream,
    state: 'recording' as const,
    cause: undefined,
    durableUntil: 1,
    idleMs: 0,
  }));
  rig.say({ kind: 'keep-alive', report: { media: 'up', volumes: [], streams } });
  t.is(Object.keys(rig.state().heard).length, MAX_STREAMS);
  rig.say({ kind: 'disconnected', by: 'peer' });
  t.notThrows(() => savedStateSchema.parse(savedOf(rig.state(), monotonicMs(0))));
});

test('incidents whose footage is on its way: the oldest are closed', (t) => {
  const rig = createRig();
  rig.settle();
  for (let round = 0; round < MAX_RESTORING + 3; round += 1) {
    rig.wait(1000);
    rig.say({ kind: 'take-over' });
    rig.say({ kind: 'disable' });
    rig.say({ kind: 'enable' });
  }
  t.is(rig.state().restoring.length, MAX_RESTORING);
  t.is(rig.transcript().filter((line) => line.endsWith('incident closed')).length, 3);
});

test('other failover servers, and cameras that are wanted', (t) => {
  let state: ClaimsState = initialClaims('self', 1);
  const at = monotonicMs(1);
  for (let index = 0; index <= MAX_OTHERS; index += 1)
    ({ state } = stepClaims(state, { at, kind: 'heard', memberId: `f${index}`, covering: [] }));
  t.is(Object.keys(state.others).length, MAX_OTHERS);
  const cameraIds = many(MAX_CLAIM_CAMERAS + 1).map(({ cameraId }) => cameraId);
  ({ state } = stepClaims(initialClaims('self', 1), { at, kind: 'want', serverId: 'r', cameraIds }));
  t.is(Object.keys(state.wanted).length, MAX_CLAIM_CAMERAS);
});
