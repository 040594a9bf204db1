/** One box of real processes with one simulated camera that wants a password, its log in a file, and plain HTTPS to ask it by. */
import { openSync } from 'node:fs';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { isoOf, systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import { startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export const PATIENCE_MS = 90_000;
export const OWNER_PASSWORD = 'canary-owner-4b1d7c';
export const CAMERA_PASSWORD = 'canary-camera-9f27ae';

export type SecureBox = {
  readonly dataDir: string;
  readonly logFile: string;
  readonly box: Box;
  readonly simulator: Simulator;
  readonly id: string;
  readonly since: number;
};

export async function startSecureBox(t: ExecutionContext): Promise<SecureBox> {
  t.timeout(240_000);
  const dataDir = await tempDir(t, 'secure');
  const logFile = join(await tempDir(t, 'secure-log'), 'log');
  const since = Date.now();
  const access = { kind: 'digest', algorithm: 'MD5', username: 'nvr', password: CAMERA_PASSWORD } as const;
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, [{ id: 'sim-0', access }]);
  t.teardown(() => simulator.stop());
  const logTo = openSync(logFile, 'a');
  const box = await startBox({ dataDir, httpPort: 0, password: OWNER_PASSWORD, clock: systemClock, logTo });
  t.teardown(() => box.stop());
  const [camera] = simulator.cameras;
  const made = (await box.api.call('POST', '/cameras', {
    name: 'Door',
    main: { url: camera?.urlOf('main') ?? '' },
    username: 'nvr',
    password: CAMERA_PASSWORD,
  })) as { readonly id: string };
  const of = { dataDir, logFile, box, simulator, id: made.id, since };
  await recordMore(of, 2);
  return of;
}

export type CameraView = { readonly state: string; readonly lastFrameAt?: string };
export const cameraOf = async ({ box, id }: SecureBox) =>
  (await box.api.call('GET', `/cameras/${id}`).catch(() => undefined)) as CameraView | undefined;

export async function recordMore(of: SecureBox, seconds: number): Promise<void> {
  const wanted = isoOf(epochMs(Date.now() + seconds * 1000));
  const isRecorded = async () => ((await cameraOf(of))?.lastFrameAt ?? '') > wanted;
  await waitFor('more to be recorded', isRecorded, PATIENCE_MS);
}

export type Got = { readonly status: number; readonly text: string };
/** Anything over HTTPS; `forMs` ends what does not end by itself. */
export function get(
  { box }: SecureBox,
  path: string,
  options: { method?: string; headers?: object; body?: string; forMs?: number },
) {
  const { method = 'GET', headers = {}, body, forMs = PATIENCE_MS } = options;
  return new Promise<Got>((resolve) => {
    const where = {
      host: '127.0.0.1',
      port: box.port(),
      path,
      method,
      rejectUnauthorized: false,
      agent: false as const,
    };
    const ask = request({
      ...where,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    });
    let [status, text] = [0, ''];
    const done = (): void => resolve({ status, text });
    const timer = setTimeout(() => ask.destroy(), forMs);
    ask.once('close', () => {
      clearTimeout(timer);
      done();
    });
    ask.once('error', done);
    ask.once('response', (response: IncomingMessage) => {
      status = response.statusCode ?? 0;
      response.on('data', (part: Buffer) => (text += part.toString('latin1')));
      response.on('error', done);
      response.once('end', done);
    });
    ask.end(body);
  });
}

/** A stream that does not end by itself. */
export function listen(
  { box }: SecureBox,
  path: string,
  headers: Readonly<Record<string, string>>,
): { readonly text: () => string; readonly end: () => void } {
  let text = '';
  const where = { host: '127.0.0.1', port: box.port(), path, headers, rejectUnauthorized: false };
  const ask = request({ ...where, agent: false });
  ask.on('error', () => undefined);
  ask.once('response', (response: IncomingMessage) => {
    response.on('data', (part: Buffer) => (text += part.toString('latin1'))).on('error', () => undefined);
  });
  ask.end();
  return { text: () => text, end: () => void ask.destroy() };
}

export async function tokenOf(
  { box }: SecureBox,
  role: string,
): Promise<{ readonly authorization: string; readonly secret: string }> {
  const { secret } = (await box.api.call('POST', '/tokens', { name: `t-${role}`, role })) as { secret: string };
  return { authorization: `Bearer ${secret}`, secret };
}

export const pidsOf = ({ box }: SecureBox): readonly number[] =>
  [box.supervisor.pid, box.status()?.media?.pid, box.status()?.control?.pid].filter((pid) => pid !== undefined);
