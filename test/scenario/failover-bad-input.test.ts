/**
 * Bad input and bad luck between two boxes on loopback, over the API as a person would meet it: each with a clear message, an event, and
 * nothing lost. What needs a network of its own stands in failover-bad-luck.test.ts.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { silentLog } from '../../src/core/log.ts';
import { killBox, startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { selfSigned } from '../support/self-signed.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const PASSWORD = 'a long enough one';
const PATIENCE_MS = 60_000;
const teardowns: (() => unknown)[] = [];
const bench = { teardown: (undo: () => unknown) => void teardowns.push(undo) };

type Bench = {
  readonly R: Box;
  readonly F: Box;
  readonly peerPortOfR: number;
  readonly peerPortOfF: number;
  readonly dataOfF: string;
  readonly simulator: Simulator;
  /** Of the certificate that R shows. */
  readonly fingerprint: string;
  readonly cameraId: string;
};
let shared: Promise<Bench> | undefined;
const benchOf = (t: ExecutionContext): Promise<Bench> => {
  t.timeout(180_000);
  return (shared ??= startBench());
};

test.after.always('both boxes stop', async () => {
  for (const undo of teardowns.toReversed()) await undo();
});

async function startBench(): Promise<Bench> {
  const dir = await tempDir(bench, 'bad-input');
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, [{ id: 'cam-1' }]);
  bench.teardown(() => simulator.stop());
  const [R, peerPortOfR] = await boxAt(join(dir, 'R'));
  const [F, peerPortOfF] = await boxAt(join(dir, 'F'));
  await F.api.call('PUT', '/server/mode', { mode: 'failover' });
  const [camera] = simulator.cameras;
  const body = { name: 'Door', main: { url: camera?.urlOf('main') }, standbyLevel: 'warm' };
  const { id: cameraId } = (await R.api.call('POST', '/cameras', body)) as { id: string };
  const place = { host: '127.0.0.1', httpPort: R.port() };
  const { httpsFingerprint: fingerprint } = (await F.api.call('POST', '/servers/test', place)) as {
    httpsFingerprint: string;
  };
  return { R, F, peerPortOfR, peerPortOfF, dataOfF: join(dir, 'F'), simulator, fingerprint, cameraId };
}

async function boxAt(dataDir: string): Promise<readonly [Box, number]> {
  const peerPort = await freePort();
  const box = await startBox({
    dataDir,
    httpPort: 0,
    peerPort,
    password: PASSWORD,
    clock: systemClock,
    logTo: 'ignore',
  });
  bench.teardown(() => box.stop());
  return [box, peerPort];
}

/** Of a server that must be reached at the same port after a restart. */
type ServerItem = {
  readonly id: string;
  readonly connected: boolean;
  readonly watch?: { readonly state: string; readonly backupAt?: string; readonly covered: number };
};
const serversOf = async (box: Box): Promise<readonly ServerItem[]> =>
  ((await box.api.call('GET', '/servers')) as { items: ServerItem[] }).items;
type LogItem = { readonly code: string; readonly severity: string; readonly message: string };
const logOf = async (box: Box): Promise<readonly LogItem[]> =>
  ((await box.api.call('GET', '/log')) as { items: LogItem[] }).items;

const orderOf = ({ R, fingerprint }: Bench) => ({
  host: '127.0.0.1',
  httpPort: R.port(),
  httpsFingerprint: fingerprint,
  username: 'owner',
  password: PASSWORD,
});

test.serial(
  'a wrong administrator password is refused with what to do, and nothing is stored on either side',
  async (t) => {
    const b = await benchOf(t);
    const error = await t.throwsAsync(b.F.api.call('POST', '/servers', { ...orderOf(b), password: 'not this one' }));
    t.regex(error?.message ?? '', /user name|password/i);
    t.notRegex(error?.message ?? '', /not this one/);
    t.like(
      (await logOf(b.F)).find(({ code }) => code === 'server-refused'),
      { severity: 'warning' },
    );
    t.deepEqual(await serversOf(b.F), []);
    t.deepEqual(await serversOf(b.R), []);
  },
);

test.serial('a certificate with another fingerprint is refused before the password is sent', async (t) => {
  const b = await benchOf(t);
  // Whatever else happens there, a slow camera for one, has nothing to do with it.
  const signInsAt = async (): Promise<readonly LogItem[]> =>
    (await logOf(b.R)).filter(({ code }) => code === 'signed-in' || code === 'sign-in-failed');
  const before = await signInsAt();
  t.true(before.length > 0, 'its owner is signed in');
  const error = await t.throwsAsync(
    b.F.api.call('POST', '/servers', { ...orderOf(b), httpsFingerprint: 'a'.repeat(64) }),
  );
  t.regex(error?.message ?? '', /certificate/i);
  t.deepEqual(await serversOf(b.F), []);
  t.deepEqual(await signInsAt(), before, 'nobody signed in there');
});

test.serial('a wrong pairing code is refused, and a code that was used is none any more', async (t) => {
  const b = await benchOf(t);
  const place = { host: '127.0.0.1', peerPort: b.peerPortOfF };
  const { code } = (await b.F.api.call('POST', '/servers/pairing-code')) as { code: string };
  const wrong = await t.throwsAsync(b.R.api.call('POST', '/servers/pair', { ...place, code: 'AAAAAAAAAA' }));
  t.regex(wrong?.message ?? '', /code/i);
  for (const box of [b.F, b.R]) {
    const told = (await logOf(box)).find((entry) => entry.code === 'pairing-refused');
    t.is(told?.severity, 'warning', 'a guess at a code is an alarm on both sides');
    t.notRegex(told?.message ?? '', /AAAAA/);
    t.false(told?.message.includes(code));
  }
  t.deepEqual(await serversOf(b.F), []);
  await b.R.api.call('POST', '/servers/pair', { ...place, code });
  await waitFor('the two to talk', async () => (await serversOf(b.F))[0]?.connected, PATIENCE_MS);
  const again = await t.throwsAsync(b.R.api.call('POST', '/servers/pair', { ...place, code }));
  t.regex(again?.message ?? '', /code|known/i);
  t.is((await serversOf(b.F)).length, 1);
});

