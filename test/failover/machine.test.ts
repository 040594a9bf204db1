/** Transcripts: what happens to the protected server, and what the failover server decides and when. Seconds since watching began. */
import test from 'ava';
import { SERVER, STREAMS, createRig } from './machine-rig.ts';

test('a killed server is covered at once, taken over after the timeout, and handed back when it records again', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'disconnected', by: 'peer' });
  t.deepEqual(rig.transcript(), ['3.00 incident opened', '3.00 cover all: connection-lost']);
  rig.recorded();
  rig.silence(301);
  t.deepEqual(rig.transcript(), ['303.00 takeover automatic: connection-lost']);
  rig.arrive('run-2');
  rig.alive(1.75);
  t.deepEqual(rig.transcript(), [], 'it must be seen recording for a while');
  rig.alive(0.25);
  t.deepEqual(rig.transcript(), ['306.00 ask all']);
  rig.confirm(1000);
  t.deepEqual(rig.transcript(), [], 'it records for one second only: no overlap yet');
  rig.alive(1);
  rig.confirm();
  rig.alive(5);
  t.deepEqual(rig.transcript(), [
    '306.50 ask all',
    '307.00 release all: confirmed',
    '307.00 send home all, 309.3 s',
    '309.00 takeover over',
  ]);
  t.is(rig.state().restoring.length, 1);
  rig.say({ kind: 'footage-settled', incident: rig.state().restoring[0] ?? '' });
  t.deepEqual(rig.transcript(), ['312.00 incident closed']);
});

test('a pause below 800 ms is nothing', (t) => {
  const rig = createRig();
  rig.settle();
  rig.silence(0.8);
  rig.alive(60);
  t.deepEqual(rig.transcript(), []);
  t.is(rig.state().incident, undefined);
});

test('a server frozen for two seconds is covered, and gets its cameras back without a takeover', (t) => {
  const rig = createRig();
  rig.settle();
  rig.silence(2);
  t.deepEqual(rig.transcript(), ['4.25 incident opened', '4.25 cover all: silent']);
  rig.recorded();
  rig.keepAlive();
  rig.confirm(60_000);
  t.deepEqual(rig.transcript(), [], 'just thawed it tells what it had before');
  rig.alive(2);
  rig.confirm(60_000);
  t.deepEqual(rig.transcript(), ['7.00 ask all', '7.00 release all: confirmed', '7.00 send home all, 9.3 s']);
  rig.alive(60);
  t.deepEqual(rig.transcript(), []);
});

test('a server frozen for 40 seconds is taken over 30 seconds after its last sign of life', (t) => {
  const rig = createRig();
  rig.settle();
  rig.silence(40);
  t.deepEqual(rig.transcript(), ['4.25 incident opened', '4.25 cover all: silent', '33.00 takeover automatic: silent']);
  rig.keepAlive();
  rig.alive(2);
  rig.confirm(60_000);
  rig.alive(6);
  t.deepEqual(rig.transcript(), [
    '45.00 ask all',
    '45.00 release all: confirmed',
    '45.00 send home all, 47.3 s',
    '48.00 takeover over',
  ]);
});

test('a power cut (no FIN) goes on as silence when F gives the connection up', (t) => {
  const rig = createRig();
  rig.settle();
  rig.silence(5);
  rig.say({ kind: 'disconnected', by: 'silence' });
  rig.silence(26);
  t.deepEqual(rig.transcript(), ['4.25 incident opened', '4.25 cover all: silent', '33.00 takeover automatic: silent']);
});

test('a server whose recording process is down is covered although it talks', (t) => {
  const rig = createRig();
  rig.settle();
  rig.server.media = 'down';
  rig.keepAlive();
  t.deepEqual(rig.transcript(), ['3.00 incident opened', '3.00 cover all: media-down']);
  rig.alive(301);
  t.deepEqual(rig.transcript(), ['303.00 takeover automatic: media-down']);
});

test('a hung disk: streams that do not advance are covered, and only those', (t) => {
  const rig = createRig();
  rig.settle();
  rig.server.hung.set('cam-a/main', 13_000);
  rig.alive(6);
  t.deepEqual(rig.transcript(), ['7.25 incident opened', '7.25 cover cam-a/main: stream-stalled']);
  rig.alive(400);
  t.deepEqual(rig.transcript(), [], 'one stream is no failure of the server');
  rig.server.hung.clear();
  rig.keepAlive();
  rig.alive(2);
  rig.confirm();
  t.deepEqual(rig.transcript().slice(0, 2), ['411.00 ask cam-a/main', '411.00 release cam-a/main: confirmed']);
});

