/** How well sound and picture of a simulated camera lie together in a live view: both tell when they were due. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { loadScene } from '../../src/simulator/assets.ts';
import { parseStamp } from '../../src/simulator/stamp.ts';
import { pieceOf } from './live-pieces.ts';
import type { Message, Piece } from './live-pieces.ts';
import { runProcess } from './processes.ts';
import { tempDir } from './temp-dir.ts';

/** Of `assets/simulator`: `camera-model.ts` counts in these. */
const FRAME_MS = 40;
const AAC_SAMPLES = 1024;

export type Sync = {
  readonly codecs: readonly string[];
  readonly pictures: number;
  readonly sounds: number;
  /** Milliseconds by which a frame of sound is shown later (or earlier, below 0) than the pictures of its moment. */
  readonly late: readonly number[];
};

/** `messages`: header, init segment and what followed. Times are those that ffprobe reads. */
export async function syncOf(t: ExecutionContext, messages: readonly Message[]): Promise<Sync> {
  const bytes = messages.filter((message) => typeof message !== 'string');
  const pieces = bytes.slice(1).map(pieceOf);
  const file = join(await tempDir(t, 'live'), 'view.mp4');
  await writeFile(file, Buffer.concat(bytes));
  const shown = ['-show_entries', 'stream=codec_name:packet=codec_type,pts_time', '-of', 'json', file];
  const probed = JSON.parse(await runProcess(t, 'ffprobe', ['-v', 'error', ...shown])) as Probed;
  const timesOf = (kind: string): readonly number[] =>
    probed.packets.filter(({ codec_type }) => codec_type === kind).map(({ pts_time }) => Number(pts_time) * 1000);
  const video = pieces.filter(({ track }) => track === 'video');
  const audio = pieces.filter(({ track }) => track === 'audio');
  const { origin, shift } = pictureTimes(video, timesOf('video'));
  const late = await soundTimes(audio, timesOf('audio'), { origin, shift });
  return {
    codecs: probed.streams.map(({ codec_name }) => codec_name),
    pictures: video.length,
    sounds: audio.length,
    late,
  };
}
type Probed = {
  readonly streams: readonly { readonly codec_name: string }[];
  readonly packets: readonly { readonly codec_type: string; readonly pts_time: string }[];
};
/** Wall milliseconds of counter 0, and wall time less time in the view. */
type Origin = { readonly origin: number; readonly shift: number };

function pictureTimes(pieces: readonly Piece[], times: readonly number[]): Origin {
  for (const [index, { sample }] of pieces.entries()) {
    const stamp = stampIn(sample);
    if (stamp === undefined) continue;
    const wall = stamp.wallMicros / 1000;
    return { origin: wall - stamp.counter * FRAME_MS, shift: wall - (times[index] ?? Number.NaN) };
  }
  throw new Error('no picture tells its time');
}

function stampIn(sample: Uint8Array): ReturnType<typeof parseStamp> {
  const view = new DataView(sample.buffer, sample.byteOffset, sample.byteLength);
  for (let at = 0; at + 4 < sample.length; at += 4 + view.getUint32(at)) {
    const stamp = parseStamp('h264', sample.subarray(at + 4, at + 4 + view.getUint32(at)));
    if (stamp !== undefined) return stamp;
  }
  return undefined;
}

/** The clip of the sound is played over and over from the origin on: a frame that is in it once tells when it was due. */
async function soundTimes(
  pieces: readonly Piece[],
  times: readonly number[],
  { origin, shift }: Origin,
): Promise<readonly number[]> {
  const { audio } = await loadScene(0);
  const places = new Map<string, readonly number[]>();
  for (const [index, frame] of (audio?.frames ?? []).entries()) {
    const key = Buffer.from(frame).toString('base64');
    places.set(key, [...(places.get(key) ?? []), index]);
  }
  const frameMs = (AAC_SAMPLES * 1000) / (audio?.sampleRate ?? Number.NaN);
  const turn = (audio?.frames.length ?? 0) * frameMs;
  return pieces.flatMap(({ sample }, index) => {
    const [place, another] = places.get(Buffer.from(sample).toString('base64')) ?? [];
    if (place === undefined || another !== undefined) return [];
    const shownAt = (times[index] ?? Number.NaN) + shift;
    const late = (((shownAt - origin - place * frameMs) % turn) + turn) % turn;
    return [late > turn / 2 ? late - turn : late];
  });
}
