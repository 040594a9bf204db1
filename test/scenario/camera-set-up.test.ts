/** Setting up cameras on one real box: test with preview, certificates that are pinned, cameras that push. */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { silentLog } from '../../src/core/log.ts';
import { startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { CameraOptions, SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { isRefused } from '../support/is-refused.ts';
import { clipOf } from '../support/clips.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const PATIENCE_MS = 60_000;
type Camera = {
  readonly id: string;
  readonly state: string;
  readonly pushUrl?: string;
  readonly streams: readonly { readonly cause?: string; readonly message?: string }[];
};
type Tested = {
  readonly ok: boolean;
  readonly checks: readonly { readonly check: string; readonly ok: boolean; readonly message: string }[];
  readonly fingerprint?: string;
  readonly preview?: string;
  readonly width?: number;
};

async function boxOf(t: ExecutionContext, rtmpPort?: number): Promise<Box> {
  t.timeout(180_000);
  const box = await startBox({
    dataDir: await tempDir(t, 'box'),
    httpPort: 0,
    ...(rtmpPort === undefined ? {} : { rtmpPort }),
    password: 'a long enough one',
    clock: systemClock,
    logTo: 'ignore',
  });
  t.teardown(() => box.stop());
  return box;
}

async function simulated(
  t: ExecutionContext,
  options: Partial<CameraOptions> = {},
): Promise<{ readonly camera: SimulatedCamera; readonly stop: () => Promise<void> }> {
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, [{ id: 'sim-1', ...options }]);
  t.teardown(simulator.stop);
  const [camera] = simulator.cameras;
  if (camera === undefined) throw new Error('no camera');
  return { camera, stop: simulator.stop };
}

async function certificate(t: ExecutionContext): Promise<{ readonly key: string; readonly cert: string }> {
  const [key, cert] = [join(await tempDir(t), 'key.pem'), join(await tempDir(t), 'cert.pem')];
  const subject = '-x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=camera';
  execFileSync('openssl', ['req', ...subject.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

const tried = async (box: Box, body: object) => (await box.api.call('POST', '/cameras/test', body)) as Tested;
const cameraOf = async (box: Box, id: string) => (await box.api.call('GET', `/cameras/${id}`)) as Camera;
const until = async (box: Box, id: string, state: string) =>
  await waitFor(
    `${id} to be ${state}`,
    async () => {
      const camera = await cameraOf(box, id);
      return camera.state === state ? camera : undefined;
    },
    PATIENCE_MS,
  );

test('a camera is tested through the API, with a picture', async (t) => {
  const box = await boxOf(t);
  const { camera } = await simulated(t);
  const result = await tried(box, { url: camera.urlOf('main') });
  t.true(result.ok);
  t.deepEqual(
    result.checks.map(({ check }) => check),
    ['url', 'resolve', 'connect', 'credentials', 'path', 'tracks', 'key-frame'],
  );
  t.is(Buffer.from(result.preview ?? '', 'base64').toString('latin1', 4, 8), 'ftyp');
  t.true((result.width ?? 0) > 0);
  const itself = async (): Promise<unknown> => await tried(box, { url: `rtsp://127.0.0.1:${box.port()}/` });
  await isRefused(t, itself, { status: 422, message: /this server itself/ });
});

test('the certificate that a test showed is pinned; another one is refused, with an event', async (t) => {
  const box = await boxOf(t);
  // None that the kernel could give to somebody else while the one camera makes room for the other.
  const first = await simulated(t, { tls: await certificate(t), port: await freePort() });
  const url = first.camera.urlOf('main');
  const { ok, fingerprint } = await tried(box, { url });
  t.true(ok);
  t.regex(fingerprint ?? '', /^[0-9a-f]{64}$/);
  const { id } = (await box.api.call('POST', '/cameras', { name: 'Gate', main: { url }, fingerprint })) as Camera;
  await until(box, id, 'recording');
  await first.stop();
  await simulated(t, { tls: await certificate(t), port: first.camera.port });
  const refused = await waitFor(
    'the refusal',
    async () => (await cameraOf(box, id)).streams.find(({ cause }) => cause === 'camera-refused'),
    PATIENCE_MS,
  );
  t.regex(refused.message ?? '', /certificate/);
  const isLogged = async (): Promise<boolean> => {
    const { items } = (await box.api.call('GET', `/log?cameraId=${id}`)) as {
      readonly items: readonly { message: string }[];
    };
    return items.some(({ message }) => /certificate/.test(message));
  };
  await waitFor('the event', isLogged, PATIENCE_MS);
  const again = await tried(box, { url, fingerprint });
  t.deepEqual(again.checks.at(-1)?.check, 'certificate');
  t.false(again.ok);
});

test('a camera that pushes is tested, set up and recorded', async (t) => {
  const port = await freePort();
  const box = await boxOf(t, port);
  const url = 'rtmp://push/front-door-7x2k';
  const pushUrl = `rtmp://127.0.0.1:${port}/live/front-door-7x2k`;
  const args = `-v error -re -stream_loop -1 -i ${await clipOf('h264')} -c copy -f flv ${pushUrl}`;
  // A camera tries again until it is let in.
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const push = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const ffmpeg = spawn('ffmpeg', args.split(' '), { stdio: 'ignore' });
      const kill = (): void => void ffmpeg.kill('SIGKILL');
      stop.signal.addEventListener('abort', kill, { once: true });
      await new Promise((resolve) => ffmpeg.once('close', resolve));
      stop.signal.removeEventListener('abort', kill);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  void push();
  const result = await tried(box, { url });
  t.true(result.ok, JSON.stringify(result.checks));
  t.true((result.width ?? 0) > 0);
  t.is(Buffer.from(result.preview ?? '', 'base64').toString('latin1', 4, 8), 'ftyp');
  const made = (await box.api.call('POST', '/cameras', { name: 'Door', main: { url } })) as Camera;
  t.is(made.pushUrl, pushUrl);
  await until(box, made.id, 'recording');
  const { items } = (await box.api.call('GET', '/log')) as { readonly items: readonly { message: string }[] };
  t.false(JSON.stringify(items).includes('test-'), 'a test leaves no trace');
  const other = { name: 'Other', main: { url: 'rtmp://192.168.1.9/live/front-door' } };
  await isRefused(t, async () => await box.api.call('POST', '/cameras', other), {
    status: 422,
    message: /pushes to this box/,
  });
});