test('all streams hung is a failure of the server', (t) => {
  const rig = createRig();
  rig.settle();
  for (const { cameraId, stream } of STREAMS) rig.server.hung.set(`${cameraId}/${stream}`, 13_000);
  rig.alive(400);
  t.deepEqual(rig.transcript(), [
    '7.25 incident opened',
    '7.25 cover all: nothing-recorded',
    '308.00 takeover automatic: nothing-recorded',
  ]);
});

test('volumes gone: its streams are covered at once, the server is taken over after the timeout', (t) => {
  const rig = createRig();
  rig.settle();
  rig.server.broken.set('cam-b/main', 'volume-gone');
  rig.keepAlive();
  t.deepEqual(rig.transcript(), ['3.00 incident opened', '3.00 cover cam-b/main: stream-volume']);
  rig.server.volumes = [{ id: 'v', cause: 'volume-gone' }];
  rig.keepAlive();
  rig.alive(302);
  t.deepEqual(rig.transcript(), ['3.00 cover cam-a/main: volumes-failed', '303.00 takeover automatic: volumes-failed']);
});

test('a camera that only the protected server cannot reach is covered, without incident until there is footage', (t) => {
  const rig = createRig();
  rig.settle();
  rig.server.broken.set('cam-a/main', 'camera-unreachable');
  rig.keepAlive();
  rig.alive(600);
  t.deepEqual(rig.transcript(), ['3.00 cover cam-a/main: stream-camera']);
  rig.recorded();
  t.deepEqual(rig.transcript(), ['603.00 incident opened']);
  rig.server.broken.set('cam-b/main', 'camera-unreachable');
  rig.alive(600);
  t.deepEqual(rig.transcript(), ['604.00 cover cam-b/main: stream-camera'], 'no takeover: the server is well');
});

test('a link that flaps: after the third failure its cameras go back only after calm seconds', (t) => {
  const rig = createRig();
  rig.settle();
  for (let round = 0; round < 3; round += 1) {
    rig.say({ kind: 'disconnected', by: 'peer' });
    rig.recorded();
    rig.silence(3);
    rig.comeBack(`run-${round}`);
    rig.confirm();
  }
  const lines = rig.transcript();
  t.is(lines.filter((line) => line.includes('release')).length, 2);
  t.true(rig.state().holdDown);
  rig.alive(100);
  t.deepEqual(rig.transcript(), []);
  rig.alive(18);
  rig.confirm();
  t.deepEqual(
    rig
      .transcript()
      .map((line) => line.replace(/^[\d.]+ /, ''))
      .slice(0, 2),
    ['ask all', 'release all: confirmed'],
  );
  rig.alive(1);
  t.false(rig.state().holdDown, 'calm long enough');
});

test('restore by command does not wait for hold-down', (t) => {
  const rig = createRig();
  rig.settle();
  for (let round = 0; round < 3; round += 1) {
    rig.say({ kind: 'disconnected', by: 'peer' });
    rig.silence(3);
    rig.comeBack(`run-${round}`);
    rig.confirm();
  }
  rig.transcript();
  rig.say({ kind: 'restore' });
  rig.confirm();
  t.deepEqual(
    rig
      .transcript()
      .map((line) => line.split(' ').slice(1).join(' '))
      .slice(0, 2),
    ['ask all', 'release all: confirmed'],
  );
});

test('F is started again and again during one failure: that is one failure, not flapping', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.recorded();
  for (let round = 0; round < 4; round += 1) {
    rig.silence(5);
    rig.restartF(2000);
  }
  rig.silence(5);
  t.is(rig.state().failures.length, 1);
  t.false(rig.state().holdDown);
});

test('F is started again while it covers: it covers on at once, and its timers have not run meanwhile', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.recorded();
  rig.silence(100);
  rig.transcript();
  rig.stepWall(86_400_000);
  rig.restartF(20_000);
  t.deepEqual(rig.transcript(), ['123.00 cover all: resumed']);
  rig.silence(199);
  t.deepEqual(rig.transcript(), []);
  rig.silence(2);
  t.deepEqual(rig.transcript(), ['323.00 takeover automatic: connection-lost']);
  rig.restartF(5000);
  t.is(rig.state().takeover?.by, 'automatic');
  rig.comeBack();
  rig.confirm();
  t.deepEqual(
    rig
      .transcript()
      .slice(-2, -1)
      .map((line) => line.slice(7)),
    ['release all: confirmed'],
  );
});