test.serial('timeouts outside their limits are refused with the limits named', async (t) => {
  const { F } = await benchOf(t);
  for (const [name, seconds, limits] of [
    ['keepAlive', 29, /30 to 300/],
    ['keepAlive', 301, /30 to 300/],
    ['connected', 299, /300 to 3600/],
    ['started', 3601, /300 to 3600/],
    ['normalShutdown', 1, /300 to 3600/],
    ['abnormalShutdown', 1e9, /300 to 3600/],
  ] as const) {
    const error = await t.throwsAsync(F.api.call('PATCH', '/failover/settings', { timeouts: { [name]: seconds } }));
    t.regex(error?.message ?? '', limits, name);
  }
});

test.serial(
  'a stranger with a certificate of its own gets nothing from the peer port, and the pair talks on',
  async (t) => {
    const b = await benchOf(t);
    const { key, cert } = await selfSigned(t);
    const heard = await new Promise<string>((done) => {
      const parts: Buffer[] = [];
      const socket = connect({ host: '127.0.0.1', port: b.peerPortOfR, key, cert, rejectUnauthorized: false }, () => {
        socket.write(Buffer.from('00000019017b226b696e64223a2268656c6c6f227d', 'hex'));
      });
      socket.on('data', (part: Buffer) => parts.push(part));
      socket.on('error', () => undefined);
      socket.once('close', () => done(Buffer.concat(parts).toString()));
      socket.setTimeout(20_000, () => socket.destroy());
    });
    t.notRegex(heard, /Door|cam-|serverId/, 'no setting and no name of a camera');
    t.is((await serversOf(b.R)).length, 1);
    await waitFor('the pair to talk on', async () => (await serversOf(b.F))[0]?.connected, PATIENCE_MS);
  },
);

test.serial(
  'a camera that refuses a second session is not kept ready, with a remark, and is recorded as before',
  async (t) => {
    const b = await benchOf(t);
    await waitFor('the settings to be backed up', async () => (await serversOf(b.F))[0]?.watch?.backupAt, PATIENCE_MS);
    t.teardown(() => b.simulator.cameraOf('cam-1')?.order({ kind: 'heal' }));
    b.simulator.cameraOf('cam-1')?.order({ kind: 'refuse-sessions' });
    b.simulator.cameraOf('cam-1')?.order({ kind: 'hang-up' });
    const remark = await waitFor(
      'the remark',
      async () => (await logOf(b.F)).find(({ code }) => code === 'cover/fell-back-to-cold'),
      PATIENCE_MS,
    );
    t.is(remark.severity, 'warning');
    t.regex(remark.message, /cannot be kept ready/);
    b.simulator.cameraOf('cam-1')?.order({ kind: 'heal' });
    await waitFor('the camera to be recorded again', async () => await isRecorded(b), PATIENCE_MS);
  },
);

async function isRecorded({ R, cameraId }: Bench): Promise<boolean> {
  const view = (await R.api.call('GET', `/cameras/${cameraId}`)) as { state: string };
  return view.state === 'recording';
}

test.serial(
  'a damaged settings backup is skipped with an alarm: the one before it is used, and the server is covered',
  async (t) => {
    const b = await benchOf(t);
    // A second backup, then damage to it while the failover server is away.
    await b.R.api.call('PATCH', `/cameras/${b.cameraId}`, { name: 'Front door' });
    const folder = await waitFor('a second backup', async () => await backupsOf(b, 2), PATIENCE_MS);
    await b.F.stop();
    const newest =
      (await readdir(folder))
        .filter((name) => name.endsWith('.backup'))
        .sort()
        .at(-1) ?? '';
    const bytes = await readFile(join(folder, newest));
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
    await writeFile(join(folder, newest), bytes);
    // The server fails while nobody watches: only the backups on disk tell what is to be recorded.
    await killBox(b.R);
    const F = await restart(b);
    const alarm = await waitFor(
      'the alarm',
      async () => (await logOf(F)).find(({ code }) => code === 'backup-damaged'),
      PATIENCE_MS,
    );
    t.is(alarm.severity, 'error');
    t.regex(alarm.message, new RegExp(newest));
    await waitFor('the camera to be covered', async () => (await serversOf(F))[0]?.watch?.covered === 1, PATIENCE_MS);
  },
);

async function restart({ dataOfF: dataDir, peerPortOfF: peerPort }: Bench): Promise<Box> {
  const box = await startBox({
    dataDir,
    httpPort: 0,
    peerPort,
    password: PASSWORD,
    clock: systemClock,
    logTo: 'ignore',
  });
  bench.teardown(() => box.stop());
  return box;
}

/** The folder of R's backups at F, once there are so many. */
async function backupsOf({ dataOfF, F }: Bench, count: number): Promise<string | undefined> {
  const [server] = await serversOf(F);
  const folder = join(dataOfF, 'backups', server?.id ?? '');
  const names = await readdir(folder).catch((): string[] => []);
  return names.filter((name) => name.endsWith('.backup')).length >= count ? folder : undefined;
}
