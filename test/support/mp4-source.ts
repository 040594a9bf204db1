/**
 * Real clips for interop tests: made with ffmpeg, taken apart by ffprobe, written again with the product's own writer the
 * way the recorder does. Independent of the product's reader.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { boxesIn } from '../../src/media/mp4/box-reader.ts';
import { deriveDecodeTimes, deriveDurations } from '../../src/media/mp4/decode-times.ts';
import { chainStartOf, hashPayload, hexOf } from '../../src/media/mp4/fragment-hash.ts';
import { encodeSegmentStart } from '../../src/media/mp4/init-segment.ts';
import { parseMoov } from '../../src/media/mp4/parse-init.ts';
import type { SegmentHeader } from '../../src/media/mp4/segment-header.ts';
import type { TrackLayout } from '../../src/media/tracks.ts';
import { encodeFragment, testHeader } from './segment-builder.ts';

const run = promisify(execFile);

export type Sample = { readonly pts: number; readonly key: boolean; readonly bytes: Uint8Array };
export type Source = {
  readonly path: string;
  readonly layout: TrackLayout;
  /** In decoding order, 90 kHz from 0 at the first one shown. */
  readonly video: readonly Sample[];
  /** In ticks of the sample rate from 0 at the first picture. */
  readonly audio: readonly Sample[];
};

/** Runs ffmpeg and makes `directory/name.mp4`. */
export async function makeSource(directory: string, name: string, args: readonly string[]): Promise<Source> {
  const path = join(directory, `${name}.mp4`);
  await run('ffmpeg', ['-v', 'error', '-y', ...args, path]);
  const file = new Uint8Array(await readFile(path));
  const moov = boxesIn(file, 0, file.length).find(({ type }) => type === 'moov');
  if (moov === undefined) throw new Error('ffmpeg made no moov');
  const layout = parseMoov(file, moov);
  const packets = await packetsOf(path);
  const samplesOf = (kind: string, rate: number): Sample[] =>
    packets
      .filter((packet) => packet.codec_type === kind)
      .map((packet) => ({
        pts: Math.round(Number(packet.pts_time) * rate),
        key: packet.flags.startsWith('K'),
        bytes: file.subarray(Number(packet.pos), Number(packet.pos) + Number(packet.size)),
      }));
  const audio = layout.audio === undefined ? [] : samplesOf('audio', layout.audio.sampleRate);
  return { path, layout, video: samplesOf('video', 90_000), audio: audio.filter(({ pts }) => pts >= 0) };
}

type Packet = { codec_type: string; pts_time: string; flags: string; pos: string; size: string };

async function packetsOf(path: string): Promise<readonly Packet[]> {
  const entries = 'packet=codec_type,pts_time,flags,pos,size';
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', entries, '-of', 'json', path], {
    maxBuffer: 2 ** 28,
  });
  return (JSON.parse(stdout) as { packets: Packet[] }).packets;
}

export type Written = { readonly bytes: Uint8Array; readonly fragments: number; readonly chain: string };

/** One segment with fragments of `fragmentMs`, cut as the recorder cuts. */
export function segmentOf(source: Source, header: Partial<SegmentHeader> = {}, fragmentMs = 500): Written {
  const full = testHeader(header);
  const start = encodeSegmentStart(source.layout, full);
  const parts: Uint8Array[] = [start.bytes];
  let chain: Uint8Array = chainStartOf(start.bytes.subarray(0, start.hashedLength));
  let [first, audio] = [0, 0];
  let sequence = 1;
  while (first < source.video.length) {
    const last = cutAfter(source.video, first, fragmentMs * 90);
    const next = source.video.slice(last).reduce((least, { pts }) => Math.min(least, pts), Number.POSITIVE_INFINITY);
    const units = source.video.slice(first, last);
    const end = Number.isFinite(next) ? next : Math.max(...units.map(({ pts }) => pts)) + 3600;
    let audioEnd = audio;
    const rate = source.layout.audio?.sampleRate ?? 1;
    while ((source.audio[audioEnd]?.pts ?? Number.POSITIVE_INFINITY) / rate < end / 90_000) audioEnd += 1;
    const made = fragmentOf(source, { units, end, sequence, full, chain, audioRange: [audio, audioEnd] });
    parts.push(made.bytes);
    chain = made.chain;
    audio = audioEnd;
    first = last;
    sequence += 1;
  }
  return { bytes: Buffer.concat(parts), fragments: sequence - 1, chain: hexOf(chain) };
}

