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
