/** Transcripts of what people order: takeover, restore, settings, switching watching off and on. */
import test from 'ava';
import { POLICY, STREAMS, createRig } from './machine-rig.ts';

test('a takeover by hand does not ask for the state of the server, and ends by hand only', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'take-over' });
  t.deepEqual(rig.transcript(), ['3.00 incident opened', '3.00 takeover manual: manual', '3.00 cover all: manual']);
  rig.recorded();
  rig.alive(600);
  t.deepEqual(rig.transcript(), []);
  rig.say({ kind: 'restore' });
  rig.confirm(600_000);
  rig.alive(1);
  t.deepEqual(
    rig.transcript().map((line) => line.slice(7)),
    ['ask all', 'release all: confirmed', 'send home all, 605.3 s', 'takeover over'],
  );
});

test('without automatic takeover and restore both wait for a command', (t) => {
  const rig = createRig({ ...POLICY, automaticTakeover: false, automaticRestore: false });
  rig.settle();
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.silence(1000);
  t.deepEqual(rig.transcript(), ['3.00 incident opened', '3.00 cover all: connection-lost'], 'covering never waits');
  rig.comeBack();
  rig.confirm();
  t.is(
    rig.transcript()[1]?.slice(8),
    'release all: confirmed',
    'without a takeover there is nothing to restore by hand',
  );

  const other = createRig({ ...POLICY, automaticRestore: false });
  other.settle();
  other.say({ kind: 'disconnected', by: 'peer' });
  other.silence(301);
  other.arrive('run-2');
  other.transcript();
  other.alive(30);
  t.deepEqual(other.transcript(), []);
  other.say({ kind: 'restore' });
  other.confirm();
  other.alive(1);
  t.true(other.transcript().some((line) => line.includes('takeover over')));
});

test('a camera that is removed from the settings is let go; one that is added while covering is covered', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.transcript();
  rig.say({ kind: 'roster', streams: STREAMS.slice(0, 1) });
  t.deepEqual(rig.transcript(), ['3.00 release cam-b/main: removed', '3.00 send home cam-b/main, 5.3 s']);
  rig.say({ kind: 'roster', streams: STREAMS });
  t.deepEqual(rig.transcript(), ['3.00 cover cam-b/main: connection-lost']);
});

test('deauthorized: everything is let go and nothing is sent home', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'take-over' });
  rig.transcript();
  rig.say({ kind: 'goodbye', reason: 'deauthorized', message: '' });
  t.deepEqual(rig.transcript(), ['3.00 release all: deauthorized', '3.00 takeover over', '3.00 incident closed']);
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.silence(600);
  t.deepEqual(rig.transcript(), []);
});

test('disabled while covering: let go, footage goes home; enabled again it is watched anew', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.transcript();
  rig.say({ kind: 'disable' });
  t.deepEqual(rig.transcript(), ['3.00 release all: disabled', '3.00 send home all, 5.3 s']);
  rig.silence(600);
  t.deepEqual(rig.transcript(), []);
  rig.say({ kind: 'enable' });
  rig.silence(4);
  t.deepEqual(rig.transcript(), ['606.25 incident opened', '606.25 cover all: never-heard']);
});

test('abandoned by command: not covered again before its trouble is over', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.transcript();
  rig.say({ kind: 'abandon' });
  t.deepEqual(rig.transcript(), ['3.00 release all: command', '3.00 send home all, 5.3 s']);
  rig.silence(600);
  t.deepEqual(rig.transcript(), []);
  rig.arrive('run-2');
  rig.alive(1);
  rig.say({ kind: 'disconnected', by: 'peer' });
  t.deepEqual(rig.transcript(), ['604.00 incident opened', '604.00 cover all: connection-lost']);
});

test('another key at its address is an alarm and changes nothing', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'key-changed' });
  t.deepEqual(rig.transcript(), []);
  t.true(
    rig
      .effects()
      .some((effect) => effect.kind === 'log' && effect.severity === 'error' && effect.code === 'failover/key-changed'),
  );
});

test('a server that refuses us is not covered, and one that refuses while we cover is covered on', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'goodbye', reason: 'refused', message: 'other site' });
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.silence(400);
  t.deepEqual(rig.transcript(), []);
  rig.arrive();
  rig.alive(1);
  rig.say({ kind: 'disconnected', by: 'peer' });
  t.deepEqual(rig.transcript(), ['404.00 incident opened', '404.00 cover all: connection-lost']);
  rig.say({ kind: 'goodbye', reason: 'refused', message: '' });
  rig.silence(400);
  t.deepEqual(rig.transcript(), []);
  t.is(Object.keys(rig.state().wanted).length, 2);
});
