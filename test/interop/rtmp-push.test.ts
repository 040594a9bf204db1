/** A real encoder (ffmpeg) pushes to the RTMP server; what is fetched on loopback holds every access unit of the clip. */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { createFlvReader } from '../../src/media/flv/flv-reader.ts';
import { startRtmpServer } from '../../src/rtmp/rtmp-server.ts';
import type { RtmpServer } from '../../src/rtmp/rtmp-server.ts';
import { clipOf } from '../support/clips.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

async function startServer(
  t: ExecutionContext,
  keys: readonly string[],
): Promise<RtmpServer & { readonly lanPort: number }> {
  const server = startRtmpServer({
    address: '127.0.0.1',
    port: 0,
    folder: await tempDir(t),
    clock: systemClock,
    log: silentLog,
  });
  t.teardown(() => server.stop());
  server.allow(keys);
  const lanPort = await waitFor('the RTMP server', () => server.port(), 60_000);
  return { ...server, lanPort };
}

function push(t: ExecutionContext, clip: string, port: number, key: string): Promise<number | null> {
  const args = `-v error -re -stream_loop -1 -i ${clip} -c copy -f flv rtmp://127.0.0.1:${port}/live/${key}`;
  const ffmpeg = spawn('ffmpeg', args.split(' '), { stdio: ['ignore', 'ignore', 'ignore'] });
  t.teardown(() => ffmpeg.kill('SIGKILL'));
  return new Promise((resolve) => ffmpeg.once('close', resolve));
}

test('access units pushed by ffmpeg come out whole and in time', async (t) => {
  const key = 'front-door-7x2k';
  const server = await startServer(t, [key]);
  void push(t, await clipOf('h264'), server.lanPort, key);
  const times: number[] = [];
  const codecs = new Set<string>();
  const reader = createFlvReader({
    videoConfiguration: (codec, sets) => codecs.add(`${codec} ${sets.length}`),
    audioConfiguration: (codec) => codecs.add(codec),
    video: {
      beginAccessUnit: (timestamp) => times.push(timestamp),
      beginNal: () => undefined,
      data: () => undefined,
      endNal: () => undefined,
      endAccessUnit: (intact) => t.true(intact),
    },
    audio: { frame: () => undefined },
  });
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const response = await fetch(server.flvUrlOf(key) ?? '', { signal: stop.signal });
  for await (const chunk of response.body ?? []) {
    reader.push(chunk, 0, chunk.length);
    if (times.length >= 60) break;
  }
  t.deepEqual([...codecs].toSorted(), ['aac', 'h264 2']);
  const steps = new Set(times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) / 900)));
  t.deepEqual([...steps], [4], '25 pictures a second, none missing');
});

test('a push with another key is cut off', async (t) => {
  const server = await startServer(t, ['front-door-7x2k']);
  t.not(await push(t, await clipOf('h264'), server.lanPort, 'guessed-key-1'), 0);
});

test('what does not speak RTMP never reaches the server behind', async (t) => {
  const server = await startServer(t, []);
  const socket = connect({ host: '127.0.0.1', port: server.lanPort });
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  let answer = '';
  socket.on('data', (data) => (answer += data.toString()));
  await new Promise((resolve) => socket.once('close', resolve));
  t.is(answer, '');
});
