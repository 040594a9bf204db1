/**
 * A key frame as JPEG by ffmpeg, when the machine has it: fixed arguments, no shell, nothing of the outside on its command
 * line, bounded in time, output and number.
 */
import { spawn } from 'node:child_process';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError, systemCodeOf } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { VideoCodec } from '../media/tracks.ts';

const WITHIN_MS = 10_000;
const MAX_JPEG_BYTES = 16 * 1024 * 1024;
/** Decoding takes a core for a moment; recording must not feel it. */
export const MAX_DECODERS = 2;
const FORMATS: Readonly<Record<VideoCodec, string>> = { h264: 'h264', h265: 'hevc' };

export type Decoder = (codec: VideoCodec, annexB: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

export function createDecoder(clock: Pick<Clock, 'after'>, command = 'ffmpeg'): Decoder {
  let running = 0;
  return async (codec, annexB, signal) => {
    if (running >= MAX_DECODERS)
      throw new UnderstudyError(
        'unavailable',
        'snapshot/busy',
        'Other pictures are being made; try again in a moment.',
      );
    running += 1;
    try {
      return await decode({ command, codec, annexB, signal, clock });
    } finally {
      running -= 1;
    }
  };
}

type Job = {
  readonly command: string;
  readonly codec: VideoCodec;
  readonly annexB: Uint8Array;
  readonly signal: AbortSignal;
  readonly clock: Pick<Clock, 'after'>;
};
async function decode({ command, codec, annexB, signal, clock }: Job): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  const options = ['-hide_banner', '-loglevel', 'quiet', '-nostdin', '-protocol_whitelist', 'pipe'];
  const input = ['-f', FORMATS[codec], '-i', 'pipe:0'];
  const output = ['-frames:v', '1', '-q:v', '4', '-f', 'mjpeg', 'pipe:1'];
  const child = spawn(command, [...options, ...input, ...output], { stdio: ['pipe', 'pipe', 'ignore'] });
  const kill = (): void => void child.kill('SIGKILL');
  const cancel = clock.after(durationMs(WITHIN_MS), kill);
  signal.addEventListener('abort', kill, { once: true });
  const parts: Buffer[] = [];
  let length = 0;
  child.stdout.on('data', (part: Buffer) => {
    length += part.length;
    if (length > MAX_JPEG_BYTES) kill();
    else parts.push(part);
  });
  child.once('error', (error) => reject(systemCodeOf(error) === 'ENOENT' ? noDecoder() : error));
  child.once('close', (code) => resolve(code));
  child.stdin.on('error', () => undefined);
  child.stdin.end(annexB);
  try {
    const code = await promise;
    if (code !== 0 || length === 0) throw noPicture();
    return Buffer.concat(parts);
  } finally {
    cancel();
    signal.removeEventListener('abort', kill);
  }
}

const noDecoder = (): UnderstudyError =>
  new UnderstudyError(
    'unsupported',
    'snapshot/no-decoder',
    'Making a picture needs ffmpeg, which this machine does not have. Install it, or take the picture in the browser from the live view.',
  );
const noPicture = (): UnderstudyError =>
  new UnderstudyError('unavailable', 'snapshot/no-picture', 'The last key frame could not be made into a picture.');
