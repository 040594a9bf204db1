/** Hashes of coded pictures, to compare a recording with its source. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** NAL unit types that say nothing about the picture: delimiters, parameter sets, SEI, filler. */
const NOT_VCL = { h264: '6-12', h265: '32-40' } as const;

/** SHA-256 of the VCL NAL units of every video sample, in decoding order. */
export async function sampleHashesOf(file: string, codec: keyof typeof NOT_VCL): Promise<readonly string[]> {
  const filter = `filter_units=remove_types=${NOT_VCL[codec]}`;
  const words = `-v error -i ${file} -map 0:v -c copy -bsf:v ${filter} -f framehash -hash sha256 -`.split(' ');
  const { stdout } = await run('ffmpeg', words, { maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)?.trim() ?? '');
}

/**
 * How `recorded` follows `source`, which is played in a loop: where each sample stands in it, -1 for one that is not there. Steps
 * other than one place on (or back to the beginning) are counted as holes.
 */
export function followed(recorded: readonly string[], source: readonly string[]): { foreign: number; holes: number } {
  const places = recorded.map((hash) => source.indexOf(hash));
  const foreign = places.filter((place) => place < 0).length;
  const holes = places.filter(
    (place, index) => index > 0 && place !== ((places[index - 1] ?? 0) + 1) % source.length,
  ).length;
  return { foreign, holes };
}

export type Followed = {
  /** In no place of the source: altered. */
  readonly foreign: number;
  /** Where access units are missing, and how many in each place: what a hole skips of a source that is played in a loop. */
  readonly holes: readonly number[];
};
/** As `followed`, with the length of every hole. Out of order would show as a hole of nearly the whole source. */
export function holesIn(recorded: readonly string[], source: readonly string[]): Followed {
  const places = recorded.map((hash) => source.indexOf(hash));
  const steps = places
    .slice(1)
    .map((place, index) => (place - (places[index] ?? 0) - 1 + source.length) % source.length);
  return { foreign: places.filter((place) => place < 0).length, holes: steps.filter((skipped) => skipped > 0) };
}
