import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { askProfiles } from '../../src/discovery/onvif.ts';
import type { OnvifTarget } from '../../src/discovery/onvif.ts';
import { startOnvifDevice } from '../support/onvif-device.ts';
import { patientClock } from '../support/patient-clock.ts';

const target = (xaddr: string, username?: string, password?: string): OnvifTarget => ({ xaddr, username, password });

test('a device tells its profiles with their stream addresses', async (t) => {
  const xaddr = await startOnvifDevice(t, { username: 'admin', password: 'correct horse' });
  t.deepEqual(await askProfiles(target(xaddr, 'admin', 'correct horse'), patientClock), [
    { name: 'main', url: 'rtsp://127.0.0.1:554/main', codec: 'H264', width: 1920, height: 1080 },
    { name: 'sub', url: 'rtsp://127.0.0.1:554/sub', codec: 'H264', width: 640, height: 360 },
  ]);
});

test('credentials in a stream address are left out', async (t) => {
  const xaddr = await startOnvifDevice(t, { streamUri: 'rtsp://admin:hunter2@10.0.0.9/one' });
  const [profile] = await askProfiles(target(xaddr), patientClock);
  t.is(profile?.url, 'rtsp://10.0.0.9/one');
});

test('an address that is not RTSP is left out', async (t) => {
  const xaddr = await startOnvifDevice(t, { streamUri: 'file:///etc/passwd' });
  t.deepEqual(await askProfiles(target(xaddr), patientClock), []);
});

const refuses = test.macro(async (t, username: string | undefined, code: string) => {
  const xaddr = await startOnvifDevice(t, { username: 'admin', password: 'right' });
  const error = await t.throwsAsync(() => askProfiles(target(xaddr, username, 'wrong'), patientClock), {
    instanceOf: UnderstudyError,
  });
  t.is(error.code, code);
  t.notRegex(error.message, /wrong/);
});
test('a wrong password is named', refuses, 'admin', 'onvif/credentials');
test('missing credentials are asked for', refuses, undefined, 'onvif/credentials-needed');

test('a web server that is no ONVIF device is told apart', async (t) => {
  const xaddr = await startOnvifDevice(t, { misbehaves: 'html' });
  await t.throwsAsync(() => askProfiles(target(xaddr), patientClock), {
    instanceOf: UnderstudyError,
    message: /something else/,
  });
});

test('an answer without end is cut off', async (t) => {
  const xaddr = await startOnvifDevice(t, { misbehaves: 'endless' });
  await t.throwsAsync(() => askProfiles(target(xaddr), patientClock), { instanceOf: UnderstudyError });
});

test('nobody at the address is told with the address', async (t) => {
  await t.throwsAsync(() => askProfiles(target('http://127.0.0.1:1/onvif/device_service'), patientClock), {
    instanceOf: UnderstudyError,
    message: 'No ONVIF service answers at 127.0.0.1:1.',
  });
});
