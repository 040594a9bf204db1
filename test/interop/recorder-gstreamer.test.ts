/** Recordings from GStreamer's RTSP server, every access unit held against the clip that the camera plays. */
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { verifyPaths } from '../../src/archive/verify.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { recordSingle } from '../../src/recorder/single-recording.ts';
import type { SingleResult } from '../../src/recorder/single-recording.ts';
import { followed, sampleHashesOf } from '../support/access-units.ts';
import { clipOf } from '../support/clips.ts';
import type { ClipName } from '../support/clips.ts';
import { startGstServer } from '../support/gst-server.ts';
import { tempDir } from '../support/temp-dir.ts';

type Setup = {
  readonly clip: ClipName;
  readonly codec?: 'h264' | 'h265';
  readonly transport: 'tcp' | 'udp';
  readonly digest?: string;
  readonly password?: string;
};

async function recordFrom(t: ExecutionContext, setup: Setup): Promise<{ result: SingleResult; folder: string }> {
  const folder = await tempDir(t, 'recorder');
  const { clip, codec, digest } = setup;
  const server = await startGstServer({
    file: await clipOf(clip),
    audio: true,
    ...(codec && { codec }),
    ...(digest && { digest }),
  });
  t.teardown(server.stop);
  const result = await recordSingle({
    url: server.url(),
    folder,
    // Enough for what is asked of it below, from a server that gets a part of the machine.
    seconds: 8,
    transport: setup.transport,
    username: digest === undefined ? undefined : 'admin',
    password: setup.password,
    cameraId: 'cam-1',
    clock: systemClock,
    log: silentLog,
    signal: new AbortController().signal,
  });
  return { result, folder };
}

const complete = test.macro<[setup: Setup]>({
  title: (given) => `${given} is recorded without a missing or altered access unit`,
  exec: async (t, setup) => {
    const { result, folder } = await recordFrom(t, setup);
    t.deepEqual(result.gaps, []);
    t.true(result.accessUnits >= 100, `${result.accessUnits} access units`);
    t.true(result.audioFrames >= 60, `${result.audioFrames} audio frames`);
    const report = await verifyPaths([folder], { publicKey: undefined, onFile: () => undefined });
    t.true(report.ok, JSON.stringify(report.findings));
    const codec = setup.codec ?? 'h264';
    const source = await sampleHashesOf(await clipOf(setup.clip), codec);
    const recorded = (
      await Promise.all(result.segments.map((path) => sampleHashesOf(join(folder, path), codec)))
    ).flat();
    t.is(recorded.length, result.accessUnits);
    t.deepEqual(followed(recorded, source), { foreign: 0, holes: 0 });
  },
});

test('H.264 with AAC over TCP with Digest', complete, {
  clip: 'h264',
  transport: 'tcp',
  digest: 'admin:secret',
  password: 'secret',
});
test('H.264 with AAC over UDP', complete, { clip: 'h264', transport: 'udp' });
test('H.264 with B-frames', complete, { clip: 'h264-bframes', transport: 'tcp' });
test('H.264 with several slices a picture', complete, { clip: 'h264-slices', transport: 'tcp' });
test('H.265 with AAC over TCP', complete, { clip: 'h265', codec: 'h265', transport: 'tcp' });

test('a wrong password is told as such, without the password', async (t) => {
  const setup: Setup = { clip: 'h264-small', transport: 'tcp', digest: 'admin:secret', password: 'wrong-one' };
  const error = await t.throwsAsync(recordFrom(t, setup));
  t.regex(error.message, /password/);
  t.notRegex(error.message, /wrong-one/);
});
