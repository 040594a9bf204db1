/** Security rows 6, 22, 23 and 24 against the real processes: what they show of themselves, and what slow and rude clients cost. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { isoOf } from '../../src/core/clock.ts';
import { epochMs } from '../../src/core/units.ts';
import { placeOf } from '../../src/demo/demo-box.ts';
import { fetchLedger, judgeCamera } from '../../src/demo/footage-check.ts';
import { cameraOf, CAMERA_PASSWORD, get, listen, OWNER_PASSWORD, PATIENCE_MS, pidsOf } from '../support/secure-box.ts';
import { recordMore, startSecureBox, tokenOf } from '../support/secure-box.ts';
import type { SecureBox } from '../support/secure-box.ts';
import { waitFor } from '../support/wait-for.ts';

const IN_URL = 'canary-url-77e0c3';
const SLOW_CLIENTS = 800;

test('6: no secret stands in the API, events, metrics, logs, process list or files that others may read', async (t) => {
  const of = await startSecureBox(t);
  const { id, dataDir } = of;
  const { authorization, secret } = await tokenOf(of, 'admin');
  const events = listen(of, '/api/v1/events', { authorization, 'last-event-id': '1' });
  t.teardown(events.end);
  // What goes wrong must not tell either: a wrong password, credentials in a URL, a camera that is not there.
  const url = `rtsp://nvr:${IN_URL}@127.0.0.1:9/${'x'.repeat(20)}`;
  const bodies: readonly (readonly [string, string, object])[] = [
    ['POST', '/api/v1/cameras', { name: 'Bad', main: { url } }],
    [
      'POST',
      '/api/v1/cameras',
      { name: 'Gone', main: { url: 'rtsp://127.0.0.1:9/x' }, username: 'u', password: IN_URL },
    ],
    ['POST', '/api/v1/cameras/test', { url, username: 'u', password: IN_URL }],
    ['PATCH', `/api/v1/cameras/${id}`, { password: `${CAMERA_PASSWORD}-wrong` }],
    ['POST', '/api/v1/sessions', { username: 'owner', password: IN_URL }],
  ];
  const answers: string[] = [];
  for (const [method, path, body] of bodies) {
    answers.push((await get(of, path, { method, headers: { authorization }, body: JSON.stringify(body) })).text);
  }
  const failed = async () => (await cameraOf(of))?.state === 'failed';
  const [camera] = of.simulator.cameras;
  camera?.order({ kind: 'hang-up' });
  await waitFor('the wrong password to be noticed', failed, PATIENCE_MS);
  const range = `start=${isoOf(epochMs(of.since))}&end=${isoOf(epochMs(Date.now()))}`;
  for (const path of [
    '/cameras',
    `/cameras/${id}`,
    '/users',
    '/tokens',
    '/server',
    '/server/settings',
    '/volumes',
    '/log',
    '/exports',
    `/cameras/${id}/ledger?${range}`,
    '/openapi.json',
    '/setup',
  ])
    answers.push((await get(of, `/api/v1${path}`, { headers: { authorization } })).text);
  for (const path of ['/metrics', '/healthz', '/readyz'])
    answers.push((await get(of, path, { headers: { authorization } })).text);
  const isTold = (): boolean =>
    events
      .text()
      .split('\n')
      .some((line) => line.includes('"camera-failed"') && line.includes(id));
  await waitFor('the event of the failure', isTold, PATIENCE_MS);
  events.end();
  const shown = [...answers, events.text(), await readFile(of.logFile, 'latin1')];
  for (const pid of pidsOf(of))
    for (const name of ['cmdline', 'environ']) shown.push(await readFile(`/proc/${pid}/${name}`, 'latin1'));
  const secrets = [OWNER_PASSWORD, CAMERA_PASSWORD, IN_URL, secret];
  for (const [index, text] of shown.entries())
    for (const canary of secrets)
      t.false(text.includes(canary), `${canary} in output ${index}: ${around(text, canary)}`);
  await checkFiles(t, dataDir, secrets);
});

const around = (text: string, what: string): string => {
  const at = text.indexOf(what);
  return at < 0 ? '' : text.slice(Math.max(0, at - 100), at + 60);
};

/** The orders hold camera passwords, because media must go on without control; nothing else does, and nobody else reads them. */
async function checkFiles(t: ExecutionContext, dataDir: string, secrets: readonly string[]): Promise<void> {
  for (const name of ['run', 'keys']) t.is((await stat(join(dataDir, name))).mode & 0o777, 0o700, name);
  const holders: string[] = [];
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const seen = await Promise.all([stat(path), readFile(path, 'latin1')]).catch(unlessGone);
    if (seen === undefined) continue;
    const [{ mode }, bytes] = seen;
    t.is(mode & 0o007, 0, `${path} is readable by others`);
    if (!secrets.some((canary) => bytes.includes(canary))) continue;
    holders.push(entry.name);
    t.is(mode & 0o777, 0o600, path);
    t.is((await stat(entry.parentPath)).mode & 0o777, 0o700, entry.parentPath);
  }
  t.true(
    holders.every((name) => /orders/.test(name)),
    `secrets in ${holders.join(', ')}`,
  );
}

