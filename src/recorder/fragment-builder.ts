/**
 * Access units and sound of one RTSP session in, fragments out.
 *
 * A fragment ends at a key frame, or before an access unit that is presented after all before it once it is as long as
 * ordered, and before the first access unit behind a loss. A segment begins at a key frame: the first of the session, the first
 * after the ordered length, one with other parameter sets, one after the wall clock was set or another epoch was ordered.
 *
 * Belongs here: when a fragment ends, what is dropped and booked. Does not: where bytes go (payload.ts), sound
 * (audio-track.ts), files (write-queue.ts). Nothing is allocated per packet.
 *
 * Invariant: between the end of one fragment and the start of the next there is no time, or a `lost` report covers it.
 */
import { createParameterSets } from '../media/codec/parameter-sets.ts';
import { deriveDecodeTimes, deriveDurations } from '../media/mp4/decode-times.ts';
import { HASH_BYTES } from '../media/mp4/fragment-hash.ts';
import type { SampleRun, VideoRun } from '../media/mp4/fragment-writer.ts';
import type { AccessUnitSink } from '../media/rtp/access-unit-sink.ts';
import { createAudioCollector } from './audio-track.ts';
import type { AccessUnitView, FragmentBuilder, FragmentBuilderDeps, LossCause } from './fragment-builder-types.ts';
import { KEY, LEFT_OUT, nalKindsOf, OTHER, PARAMETER_SET } from '../media/codec/nal-kinds.ts';
import { createPayload, HEAD_ROOM } from './payload.ts';
import type { FilledBlock } from './payload.ts';
import { sealFragment } from './seal-fragment.ts';
import { createSegment } from './segment.ts';
import type { Segment } from './segment.ts';

/** Access units of one fragment; more than 4 s at 60 pictures a second. */
export const MAX_SAMPLES = 256;
/** A fragment is cut when it has so many bytes, whatever its length. */
export const MAX_FRAGMENT_BYTES: number = 12 * 1024 * 1024;
/** 90 kHz; until the stream shows its own: 25 pictures a second. */
const FIRST_FRAME_TICKS = 3600;
/** No access unit counts as being shown for longer. */
const MAX_STEP_TICKS = 10 * 90_000;
/** Without a picture for so long, and for several times what is usual, the camera stood still: what it did not send is missing. */
const MAX_PAUSE_TICKS = 1.5 * 90_000;
const MAX_PAUSE_FRAMES = 4;
/** The wall clock moved against the camera's by so much: it was set. */
const CLOCK_STEP_US = 1_500_000;
/** A fragment has a place in time even while the clock was set back a little: reports count whole milliseconds. */
const LEAST_FRAGMENT_US = 1000;
const US_PER_TICK = 1e6 / 90_000;
const FIRST_BLOCK = 256 * 1024;
const NO_SOUND: SampleRun = { count: 0, decodeTime: 0, sizes: new Uint32Array(0), durations: new Uint32Array(0) };

