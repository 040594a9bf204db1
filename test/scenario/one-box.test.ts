/** One box with real processes and simulated cameras: what crashes cost, and that everything asked over HTTPS works on real footage. */
import { createServer } from 'node:net';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { isoOf, systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import { addCameras, placeOf, startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { judgeCamera } from '../../src/demo/footage-check.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { takeLive } from '../support/live-socket.ts';
import { syncOf } from '../support/live-sync.ts';
import { startProcess } from '../support/processes.ts';
import { settledLedger } from '../support/settled-ledger.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const SUPERVISOR = join(import.meta.dirname, '../../src/supervisor.ts');
const PATIENCE_MS = 60_000;

type Bench = {
  readonly dataDir: string;
  readonly box: Box;
  readonly simulator: Simulator;
  readonly ids: readonly string[];
  readonly since: number;
};

async function bench(t: ExecutionContext, cameras: number): Promise<Bench> {
  t.timeout(300_000);
  const dataDir = await tempDir(t, 'box');
  const since = Date.now();
  const deps = { clock: systemClock, log: silentLog };
  const simulator = await startSimulator(
    deps,
    Array.from({ length: cameras }, (_, index) => ({ id: `sim-${index}` })),
  );
  t.teardown(() => simulator.stop());
  const box = await startBox({
    dataDir,
    httpPort: 0,
    password: 'a long enough one',
    clock: systemClock,
    logTo: 'ignore',
  });
  t.teardown(() => box.stop());
  const ids = await addCameras(box.api, simulator, []);
  return { dataDir, box, simulator, ids, since };
}

type CameraView = { readonly state: string; readonly lastFrameAt?: string };
const cameraOf = async ({ box }: Bench, id: string) =>
  (await box.api.call('GET', `/cameras/${id}`).catch(() => undefined)) as CameraView | undefined;

/** Until every camera has so many seconds more than now. */
async function recordMore(of: Bench, seconds: number): Promise<void> {
  const wanted = isoOf(epochMs(Date.now() + seconds * 1000));
  for (const id of of.ids)
    await waitFor(
      `${id} to be recorded`,
      async () => ((await cameraOf(of, id))?.lastFrameAt ?? '') > wanted,
      PATIENCE_MS,
    );
}

/** Milliseconds until it was started again, by the clock of its supervisor: reading of it may take longer. */
async function kill({ box }: Bench, name: 'media' | 'control'): Promise<number> {
  const pid = box.status()?.[name]?.pid ?? 0;
  const at = Date.now();
  process.kill(pid, 'SIGKILL');
  const again = await waitFor(
    `${name} to run again`,
    () => {
      const child = box.status()?.[name];
      return child !== undefined && child.pid !== pid && child;
    },
    PATIENCE_MS,
  );
  return again.startedAt - at;
}

async function judge(of: Bench) {
  await of.box.api.call('PATCH', '/cameras', { ids: of.ids, change: { enabled: false } });
  for (const id of of.ids)
    await waitFor('the camera to be off', async () => (await cameraOf(of, id))?.state === 'disabled', PATIENCE_MS);
  // What media still wrote is told within its next report.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const range = { start: isoOf(epochMs(of.since)), end: isoOf(epochMs(Date.now())) };
  const orders = of.simulator.cameras.map((camera, index) => {
    return { api: of.box.api, footage: join(of.dataDir, 'footage'), cameraId: of.ids[index] ?? '', camera, ...range };
  });
  const ledgers = await Promise.all(orders.map(settledLedger));
  await of.box.stop();
  return await Promise.all(
    orders.map(
      async (order, index) =>
        await judgeCamera(order, ledgers[index] ?? { spans: [], totals: { recorded: 0, missing: 0, notExpected: 0 } }),
    ),
  );
}

test('SIGKILL of control costs no access unit', async (t) => {
  const of = await bench(t, 2);
  await recordMore(of, 3);
  const before = placeOf(of.dataDir)?.pid;
  await kill(of, 'control');
  await waitFor('control to answer', () => (placeOf(of.dataDir)?.pid ?? before) !== before, PATIENCE_MS);
  await recordMore(of, 3);
  for (const verdict of await judge(of)) {
    t.deepEqual(verdict.problems, []);
    t.is(verdict.missing, 0);
    t.true(verdict.accessUnits > 100);
  }
});

test('SIGKILL of media is over within a second, and all it cost is booked', async (t) => {
  const of = await bench(t, 2);
  await recordMore(of, 3);
  const backAfter = await kill(of, 'media');
  t.true(backAfter < 1000, `${backAfter} ms`);
  t.is(of.box.status()?.media?.restarts, 1);
  await recordMore(of, 3);
  for (const verdict of await judge(of)) {
    t.deepEqual(verdict.problems, []);
    t.true(verdict.missing > 0);
  }
});

test('orders outlive all processes, and the ledger tells how long the service was down', async (t) => {
  const of = await bench(t, 1);
  await recordMore(of, 2);
  const { dataDir } = of;
  const [media, control] = [of.box.status()?.media?.pid ?? 0, of.box.status()?.control?.pid ?? 0];
  of.box.supervisor.kill('SIGKILL');
  const gone = (pid: number) => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  };
  await waitFor('the children of a killed supervisor to end', () => gone(media) && gone(control), PATIENCE_MS);
  const box = await startBox({
    dataDir,
    httpPort: 0,
    password: 'a long enough one',
    clock: systemClock,
    logTo: 'ignore',
  });
  t.teardown(() => box.stop());
  const again: Bench = { ...of, box };
  await recordMore(again, 2);
  const [verdict] = await judge(again);
  t.deepEqual(verdict?.problems, []);
  t.true((verdict?.causes['service-down'] ?? 0) > 0);
});

test('a second instance on the same data directory is refused in one line', async (t) => {
  const of = await bench(t, 1);
  const second = startProcess(t, process.execPath, [SUPERVISOR, `--data=${of.dataDir}`, '--http-port=0']);
  t.is(await second.ended, 2);
  t.regex(second.stderr(), /^understudy: another understudy \(pid \d+\) is running on .*\n$/);
});

test('a taken port ends the first start with one clear line', async (t) => {
  const blocker = createServer().listen(0, '127.0.0.1');
  t.teardown(() => blocker.close());
  await new Promise((resolve) => blocker.once('listening', resolve));
  const address = blocker.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const dataDir = await tempDir(t, 'port');
  const serve = startProcess(t, process.execPath, [
    SUPERVISOR,
    `--data=${dataDir}`,
    `--http-port=${port}`,
    '--peer-port=0',
    '--bind=127.0.0.1',
  ]);
  t.is(await serve.ended, 2);
  t.regex(serve.stderr(), new RegExp(`understudy: .*port ${port} is taken by another program`));
});

for (const [args, message] of [
  [[], 'needs --data'],
  [['--data=/tmp/x', '--mode=other'], '--mode is one of'],
  [['--data=/tmp/x', '--http-port=99999'], '--http-port is a number'],
  [['--data=/tmp/x', '--colour'], 'does not know "--colour"'],
] as const)
  test(`serve ${args.join(' ')} is refused with exit code 2`, async (t) => {
    const serve = startProcess(t, process.execPath, [SUPERVISOR, ...args], { env: { UNDERSTUDY_DATA: '' } });
    t.is(await serve.ended, 2);
    t.true(serve.stderr().includes(message));
    t.is(serve.stderr().trim().split('\n').length, 1);
  });

type Answer = { readonly status: number; readonly headers: IncomingMessage['headers']; readonly bytes: Buffer };

test('real footage is played, cut, exported and watched over HTTPS', async (t) => {
  const of = await bench(t, 1);
  await recordMore(of, 5);
  const [id = ''] = of.ids;
  const { box } = of;
  const token = (await box.api.call('POST', '/tokens', { name: 'test', role: 'operator' })) as { secret: string };
  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: box.port(), path, rejectUnauthorized: false, agent: false as const };
      request({ ...options, headers: { authorization: `Bearer ${token.secret}`, ...headers } })
        .once('error', reject)
        .once('response', (response: IncomingMessage) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.once('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(parts) }),
          );
        })
        .end();
    });
  const scene: Scene = { t, of, id, get, range: `start=${isoOf(epochMs(of.since))}&end=${isoOf(epochMs(Date.now()))}` };
  await checkPlayback(scene);
  await checkExports(scene);
  await checkLive(scene, token.secret);
});

