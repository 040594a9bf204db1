/** Recording switched on and off in the middle of a session: what is kept begins with a segment and has no hole. */
import test from 'ava';
import { createRecordingSwitch } from '../../src/recorder/recording-switch.ts';
import type { RecordingSwitch } from '../../src/recorder/recording-switch.ts';
import { forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';

type Rig = { readonly on: RecordingSwitch; readonly log: string[]; midway: boolean };
function rigOf(isOn: boolean): Rig {
  const log: string[] = [];
  const rig: Rig = {
    log,
    midway: false,
    on: createRecordingSwitch({
      on: isOn,
      builder: () => ({
        newSegment: () => log.push('new segment'),
        recordedUntilUs: () => (rig.midway ? 1 : undefined),
      }),
      started: (startUs) => log.push(`started ${startUs}`),
      stopped: (endUs) => log.push(`stopped ${endUs}`),
    }),
  };
  return rig;
}
const fragment = (at: number, first = false) => ({ first, startUs: at, endUs: at + 10 });

test('switched on while a session runs, the next segment is the first that is kept', (t) => {
  const rig = rigOf(false);
  rig.midway = true;
  t.is(rig.on.take(fragment(0)), 'left-out');
  t.is(rig.on.turnOn(), 'begins');
  t.is(rig.on.turnOn(), 'goes-on');
  t.is(rig.on.take(fragment(10)), 'left-out');
  t.false(rig.on.books());
  t.is(rig.on.take(fragment(20, true)), 'kept');
  t.is(rig.on.take(fragment(30)), 'kept');
  t.true(rig.on.books());
  t.deepEqual(rig.log, ['new segment', 'started 20']);
});

test('switched off, the fragment in hand is the last; on again before it is cut, nothing is left out', (t) => {
  const rig = rigOf(true);
  rig.midway = true;
  t.is(rig.on.turnOff(), 'ending');
  t.is(rig.on.turnOn(), 'goes-on');
  t.is(rig.on.take(fragment(0)), 'kept');
  t.is(rig.on.turnOff(), 'ending');
  t.false(rig.on.isOn());
  t.is(rig.on.take(fragment(10)), 'last');
  t.is(rig.on.take(fragment(20)), 'left-out');
  t.deepEqual(rig.log, ['stopped 20']);
});

test('without a session, or before its first key frame, it is on or off at once', (t) => {
  const rig = rigOf(false);
  t.is(rig.on.turnOn(), 'begins');
  t.is(rig.on.turnOff(), 'ended');
  t.is(rig.on.turnOn(), 'begins');
  t.is(rig.on.take(fragment(0, true)), 'kept');
  t.deepEqual(rig.log, []);
});

test('a session that ends while it is switched off leaves nothing for the next one', (t) => {
  const rig = rigOf(true);
  rig.midway = true;
  rig.on.turnOff();
  rig.on.sessionEnded();
  t.is(rig.on.take(fragment(0, true)), 'left-out');
  // Waiting for a segment, the next session's first access unit is one.
  rig.on.turnOn();
  rig.on.sessionEnded();
  rig.on.sessionBegun();
  t.true(rig.on.books());
});

test('whatever comes: runs of kept fragments begin with a segment and have no hole', (t) => {
  forSeeds(500, play);
  t.pass();
});

function play(random: Random): void {
  const rig = rigOf(random.chance(0.5));
  let at = 0;
  let keptLast = false;
  const cut = (): void => {
    const first = !rig.midway || random.chance(0.2);
    if (!rig.midway) rig.on.sessionBegun();
    rig.midway = true;
    const taken = rig.on.take(fragment(at, first));
    at += 10;
    if (taken !== 'left-out' && !keptLast && !first) throw new Error('a run begins in the middle of a segment');
    if (taken === 'left-out' && rig.on.isOn() && keptLast) throw new Error('a hole while it is on');
    keptLast = taken === 'kept';
  };
  const endSession = (): void => {
    rig.on.sessionEnded();
    rig.midway = false;
    keptLast = false;
  };
  const steps = [rig.on.turnOn, rig.on.turnOff, endSession];
  for (let step = 0; step < 200; step += 1) (steps[random.int(0, 9)] ?? cut)();
}
