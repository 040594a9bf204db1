/**
 * Held sessions against real peers and simulated cameras: kept for longer than their timeout, played at once on the same session;
 * recording and epochs switched in the middle of a session without losing an access unit.
 */
import { access, chmod, copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { silentLog } from '../../src/core/log.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import { readSegment } from '../../src/simulator/recorded-units.ts';
import type { CameraOptions, SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { StreamOrder, StreamState } from '../../src/wire/media-protocol.ts';
import { clipOf } from '../support/clips.ts';
import { startGstServer } from '../support/gst-server.ts';
import { orderOf, startMedia } from '../support/media-process.ts';
import type { MediaUnderTest } from '../support/media-process.ts';
import { startProcess } from '../support/processes.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const PATIENCE_MS = 60_000;
/** A camera in a process that stands still for some seconds must not think that nobody is there. */
const TIMEOUT_SECONDS = 10;
/** On loopback a few milliseconds. */
const PLAY_WITHIN_MS = 100;
/** The machine may have other things to do; it would be seconds with a new session. */
const BUSY_MS = 1000;

async function cameras<const Ids extends string>(
  t: ExecutionContext,
  options: readonly (CameraOptions & { readonly id: Ids })[],
): Promise<Readonly<Record<Ids, SimulatedCamera>>> {
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, options);
  t.teardown(simulator.stop);
  return Object.fromEntries(simulator.cameras.map((one) => [one.id, one])) as Record<Ids, SimulatedCamera>;
}

type Told = { readonly at: number; readonly state: StreamState };
const statesOf = (media: MediaUnderTest, cameraId: string): readonly Told[] =>
  media.events().flatMap((event) => (event.kind === 'stream-state' && event.cameraId === cameraId ? [event] : []));
const lastOf = (media: MediaUnderTest, cameraId: string): StreamState['kind'] | undefined =>
  statesOf(media, cameraId).at(-1)?.state.kind;
const until = (media: MediaUnderTest, cameraId: string, kind: StreamState['kind']): Promise<unknown> =>
  waitFor(`${cameraId} ${kind}`, () => lastOf(media, cameraId) === kind, PATIENCE_MS);
/** Words of the states behind the first `count`: what was told in the same millisecond as something else is told apart. */
const behind = (media: MediaUnderTest, cameraId: string, count: number): readonly string[] =>
  statesOf(media, cameraId)
    .slice(count)
    .map(({ state }) => state.kind);

const held = (order: StreamOrder): StreamOrder => ({ ...order, hold: true });
const played = (order: StreamOrder): StreamOrder => ({ ...order, hold: false });

test('a held session outlives its timeout, nothing is booked, and it plays at once without a new one', async (t) => {
  const login = { username: 'admin', password: 's3cret' } as const;
  const all = await cameras(t, [
    { id: 'tcp', sessionTimeoutSeconds: TIMEOUT_SECONDS },
    { id: 'udp', sessionTimeoutSeconds: TIMEOUT_SECONDS },
    {
      id: 'digest',
      sessionTimeoutSeconds: TIMEOUT_SECONDS,
      access: { kind: 'digest', algorithm: 'SHA-256', ...login },
    },
  ]);
  const media = await startMedia(t);
  const orders = [
    orderOf('tcp', all.tcp.urlOf('main')),
    orderOf('udp', all.udp.urlOf('main'), { transport: 'udp' }),
    orderOf('digest', all.digest.urlOf('main'), login),
  ];
  media.order(orders.map(held));
  for (const { cameraId } of orders) await until(media, cameraId, 'ready');
  await new Promise((resolve) => setTimeout(resolve, 2.5 * TIMEOUT_SECONDS * 1000));
  for (const { cameraId } of orders) {
    t.is(lastOf(media, cameraId), 'ready', cameraId);
    t.deepEqual(media.gapsOf(cameraId), []);
    t.deepEqual(await media.segmentsOf(cameraId), []);
  }
  const counts = new Map(orders.map(({ cameraId }) => [cameraId, statesOf(media, cameraId).length]));
  const at = Date.now();
  media.order(orders.map(played));
  for (const { cameraId } of orders) await until(media, cameraId, 'recording');
  const waited: number[] = [];
  for (const camera of Object.values(all)) {
    const [session, ...more] = camera.sessions();
    t.deepEqual(more, []);
    const after = (session?.start ?? Infinity) - at;
    waited.push(after);
    t.log(`${camera.id}: PLAY after ${after} ms`);
    t.deepEqual(behind(media, camera.id, counts.get(camera.id) ?? 0), ['starting', 'recording']);
  }
  t.true(Math.min(...waited) <= PLAY_WITHIN_MS && Math.max(...waited) <= BUSY_MS, `PLAY after ${waited.join(', ')} ms`);
  // Back to being held: a new session, since playing ones cannot be held.
  await waitFor('two seconds of each', () => orders.every(({ cameraId }) => media.recordedSeconds(cameraId) > 2));
  media.order(orders.map(held));
  for (const { cameraId } of orders) await until(media, cameraId, 'ready');
  await media.stop();
  for (const { cameraId } of orders) {
    const report = checkRecording(await media.unitsOf(cameraId), { cameraId, stream: 'main', codec: 'h264' });
    t.deepEqual([report.missing, report.doubled, report.altered], [[], [], []], cameraId);
  }
});

test('thirty-two held cameras play within a moment of one order', async (t) => {
  const options = Array.from({ length: 32 }, (_, index) => ({ id: `cam-${index}`, scene: index }));
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, options);
  t.teardown(simulator.stop);
  const media = await startMedia(t);
  const orders = simulator.cameras.map(({ id, urlOf }) => orderOf(id, urlOf('main')));
  media.order(orders.map(held));
  for (const { cameraId } of orders) await until(media, cameraId, 'ready');
  const at = Date.now();
  media.order(orders.map(played));
  for (const { cameraId } of orders) await until(media, cameraId, 'recording');
  const after = simulator.cameras.map(({ sessions }) => (sessions()[0]?.start ?? Infinity) - at).sort((a, b) => a - b);
  t.log(`PLAY after ${after[16]} ms at the median, ${after[31]} ms at most`);
  // The simulator answers all of them in the process of this test.
  t.true((after[0] ?? Infinity) <= PLAY_WITHIN_MS && (after[31] ?? Infinity) <= BUSY_MS);
  t.true(simulator.cameras.every(({ sessions }) => sessions().length === 1));
  await media.stop();
});

