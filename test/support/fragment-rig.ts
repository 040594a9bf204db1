/**
 * A fragment builder under test: fed with access units of synthetic NAL units in pieces as packets bring them, everything it
 * says kept. What it produced is read back with the product's own scanner.
 */
import { createHash } from 'node:crypto';
import { checkPayload, readInit, scanFragments } from '../../src/media/mp4/scan.ts';
import type { FragmentInfo } from '../../src/media/mp4/parse-fragment.ts';
import type { InitInfo } from '../../src/media/mp4/parse-init.ts';
import type { AudioTrack, VideoCodec } from '../../src/media/tracks.ts';
import { createFragmentBuilder } from '../../src/recorder/fragment-builder.ts';
import type { FragmentBuilder, FragmentBuilderDeps, LossCause } from '../../src/recorder/fragment-builder-types.ts';
import { createSequence } from '../../src/recorder/run-counter.ts';
import type { FinishedFragment } from '../../src/recorder/segment.ts';
import { createSlabs } from '../../src/recorder/slabs.ts';
import type { Slabs } from '../../src/recorder/slabs.ts';
import { sourceOf } from './bytes-source.ts';
import { TEST_SERVER_ID, TEST_VIDEO } from './segment-builder.ts';

/** One picture at 25 a second. */
export const FRAME = 3600;
export const START_US: number = 1_767_225_600_000 * 1000;

export type Nal = { readonly type: number; readonly first: number; readonly second: number; readonly body: Uint8Array };
export type GivenUnit = { readonly timestamp: number; readonly nals: readonly Nal[]; readonly intact?: boolean };

/** H.264 NAL units of a test. */
export const nal = (type: number, body: Uint8Array): Nal => ({ type, first: 0x60 | type, second: -1, body });
export const slice = (key: boolean, body: Uint8Array): Nal => nal(key ? 5 : 1, body);
export const h265Nal = (type: number, body: Uint8Array): Nal => ({ type, first: type << 1, second: 1, body });

export const bytesOfNal = ({ first, second, body }: Nal): Uint8Array =>
  Uint8Array.from(second < 0 ? [first, ...body] : [first, second, ...body]);
