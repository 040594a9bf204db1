/**
 * A camera as several servers recorded it, on real volumes: access units stamped as the simulator stamps them, cut by the product's own
 * fragment builder, so that a merged timeline can be judged unit by unit.
 */
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { scanFragments } from '../../src/media/mp4/scan.ts';
import { createFragmentBuilder } from '../../src/recorder/fragment-builder.ts';
import type { Sequence } from '../../src/recorder/run-counter.ts';
import { createSlabs } from '../../src/recorder/slabs.ts';
import type { Segment } from '../../src/recorder/segment.ts';
import { segmentPathOf } from '../../src/archive/segment-path.ts';
import { epochMs } from '../../src/core/units.ts';
import { crcOf } from '../../src/simulator/clip.ts';
import type { RecordedUnit } from '../../src/simulator/check.ts';
import { encodeStamp } from '../../src/simulator/stamp.ts';
import type { Segment as CatalogueSegment } from '../../src/archive/catalogue-types.ts';
import { sourceOf } from './bytes-source.ts';
import { FRAME, START_US } from './fragment-rig.ts';
import { createRandom } from './seeded-random.ts';
import { TEST_VIDEO } from './segment-builder.ts';

export const CAMERA = 'cam-1';
export const START_MS: number = START_US / 1000;
const FRAME_MS = 40;

export type CameraScript = {
  /** The root of the volume. */
  readonly root: string;
  readonly serverId: string;
  readonly epoch: number;
  readonly sequence: Sequence;
  /** Of the server's wall clock. */
  readonly clockMs?: number;
  /** Numbers of access units, half open: one RTSP session each. */
  readonly sessions: readonly (readonly [number, number])[];
  readonly unitsPerGroup?: number;
  /** Content comes again after so many access units. */
  readonly repeat?: number;
  readonly isLost?: (unit: number) => boolean;
  readonly segmentSeconds?: number;
  readonly sliceBytes?: number;
};

/** Writes the segments and tells their paths, relative to the root. */
export async function recordCamera(script: CameraScript): Promise<readonly string[]> {
  const { root, serverId, epoch, sequence, sessions, clockMs = 0 } = script;
  const slabs = createSlabs(256 * 1024 * 1024);
  const parts = new Map<Segment, Uint8Array[]>();
  for (const [from, to] of sessions) {
    const builder = createFragmentBuilder({
      slabs,
      sequence,
      origin: () => ({ cameraId: CAMERA, stream: 'main', serverId, epoch }),
      policy: () => ({ fragmentMs: 500, segmentSeconds: script.segmentSeconds ?? 20 }),
      codec: 'h264',
      parameterSets: TEST_VIDEO.parameterSets,
      audio: undefined,
      videoWallUs: (timestamp) => Math.round(START_US + clockMs * 1000 + (timestamp * 1e6) / 90_000),
      audioWallUs: () => 0,
      clock: () => 'arrival',
      previousChain: undefined,
      on: {
        fragment: ({ block, segment, start, length }) => {
          const known = parts.get(segment) ?? [];
          known.push(Uint8Array.from(block.bytes.subarray(start, start + length)));
          parts.set(segment, known);
          slabs.give(block);
        },
        lost: () => undefined,
        begun: () => undefined,
        accessUnit: () => undefined,
      },
    });
    for (let unit = from; unit < to; unit += 1) give(builder.video, unit, script);
    builder.end();
  }
  const paths: string[] = [];
  for (const [segment, fragments] of parts) {
    const start = epochMs(Math.floor(segment.startUs / 1000));
    const path = segmentPathOf({ cameraId: CAMERA, stream: 'main', start, server8: serverId.slice(0, 8), epoch });
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), Buffer.concat([segment.startBytes, ...fragments]));
    // As if it were written a while ago.
    await utimes(join(root, path), 1, 1);
    paths.push(path);
  }
  return paths;
}

type Sink = ReturnType<typeof createFragmentBuilder>['video'];

function give(sink: Sink, unit: number, { unitsPerGroup = 25, repeat, isLost, sliceBytes = 300 }: CameraScript): void {
  const key = unit % unitsPerGroup === 0;
  const content = repeat === undefined ? unit : unit % repeat;
  const size = (key ? 4 : 1) * sliceBytes;
  const slice = Uint8Array.from([key ? 0x65 : 0x41, ...createRandom(content + 1).bytes(size)]);
  const stamp = encodeStamp('h264', {
    cameraId: CAMERA,
    stream: 'main',
    counter: unit,
    wallMicros: START_US + unit * FRAME_MS * 1000,
    crc: crcOf([slice]),
  });
  sink.beginAccessUnit(unit * FRAME);
  nal(sink, 6, stamp);
  sink.beginNal(key ? 5 : 1, slice[0] ?? 0, -1);
  sink.data(slice, 1, slice.length);
  const lost = isLost?.(unit) === true;
  // A NAL unit broken by loss has no end.
  if (!lost) sink.endNal();
  sink.endAccessUnit(!lost);
}

function nal(sink: Sink, type: number, bytes: Uint8Array): void {
  sink.beginNal(type, bytes[0] ?? 0, -1);
  sink.data(bytes, 1, bytes.length);
  sink.endNal();
}

/** Access units as the catalogue shows them: group by group, from the files. */
export async function unitsShown(
  segments: readonly CatalogueSegment[],
  root: string,
): Promise<readonly RecordedUnit[]> {
  const units: RecordedUnit[] = [];
  for (const { path, keys } of segments) {
    const bytes = await readFile(join(root, path));
    for (const { offset, length } of keys)
      units.push(...(await unitsIn(bytes.subarray(0, offset + length), offset, path)));
  }
  return units;
}

async function unitsIn(bytes: Uint8Array, from: number, path: string): Promise<readonly RecordedUnit[]> {
  const units: RecordedUnit[] = [];
  for await (const step of scanFragments(sourceOf(bytes), { from, resync: false })) {
    if (step.kind !== 'fragment') throw new Error(`${path}: ${step.kind} at ${step.offset}: ${step.reason}`);
    const { payloadOffset, video } = step.fragment;
    let at = payloadOffset;
    for (const size of video.sizes.subarray(0, video.count)) {
      units.push({ nals: nalsOf(bytes.subarray(at, at + size)), place: `${path} ${units.length}` });
      at += size;
    }
  }
  return units;
}

function nalsOf(sample: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(sample.buffer, sample.byteOffset, sample.byteLength);
  const nals: Uint8Array[] = [];
  for (let at = 0; at + 4 <= sample.length; at += 4 + view.getUint32(at))
    nals.push(sample.subarray(at + 4, at + 4 + view.getUint32(at)));
  return nals;
}