test('F was paused: what it did not hear is not held against the server', (t) => {
  const rig = createRig();
  rig.settle();
  rig.ownPause(10_000);
  rig.alive(5);
  t.deepEqual(rig.transcript(), []);
  rig.ownPause(3000, false);
  rig.silence(0.5);
  t.deepEqual(rig.transcript(), [], 'grace: its sockets are read first');
  rig.silence(2);
  t.is(rig.transcript().at(-1)?.slice(6), 'cover all: silent');
});

test('F was paused while the server died: covered within suspicion and grace after it runs again', (t) => {
  const rig = createRig();
  rig.settle();
  rig.ownPause(60_000, false);
  rig.silence(1.75);
  t.is(rig.transcript().at(-1)?.split(' ').slice(1).join(' '), 'cover all: silent');
  rig.silence(28);
  t.deepEqual(rig.transcript(), []);
  rig.silence(2);
  t.is(rig.transcript().at(-1)?.split(' ').slice(1).join(' '), 'takeover automatic: silent');
});

test('both started at once: a server that is not heard within the first seconds is covered', (t) => {
  const rig = createRig();
  rig.say({ kind: 'roster', streams: STREAMS });
  rig.silence(3);
  t.deepEqual(rig.transcript(), []);
  rig.silence(0.5);
  t.deepEqual(rig.transcript(), ['3.25 incident opened', '3.25 cover all: never-heard']);
  rig.silence(297);
  t.deepEqual(rig.transcript(), ['300.00 takeover automatic: never-heard']);
});

test('without a settings backup there is nothing to cover; the moment it is there, it is covered', (t) => {
  const rig = createRig();
  rig.arrive();
  rig.alive(1);
  rig.say({ kind: 'disconnected', by: 'peer' });
  t.deepEqual(rig.transcript(), []);
  t.true(rig.logs().some((line) => line.includes('There is no settings backup')));
  rig.say({ kind: 'roster', streams: STREAMS });
  t.deepEqual(rig.transcript(), ['1.00 incident opened', '1.00 cover all: connection-lost']);
});

test('connected without a start-up message, and started without a keep-alive, are declared after their own timeouts', (t) => {
  const connected = createRig();
  connected.settle();
  connected.say({ kind: 'disconnected', by: 'peer' });
  connected.silence(2);
  connected.say({ kind: 'connected' });
  for (let second = 0; second < 299; second += 1) {
    connected.say({ kind: 'beat' });
    connected.silence(1);
  }
  t.false(connected.transcript().some((line) => line.includes('takeover')));
  connected.silence(2);
  t.is(connected.transcript().at(-1), '305.00 takeover automatic: silent');

  const started = createRig();
  started.say({ kind: 'roster', streams: STREAMS });
  started.say({ kind: 'connected' });
  started.say({ kind: 'hello', instance: 'run-1' });
  for (let second = 0; second < 310; second += 1) {
    started.say({ kind: 'beat' });
    started.silence(1);
  }
  t.deepEqual(started.transcript(), [
    '3.25 incident opened',
    '3.25 cover all: keep-alives-stopped',
    '300.00 takeover automatic: keep-alives-stopped',
  ]);
});

test('an answer that is late, stale, or to another question releases nothing', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.silence(3);
  rig.arrive('run-2');
  rig.transcript();
  const released = () => rig.transcript().some((line) => line.includes('release'));
  rig.confirm(2500, { ask: 99 });
  t.false(released());
  rig.wait(1600);
  rig.confirm();
  t.false(released(), 'the answer took longer than 1.5 s');
  rig.keepAlive();
  rig.confirm(2500, { idleMs: 2500 });
  t.false(released(), 'its footage does not advance');
  rig.alive(1);
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.confirm();
  t.false(released(), 'gone again before the answer came');
});

test('steps of the wall clock decide nothing', (t) => {
  const rig = createRig();
  rig.settle();
  rig.stepWall(86_400_000);
  rig.alive(2);
  rig.stepWall(-2 * 86_400_000);
  rig.alive(2);
  t.deepEqual(rig.transcript(), []);
  t.is(rig.state().serverId, SERVER);
});