/** Before a key frame; or, once it is long enough, before a unit shown after all before it while none later is shown earlier. */
function cutAfter(video: readonly Sample[], first: number, ticks: number): number {
  const begin = video[first]?.pts ?? 0;
  let latest = begin;
  for (let index = first + 1; index < video.length; index += 1) {
    const { pts, key } = video[index] ?? { pts: 0, key: false };
    const closed = pts > latest && video.slice(index, index + 20).every((later) => later.pts > latest);
    if (closed && (key || pts - begin >= ticks)) return index;
    latest = Math.max(latest, pts);
  }
  return video.length;
}

type FragmentPlan = {
  readonly units: readonly Sample[];
  readonly end: number;
  readonly sequence: number;
  readonly full: SegmentHeader;
  readonly chain: Uint8Array;
  readonly audioRange: readonly [number, number];
};

function fragmentOf({ layout, audio }: Source, plan: FragmentPlan): { bytes: Uint8Array; chain: Uint8Array } {
  const { units, end, sequence, full, chain, audioRange } = plan;
  const count = units.length;
  const frames = audio.slice(...audioRange);
  const payload = new Uint8Array(Buffer.concat([...units, ...frames].map(({ bytes }) => bytes)));
  const sizes = Uint32Array.from(units, ({ bytes }) => bytes.length);
  const [decodeTimes, offsets, durations] = [new Float64Array(count), new Int32Array(count), new Uint32Array(count)];
  const presentationTimes = Float64Array.from(units, ({ pts }) => pts);
  const reordered = deriveDecodeTimes({ count, presentationTimes, decodeTimes, offsets });
  deriveDurations(decodeTimes, count, end, durations);
  const leaves = new Uint8Array(32 * count);
  const restHash = hashPayload({ codec: layout.video.codec, payload, videoSizes: sizes, videoCount: count, leaves });
  const begin = decodeTimes[0] ?? 0;
  return encodeFragment(
    {
      sequence,
      epoch: full.epoch,
      owner: Uint8Array.from(Buffer.from(full.serverId.replaceAll('-', ''), 'hex')),
      key: units[0]?.key ?? false,
      continuous: sequence > 1,
      senderReport: false,
      start: full.start * 1000 + Math.round((begin * 100) / 9),
      end: full.start * 1000 + Math.round((end * 100) / 9),
      video: { count, decodeTime: begin, sizes, durations, compositionOffsets: reordered ? offsets : undefined },
      audio: {
        count: frames.length,
        decodeTime: frames[0]?.pts ?? 0,
        sizes: Uint32Array.from(frames, ({ bytes }) => bytes.length),
        durations: Uint32Array.from(frames, (frame, index) => (frames[index + 1]?.pts ?? frame.pts + 1024) - frame.pts),
      },
      leaves,
      restHash,
      chainBefore: chain,
    },
    payload,
  );
}

/** Seconds from the first, and hash, of every decoded picture, in order. */
export const decoded = (path: string): Promise<readonly string[]> => framesOf(path, ['-map', '0:v']);
/** The same of every coded sound frame: a decoder's noise depends on how many frames it had before. */
export const soundOf = (path: string): Promise<readonly string[]> => framesOf(path, ['-map', '0:a', '-c', 'copy']);

/** The coded bytes of a PCM track. */
export async function pcmOf(path: string): Promise<Buffer> {
  const args = ['-v', 'error', '-i', path, '-map', '0:a', '-c', 'copy', '-f', 'data', '-'];
  return (await run('ffmpeg', args, { maxBuffer: 2 ** 28, encoding: 'buffer' })).stdout;
}

async function framesOf(path: string, args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', path, ...args, '-f', 'framemd5', '-'], {
    maxBuffer: 2 ** 28,
  });
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const [numerator = 1, denominator = 1] = (/#tb \d+: (\d+)\/(\d+)/.exec(stdout)?.slice(1) ?? []).map(Number);
  const rows = lines.map((line) => line.split(',').map((field) => field.trim()));
  const begin = Number(rows[0]?.[2]);
  return rows.map((row) => {
    const seconds = ((Number(row[2]) - begin) * numerator) / denominator;
    return `${seconds.toFixed(3)} ${row[5] ?? ''}`;
  });
}

/** What ffprobe complains about; nothing if all is well. */
export async function complaintsOf(path: string): Promise<string> {
  const { stderr } = await run('ffprobe', ['-v', 'warning', '-show_packets', '-of', 'compact', path], {
    maxBuffer: 2 ** 28,
  });
  return stderr;
}

/** Writes `bytes` to `directory/name` and returns the path. */
export async function put(directory: string, name: string, bytes: Uint8Array): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, bytes);
  return path;
}
