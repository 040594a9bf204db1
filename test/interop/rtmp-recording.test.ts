/** A camera that pushes (ffmpeg) through the real media process: every picture, what breaks are booked as, and what it costs when nobody pushes. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { verifyPaths } from '../../src/archive/verify.ts';
import type { FragmentReport } from '../../src/wire/media-protocol.ts';
import { holesIn, sampleHashesOf } from '../support/access-units.ts';
import { clipOf } from '../support/clips.ts';
import { orderOf, startMedia } from '../support/media-process.ts';
import type { MediaUnderTest } from '../support/media-process.ts';
import { pushH265 } from '../support/rtmp-pusher.ts';
import { simulatorClips } from '../support/simulator-clips.ts';
import { waitFor } from '../support/wait-for.ts';

const KEY = 'front-door-7x2k';
const PATIENCE_MS = 60_000;

async function push(t: ExecutionContext, port: number) {
  const args = `-v error -re -stream_loop -1 -i ${await clipOf('h264')} -c copy -f flv rtmp://127.0.0.1:${port}/live/${KEY}`;
  const ffmpeg = spawn('ffmpeg', args.split(' '), { stdio: 'ignore' });
  t.teardown(() => ffmpeg.kill('SIGKILL'));
  return ffmpeg;
}

/** Told by the log of media, once a start. */
const portsOf = (media: MediaUnderTest): readonly number[] =>
  [
    ...media.process
      .stderr()
      .matchAll(/"RTMP pushes are taken".*?"port":(\d+)|"port":(\d+).*?"RTMP pushes are taken"/g),
  ].map((match) => Number(match[1] ?? match[2]));
const readyPort = async (media: MediaUnderTest, starts = 1): Promise<number> =>
  await waitFor(
    'the RTMP server',
    () => (portsOf(media).length >= starts ? portsOf(media).at(-1) : undefined),
    PATIENCE_MS,
  );

const childrenOf = (pid: number): readonly number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    try {
      return readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    } catch {
      // A thread that has just ended.
      return [];
    }
  });
const presentationTimes = (path: string): readonly number[] =>
  execFileSync('ffprobe', [
    '-v',
    'error',
    '-select_streams',
    'v',
    '-show_entries',
    'packet=pts',
    '-of',
    'csv=p=0',
    path,
  ])
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => Number.parseInt(line, 10))
    .toSorted((one, other) => one - other);
const statesOf = (media: MediaUnderTest): readonly string[] =>
  media.events().flatMap((event) => (event.kind === 'stream-state' ? event.state.kind : []));
const fragmentsOf = (media: MediaUnderTest): readonly FragmentReport[] =>
  media.events().flatMap((event) => (event.kind === 'fragments-written' ? event.fragments : []));

/** Until there is a hole in what is recorded, and so much behind it: what was recorded before the hole may be told late. Where it ends. */
async function goesOn(media: MediaUnderTest, seconds: number): Promise<number> {
  return await waitFor(
    'footage behind a hole',
    () => {
      const fragments = fragmentsOf(media);
      const hole = fragments.findIndex(({ continuous }, index) => index > 0 && !continuous);
      const behind = fragments.slice(hole).reduce((sum, { start, end }) => sum + (end - start) / 1000, 0);
      return hole > 0 && behind >= seconds ? hole : undefined;
    },
    PATIENCE_MS,
  );
}

test('a pushed stream is recorded whole, in even steps', async (t) => {
  t.timeout(180_000);
  const media = await startMedia(t);
  media.order([orderOf('cam-1', `rtmp://push/${KEY}`)]);
  const port = await readyPort(media);
  await push(t, port);
  await waitFor('footage', () => media.recordedSeconds('cam-1') >= 8, PATIENCE_MS);
  await media.stop();
  const fragments = fragmentsOf(media);
  const units = fragments.reduce((sum, { accessUnits }) => sum + accessUnits, 0);
  const first = fragments[0];
  t.true(first?.key);
  // ffmpeg sends its first half second at once: wall time is drawn straight, media time is exact.
  const times = (await media.segmentsOf('cam-1')).flatMap(presentationTimes);
  t.is(times.length, units);
  t.deepEqual([...new Set(times.slice(1).map((time, index) => time - (times[index] ?? 0)))], [3600], '25 a second');
  t.deepEqual(
    fragments.slice(1).filter(({ continuous }) => !continuous),
    [],
  );
  t.true(fragments.reduce((sum, { audioFrames }) => sum + audioFrames, 0) > 0);
  const booked = media.gapsOf('cam-1').filter(({ start }) => start > (first?.start ?? 0));
  t.deepEqual(
    booked.filter(({ cause }) => cause !== 'service-down'),
    [],
  );
});