test('a camera that refuses to be held is left cold with a reason, and recorded at once when it has to be', async (t) => {
  const all = await cameras(t, [{ id: 'full' }]);
  all.full.order({ kind: 'refuse-sessions' });
  const media = await startMedia(t);
  const order = orderOf('full', all.full.urlOf('main'));
  media.order([held(order)]);
  const refusals = (): readonly Told[] => statesOf(media, 'full').filter(({ state }) => state.kind === 'failed');
  await waitFor('the third refusal', () => refusals().length === 3, PATIENCE_MS);
  const [first, , failed] = refusals();
  t.true(first?.state.kind === 'failed' && first.state.retryAt - first.at < 10_000, 'one refusal is no proof');
  t.like(failed?.state, { cause: 'camera-refused' });
  if (failed?.state.kind !== 'failed') return;
  t.regex(failed.state.message, /453|bandwidth.*connected when it has to be recorded/s);
  t.true(failed.state.retryAt - failed.at > 500_000);
  all.full.order({ kind: 'heal' });
  const count = statesOf(media, 'full').length;
  const at = Date.now();
  media.order([played(order)]);
  await until(media, 'full', 'recording');
  const connecting = statesOf(media, 'full')[count];
  t.true((connecting?.at ?? Infinity) - at < 15_000, 'at once, not when it would have been asked again');
  t.deepEqual(behind(media, 'full', count), ['connecting', 'starting', 'recording']);
  await media.stop();
});

