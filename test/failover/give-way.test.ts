/** A camera that lets one server in only, which is the failover server when the protected one comes back. Seconds since watching began. */
import test from 'ava';
import type { StreamRef } from '../../src/failover/cover-reasons.ts';
import { keyOf } from '../../src/failover/cover-reasons.ts';
import { GIVE_WAY_AGAIN_MS } from '../../src/failover/give-way.ts';
import { STREAMS, createRig } from './machine-rig.ts';
import type { Rig } from './machine-rig.ts';

const [NARROW, OTHER] = STREAMS as readonly [StreamRef, StreamRef];
const refuse = (rig: Rig): void => void rig.server.broken.set(keyOf(NARROW), 'camera-refused');
const accept = (rig: Rig): void => void rig.server.broken.delete(keyOf(NARROW));

/** Killed, covered, back; the other camera has gone home, of the narrow one it is refused since 14.00. */
function refusedAtHome(): Rig {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.recorded();
  rig.silence(11);
  refuse(rig);
  rig.arrive('run-2');
  rig.alive(2);
  rig.confirm();
  rig.transcript();
  return rig;
}

test('a camera that has no session for its own server, because it is recorded here, is left to it after ten seconds', (t) => {
  const rig = refusedAtHome();
  t.deepEqual(Object.keys(rig.state().wanted), [keyOf(NARROW)]);
  rig.alive(7.5);
  t.deepEqual(rig.transcript(), [], 'it may be a moment');
  rig.alive(0.5);
  t.deepEqual(rig.transcript(), ['24.00 ask cam-a/main']);
  rig.confirm(2500, { noRoom: [NARROW] });
  t.deepEqual(rig.transcript(), ['24.00 release cam-a/main: gave-way', '24.00 send home cam-a/main, 26.3 s']);
  t.regex(rig.logs().at(-1) ?? '', /well but gets no session of camera cam-a, which lets in one server only/);
  t.is(rig.state().incident, undefined, 'its footage goes home');
  t.is(rig.state().restoring.length, 1);
  accept(rig);
  rig.alive(600);
  t.deepEqual(rig.transcript(), []);
  t.deepEqual(rig.state().gaveWay, {}, 'it helped, and that is all over');
});

test('it is left to its own server for a minute, then recorded here rather than by nobody, and not given away again soon', (t) => {
  const rig = refusedAtHome();
  rig.alive(8);
  rig.confirm(2500, { noRoom: [NARROW] });
  rig.transcript();
  rig.alive(59.5);
  t.deepEqual(rig.transcript(), []);
  rig.alive(0.5);
  t.deepEqual(rig.transcript(), ['84.00 cover cam-a/main: stream-camera']);
  rig.recorded();
  rig.transcript();
  rig.alive(GIVE_WAY_AGAIN_MS / 1000 - 61);
  t.deepEqual(rig.transcript(), []);
  rig.alive(3);
  t.true(rig.transcript().some((line) => line.endsWith('ask cam-a/main')));
});

test('without a word of R that the camera has no session for it nothing is given away', (t) => {
  const rig = refusedAtHome();
  rig.alive(8);
  rig.confirm();
  t.deepEqual(rig.transcript(), ['24.00 ask cam-a/main']);
  rig.alive(60);
  const asked = rig.transcript();
  t.true(asked.length <= 25 && asked.every((line) => line.endsWith('ask cam-a/main')), 'asked now and then');
  t.deepEqual(Object.keys(rig.state().wanted), [keyOf(NARROW)]);
});

test('a late answer gives nothing away', (t) => {
  const rig = refusedAtHome();
  rig.alive(8);
  rig.alive(1.75);
  rig.confirm(2500, { noRoom: [NARROW], ask: rig.state().asks });
  t.deepEqual(Object.keys(rig.state().wanted), [keyOf(NARROW)]);
});

test('while R connects again to what refuses it, it is neither suspected nor believed to stall', (t) => {
  const rig = createRig();
  rig.say({ kind: 'roster', streams: [NARROW] });
  rig.arrive();
  refuse(rig);
  rig.alive(2);
  rig.recorded();
  rig.transcript();
  for (let second = 0; second < 12; second += 1) {
    const state = second % 6 === 0 ? ('failed' as const) : ('waiting' as const);
    const cause = state === 'failed' ? ('camera-refused' as const) : undefined;
    const streams = [{ ...NARROW, state, cause, durableUntil: undefined, idleMs: undefined }];
    rig.say({ kind: 'beat' });
    rig.say({ kind: 'keep-alive', report: { media: 'up', volumes: [], streams } });
    rig.wait(1000);
    rig.say({ kind: 'tick', loopDelayMs: 0 });
  }
  t.is(rig.state().trouble, undefined);
  t.deepEqual(rig.transcript(), ['11.00 ask cam-a/main', '14.00 ask cam-a/main'], 'refused over all its attempts');
});

test('what was given away is covered at once when its server fails as a whole', (t) => {
  const rig = refusedAtHome();
  rig.alive(8);
  rig.confirm(2500, { noRoom: [NARROW] });
  rig.alive(5);
  rig.transcript();
  rig.say({ kind: 'disconnected', by: 'peer' });
  t.deepEqual(rig.transcript(), ['29.00 incident opened', '29.00 cover all: connection-lost']);
  t.deepEqual(rig.state().gaveWay, {});
});

test('a volume of R that fails is covered at once too, whatever was given away', (t) => {
  const rig = refusedAtHome();
  rig.alive(8);
  rig.confirm(2500, { noRoom: [NARROW] });
  rig.transcript();
  rig.server.broken.set(keyOf(NARROW), 'volume-full');
  rig.alive(1);
  t.deepEqual(rig.transcript(), ['25.00 incident opened', '25.00 cover cam-a/main: stream-volume']);
});

test('a manual takeover and a planned stop give nothing away', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'take-over' });
  rig.recorded();
  refuse(rig);
  rig.alive(30);
  rig.confirm(2500, { noRoom: [NARROW] });
  t.is(Object.keys(rig.state().wanted).length, 2);
  t.true(rig.transcript().every((line) => !line.includes('ask')));
  t.is(OTHER.cameraId, 'cam-b');
});