type Scene = {
  readonly t: ExecutionContext;
  readonly of: Bench;
  readonly id: string;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Answer>;
  readonly range: string;
};

async function checkPlayback({ t, of, id, get, range }: Scene): Promise<void> {
  const { box } = of;
  const lists = (await box.api.call('GET', `/cameras/${id}/playlists?${range}`)) as {
    items: { url: string; codec: string }[];
  };
  t.regex(lists.items[0]?.codec ?? '', /^avc1/);
  const playlist = await get(lists.items[0]?.url ?? '');
  t.is(playlist.status, 200);
  const text = playlist.bytes.toString();
  const [, length = '', offset = '', uri = ''] = /#EXT-X-BYTERANGE:(\d+)@(\d+)\n(\S+)/.exec(text) ?? [];
  const bytes = { range: `bytes=${offset}-${Number(offset) + Number(length) - 1}` };
  const group = await get(`/api/v1/cameras/${id}/${uri}`, bytes);
  t.is(group.status, 206);
  t.is(group.bytes.length, Number(length));
  t.regex(group.bytes.toString('latin1', 4, 8), /free|prft|uuid|moof/);
  const noAudio = await get(`/api/v1/cameras/${id}/${uri}?tracks=video`, bytes);
  t.is(noAudio.bytes.length, Number(length));
  t.is((await get(`/api/v1/cameras/${id}/segments/..%2f..%2fetc%2fpasswd`)).status, 404);
  t.is((await get(`/api/v1/cameras/${id}/${uri}`, { range: 'bytes=999999999999-' })).status, 416);

  const day = isoOf(epochMs(of.since)).slice(0, 10);
  const timeline = await get(`/api/v1/timeline?day=${day}&cameras=${id}`);
  t.is(timeline.status, 200);
  t.truthy(timeline.headers.etag);
}

