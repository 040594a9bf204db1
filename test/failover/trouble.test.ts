import test from 'ava';
import { STREAMS, createRig } from './machine-rig.ts';

test('a server that says its disk hangs is covered at once, and its cameras go back when it writes again', (t) => {
  const rig = createRig();
  rig.settle();
  rig.server.volumes = [{ id: 'v', cause: 'volume-error' }];
  for (const { cameraId, stream } of STREAMS) rig.server.broken.set(`${cameraId}/${stream}`, 'volume-error');
  rig.keepAlive();
  t.deepEqual(rig.transcript(), ['3.00 incident opened', '3.00 cover all: volumes-failed']);
  rig.alive(9);
  t.deepEqual(rig.transcript(), [], 'covering is enough for five minutes');
  rig.server.volumes = [{ id: 'v', cause: undefined }];
  rig.server.broken.clear();
  rig.keepAlive();
  rig.alive(2);
  rig.confirm();
  t.deepEqual(rig.transcript(), ['14.00 ask all', '14.00 release all: confirmed', '14.00 send home all, 16.3 s']);
});

test('after a pause of F the server must be seen recording anew before its cameras go back: it may have paused too', (t) => {
  const rig = createRig();
  rig.settle();
  rig.silence(3);
  rig.comeBack('run-1');
  t.is(rig.transcript().at(-1), '8.00 ask all');
  rig.ownPause(5500);
  rig.alive(1);
  rig.confirm(9000);
  t.deepEqual(
    rig.transcript().filter((line) => line.includes('release')),
    [],
  );
  rig.alive(1.5);
  rig.confirm();
  t.deepEqual(
    rig.transcript().filter((line) => line.includes('release')),
    ['16.00 release all: confirmed'],
    'heard well since 13.50',
  );
});

test('a hiccup of F delays nothing', (t) => {
  const rig = createRig();
  rig.settle();
  rig.silence(3);
  rig.comeBack('run-1');
  rig.ownPause(400);
  rig.confirm();
  t.true(rig.transcript().includes('8.40 release all: confirmed'));
});