test('a held session that the camera drops is set up again, and one that is gone when it is needed is replaced', async (t) => {
  const all = await cameras(t, [{ id: 'drops' }, { id: 'gone' }]);
  const media = await startMedia(t);
  const orders = [orderOf('drops', all.drops.urlOf('main')), orderOf('gone', all.gone.urlOf('main'))];
  media.order(orders.map(held));
  for (const { cameraId } of orders) await until(media, cameraId, 'ready');
  const count = statesOf(media, 'drops').length;
  const at = Date.now();
  all.drops.order({ kind: 'hang-up' });
  const isSetUp = (): boolean => behind(media, 'drops', count).join(' ') === 'failed connecting ready';
  await waitFor('set up again', isSetUp, PATIENCE_MS);
  // In the same moment: whether media hears of the end before or after the order, it connects anew without waiting.
  all.gone.order({ kind: 'hang-up' });
  media.order(orders.map(played));
  for (const { cameraId } of orders) await until(media, cameraId, 'recording');
  await media.stop();
  const [gap] = media.gapsOf('drops');
  t.true((gap?.start ?? 0) >= at, 'nothing is missing while it is held');
});

test('recording, length of segments and epoch are switched in the middle of a session, nothing is lost', async (t) => {
  const all = await cameras(t, [{ id: 'cam' }]);
  const media = await startMedia(t);
  const order = orderOf('cam', all.cam.urlOf('main'));
  media.order([{ ...order, record: false }]);
  await until(media, 'cam', 'watching');
  media.order([{ ...order, segmentSeconds: 4 }]);
  await until(media, 'cam', 'recording');
  await waitFor('two segments', async () => (await media.segmentsOf('cam')).length >= 2, PATIENCE_MS);
  const switchedAt = Date.now();
  // When media hears of it is told by what it says of another camera, which nobody is.
  media.order([{ ...order, epoch: 7 }, orderOf('nobody', NOBODY_THERE)]);
  const epochs = (): readonly number[] =>
    media.events().flatMap((event) => (event.kind === 'segment-opened' ? [event.segment.epoch] : []));
  await waitFor('a segment of the epoch', () => epochs().includes(7), PATIENCE_MS);
  const opened = media
    .events()
    .find((event) => event.kind === 'segment-opened' && event.segment.epoch === 7 && event.segment.start > 0);
  const { at: heardAt } = await waitFor('the order to be heard', () => statesOf(media, 'nobody')[0], PATIENCE_MS);
  t.true(opened?.kind === 'segment-opened' && opened.segment.start - heardAt < 2600, 'at the next key frame');
  // Off and on again: what lies between is missing, and only that.
  media.order([{ ...order, epoch: 7, record: false }]);
  await until(media, 'cam', 'watching');
  media.order([{ ...order, epoch: 7 }]);
  await until(media, 'cam', 'recording');
  const until2 = media.recordedSeconds('cam') + 3;
  await waitFor('three seconds more', () => media.recordedSeconds('cam') > until2, PATIENCE_MS);
  await media.stop();
  t.is(all.cam.sessions().length, 1);
  t.false(epochs().some((epoch) => epoch !== 1 && epoch !== 7));
  const paths = await media.segmentsOf('cam');
  const expectation = { cameraId: 'cam', stream: 'main', codec: 'h264' } as const;
  for (const path of paths) {
    const { units } = readSegment(await readFile(path), path);
    t.deepEqual(checkRecording(units, expectation).missing, [], path);
  }
  const report = await media.check(expectation);
  t.is(report.missing.length, 1, JSON.stringify(report.missing));
  t.deepEqual([report.doubled, report.altered], [[], []]);
  // What follows the last footage is the end.
  const recordedUntil = Math.max(
    ...media
      .events()
      .flatMap((event) => (event.kind === 'fragments-written' ? event.fragments : []))
      .map(({ end }) => end),
  );
  const gaps = media.gapsOf('cam').filter(({ start, end }) => end > switchedAt && start < recordedUntil);
  const [hole] = report.missing;
  const missingMs = ((hole?.to ?? 0) - (hole?.from ?? 0)) * all.cam.frameMs;
  const bookedMs = gaps.reduce((sum, { start, end }) => sum + end - start, 0);
  t.true(
    Math.abs(missingMs - bookedMs) <= 120,
    `${missingMs} ms are missing, ${bookedMs} ms are booked: ${JSON.stringify(gaps)}`,
  );
});

