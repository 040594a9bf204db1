/** A live view with sound as the hub makes it, of the clip of a simulated camera and any sound beside it. */
import { createParameterSets } from '../../src/media/codec/parameter-sets.ts';
import type { AudioTrack } from '../../src/media/tracks.ts';
import { createLiveHub } from '../../src/recorder/live-hub.ts';
import { loadScene } from '../../src/simulator/assets.ts';
import { messagesIn } from './live-pieces.ts';
import type { Message } from './live-pieces.ts';

const PICTURE_MS = 40;
const WALL_US = 1_700_000_000_000_000;

export type Sound = {
  readonly track: AudioTrack;
  /** All of equal length. */
  readonly frames: readonly Uint8Array[];
  readonly frameMs: number;
  /** Frames that the network lost. */
  readonly lost: (index: number) => boolean;
};

/** The first `ms` milliseconds. */
export async function recordLive(ms: number, { track, frames, frameMs, lost }: Sound): Promise<readonly Message[]> {
  const { main } = await loadScene(0);
  const video = createParameterSets('h264', main.parameterSets).track();
  if (video === undefined) throw new Error('a clip tells its parameter sets');
  const layout = { video, audio: track };
  const hub = createLiveHub();
  const sent: Buffer[] = [];
  let sounded = 0;
  for (const [index, { slices, key }] of main.accessUnits.entries()) {
    const at = index * PICTURE_MS;
    if (at >= ms) break;
    const bytes = Buffer.concat(slices.flatMap((slice) => [lengthOf(slice), slice]));
    const unit = { bytes, start: 0, end: bytes.length, timestamp: at * 90, wallUs: WALL_US + at * 1000, key };
    hub.accessUnit(unit, layout, at);
    if (index === 0)
      hub.add({ write: (some) => void sent.push(Buffer.from(some)), unsentBytes: () => 0, end: () => undefined }, true);
    for (; sounded * frameMs <= at; sounded += 1) {
      const frame = frames[sounded % frames.length];
      if (frame === undefined || lost(sounded)) continue;
      const timestamp = Math.round((sounded * frameMs * track.sampleRate) / 1000);
      hub.soundFrame(timestamp, WALL_US + sounded * frameMs * 1000, frame);
    }
  }
  return messagesIn(Buffer.concat(sent));
}

function lengthOf(slice: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(slice.length);
  return length;
}

/** Packets of an Ogg stream (RFC 3533 §6) behind the two headers of Opus (RFC 7845 §3). */
export function packetsOfOgg(bytes: Buffer): readonly Uint8Array[] {
  const packets: Buffer[] = [];
  let begun: Buffer[] = [];
  for (let page = 0; page + 27 <= bytes.length;) {
    const segments = bytes.subarray(page + 27, page + 27 + bytes.readUInt8(page + 26));
    let at = page + 27 + segments.length;
    for (const length of segments) {
      begun.push(bytes.subarray(at, at + length));
      at += length;
      if (length === 255) continue;
      packets.push(Buffer.concat(begun));
      begun = [];
    }
    page = at;
  }
  return packets.slice(2);
}