test('H.265 pushed by Enhanced RTMP is recorded picture by picture', async (t) => {
  t.timeout(180_000);
  const clip = (await simulatorClips(t, 'h265', 'h265')).main;
  const file = readFileSync(await clipOf('h265'));
  const box = file.indexOf('hvcC');
  const configuration = file.subarray(box + 4, box - 4 + file.readUInt32BE(box - 4));
  const media = await startMedia(t);
  media.order([orderOf('cam-1', `rtmp://push/${KEY}`)]);
  const pushed = await pushH265({ port: await readyPort(media), key: KEY }, clip, configuration);
  t.teardown(pushed.stop);
  await waitFor('footage', () => media.recordedSeconds('cam-1') >= 8, PATIENCE_MS);
  pushed.stop();
  await pushed.ended;
  await media.stop();
  const segments = await media.segmentsOf('cam-1');
  const recorded = (await Promise.all(segments.map((path) => sampleHashesOf(path, 'h265')))).flat();
  t.true(recorded.length >= 190 && recorded.length <= pushed.sent(), `${recorded.length} of ${pushed.sent()}`);
  const source = await sampleHashesOf(await clipOf('h265'), 'h265');
  t.deepEqual(holesIn(recorded, source), { foreign: 0, holes: [] });
  const verified = await verifyPaths([media.volume], { publicKey: undefined, onFile: () => undefined });
  t.true(verified.ok, JSON.stringify(verified.findings));
});

test('a killed RTMP server comes back, and what it cost is booked', async (t) => {
  t.timeout(180_000);
  const media = await startMedia(t);
  media.order([orderOf('cam-1', `rtmp://push/${KEY}`)]);
  await push(t, await readyPort(media));
  await waitFor('footage', () => media.recordedSeconds('cam-1') >= 2, PATIENCE_MS);
  const [child] = childrenOf(media.process.pid);
  t.truthy(child);
  process.kill(child ?? 0, 'SIGKILL');
  await push(t, await readyPort(media, 2));
  const hole = await goesOn(media, 2);
  const gap = media.gapsOf('cam-1').find(({ cause }) => cause === 'service-down');
  t.truthy(gap);
  const fragments = fragmentsOf(media);
  const [ended, resumed] = [fragments[hole - 1]?.end ?? 0, fragments[hole]?.start ?? 0];
  const gaps = media.gapsOf('cam-1').filter(({ start, end }) => end > ended && start < resumed);
  t.is(
    gaps.reduce((sum, { start, end }) => sum + end - start, 0),
    resumed - ended,
    'the hole is booked to the millisecond',
  );
});

test('a push that breaks off and begins anew leaves its gap in the account', async (t) => {
  t.timeout(180_000);
  const media = await startMedia(t);
  media.order([orderOf('cam-1', `rtmp://push/${KEY}`)]);
  const port = await readyPort(media);
  const camera = await push(t, port);
  await waitFor('footage', () => media.recordedSeconds('cam-1') >= 2, PATIENCE_MS);
  const gone = once(camera, 'close');
  camera.kill('SIGKILL');
  // Two at once are refused.
  await gone;
  await push(t, port);
  await goesOn(media, 3);
  const fragments = fragmentsOf(media);
  const holes = fragments.flatMap(({ start }, index) => {
    const ended = fragments[index - 1]?.end ?? start;
    return start === ended ? [] : [{ start: ended, end: start }];
  });
  t.is(holes.length, 1);
  // On a slow machine the wait for the first push is booked with the same cause.
  const gap = media.gapsOf('cam-1').find(({ start }) => start === holes[0]?.start);
  t.like(gap, { end: holes[0]?.end ?? 0, cause: 'camera-unreachable' });
});

test('the RTMP server is there only while a stream is pushed', async (t) => {
  t.timeout(180_000);
  const media = await startMedia(t);
  media.order([orderOf('cam-9', 'rtsp://127.0.0.1:9/none')]);
  await waitFor('the order to be followed', () => statesOf(media).includes('failed'), PATIENCE_MS);
  t.deepEqual(childrenOf(media.process.pid), []);
  media.order([orderOf('cam-1', `rtmp://push/${KEY}`)]);
  await readyPort(media);
  t.is(childrenOf(media.process.pid).length, 1);
  media.order([]);
  await waitFor('the RTMP server to end', () => childrenOf(media.process.pid).length === 0, PATIENCE_MS);
});