// oxlint-disable-next-line max-lines-per-function -- one closure, so that the hot path reads local variables
export function createFragmentBuilder(deps: FragmentBuilderDeps): FragmentBuilder {
  const { slabs, codec, on, videoWallUs } = deps;
  const kinds = nalKindsOf(codec);
  const payload = createPayload(slabs, codec, FIRST_BLOCK);
  const sets = createParameterSets(codec, deps.parameterSets);
  const sound = deps.audio === undefined ? undefined : createAudioCollector(deps.audio, deps.audioWallUs);
  const timestamps = new Float64Array(MAX_SAMPLES);
  const decodeTimes = new Float64Array(MAX_SAMPLES);
  const offsets = new Int32Array(MAX_SAMPLES);
  const sizes = new Uint32Array(MAX_SAMPLES);
  const durations = new Uint32Array(MAX_SAMPLES);
  const leaves = Buffer.alloc(MAX_SAMPLES * HASH_BYTES);
  const view: AccessUnitView = { bytes: leaves, start: 0, end: 0, timestamp: 0, wallUs: 0, key: false };

  /** Other parameter sets came: the next key frame begins a segment. */
  let layoutChanged = false;
  let segment: Segment | undefined;
  /** Timestamp at which the segment's time is 0. */
  let segmentTicks = 0;
  let segmentIsNew = true;
  /** Ticks of the segment that its fragments fill. */
  let decodedUpTo = 0;
  let chain = deps.previousChain;
  let count = 0;
  let fragmentKey = false;
  let fragmentTicks = 0;
  let fragmentUs = 0;
  let fragmentContinuous = false;
  let latest = 0;
  /** Wall time of `latest`. */
  let latestUs = 0;
  let frameTicks = FIRST_FRAME_TICKS;
  let reordered = (sets.reorderFrames() ?? 0) > 0;
  let endUs: number | undefined;
  /** Something is missing before the next access unit. */
  let lossCause: LossCause | undefined;
  let lossUnits = 0;
  let wantsSegment = false;
  /** The clock was set since the last fragment. */
  let afterStep = false;
  let begun = false;

  /** Added to timestamps, so that time goes on evenly when the camera's clock has jumped. */
  let shift = 0;
  let jumped = false;
  /** So far behind the latest an access unit was presented: B-frames. */
  let furthestBack = 0;

  // Of the access unit in hand.
  let unitTimestamp = 0;
  let unitUs = 0;
  let unitHasPicture = false;
  let unitKey = false;
  let unitDropped = false;
  let nalKind = OTHER;

  const durationMs = (): number => Math.min(10_000, Math.max(50, deps.policy().fragmentMs));

  const videoRun = (endTicks: number): VideoRun => {
    const run = { count, presentationTimes: timestamps, decodeTimes, offsets };
    const reorderedHere = deriveDecodeTimes(run);
    if (reorderedHere) reordered = true;
    deriveDurations(decodeTimes, count, endTicks, durations);
    // Never back into what is written: a player takes that for a new stream.
    const decodeTime = Math.max(decodedUpTo, (decodeTimes[0] ?? 0) - segmentTicks);
    decodedUpTo = decodeTime + Math.max(1, endTicks - (decodeTimes[0] ?? 0));
    return { count, decodeTime, sizes, durations, compositionOffsets: reorderedHere ? offsets : undefined };
  };

  const emit = (filled: FilledBlock, current: Segment, endTicks: number, fragmentEndUs: number): void => {
    const fragment = sealFragment(filled, {
      segment: current,
      sequence: deps.sequence.next(),
      startUs: fragmentUs,
      endUs: fragmentEndUs,
      key: fragmentKey,
      continuous: fragmentContinuous,
      senderReport: deps.clock() === 'sender-report',
      video: videoRun(endTicks),
      audio: sound?.run(current.startUs) ?? NO_SOUND,
      leaves,
      first: segmentIsNew,
      chainBefore: segmentIsNew ? current.chainStart : (chain ?? current.chainStart),
    });
    chain = fragment.chain;
    on.fragment(fragment);
    segmentIsNew = false;
  };

  /** Ends the fragment at `endTicks`, wall time `at`. False: no memory; its access units are lost. */
  const cut = (endTicks: number, at: number, nextIsKey: boolean): void => {
    if (segment === undefined || count === 0) return;
    const filled = payload.cut(sound?.bytes() ?? leaves, sound?.byteLength() ?? 0, nextIsKey);
    if (filled === undefined) return giveUp(at);
    if (count > 1) frameTicks = Math.max(1, Math.round((latest - earliest()) / (count - 1)));
    emit(filled, segment, endTicks, at);
    endUs = at;
    count = 0;
    sound?.clear(false);
  };
  const earliest = (): number => {
    let first = timestamps[0] ?? 0;
    for (let index = 1; index < count; index += 1) first = Math.min(first, timestamps[index] ?? 0);
    return first;
  };
  /** The memory for the next fragment is missing: this one is the price. */
  const giveUp = (at: number): void => {
    payload.release();
    on.lost(fragmentUs, at, 'overload', count);
    endUs = at;
    count = 0;
    lossCause ??= 'overload';
    lossUnits += 1;
    unitDropped = true;
    wantsSegment = true;
    sound?.clear(false);
    // Its first fragment is gone: nothing stands on the key frame that it began with.
    if (segmentIsNew) segment = undefined;
  };

  const expectedUs = (timestamp: number): number =>
    segment === undefined ? unitUs : segment.startUs + (timestamp - segmentTicks) * US_PER_TICK;

  /** The camera's clock started anew inside the session: its new times go on where the old ones ended. */
  const followJump = (raw: number): void => {
    jumped = false;
    if (!isBegun()) return;
    const passed = Math.round((unitUs - latestUs) / US_PER_TICK);
    shift = latest + (isPause(passed) ? passed : furthestBack + frameTicks) - raw;
  };
  const isPause = (ticks: number): boolean => ticks > Math.max(MAX_PAUSE_TICKS, MAX_PAUSE_FRAMES * frameTicks);

  const endOfLatest = (next: number): number =>
    reordered || next <= latest ? latest + frameTicks : Math.min(next, latest + MAX_STEP_TICKS);

  const shouldCut = (timestamp: number, key: boolean): boolean => {
    if (count === 0) return false;
    if (key || lossCause !== undefined || count >= MAX_SAMPLES) return true;
    if (payload.videoBytes() >= MAX_FRAGMENT_BYTES || sound?.isNearlyFull() === true) return true;
    return timestamp > latest && timestamp - fragmentTicks >= durationMs() * 90;
  };

  /** The first VCL NAL unit of an access unit: decides what ends before it and what begins with it. */
  const beginPicture = (key: boolean): void => {
    unitHasPicture = true;
    unitKey = key;
    if (segment === undefined && !key) {
      unitDropped = true;
      return;
    }
    endBefore(unitTimestamp, key);
    if (!unitDropped && key && needsSegment(unitTimestamp)) openSegment(unitTimestamp, unitUs);
  };
  const isStepped = (timestamp: number): boolean =>
    segment !== undefined && Math.abs(unitUs - expectedUs(timestamp)) > CLOCK_STEP_US;
  const isBegun = (): boolean => count > 0 || endUs !== undefined;
  const endBefore = (timestamp: number, key: boolean): void => {
    const stepped = isStepped(timestamp);
    if (stepped || (key && layoutChanged)) wantsSegment = true;
    if (isBegun() && isPause(timestamp - latest)) lossCause ??= 'camera-stalled';
    if (!shouldCut(timestamp, key)) return;
    const missing = lossCause !== undefined || (stepped && key);
    const endTicks = missing ? latest + frameTicks : endOfLatest(timestamp);
    cut(endTicks, missing ? fragmentUs + (endTicks - fragmentTicks) * US_PER_TICK : steadyUs(timestamp, unitUs), key);
  };
  /** Neighbouring fragments share one moment; while the clock is off by a step, the segment's own time counts until it ends. */
  const steadyUs = (timestamp: number, wall: number): number => {
    const expected = expectedUs(timestamp);
    return Math.max(fragmentUs + LEAST_FRAGMENT_US, Math.abs(wall - expected) > CLOCK_STEP_US ? expected : wall);
  };

  const needsSegment = (timestamp: number): boolean =>
    segment === undefined ||
    wantsSegment ||
    segment.origin.epoch !== deps.origin().epoch ||
    timestamp - segmentTicks >= deps.policy().segmentSeconds * 90_000;

  const openSegment = (timestamp: number, wall: number): void => {
    const track = sets.track();
    if (track === undefined) {
      unitDropped = true;
      if (endUs !== undefined) lossCause ??= 'no-key-frame';
      return;
    }
    const due = dueUs(timestamp);
    const clockStep = due !== undefined && Math.abs(wall - due) > CLOCK_STEP_US;
    if (clockStep) bookStep(timestamp, due, wall);
    const startUs = clockStep || lossCause !== undefined || endUs === undefined ? wall : endUs;
    const layout = { video: track, audio: deps.audio };
    segment = createSegment({ origin: deps.origin(), layout, startUs, clock: deps.clock() }, chain);
    segmentTicks = timestamp;
    segmentIsNew = true;
    decodedUpTo = 0;
    wantsSegment = layoutChanged = false;
    sound?.clear(true);
  };
  /** When `timestamp` is due by the clock as it was; `undefined` before anything is recorded. */
  const dueUs = (timestamp: number): number | undefined => {
    if (endUs === undefined || lossCause === undefined) return endUs;
    return endUs + Math.max(0, timestamp - latest - frameTicks) * US_PER_TICK;
  };
  /** The time after the step has nothing to do with the time before: what was lost ends with the old one. */
  const bookStep = (timestamp: number, due: number, wall: number): void => {
    if (lossCause !== undefined) on.lost(endUs ?? due, due, lossCause, missingBefore(timestamp));
    if (wall > due) on.lost(due, wall, 'clock-stepped', undefined);
    // Should the key frame at hand turn out to be broken, what is missing then counts from here.
    endUs = wall;
    latest = timestamp - frameTicks;
    afterStep = true;
    lossCause = undefined;
    lossUnits = 0;
  };
  /** Access units lost between `latest` and `timestamp`; with B-frames only those that arrived damaged are known. */
  const missingBefore = (timestamp: number): number | undefined => {
    const missing = reordered ? lossUnits : Math.max(lossUnits, Math.round((timestamp - latest) / frameTicks) - 1);
    return missing > 0 ? missing : undefined;
  };

  /** The access unit is whole: it belongs to the fragment. */
  const keep = (): void => {
    const size = payload.sealAccessUnit(leaves, count * HASH_BYTES);
    if (count === 0) beginFragment();
    timestamps[count] = unitTimestamp;
    sizes[count] = size;
    count += 1;
    if (unitTimestamp < latest && count > 1) reordered = true;
    if (unitTimestamp > latest || count === 1) {
      latest = unitTimestamp;
      latestUs = unitUs;
    } else furthestBack = Math.max(furthestBack, Math.min(latest - unitTimestamp, 90_000));
    if (!begun) on.begun(fragmentUs);
    begun = true;
    view.bytes = payload.block()?.bytes ?? leaves;
    view.end = payload.accessUnitStart();
    view.start = view.end - size;
    view.timestamp = unitTimestamp;
    view.wallUs = unitUs;
    view.key = unitKey;
    on.accessUnit(view);
  };
  const beginFragment = (): void => {
    fragmentTicks = unitTimestamp;
    fragmentKey = unitKey;
    const wall = steadyStart(unitTimestamp);
    const missing = missingBefore(unitTimestamp);
    // What was lost held no picture: the next one came when it was due. With B-frames that says nothing.
    if (lossCause === 'network-loss' && missing === undefined && !reordered) lossCause = undefined;
    fragmentContinuous = lossCause === undefined && endUs !== undefined && !afterStep;
    afterStep = false;
    fragmentUs = fragmentContinuous && endUs !== undefined ? endUs : Math.max(wall, endUs ?? wall);
    if (lossCause !== undefined && endUs !== undefined && fragmentUs > endUs) {
      on.lost(endUs, fragmentUs, lossCause, missing);
    }
    lossCause = undefined;
    lossUnits = 0;
  };
  const steadyStart = (timestamp: number): number => {
    if (segment !== undefined && segmentIsNew && count === 0 && timestamp === segmentTicks) return segment.startUs;
    const expected = expectedUs(timestamp);
    return Math.abs(unitUs - expected) > CLOCK_STEP_US ? expected : unitUs;
  };

  const loseUnit = (cause: LossCause): void => {
    payload.dropAccessUnit();
    lossCause ??= cause;
    lossUnits += 1;
    // A segment begins with a key frame, and that one is broken.
    if (segmentIsNew && count === 0) segment = undefined;
  };

  const video: AccessUnitSink = {
    beginAccessUnit: (timestamp) => {
      unitUs = videoWallUs(timestamp);
      if (jumped) followJump(timestamp);
      unitTimestamp = timestamp + shift;
      unitHasPicture = false;
      unitKey = false;
      unitDropped = false;
      payload.beginAccessUnit();
    },
    beginNal: (type, first, second) => {
      nalKind = kinds[type] ?? OTHER;
      if (nalKind === LEFT_OUT || unitDropped) return;
      if (nalKind <= KEY && !unitHasPicture) beginPicture(nalKind === KEY);
      if (!unitDropped) payload.beginNal(first, second);
    },
    data: (bytes, start, end) => {
      if (nalKind !== LEFT_OUT && !unitDropped) payload.data(bytes, start, end);
    },
    endNal: () => {
      if (nalKind === LEFT_OUT || unitDropped) return;
      if (nalKind === PARAMETER_SET) {
        const nal = payload.currentNal();
        if (sets.offer(nal, 0, nal.length) === 'changed') layoutChanged = true;
        payload.dropNal();
      } else payload.endNal();
    },
    endAccessUnit: (intact) => {
      if (unitDropped || !unitHasPicture) {
        payload.dropAccessUnit();
        if (!intact) noteLoss();
        return;
      }
      if (payload.overflowed()) loseUnit('overload');
      else if (intact && payload.accessUnitSize() > 0) keep();
      else loseUnit('network-loss');
    },
  };
  const noteLoss = (): void => {
    if (endUs === undefined && count === 0) return;
    lossCause ??= 'network-loss';
  };

  return {
    video,
    audio: {
      frame: (timestamp, bytes, start, end) => {
        if (segment !== undefined) sound?.frame(timestamp, bytes, start, end);
      },
    },
    noteLoss,
    newRun: (why) => {
      if (why === 'timestamps-jumped') jumped = true;
    },
    newSegment: () => {
      wantsSegment = true;
    },
    end: () => {
      payload.dropAccessUnit();
      const endTicks = latest + frameTicks;
      cut(endTicks, fragmentUs + (endTicks - fragmentTicks) * US_PER_TICK, false);
      payload.release();
      return endUs;
    },
    segment: () => segment,
    recordedUntilUs: () => (count === 0 ? endUs : fragmentUs + (latest + frameTicks - fragmentTicks) * US_PER_TICK),
    pendingAccessUnits: () => ({
      bytes: (payload.block()?.bytes ?? leaves).subarray(HEAD_ROOM, HEAD_ROOM + payload.videoBytes()),
      sizes,
      timestamps,
      count,
      key: fragmentKey,
    }),
    chain: () => chain,
  };
}