const NOBODY_THERE = 'rtsp://127.0.0.1:9/none';

/** GStreamer and VLC announce 60 s. */
const LONGER_THAN_TIMEOUT_MS = 70_000;

test("GStreamer's and VLC's servers keep a held session beyond their timeout and play it", async (t) => {
  const media = await startMedia(t);
  const orders = [...(await gstreamer(t)), ...(await vlc(t))];
  media.order(orders.map(held));
  for (const { cameraId } of orders) await until(media, cameraId, 'ready');
  const counts = new Map(orders.map(({ cameraId }) => [cameraId, statesOf(media, cameraId).length]));
  await new Promise((resolve) => setTimeout(resolve, LONGER_THAN_TIMEOUT_MS));
  for (const { cameraId } of orders) t.deepEqual(behind(media, cameraId, counts.get(cameraId) ?? 0), [], cameraId);
  const at = Date.now();
  media.order(orders.map(played));
  for (const { cameraId } of orders) {
    await until(media, cameraId, 'recording');
    const states = behind(media, cameraId, counts.get(cameraId) ?? 0);
    const recordedAt = statesOf(media, cameraId).at(-1)?.at ?? Infinity;
    t.log(`${cameraId}: ${states.join(', ')} ${recordedAt - at} ms after the order`);
    // VLC makes its stream anew with each round of the clip: the session that was held has no tracks any more.
    if (cameraId !== 'vlc') t.deepEqual(states, ['starting', 'recording'], cameraId);
    t.true(recordedAt - at < 12_000, cameraId);
  }
  await waitFor(
    'three seconds of each',
    () => orders.every(({ cameraId }) => media.recordedSeconds(cameraId) > 3),
    PATIENCE_MS,
  );
  await media.stop();
});

async function gstreamer(t: ExecutionContext): Promise<readonly StreamOrder[]> {
  const server = await startGstServer({ file: await clipOf('h264'), audio: true, mounts: 2, digest: 'admin:secret' });
  t.teardown(server.stop);
  const login = { username: 'admin', password: 'secret' };
  return [orderOf('gst-tcp', server.url(0), login), orderOf('gst-udp', server.url(1), { ...login, transport: 'udp' })];
}

const VLC = '/usr/bin/cvlc';
/** VLC does not run as root. */
const NOBODY = 65_534;
async function vlc(t: ExecutionContext): Promise<readonly StreamOrder[]> {
  const isThere = await access(VLC).then(
    () => true,
    () => false,
  );
  if (!isThere) return [];
  const home = await tempDir(t, 'vlc');
  await chmod(home, 0o777);
  const clip = join(home, 'clip.mp4');
  await copyFile(await clipOf('h264'), clip);
  await chmod(clip, 0o644);
  const port = await freePort();
  const url = `rtsp://127.0.0.1:${port}/cam`;
  const line = [VLC, '-q', '--no-audio', '--loop', clip, '--sout', `#rtp{sdp=${url}}`, '--sout-keep'];
  const asNobody = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', ...line];
  const [command = '', ...rest] = process.getuid?.() === 0 ? ['setpriv', ...asNobody] : line;
  startProcess(t, command, rest, { env: { HOME: home } });
  return [orderOf('vlc', url, { transport: 'auto' })];
}
