/** A recording from VLC's RTSP server, which answers 461 to TCP: the fall-back to UDP against a real peer. */
import { access, chmod, copyFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { silentLog } from '../../src/core/log.ts';
import { recordSingle } from '../../src/recorder/single-recording.ts';
import type { SingleResult } from '../../src/recorder/single-recording.ts';
import { followed, sampleHashesOf } from '../support/access-units.ts';
import { clipOf } from '../support/clips.ts';
import { startProcess } from '../support/processes.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const VLC = '/usr/bin/cvlc';
/** An upper bound on a slow machine. */
const PATIENCE_MS = 60_000;
/** VLC does not run as root. */
const NOBODY = 65_534;

/** It listens before it knows the path, and knows that before it has the picture. */
async function describes(port: number, url: string): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const text = await new Promise<string>((resolve) => {
    let got = '';
    socket.setTimeout(5000, () => socket.destroy());
    socket.once('connect', () =>
      socket.write(`DESCRIBE ${url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`),
    );
    socket.setEncoding('utf8').on('data', (part: string) => {
      got += part;
      if (/\r\n\r\n[^]*\nm=/.test(got)) socket.destroy();
    });
    socket.once('error', () => undefined);
    socket.once('close', () => resolve(got));
  });
  return text.startsWith('RTSP/1.0 200') && text.includes('\nm=video');
}

test('VLC refuses TCP: the recorder falls back to UDP and records what VLC sends', async (t) => {
  const isThere = await access(VLC).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    t.pass('needs vlc');
    return;
  }
  const home = await tempDir(t, 'vlc');
  await chmod(home, 0o777);
  const source = await clipOf('h264');
  const clip = join(home, 'clip.mp4');
  await copyFile(source, clip);
  await chmod(clip, 0o644);
  const port = await freePort();
  const url = `rtsp://127.0.0.1:${port}/cam`;
  const vlc = [VLC, '-q', '--no-audio', '--loop', clip, '--sout', `#rtp{sdp=${url}}`, '--sout-keep'];
  const asNobody = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', ...vlc];
  const [command = '', ...rest] = process.getuid?.() === 0 ? ['setpriv', ...asNobody] : vlc;
  startProcess(t, command, rest, { env: { HOME: home } });
  await waitFor('VLC to describe its stream', async () => await describes(port, url), PATIENCE_MS);
  const folder = await tempDir(t, 'recording');
  const record = (): Promise<SingleResult> =>
    recordSingle({
      url,
      folder,
      seconds: 8,
      transport: 'auto',
      username: undefined,
      password: undefined,
      cameraId: 'cam-1',
      clock: systemClock,
      log: silentLog,
      signal: new AbortController().signal,
    });
  const result = await record();
  t.true(result.accessUnits >= 90, JSON.stringify(result));
  const recorded = (
    await Promise.all(result.segments.map((path) => sampleHashesOf(join(folder, path), 'h264')))
  ).flat();
  const { foreign, holes } = followed(recorded, await sampleHashesOf(source, 'h264'));
  t.is(foreign, 0);
  t.true(holes <= result.gaps.length, JSON.stringify({ holes, gaps: result.gaps }));
});