/** Files are replaced while the box runs. */
function unlessGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}

test('23: no process knows __proto__', async (t) => {
  const of = await startSecureBox(t);
  const { media, control } = of.box.status() ?? {};
  for (const pid of [media?.pid, control?.pid]) {
    const flags = (await readFile(`/proc/${pid}/cmdline`, 'latin1')).split('\0');
    t.true(flags.includes('--disable-proto=delete'), flags.join(' '));
  }
});

/** Opens connections in a process of its own, so that neither the camera nor the measuring client waits for them; one line each second. */
const SLOW_SCRIPT = `
const { connect } = require('node:tls');
const [port, count] = process.argv.slice(1).map(Number);
let open = 0;
const start = () => {
  let isOpen = false;
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.once('secureConnect', () => { isOpen = true; open += 1; socket.write('GET / HTTP/1.1\\r\\nHost: localhost\\r\\nX-Slow: '); });
  const drip = setInterval(() => socket.write('x'), 1000);
  socket.once('close', () => { clearInterval(drip); if (isOpen) open -= 1; setTimeout(start, 50); });
  socket.resume();
};
for (let index = 0; index < count; index += 1) setTimeout(start, index * 5);
setInterval(() => console.log(open), 250);
process.stdin.on('end', () => process.exit()).resume();
`;

test('22: 800 slow clients leave the API fast and cost no recorded picture', async (t) => {
  const of = await startSecureBox(t);
  const slow = spawn(process.execPath, ['-e', SLOW_SCRIPT, String(of.box.port()), String(SLOW_CLIENTS)], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  t.teardown(() => slow.kill('SIGKILL'));
  let open = 0;
  let most = 0;
  createInterface({ input: slow.stdout }).on('line', (line) => {
    open = Number(line);
    most = Math.max(most, open);
  });
  await waitFor('the slow clients to be there', () => open >= SLOW_CLIENTS * 0.9, PATIENCE_MS);
  const { authorization } = await tokenOf(of, 'viewer');
  const times: number[] = [];
  for (let round = 0; round < 200; round += 1) {
    const began = performance.now();
    t.is((await get(of, '/api/v1/cameras', { headers: { authorization } })).status, 200);
    times.push(performance.now() - began);
  }
  times.sort((one, other) => one - other);
  const p99 = times[Math.floor(times.length * 0.99) - 1] ?? Number.POSITIVE_INFINITY;
  await recordMore(of, 1);
  slow.kill('SIGKILL');
  await once(slow, 'close');
  t.log(`${most} slow clients at once; API p50 ${times[100]?.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`);
  t.true(p99 < 1000, `${p99} ms`);
  await checkNothingLost(t, of);
});

async function checkNothingLost(t: ExecutionContext, of: SecureBox): Promise<void> {
  await of.box.api.call('PATCH', '/cameras', { ids: [of.id], change: { enabled: false } });
  await waitFor('the camera to be off', async () => (await cameraOf(of))?.state === 'disabled', PATIENCE_MS);
  const [camera] = of.simulator.cameras;
  if (camera === undefined) return t.fail();
  const range = { start: isoOf(epochMs(of.since)), end: isoOf(epochMs(Date.now())) };
  const order = { api: of.box.api, footage: join(of.dataDir, 'footage'), cameraId: of.id, camera, ...range };
  const ledger = await fetchLedger(order);
  await of.box.stop();
  const verdict = await judgeCamera(order, ledger);
  t.true(verdict.accessUnits > 50);
  t.deepEqual([verdict.missing, verdict.doubled, verdict.reordered, verdict.altered], [0, 0, 0, 0]);
  return undefined;
}

test('24: what outsiders say comes to the log as one line each, without control characters', async (t) => {
  const of = await startSecureBox(t);
  const tries = ['a\r\nfake: {"level":"error"}', 'b\u001b[2J\u001b[31m', 'c\u0000', '\u202Eevil', 'd\n'.repeat(2000)];
  for (const username of tries) {
    const body = JSON.stringify({ username, password: 'x' });
    await get(of, '/api/v1/sessions', { method: 'POST', body });
    await get(of, `/${encodeURIComponent(username.slice(0, 500))}`, { headers: { 'user-agent': 'ua' } });
  }
  const log = await readFile(of.logFile, 'utf8');
  // The last line may still be written.
  for (const line of log
    .slice(0, log.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((one) => one !== '')) {
    t.notThrows(() => JSON.parse(line), line.slice(0, 200));
    t.false(/\p{Cc}/u.test(line), JSON.stringify(line.slice(0, 200)));
  }
  const { authorization } = await tokenOf(of, 'admin');
  const { items } = JSON.parse((await get(of, '/api/v1/log', { headers: { authorization } })).text) as {
    items: readonly { readonly user?: string; readonly message: string }[];
  };
  for (const { user = '', message } of items) {
    t.true(user.length <= 64);
    t.false(/\p{Cc}/u.test(message), message);
  }
  t.not(placeOf(of.dataDir), undefined);
});
