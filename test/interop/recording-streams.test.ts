/** What cameras send, through the real media process: codecs, B-frames, slices, parameter sets, RTSPS. Nothing may be missing. */
import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { verifyPaths } from '../../src/archive/verify.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { VideoCodec } from '../../src/media/tracks.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { CameraOptions } from '../../src/simulator/simulated-camera.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import type { StreamOrder } from '../../src/wire/media-protocol.ts';
import { orderOf, startMedia } from '../support/media-process.ts';
import { runProcess } from '../support/processes.ts';
import { accountOf } from '../support/recording-check.ts';
import { simulatorClips } from '../support/simulator-clips.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const PATIENCE_MS = 90_000;
type StreamCase = {
  readonly id: string;
  readonly codec: VideoCodec;
  readonly options?: Partial<CameraOptions>;
  readonly order?: Partial<StreamOrder>;
  readonly fault?: Fault;
  readonly toleranceMs?: number;
};

async function simulator(t: ExecutionContext, options: readonly CameraOptions[]): Promise<Simulator> {
  const all = await startSimulator({ clock: systemClock, log: silentLog }, options);
  t.teardown(all.stop);
  return all;
}

test('codecs, B-frames, slices, parameter sets, clocks and RTSPS side by side: nothing is missing, all verifies', async (t) => {
  const certificate = await certificateOf(t);
  const [bFrames, slices, h265] = await Promise.all([
    simulatorClips(t, 'h264-bframes', 'h264'),
    simulatorClips(t, 'h264-slices', 'h264'),
    simulatorClips(t, 'h265', 'h265'),
  ]);
  const cases: readonly StreamCase[] = [
    ...(['tcp', 'udp'] as const).flatMap((transport): readonly StreamCase[] => [
      { id: `b-frames-${transport}`, codec: 'h264', options: { clips: bFrames }, order: { transport } },
      { id: `slices-${transport}`, codec: 'h264', options: { clips: slices }, order: { transport } },
      { id: `h265-${transport}`, codec: 'h265', options: { clips: h265 }, order: { transport } },
    ]),
    { id: 'sets-in-band', codec: 'h264', fault: { kind: 'sdp', variant: 'no-parameter-sets' } },
    { id: 'sets-wrong', codec: 'h264', fault: { kind: 'sdp', variant: 'wrong-parameter-sets' } },
    {
      id: 'sets-in-band-h265',
      codec: 'h265',
      options: { clips: h265 },
      fault: { kind: 'sdp', variant: 'no-parameter-sets' },
    },
    {
      id: 'udp-only',
      codec: 'h264',
      fault: { kind: 'refuse-transport', transport: 'tcp' },
      order: { transport: 'auto' },
    },
    {
      id: 'tcp-only',
      codec: 'h264',
      fault: { kind: 'refuse-transport', transport: 'udp' },
      order: { transport: 'auto' },
    },
    { id: 'no-reports', codec: 'h264', fault: { kind: 'no-sender-reports' } },
    { id: 'b-frames-jump', codec: 'h264', options: { clips: bFrames } },
    { id: 'no-audio', codec: 'h264', options: { audio: false } },
    {
      id: 'rtsps',
      codec: 'h264',
      options: { tls: certificate },
      order: { fingerprint: certificate.fingerprint },
    },
    { id: 'rtsps-new', codec: 'h264', options: { tls: certificate } },
  ];
  const all = await simulator(
    t,
    cases.map(({ id, options }) => ({ id, ...options })),
  );
  for (const { id, fault } of cases) if (fault !== undefined) all.cameraOf(id)?.order(fault);
  const media = await startMedia(t);
  media.order(cases.map(({ id, order }) => orderOf(id, all.cameraOf(id)?.urlOf('main') ?? '', order)));
  // When all are there: what comes late while the others connect would be a pause of the camera, whose clock cannot tell.
  await waitFor('two seconds of each', () => cases.every(({ id }) => media.recordedSeconds(id) > 2), PATIENCE_MS);
  all.cameraOf('b-frames-jump')?.order({ kind: 'timestamp-jump', seconds: -1000 });
  await waitFor('six seconds of each', () => cases.every(({ id }) => media.recordedSeconds(id) > 6), PATIENCE_MS);
  await media.stop();
  for (const { id, codec } of cases) {
    const camera = all.cameraOf(id);
    if (camera === undefined) throw new Error(id);
    const { report, problems } = await accountOf(media, camera, { cameraId: id, stream: 'main', codec });
    t.true(report.accessUnits >= 120, `${id}: ${report.accessUnits}`);
    t.deepEqual([id, report.missing, problems], [id, [], []]);
  }
  const verified = await verifyPaths([media.volume], { publicKey: undefined, onFile: () => undefined });
  t.true(verified.ok, JSON.stringify(verified.findings));
  t.regex(media.process.stderr() + media.process.stdout(), new RegExp(certificate.fingerprint));
  // A player gets each picture once, in order: B-frames and a jump of the camera's clock included.
  for (const id of ['b-frames-tcp', 'b-frames-jump', 'h265-tcp']) {
    for (const path of await media.segmentsOf(id))
      t.deepEqual(await timesOf(t, path), { backwards: 0, doubled: 0 }, id);
  }
});

test('a certificate that is not the pinned one is refused, and nothing is asked of that camera', async (t) => {
  const [trusted, other] = await Promise.all([certificateOf(t), certificateOf(t)]);
  const all = await simulator(t, [{ id: 'cam-1', tls: other }]);
  const media = await startMedia(t);
  const url = all.cameraOf('cam-1')?.urlOf('main') ?? '';
  media.order([orderOf('cam-1', url, { fingerprint: trusted.fingerprint, username: 'admin', password: 'secret' })]);
  const message = await waitFor(
    'the refusal',
    () =>
      media
        .events()
        .flatMap((event) => (event.kind === 'stream-state' && event.state.kind === 'failed' ? [event.state] : []))[0],
    PATIENCE_MS,
  );
  t.is(message.cause, 'camera-refused');
  t.regex(message.message, /its certificate is not the one that was trusted/);
  t.deepEqual(all.cameraOf('cam-1')?.sessions(), []);
  await media.stop();
});

type Certificate = { readonly key: string; readonly cert: string; readonly fingerprint: string };
async function certificateOf(t: ExecutionContext): Promise<Certificate> {
  const folder = await tempDir(t, 'certificate');
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-nodes', '-days', '30', '-subj', '/CN=camera'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  await runProcess(t, 'openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert]);
  const pem = await readFile(cert, 'utf8');
  const fingerprint = createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
  return { key: await readFile(key, 'utf8'), cert: pem, fingerprint };
}

/** How often the decoding time goes back, and presentation times that two pictures share. */
async function timesOf(t: ExecutionContext, path: string): Promise<{ backwards: number; doubled: number }> {
  const entries = ['-select_streams', 'v', '-show_entries', 'packet=pts,dts', '-of', 'csv=p=0', path];
  const lines = (await runProcess(t, 'ffprobe', ['-v', 'error', ...entries])).trim().split('\n');
  const times = lines.map((line) => line.split(',').map(Number));
  const backwards = times.filter(([, dts = 0], at) => at > 0 && dts <= (times[at - 1]?.[1] ?? 0)).length;
  return { backwards, doubled: times.length - new Set(times.map(([pts]) => pts)).size };
}
