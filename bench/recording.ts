/**
 * `./build.sh bench recording`: what recording costs, against one ffmpeg a camera and against a C floor, all at the same time on one core.
 *
 * The cameras are GStreamer's RTSP server on the other core: shared live media, 1080p25 H.264 at 4 Mbit/s with AAC. CPU is what the kernel
 * accounts to all threads over one window; memory is the proportional set size at its end; every figure is the median over rounds, and ratios
 * are taken within a round, because absolute milliseconds vary twofold from minute to minute. Writes docs/results/recording.{md,json}.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { clipOf } from '../test/support/clips.ts';
import { startGstServer } from '../test/support/gst-server.ts';
import type { GstServer } from '../test/support/gst-server.ts';
import { pinProcess } from './support/contender.ts';
import type { Contender } from './support/contender.ts';
import { startFfmpegs } from './support/ffmpegs.ts';
import { startFloor } from './support/floor.ts';
import { cpuMsBetween, cpuTimesOf, pssBytesOf } from './support/process-usage.ts';
import type { CpuTimes } from './support/process-usage.ts';
import { reportOf } from './support/recording-report.ts';
import type { Alone, Round, Sample } from './support/recording-report.ts';
import { startService } from './support/service.ts';

const argument = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const CAMERAS = argument('cameras', 48);
const ROUNDS = argument('rounds', 3);
const WARM_SECONDS = argument('warm', 25);
const WINDOW_SECONDS = argument('window', 30);
const MANY = argument('many', 128);
const MOUNTS = 8;
const MAX_TRIES = 3;
const NOTHING: CpuTimes = new Map();
const RESULTS = resolve(import.meta.dirname, '../docs/results');

async function startCameras(): Promise<GstServer> {
  const server = await startGstServer({ file: await clipOf('h264-1080p'), audio: true, mounts: MOUNTS });
  await pinProcess(server.pid, 'cameras');
  return server;
}

const wait = (seconds: number): Promise<void> => new Promise((done) => setTimeout(done, seconds * 1000));

async function measure(contenders: readonly Contender[]): Promise<readonly Sample[]> {
  const began = performance.now();
  const before = contenders.map((contender) => contender.parts().map(({ pids }) => cpuTimesOf(pids)));
  await wait(WINDOW_SECONDS);
  const seconds = (performance.now() - began) / 1000;
  return contenders.flatMap((contender, index) =>
    contender.parts().map(({ label, pids }, part) => ({
      label,
      cpuMsPerCameraSecond: cpuMsBetween(before[index]?.[part] ?? NOTHING, cpuTimesOf(pids)) / seconds / CAMERAS,
      pssMbPerCamera: pssBytesOf(pids) / 1e6 / CAMERAS,
    })),
  );
}

async function playRound(): Promise<Round> {
  const server = await startCameras();
  const { port } = server;
  const folder = await mkdtemp(join(tmpdir(), 'understudy-bench-'));
  const started: Contender[] = [];
  try {
    const service = await startService({ folder, port, mounts: MOUNTS, cameras: CAMERAS });
    started.push(
      service,
      await startFfmpegs({ folder, port, mounts: MOUNTS, cameras: CAMERAS }),
      await startFloor({ folder, port, mounts: MOUNTS, cameras: CAMERAS }),
    );
    await service.allRecording();
    await wait(WARM_SECONDS);
    const samples = await measure(started);
    const gone = samples.find(({ pssMbPerCamera }) => pssMbPerCamera === 0);
    if (gone !== undefined) throw new Error(`${gone.label} ended before the window did`);
    return { samples, ...(await service.check()) };
  } finally {
    await Promise.all(started.map((contender) => contender.stop()));
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** GStreamer's server ends by an assertion of its own when a client is slow at the end of the clip: that round tells nothing. */
async function again<T>(play: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await play();
    } catch (error) {
      if (tries === MAX_TRIES) throw error;
      console.error('played again:', error);
    }
  }
}

async function playAlone(): Promise<Alone> {
  const server = await startCameras();
  const { port } = server;
  const folder = await mkdtemp(join(tmpdir(), 'understudy-bench-'));
  const service = await startService({ folder, port, mounts: MOUNTS, cameras: MANY });
  try {
    await service.allRecording();
    await wait(WARM_SECONDS);
    const loopDelays: number[] = [];
    const began = performance.now();
    const before = cpuTimesOf(service.pids());
    for (let second = 0; second < WINDOW_SECONDS; second += 1) {
      await wait(1);
      loopDelays.push(await service.loopDelayP99Ms());
    }
    const elapsed = (performance.now() - began) / 1000;
    const cpu = cpuMsBetween(before, cpuTimesOf(service.pids())) / elapsed / MANY;
    return {
      cameras: MANY,
      loopDelaysP99Ms: loopDelays,
      cpuMsPerCameraSecond: cpu,
      pssMbPerCamera: pssBytesOf(service.pids()) / 1e6 / MANY,
      ...(await service.check()),
    };
  } finally {
    await service.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const rounds: Round[] = [];
let alone: Alone | undefined;

/** After every round, so that a run that is broken off has told what it knows. */
async function tell(): Promise<string> {
  const load = loadavg().map((value) => value.toFixed(1));
  const { markdown, json } = reportOf({
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Linux, Node ${process.version}, load average at the end ${load.join(', ')}`,
    cameras: CAMERAS,
    warmSeconds: WARM_SECONDS,
    windowSeconds: WINDOW_SECONDS,
    rounds,
    alone,
  });
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, 'recording.md'), markdown);
  await writeFile(join(RESULTS, 'recording.json'), `${JSON.stringify(json, undefined, 2)}\n`);
  return markdown;
}

for (let round = 1; round <= ROUNDS; round += 1) {
  rounds.push(await again(playRound));
  console.log(`round ${round} of ${ROUNDS}: ${JSON.stringify(rounds.at(-1))}`);
  await tell();
}
if (MANY > 0) alone = await again(playAlone);
console.log(await tell());
