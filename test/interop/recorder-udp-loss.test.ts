/**
 * UDP that loses datagrams: GStreamer's server on one host, the recorder on another, the kernel drops on the way. What is recorded is the
 * source's, in order and unaltered; what is not is booked as lost on the network, for as long as it is missing.
 */
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { verifyPaths } from '../../src/archive/verify.ts';
import type { SingleResult } from '../../src/recorder/single-recording.ts';
import { holesIn, sampleHashesOf } from '../support/access-units.ts';
import { clipOf } from '../support/clips.ts';
import type { ClipName } from '../support/clips.ts';
import { startGstServer } from '../support/gst-server.ts';
import { isRoot } from '../support/lab.ts';
import { startProcess } from '../support/processes.ts';
import { tempDir } from '../support/temp-dir.ts';
import { twoHosts } from '../support/two-hosts.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');
const needsRoot = isRoot() ? test : test.skip;
if (!isRoot()) console.error('recorder-udp-loss: skipped, network namespaces need root');

const SECONDS = 20;
const LOSS = 0.02;
const FRAME_MS = 40;
/** A picture arrives when its last packet does, GStreamer sends in bursts: ends of gaps lie that far off. */
const TOLERANCE_MS = 60;

async function recordWithLoss(t: ExecutionContext, clip: ClipName, codec: 'h264' | 'h265') {
  t.timeout(150_000);
  const [camera, recorder] = await twoHosts(t);
  const server = await startGstServer({ file: await clipOf(clip), codec, audio: true, host: camera });
  t.teardown(server.stop);
  await recorder.loseDatagrams(LOSS);
  const folder = await tempDir(t, 'loss');
  const options = ['--out', folder, '--seconds', String(SECONDS), '--transport', 'udp'];
  const [command = '', ...args] = [...recorder.prefix, process.execPath, CLI, 'record', server.url(), ...options];
  const recording = startProcess(t, command, args);
  t.is(await recording.ended, 0, recording.stderr());
  const result = JSON.parse(recording.stdout()) as SingleResult;
  return { folder, result, dropped: await recorder.dropped() };
}

const accounted = test.macro<[clip: ClipName, codec: 'h264' | 'h265']>({
  title: (given) => `${given} over UDP with 2 % loss: what is recorded is the source's, what is missing is booked`,
  exec: async (t, clip, codec) => {
    const { folder, result, dropped } = await recordWithLoss(t, clip, codec);
    t.true(dropped > 10, `the kernel dropped ${dropped} datagrams`);
    const verified = await verifyPaths([folder], { publicKey: undefined, onFile: () => undefined });
    t.deepEqual(verified.findings, []);
    const source = await sampleHashesOf(await clipOf(clip), codec);
    t.is(new Set(source).size, source.length, 'every picture of the source is known by its hash');
    const recorded = (
      await Promise.all(result.segments.map((path) => sampleHashesOf(join(folder, path), codec)))
    ).flat();
    t.is(recorded.length, result.accessUnits);
    const { foreign, holes } = holesIn(recorded, source);
    const context = JSON.stringify({ holes, gaps: result.gaps, dropped });
    t.is(foreign, 0, `altered: ${context}`);
    t.true(holes.length > 0, `nothing was lost: ${context}`);
    t.deepEqual([...new Set(result.gaps.map(({ cause }) => cause))], ['network-loss'], context);
    t.is(result.gaps.length, holes.length, context);
    for (const [index, { start, end }] of result.gaps.entries()) {
      const missing = (holes[index] ?? 0) * FRAME_MS;
      t.true(
        Math.abs(end - start - missing) <= TOLERANCE_MS,
        `gap ${index}: ${end - start} ms for ${missing} ms; ${context}`,
      );
    }
    t.true(recorded.length + holes.reduce((sum, hole) => sum + hole, 0) >= (SECONDS - 1) * 25, context);
  },
});

needsRoot('H.264', accounted, 'h264', 'h264');
needsRoot('H.265', accounted, 'h265', 'h265');
