/** A camera whose encoder is set anew while it sends: other parameter sets in band, the same size. Nothing is missing, all decodes. */
import test from 'ava';
import { verifyPaths } from '../../src/archive/verify.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { VideoCodec } from '../../src/media/tracks.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { ClipName } from '../support/clips.ts';
import { orderOf, startMedia } from '../support/media-process.ts';
import { runProcess } from '../support/processes.ts';
import { accountOf } from '../support/recording-check.ts';
import { simulatorClips } from '../support/simulator-clips.ts';
import { waitFor } from '../support/wait-for.ts';

const PATIENCE_MS = 90_000;

const changes = test.macro<[codec: VideoCodec, first: ClipName, then: ClipName]>({
  title: (given) => `${given}: parameter sets that change in band, without a change of size`,
  exec: async (t, codec, first, then) => {
    t.timeout(180_000);
    const [main, other] = await Promise.all([simulatorClips(t, first, codec), simulatorClips(t, then, codec)]);
    t.notDeepEqual(main.main.parameterSets, other.main.parameterSets);
    const simulator = await startSimulator({ clock: systemClock, log: silentLog }, [
      { id: 'cam-1', clips: { ...main, other: other.main } },
    ]);
    t.teardown(simulator.stop);
    const camera = simulator.cameraOf('cam-1');
    if (camera === undefined) throw new Error('no camera');
    const media = await startMedia(t);
    media.order([orderOf('cam-1', camera.urlOf('main'))]);
    const recorded = async (seconds: number): Promise<void> => {
      const until = media.recordedSeconds('cam-1') + seconds;
      await waitFor('footage', () => media.recordedSeconds('cam-1') > until, PATIENCE_MS);
    };
    await recorded(3);
    camera.order({ kind: 'resolution', variant: 'other' });
    await recorded(4);
    camera.order({ kind: 'resolution', variant: 'original' });
    await recorded(4);
    await media.stop();
    const { report, problems } = await accountOf(media, camera, { cameraId: 'cam-1', stream: 'main', codec });
    t.deepEqual([report.missing, problems], [[], []]);
    const verified = await verifyPaths([media.volume], { publicKey: undefined, onFile: () => undefined });
    t.true(verified.ok, JSON.stringify(verified.findings));
    const segments = await media.segmentsOf('cam-1');
    t.is(segments.length, 3, 'each layout has a segment of its own');
    for (const path of segments) {
      // -xerror: the first picture that cannot be decoded ends it with an error.
      const said = await runProcess(t, 'ffprobe', [
        '-v',
        'error',
        '-count_frames',
        '-show_entries',
        'stream=width,height',
        '-of',
        'csv=p=0',
        '-select_streams',
        'v',
        path,
      ]);
      t.is(said.trim(), '640,360');
      await runProcess(t, 'ffmpeg', [
        '-nostdin',
        '-v',
        'error',
        '-xerror',
        '-i',
        path,
        '-map',
        '0:v',
        '-f',
        'null',
        '-',
      ]);
    }
  },
});

test('H.264', changes, 'h264', 'h264', 'h264-bframes');
test('H.265', changes, 'h265', 'h265', 'h265-other');
