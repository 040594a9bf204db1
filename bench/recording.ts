/**
 * `./build.sh bench recording`: what recording costs, against one ffmpeg a camera and against a C floor, all at the same time on one core.
 *
 * The cameras are GStreamer's RTSP server on the other core: shared live media, 1080p25 H.264 at 4 Mbit/s with AAC. CPU is what the kernel
 * accounts to all threads over one window; memory is the proportional set size at its end; every figure is the median over rounds, and ratios
 * are taken within a round, because absolute milliseconds vary twofold from minute to minute. Writes docs/results/recording.{md,json}.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { clipOf } from '../test/support/clips.ts';
import { startGstServer } from '../test/support/gst-server.ts';
import { pinProcess } from './support/contender.ts';
import type { Contender } from './support/contender.ts';
import { startFfmpegs } from './support/ffmpegs.ts';
import { startFloor } from './support/floor.ts';
import { cpuMsOf, pssBytesOf } from './support/process-usage.ts';
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
const RESULTS = resolve(import.meta.dirname, '../docs/results');

const wait = (seconds: number): Promise<void> => new Promise((done) => setTimeout(done, seconds * 1000));

async function measure(contenders: readonly Contender[]): Promise<readonly Sample[]> {
  const began = performance.now();
  const before = contenders.map((contender) => contender.parts().map(({ pids }) => cpuMsOf(pids)));
  await wait(WINDOW_SECONDS);
  const seconds = (performance.now() - began) / 1000;
  return contenders.flatMap((contender, index) =>
    contender.parts().map(({ label, pids }, part) => ({
      label,
      cpuMsPerCameraSecond: (cpuMsOf(pids) - (before[index]?.[part] ?? 0)) / seconds / CAMERAS,
      pssMbPerCamera: pssBytesOf(pids) / 1e6 / CAMERAS,
    })),
  );
}

async function playRound(port: number): Promise<Round> {
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
    return { samples, ...(await service.check()) };
  } finally {
    await Promise.all(started.map((contender) => contender.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function playAlone(port: number): Promise<Alone> {
  const folder = await mkdtemp(join(tmpdir(), 'understudy-bench-'));
  const service = await startService({ folder, port, mounts: MOUNTS, cameras: MANY });
  try {
    await service.allRecording();
    await wait(WARM_SECONDS);
    const loopDelays: number[] = [];
    const began = performance.now();
    const before = cpuMsOf(service.pids());
    for (let second = 0; second < WINDOW_SECONDS; second += 1) {
      await wait(1);
      loopDelays.push(await service.loopDelayP99Ms());
    }
    const elapsed = (performance.now() - began) / 1000;
    const cpu = (cpuMsOf(service.pids()) - before) / elapsed / MANY;
    return {
      cameras: MANY,
      loopDelaysP99Ms: loopDelays,
      cpuMsPerCameraSecond: cpu,
      pssMbPerCamera: pssBytesOf(service.pids()) / 1e6 / MANY,
      ...(await service.check()),
    };
  } finally {
    await service.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const server = await startGstServer({ file: await clipOf('h264-1080p'), audio: true, mounts: MOUNTS });
await pinProcess(server.pid, 'cameras');
try {
  const rounds: Round[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    rounds.push(await playRound(server.port));
    console.log(`round ${round} of ${ROUNDS}: ${JSON.stringify(rounds.at(-1))}`);
  }
  const alone = MANY > 0 ? await playAlone(server.port) : undefined;
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Linux, Node ${process.version}`;
  const { markdown, json } = reportOf({
    machine,
    cameras: CAMERAS,
    warmSeconds: WARM_SECONDS,
    windowSeconds: WINDOW_SECONDS,
    rounds,
    alone,
  });
  await writeFile(join(RESULTS, 'recording.md'), markdown);
  await writeFile(join(RESULTS, 'recording.json'), `${JSON.stringify(json, undefined, 2)}\n`);
  console.log(markdown);
} finally {
  await server.stop();
}
