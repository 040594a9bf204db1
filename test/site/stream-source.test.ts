import test from 'ava';
import { cameraSettingsSchema } from '../../src/site/camera.ts';
import { streamSourceOf } from '../../src/site/stream-source.ts';

const CAMERA = cameraSettingsSchema.parse({
  id: 'cam-a',
  name: 'Door',
  main: { url: 'rtsp://10.0.0.1/main', transport: 'tcp' },
  username: 'admin',
});

test('a stream that the camera does not have has no source', (t) => {
  t.like(streamSourceOf(CAMERA, 'main', undefined), {
    url: 'rtsp://10.0.0.1/main',
    transport: 'tcp',
    username: 'admin',
  });
  t.is(streamSourceOf(CAMERA, 'sub', undefined), undefined);
});

test('a password that is kept for a camera which needs none any more goes nowhere', (t) => {
  t.is(streamSourceOf(CAMERA, 'main', 'secret')?.password, undefined);
  t.is(streamSourceOf({ ...CAMERA, hasPassword: true }, 'main', 'secret')?.password, 'secret');
});
