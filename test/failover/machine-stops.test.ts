/** The machine when a stop is meant: shut-downs, goodbyes, updates and hand-overs that a person asked for. */
import test from 'ava';
import { createRig, START_WALL, STREAMS } from './machine-rig.ts';

test('a normal shutdown is covered when it is gone, and taken over after 15 minutes', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'goodbye', reason: 'shutdown', message: 'power button' });
  rig.alive(1);
  t.deepEqual(rig.transcript(), [], 'it still records');
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.silence(901);
  t.deepEqual(rig.transcript(), [
    '4.00 incident opened',
    '4.00 cover all: shutdown',
    '904.00 takeover automatic: shutdown',
  ]);
  t.deepEqual(rig.state().failures, [], 'no failure: it counts for no flapping');
});

test('a goodbye with an error is covered at once', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'goodbye', reason: 'error', message: 'disk controller' });
  t.deepEqual(rig.transcript(), ['3.00 incident opened', '3.00 cover all: error']);
  rig.silence(301);
  t.deepEqual(rig.transcript(), ['303.00 takeover automatic: error']);
});

test('an update: relieved first, then stopped, then handed back; no takeover', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'handover-asked', id: 'request-1' });
  t.deepEqual(rig.transcript(), ['3.00 incident opened', '3.00 cover all: planned']);
  rig.alive(2);
  t.deepEqual(rig.transcript(), [], 'it records on, and nothing goes back');
  rig.recorded();
  t.deepEqual(rig.transcript(), ['5.00 handover ready']);
  rig.say({ kind: 'goodbye', reason: 'update', message: '' });
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.silence(40);
  rig.comeBack();
  rig.confirm();
  t.deepEqual(rig.transcript(), ['47.00 ask all', '47.00 release all: confirmed', '47.00 send home all, 49.3 s']);
});

test('a planned stop that a person asked for is waited for as long as was said, and ends by Restore at once', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'handover-asked', id: 'request-1', holdMs: 600_000 });
  rig.recorded();
  rig.alive(500);
  t.deepEqual(rig.transcript(), ['3.00 incident opened', '3.00 cover all: planned', '3.00 handover ready']);
  rig.say({ kind: 'restore' });
  rig.alive(3);
  rig.confirm();
  t.is(rig.state().planned, undefined);
  t.true(rig.transcript().some((line) => line.endsWith('release all: confirmed')));
  t.is(rig.state().takeover, undefined);
});

test('a planned stop that is not covered in time is answered with what is missing; one that never happens is forgotten', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'handover-asked', id: 'request-1' });
  rig.transcript();
  rig.alive(11);
  t.deepEqual(rig.transcript(), ['13.00 handover ready without all']);
  rig.alive(51);
  rig.confirm();
  t.deepEqual(rig.transcript().slice(0, 2), ['63.00 ask all', '64.75 ask all']);
  t.is(rig.state().planned, undefined);
});

test('a planned stop of a server without a settings backup is never ready: nothing of it is recorded here', (t) => {
  const rig = createRig();
  rig.arrive();
  rig.alive(3);
  rig.say({ kind: 'handover-asked', id: 'request-1' });
  rig.alive(9);
  t.false(rig.transcript().some((line) => line.includes('handover ready')));
  rig.alive(2);
  const ready = rig.effects().filter(({ kind }) => kind === 'handover-ready');
  t.deepEqual(ready, [{ kind: 'handover-ready', id: 'request-1', covered: [], missing: [] }]);
  t.false(rig.logs().some((line) => line.includes('may stop')));
});

test('what is recorded is told by name: a camera that is newer than the settings backup is not among it', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'handover-asked', id: 'request-1' });
  const [first, second] = STREAMS;
  if (first === undefined || second === undefined) throw new Error('two streams');
  const recorded = { state: 'recording', cause: undefined, durableUntil: START_WALL, idleMs: 1 } as const;
  rig.say({ kind: 'cover-progress', streams: [{ ...first, ...recorded }] });
  rig.alive(11);
  t.like(
    rig.effects().find(({ kind }) => kind === 'handover-ready'),
    { covered: [first], missing: [second] },
  );
});

test('a server that lost its power after it asked to be relieved gets its cameras back when it is up again', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'handover-asked', id: 'request-1', holdMs: 3_600_000 });
  rig.recorded();
  rig.arrive('run-1');
  rig.alive(5);
  t.is(rig.state().planned?.id, 'request-1', 'the same run, connected anew, still means to stop');
  rig.silence(20);
  rig.say({ kind: 'disconnected', by: 'silence' });
  rig.silence(20);
  rig.comeBack();
  t.is(rig.state().planned, undefined);
  rig.confirm();
  t.true(rig.transcript().some((line) => line.endsWith('release all: confirmed')));
});