async function checkExports({ t, of, id, get, range }: Scene): Promise<void> {
  const { box } = of;
  const cut = await get(`/api/v1/cameras/${id}/export.mp4?${range}`);
  t.is(cut.status, 200);
  t.is(cut.bytes.toString('latin1', 4, 8), 'ftyp');
  const job = { cameraIds: [id], start: isoOf(epochMs(of.since)), end: isoOf(epochMs(Date.now())) };
  const made = (await box.api.call('POST', '/exports', job)) as { items: { id: string }[] };
  type Job = {
    state: string;
    message?: string;
    files: { url: string; manifestUrl: string; sha256: string; bytes: number }[];
  };
  const jobNow = async () => (await box.api.call('GET', `/exports/${made.items[0]?.id}`)) as Job;
  const done = await waitFor(
    'the export',
    async () => {
      const now = await jobNow();
      return now.state === 'done' || now.state === 'failed' ? now : undefined;
    },
    PATIENCE_MS,
  );
  t.is(done.state, 'done', done.message);
  const file = await get(done.files[0]?.url ?? '');
  t.is(file.bytes.length, done.files[0]?.bytes ?? -1);
  t.is((await get(done.files[0]?.manifestUrl ?? '')).status, 200);
  t.is((await get(`/api/v1/exports/${made.items[0]?.id}/video?file=..%2f..%2fkeys%2ftls.key`)).status, 404);
  await box.api.call('DELETE', `/exports/${made.items[0]?.id}`);
  t.is((await get(done.files[0]?.url ?? '')).status, 404);
}

async function checkLive({ t, of, id, get }: Scene, secret: string): Promise<void> {
  const snapshot = await get(`/api/v1/cameras/${id}/snapshot.jpg`);
  if (snapshot.status === 200) t.is(snapshot.bytes.readUInt16BE(0), 0xff_d8);
  else t.is(snapshot.status, 501);

  const place = { port: of.box.port(), secret, path: `/api/v1/cameras/${id}/live` };
  const [text = '', init = ''] = await takeLive(place, (messages) => messages.length >= 2);
  const header = JSON.parse(String(text)) as Readonly<Record<string, unknown>>;
  t.is(header['kind'] ?? 'live-header', 'live-header');
  t.regex(String(header['codec']), /^avc1/);
  t.like(header, { audioCodec: 'mp4a.40.2', audio: false });
  t.is(Buffer.from(init).toString('latin1', 4, 8), 'ftyp');

  const heard = await takeLive({ ...place, path: `${place.path}?audio=true` }, (messages) => messages.length >= 250);
  t.like(JSON.parse(String(heard[0])), { audio: true });
  const { codecs, pictures, sounds, late } = await syncOf(t, heard);
  t.deepEqual(codecs, ['h264', 'aac']);
  const [earliest, latest] = [Math.min(...late), Math.max(...late)];
  t.log(`${pictures} pictures, ${sounds} frames of sound, ${earliest.toFixed(0)} to ${latest.toFixed(0)} ms late`);
  t.true(late.length > 20 && earliest > -100 && latest < 100, `${earliest} to ${latest} ms`);
}
