/** What the owner is told of a camera before it is added, against simulated cameras: each mistake is named by its check. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { silentLog } from '../../src/core/log.ts';
import { testCamera } from '../../src/recorder/camera-test.ts';
import type { CameraTestRequest } from '../../src/recorder/camera-test.ts';
import type { CameraTestResult } from '../../src/recorder/camera-test-result.ts';
import { createResolve } from '../../src/recorder/resolve.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { CameraOptions, SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { tempDir } from '../support/temp-dir.ts';

const DIGEST = { kind: 'digest', algorithm: 'SHA-256', username: 'admin', password: 'open sesame' } as const;
const nowhere = async (): Promise<readonly string[]> => await Promise.reject(new Error('no name server in tests'));
const resolve = createResolve({ query4: nowhere, query6: nowhere, hosts: async () => await Promise.resolve('') });

async function camera(t: ExecutionContext, options: Partial<CameraOptions> = {}): Promise<SimulatedCamera> {
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, [{ id: 'cam-1', ...options }]);
  t.teardown(simulator.stop);
  const [first] = simulator.cameras;
  if (first === undefined) throw new Error('no camera');
  return first;
}

async function tried(request: Partial<CameraTestRequest> & { readonly url: string }): Promise<CameraTestResult> {
  const whole = {
    transport: 'auto',
    username: undefined,
    password: undefined,
    fingerprint: undefined,
    allowAddress: () => undefined,
    ...request,
  } as const;
  return await testCamera(whole, { clock: systemClock, resolve, signal: new AbortController().signal });
}
const outline = ({ checks }: CameraTestResult): string =>
  checks.map(({ check, ok }) => `${check}${ok ? '' : '!'}`).join(' ');

test('a good camera passes every check and shows a picture', async (t) => {
  const one = await camera(t, { access: DIGEST });
  const result = await tried({ url: one.urlOf('main'), username: 'admin', password: 'open sesame' });
  t.is(outline(result), 'url resolve connect credentials path tracks key-frame');
  t.like(result, { ok: true, transport: 'tcp', audioCodec: 'mp4a.40.2' });
  t.regex(result.codec ?? '', /^avc1\./);
  const file = join(await tempDir(t), 'preview.mp4');
  writeFileSync(file, Buffer.from(result.preview ?? '', 'base64'));
  const probe = execFileSync('ffprobe', [
    '-v',
    'error',
    '-count_frames',
    '-show_entries',
    'stream=width,height,nb_read_frames',
    '-of',
    'csv=p=0',
    file,
  ]);
  t.is(probe.toString().trim(), `${result.width ?? 0},${result.height ?? 0},1`);
  t.is(one.sessions().length, 1);
});

test('a wrong password is found at the credentials, and not repeated', async (t) => {
  const one = await camera(t, { access: DIGEST });
  const result = await tried({ url: one.urlOf('main'), username: 'admin', password: 'open says me' });
  t.is(outline(result), 'url resolve connect credentials!');
  t.notRegex(JSON.stringify(result), /says me/);
});

test('a camera that asks for a password without one given says so', async (t) => {
  const one = await camera(t, { access: DIGEST });
  const result = await tried({ url: one.urlOf('main') });
  t.is(outline(result), 'url resolve connect credentials!');
  t.regex(result.checks.at(-1)?.message ?? '', /asks for a user name and a password/);
});

test('a wrong path is found at the path', async (t) => {
  const one = await camera(t);
  const result = await tried({ url: `rtsp://127.0.0.1:${one.port}/nothing-here` });
  t.is(outline(result), 'url resolve connect path!');
  t.regex(result.checks.at(-1)?.message ?? '', /nothing-here/);
});

test('a camera without a free session is found at the room, not at its path', async (t) => {
  const one = await camera(t);
  one.order({ kind: 'refuse-sessions' });
  const result = await tried({ url: one.urlOf('main') });
  t.is(outline(result), 'url resolve connect room!');
  t.regex(result.checks.at(-1)?.message ?? '', /not enough bandwidth left: fewer viewers/);
});

test('a port where nothing listens is found at the connection', async (t) => {
  const url = `rtsp://127.0.0.1:${await freePort()}/main`;
  t.is(outline(await tried({ url })), 'url resolve connect!');
});

test('a name without an address is found at the resolving', async (t) => {
  t.is(outline(await tried({ url: 'rtsp://no-such-camera.invalid/main' })), 'url resolve!');
});

test('an address that is not allowed is never connected to', async (t) => {
  const one = await camera(t);
  const result = await tried({
    url: one.urlOf('main'),
    allowAddress: (address, port) => `${address}:${port} is not for cameras.`,
  });
  t.is(outline(result), 'url resolve!');
  t.is(result.checks.at(-1)?.message, `127.0.0.1:${one.port} is not for cameras.`);
  t.deepEqual(one.sessions(), []);
});

test('a camera with MJPEG only is refused by name', async (t) => {
  const one = await camera(t);
  one.order({ kind: 'sdp', variant: 'mjpeg' });
  const result = await tried({ url: one.urlOf('main') });
  t.is(outline(result), 'url resolve connect tracks!');
  t.regex(result.checks.at(-1)?.message ?? '', /JPEG/);
});

test('a camera that refuses TCP is tested over UDP', async (t) => {
  const one = await camera(t);
  one.order({ kind: 'refuse-transport', transport: 'tcp' });
  t.like(await tried({ url: one.urlOf('main') }), { ok: true, transport: 'udp' });
});
