/** Real clients play the simulated camera: ffmpeg over TCP and UDP, open, Basic and Digest; GStreamer. VLC of
 * Debian 12 has no RTSP (its live555 module is not built), so it is not among them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import type { RecordedUnit } from '../../src/simulator/check.ts';
import { nalClassOf, parseVideoClip, splitAnnexB } from '../../src/simulator/clip.ts';
import { loadScene } from '../../src/simulator/assets.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { CameraAccess, CameraOptions, SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import type { VideoCodec } from '../../src/media/tracks.ts';
import { runProcess } from '../support/processes.ts';
import { tempDir } from '../support/temp-dir.ts';

async function camera(t: ExecutionContext, options: Partial<CameraOptions> = {}): Promise<SimulatedCamera> {
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, [{ id: 'cam-1', ...options }]);
  t.teardown(simulator.stop);
  const [first] = simulator.cameras;
  if (first === undefined) throw new Error('no camera');
  return first;
}

/** Access units of an elementary stream: a stamp begins each. */
function unitsOf(bytes: Uint8Array, codec: VideoCodec): readonly RecordedUnit[] {
  const units: Uint8Array[][] = [];
  let hasSlice = true;
  for (const nal of splitAnnexB(bytes)) {
    const isSlice = nalClassOf(codec, nal[0] ?? 0) === 'slice';
    if (hasSlice && !isSlice) units.push([]);
    hasSlice = isSlice;
    units.at(-1)?.push(nal);
  }
  return units.map((nals, at) => ({ nals, place: `unit ${at}` }));
}

async function ffmpegRecords(t: ExecutionContext, url: string, transport: string, codec: VideoCodec = 'h264') {
  const file = join(await tempDir(t, 'play'), `out.${codec === 'h264' ? '264' : '265'}`);
  const args = ['-nostdin', '-loglevel', 'error', '-rtsp_transport', transport, '-i', url, '-map', '0:v', '-t', '3'];
  await runProcess(t, 'ffmpeg', [...args, '-c', 'copy', '-f', codec === 'h264' ? 'h264' : 'hevc', file]);
  // The last one may be cut.
  return unitsOf(await readFile(file), codec).slice(0, -1);
}

const plays = test.macro<[transport: 'tcp' | 'udp', stream: 'main' | 'sub', access: CameraAccess]>({
  title: (_given, transport, stream, access) => `ffmpeg records ${stream} over ${transport}, ${access.kind} access`,
  exec: async (t, transport, stream, access) => {
    const one = await camera(t, { access });
    const login = access.kind === 'open' ? '' : `${access.username}:${access.password}@`;
    const units = await ffmpegRecords(t, one.urlOf(stream).replace('//', `//${login}`), transport);
    const report = checkRecording(units, { cameraId: 'cam-1', stream, codec: 'h264' });
    t.true(report.accessUnits >= 60, `${report.accessUnits}`);
    t.deepEqual([report.missing, report.doubled, report.reordered, report.altered], [[], [], [], []]);
  },
});
const login = { username: 'admin', password: 's3cret' };
test(plays, 'tcp', 'main', { kind: 'open' });
test(plays, 'udp', 'main', { kind: 'digest', algorithm: 'MD5', ...login });
// Debian's ffmpeg 5.1 knows MD5 only; SHA-256 is covered by test/simulator.
test(plays, 'tcp', 'sub', { kind: 'digest', algorithm: 'MD5', ...login });
test(plays, 'udp', 'sub', { kind: 'basic', ...login });

test('ffprobe finds H.264 High 640x360 at 25 frames a second and AAC at 16 kHz', async (t) => {
  const one = await camera(t);
  const args = ['-loglevel', 'error', '-rtsp_transport', 'tcp', '-show_entries'];
  const text = await runProcess(t, 'ffprobe', [
    ...args,
    'stream=codec_name,profile,width,height,r_frame_rate,sample_rate',
    '-of',
    'json',
    one.urlOf('main'),
  ]);
  const { streams } = JSON.parse(text) as { streams: readonly Record<string, unknown>[] };
  t.like(streams[0], { codec_name: 'h264', profile: 'High', width: 640, height: 360, r_frame_rate: '25/1' });
  t.like(streams[1], { codec_name: 'aac', sample_rate: '16000' });
});

test('H.265 with several slices is packetized so that ffmpeg gets every access unit', async (t) => {
  const folder = await tempDir(t, 'h265');
  const file = join(folder, 'clip.265');
  const source = [
    '-nostdin',
    '-loglevel',
    'error',
    '-f',
    'lavfi',
    '-i',
    'testsrc2=size=320x180:rate=25',
    '-frames:v',
    '50',
  ];
  const parameters = 'keyint=25:min-keyint=25:scenecut=0:bframes=0:slices=2:log-level=error:repeat-headers=1';
  await runProcess(t, 'ffmpeg', [
    ...source,
    '-c:v',
    'libx265',
    '-preset',
    'ultrafast',
    '-x265-params',
    parameters,
    file,
  ]);
  const clip = parseVideoClip(await readFile(file), 'h265', 25);
  const { audio } = await loadScene(0);
  const one = await camera(t, { clips: { main: clip, sub: clip, other: clip, audio } });
  const units = await ffmpegRecords(t, one.urlOf('main'), 'tcp', 'h265');
  const report = checkRecording(units, { cameraId: 'cam-1', stream: 'main', codec: 'h265' });
  t.true(report.accessUnits >= 60);
  t.deepEqual([report.missing, report.altered], [[], []]);
});

/** Debian's GStreamer comes with its Python binding; the launcher is another package. Prints how many pictures were decoded. */
const GSTREAMER_CLIENT = `
import sys, gi
gi.require_version('Gst', '1.0')
from gi.repository import Gst
Gst.init(None)
pipeline = Gst.parse_launch('rtspsrc location=%s protocols=%s latency=200 ! rtph264depay ! avdec_h264 ! identity name=count eos-after=40 ! fakesink sync=false' % (sys.argv[1], sys.argv[2]))
seen = 0
def handoff(*_):
    global seen
    seen += 1
pipeline.get_by_name('count').connect('handoff', handoff)
pipeline.set_state(Gst.State.PLAYING)
message = pipeline.get_bus().timed_pop_filtered(30 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
pipeline.set_state(Gst.State.NULL)
if message is not None and message.type == Gst.MessageType.ERROR: print(message.parse_error(), file=sys.stderr)
print(seen)
`;

for (const transport of ['tcp', 'udp'] as const) {
  test(`GStreamer plays it over ${transport} and decodes`, async (t) => {
    const one = await camera(t);
    const text = await runProcess(t, '/usr/bin/python3', ['-c', GSTREAMER_CLIENT, one.urlOf('main'), transport]);
    t.true(Number(text) >= 39, text);
    t.is(one.sessions()[0]?.transport, transport);
  });
}
