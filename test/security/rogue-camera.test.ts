/** Security row 21: cameras that lie, shout or never end, against the real media process; its memory stays bounded, and a good camera beside them loses nothing. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { orderOf, startMedia } from '../support/media-process.ts';
import { waitFor } from '../support/wait-for.ts';

const MAX_GROWTH_BYTES = 50 * 1024 * 1024;
const EACH_KIND = 3;
const WATCH_MS = 25_000;

const FAULTS: readonly Fault[] = [
  { kind: 'giant-headers' },
  { kind: 'sdp', variant: 'endless' },
  { kind: 'sdp', variant: 'garbage' },
  { kind: 'sdp', variant: 'wrong-parameter-sets' },
  { kind: 'garbage', bytes: 1_000_000 },
  { kind: 'noise' },
  { kind: 'not-rtsp' },
  { kind: 'mute' },
];

/** Servers that are no cameras: what each says to whoever connects, as long as it takes it. */
const FLOODS: readonly string[] = [
  'A'.repeat(65_536),
  'RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 999999999999\r\n\r\n',
  `RTSP/1.0 200 OK\r\nCSeq: 1\r\n${'X: y\r\n'.repeat(10_000)}`,
  `$\u0000\uffff${'z'.repeat(65_535)}`,
  `RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Digest ${'realm="x",'.repeat(5000)}\r\n\r\n`,
];

async function startFlood(
  t: ExecutionContext,
  text: string,
): Promise<{ readonly url: string; readonly visits: () => number }> {
  const bytes = Buffer.from(text, 'latin1');
  const sockets = new Set<Socket>();
  let visits = 0;
  const server = createServer((socket) => {
    visits += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).resume();
    const pour = (): void => {
      // A turn of the loop between two pours: others on this process must live too.
      if (!socket.destroyed) socket.write(bytes, () => setTimeout(pour, 5));
    };
    socket.once('close', () => sockets.delete(socket));
    pour();
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  return { url: `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}/main`, visits: () => visits };
}

async function residentBytes(pid: number): Promise<number> {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

test('21: rogue cameras cost at most 50 MB, and the camera beside them not one picture', async (t) => {
  t.timeout(180_000);
  const kinds = FAULTS.flatMap((fault) => Array.from({ length: EACH_KIND }, () => fault));
  const cameras = [{ id: 'good' }, ...kinds.map((_, index) => ({ id: `rogue-${index}`, scene: index }))];
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, cameras);
  t.teardown(() => simulator.stop());
  const floods = await Promise.all(FLOODS.map((text) => startFlood(t, text)));
  const media = await startMedia(t);
  const good = simulator.cameraOf('good');
  if (good === undefined) return t.fail();
  const goodOrder = orderOf('cam-good', good.urlOf('main'));
  // As many good streams first: what grows from here on is theirs, not that of a camera more.
  const rogues = kinds.map((_, index) => simulator.cameras[index + 1]);
  const orders = rogues.map((camera, index) => orderOf(`cam-rogue-${index}`, camera?.urlOf('main') ?? ''));
  media.order([goodOrder, ...orders]);
  await waitFor(
    'all to be recorded',
    () =>
      orders.every(
        ({ cameraId }) => media.recordedSeconds(cameraId) > 0 || states(media, cameraId).includes('recording'),
      ),
    60_000,
  );
  await sleep(3000);
  const before = await residentBytes(media.process.pid);
  for (const [index, fault] of kinds.entries()) {
    const camera = rogues[index];
    camera?.order(fault);
    // What answers wrongly must be asked for it.
    if (fault.kind !== 'noise' && fault.kind !== 'garbage') camera?.order({ kind: 'hang-up' });
  }
  const flooded = floods.map(({ url }, index) => orderOf(`cam-flood-${index}`, url));
  media.order([goodOrder, ...orders, ...flooded]);
  let most = before;
  const until = performance.now() + WATCH_MS;
  while (performance.now() < until) {
    most = Math.max(most, await residentBytes(media.process.pid));
    const garbage = rogues.filter((_, index) => kinds[index]?.kind === 'garbage');
    for (const camera of garbage) camera?.order({ kind: 'garbage', bytes: 1_000_000 });
    await sleep(250);
  }
  t.log(
    `before ${mb(before)} MB, at most ${mb(most)} MB; floods were visited ${floods.map(({ visits }) => visits()).join(', ')} times`,
  );
  t.true(most - before <= MAX_GROWTH_BYTES, `${mb(most - before)} MB more`);
  t.true(floods.every(({ visits }) => visits() > 0));
  await media.stop();
  const report = checkRecording(await media.unitsOf('cam-good'), { cameraId: 'good', stream: 'main', codec: 'h264' });
  t.true(report.accessUnits > 100);
  t.deepEqual(report.missing, []);
  return undefined;
});

const mb = (count: number): string => (count / 1024 / 1024).toFixed(1);
const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
type Media = Awaited<ReturnType<typeof startMedia>>;
const states = (media: Media, cameraId: string): readonly string[] =>
  media
    .events()
    .flatMap((event) => (event.kind === 'stream-state' && event.cameraId === cameraId ? [event.state.kind] : []));