/** With four-byte length, as in the file. */
export const inFile = (unit: Nal): Uint8Array => {
  const bytes = bytesOfNal(unit);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
export const sha = (...parts: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

export type Lost = {
  readonly start: number;
  readonly end: number;
  readonly cause: LossCause;
  readonly accessUnits: number | undefined;
};
/** A fragment as it was handed out, its bytes copied. */
export type Made = Omit<FinishedFragment, 'block'> & { readonly bytes: Uint8Array };
export type FragmentRig = {
  readonly builder: FragmentBuilder;
  readonly slabs: Slabs;
  readonly made: readonly Made[];
  readonly lost: readonly Lost[];
  readonly begun: readonly number[];
  /** SHA-256 of every recorded access unit as told to viewers. */
  readonly seen: readonly string[];
  readonly give: (unit: GivenUnit) => void;
  /** Shifts wall against media time by so much from now on, microseconds. */
  readonly stepWall: (us: number) => void;
  readonly files: () => Promise<readonly ReadFile[]>;
};
export type ReadFile = {
  readonly made: readonly Made[];
  readonly init: InitInfo;
  readonly fragments: readonly FragmentInfo[];
  readonly bytes: Uint8Array;
};
export type RigOptions = {
  readonly codec?: VideoCodec;
  readonly parameterSets?: readonly Uint8Array[];
  readonly audio?: AudioTrack;
  readonly fragmentMs?: number;
  readonly segmentSeconds?: number;
  readonly maxBytes?: number;
  readonly slabs?: Slabs;
  readonly clock?: FragmentBuilderDeps['clock'];
  readonly cameraId?: string;
  /** Takes the fragment with its block; without it the block is given back. */
  readonly take?: (fragment: FinishedFragment) => void;
};

export function createFragmentRig(options: RigOptions = {}): FragmentRig {
  const slabs = options.slabs ?? createSlabs(options.maxBytes ?? 256 * 1024 * 1024);
  const [made, lost, begun, seen]: [Made[], Lost[], number[], string[]] = [[], [], [], []];
  let offsetUs = START_US;
  const wallUs = (timestamp: number, rate: number): number => Math.round(offsetUs + (timestamp * 1e6) / rate);
  const builder = createFragmentBuilder({
    slabs,
    sequence: createSequence(0),
    origin: () => ({ cameraId: options.cameraId ?? 'cam-1', stream: 'main', serverId: TEST_SERVER_ID, epoch: 1 }),
    policy: () => ({ fragmentMs: options.fragmentMs ?? 500, segmentSeconds: options.segmentSeconds ?? 600 }),
    codec: options.codec ?? 'h264',
    parameterSets: options.parameterSets ?? TEST_VIDEO.parameterSets,
    audio: options.audio,
    videoWallUs: (timestamp) => wallUs(timestamp, 90_000),
    audioWallUs: (timestamp) => wallUs(timestamp, options.audio?.sampleRate ?? 1),
    clock: options.clock ?? (() => 'arrival'),
    previousChain: undefined,
    on: {
      fragment: (whole) => {
        const { block, ...fragment } = whole;
        const bytes = Uint8Array.from(block.bytes.subarray(fragment.start, fragment.start + fragment.length));
        made.push({ ...fragment, bytes });
        if (options.take === undefined) slabs.give(block);
        else options.take(whole);
      },
      lost: (start, end, cause, accessUnits) => lost.push({ start, end, cause, accessUnits }),
      begun: (start) => begun.push(start),
      accessUnit: ({ bytes, start, end }) => seen.push(sha(bytes.subarray(start, end))),
    },
  });
  return {
    builder,
    slabs,
    made,
    lost,
    begun,
    seen,
    give: (unit) => give(builder, unit),
    stepWall: (us) => (offsetUs += us),
    files: async () => await filesOf(made),
  };
}

function give({ video }: FragmentBuilder, { timestamp, nals, intact = true }: GivenUnit): void {
  video.beginAccessUnit(timestamp);
  for (const [index, { type, first, second, body }] of nals.entries()) {
    video.beginNal(type, first, second);
    for (let at = 0; at < body.length; at += 1400) video.data(body, at, Math.min(body.length, at + 1400));
    // A NAL unit broken by loss has no end.
    if (intact || index < nals.length - 1) video.endNal();
  }
  video.endAccessUnit(intact);
}

/** Fragments of one segment behind its start are its file. */
async function filesOf(made: readonly Made[]): Promise<readonly ReadFile[]> {
  const files: ReadFile[] = [];
  for (const [segment, group] of Map.groupBy(made, (one) => one.segment)) {
    const bytes = Buffer.concat([segment.startBytes, ...group.map((one) => one.bytes)]);
    const source = sourceOf(bytes);
    const init = await readInit(source);
    const fragments: FragmentInfo[] = [];
    for await (const step of scanFragments(source, { from: init.length, resync: false })) {
      if (step.kind !== 'fragment') throw new Error(`${step.kind} at ${step.offset}: ${step.reason}`);
      const check = await checkPayload(source, step.fragment, init.layout.video.codec);
      if (check.kind !== 'whole' || !step.fragment.intact) throw new Error(`payload ${JSON.stringify(check)}`);
      fragments.push(step.fragment);
    }
    files.push({ made: group, init, fragments, bytes });
  }
  return files;
}

/** Access units of a file with their NAL units, in file order. */
export function unitsIn({ bytes, fragments }: ReadFile): readonly string[] {
  return fragments.flatMap(({ payloadOffset, video }) => {
    let at = payloadOffset;
    return Array.from(video.sizes.subarray(0, video.count), (size) => {
      at += size;
      return sha(bytes.subarray(at - size, at));
    });
  });
}
