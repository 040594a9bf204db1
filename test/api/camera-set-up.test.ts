/** Discovery and test of cameras through the API, with a device and a simulated camera on loopback. */
import { createSocket } from 'node:dgram';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createCameraSetUp } from '../../src/compose/camera-set-up.ts';
import { seconds, systemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { OWNER, startApi } from '../support/api-server.ts';
import { lastingUntil } from '../support/look-clock.ts';
import { startOnvifDevice } from '../support/onvif-device.ts';
import { patientClock } from '../support/patient-clock.ts';

const LOOK_SECONDS = 1;
/** Its port, and a clock by which a look lasts until it has answered. */
async function responder(
  t: ExecutionContext,
  xaddr: string,
): Promise<{ readonly port: number; readonly clock: Clock }> {
  const socket = createSocket('udp4');
  let probes = 0;
  const answer = `<ProbeMatches><ProbeMatch><Address>urn:uuid:1</Address><Scopes>onvif://www.onvif.org/name/Gate</Scopes><XAddrs>${xaddr}</XAddrs></ProbeMatch></ProbeMatches>`;
  socket.on('message', (_probe, { port, address }) => {
    probes += 1;
    socket.send(answer, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  const clock = { ...lastingUntil(seconds(LOOK_SECONDS), () => probes > 0), after: patientClock.after };
  return { port: socket.address().port, clock };
}

type Resolve = (host: string) => Promise<string>;
async function apiWith(t: ExecutionContext, resolve: Resolve, { port = 9, clock = systemClock } = {}) {
  const cameras = createCameraSetUp({
    clock,
    log: silentLog,
    dataDir: '/nowhere',
    keepConnected: () => () => undefined,
    target: { address: '127.0.0.1', port },
    resolve,
  });
  const api = await startApi(t, { cameras });
  const made = await api.call('POST', '/api/v1/setup', { body: { ...OWNER, serverName: 'Test' } });
  const cookie = made.headers['set-cookie']?.[0]?.split(';')[0];
  const headers = { origin: `https://127.0.0.1:${api.port}` };
  return {
    post: (path: string, body: object) => api.call('POST', `/api/v1${path}`, { body, cookie, headers }),
    patch: (path: string, body: object) => api.call('PATCH', `/api/v1${path}`, { body, cookie, headers }),
  };
}
const asIs: Resolve = async (host) => await Promise.resolve(host);

test('a device on the LAN is found with its profiles', async (t) => {
  const device = await startOnvifDevice(t, { username: 'admin', password: 'secret word' });
  const { post } = await apiWith(t, asIs, await responder(t, device));
  const found = await post('/cameras/discover', { seconds: LOOK_SECONDS, username: 'admin', password: 'secret word' });
  t.is(found.status, 200, found.text);
  t.is(found.json.items.length, 1);
  t.like(found.json.items[0], { address: '127.0.0.1', xaddr: device, name: 'Gate' });
  t.deepEqual(
    found.json.items[0].profiles.map((profile: object) => profile),
    [
      { name: 'main', url: 'rtsp://127.0.0.1:554/main', codec: 'H264', width: 1920, height: 1080 },
      { name: 'sub', url: 'rtsp://127.0.0.1:554/sub', codec: 'H264', width: 640, height: 360 },
    ],
  );
  t.notRegex(found.text, /secret word/);
});

test('without the right password the problem is named', async (t) => {
  const device = await startOnvifDevice(t, { username: 'admin', password: 'secret word' });
  const { post } = await apiWith(t, asIs, await responder(t, device));
  const found = await post('/cameras/discover', { seconds: LOOK_SECONDS });
  t.is(found.status, 200, found.text);
  t.deepEqual(found.json.items[0].profiles, []);
  t.regex(found.json.items[0].problem.code, /credentials/);
});

test('a test connects to no name that resolves to this box', async (t) => {
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, [{ id: 'cam-1' }]);
  t.teardown(simulator.stop);
  const [camera] = simulator.cameras;
  const { post, patch } = await apiWith(t, async () => await Promise.resolve('127.0.0.1'));
  const url = `rtsp://camera.example:${camera?.port ?? 0}/cam-1/main`;
  const refused = await post('/cameras/test', { url });
  t.is(refused.status, 200, refused.text);
  t.false(refused.json.ok);
  t.like(refused.json.checks.at(-1), { check: 'resolve', ok: false });
  t.regex(refused.json.checks.at(-1).message, /127\.0\.0\.1 is this box itself/);
  t.deepEqual(camera?.sessions(), []);
  const allowed = await patch('/server/settings', { allowLoopbackCameras: true });
  t.is(allowed.status, 200, allowed.text);
  const tested = await post('/cameras/test', { url: camera?.urlOf('main').replace('127.0.0.1', 'camera.example') });
  t.true(tested.json.ok, tested.text);
  t.is(Buffer.from(tested.json.preview, 'base64').toString('latin1', 4, 8), 'ftyp');
});

test('a test connects to no metadata service of a cloud', async (t) => {
  const { post } = await apiWith(t, async () => await Promise.resolve('169.254.169.254'));
  const refused = await post('/cameras/test', { url: 'rtsp://camera.example/' });
  t.like(refused.json.checks.at(-1), { check: 'resolve', ok: false });
});
