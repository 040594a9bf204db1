/** What of footage lies on the disk of the failover server of a pair, whatever it says itself. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkRecording } from '../../src/simulator/check.ts';
import type { CheckReport, RecordedUnit } from '../../src/simulator/check.ts';
import { readSegment } from '../../src/simulator/recorded-units.ts';
import type { CounterRange, SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { COVERING } from './protected-pair.ts';
import type { Pair } from './protected-pair.ts';

export function simulated({ simulator }: Pair): SimulatedCamera {
  const [camera] = simulator.cameras;
  if (camera === undefined) throw new Error('there is no camera');
  return camera;
}

export const judged = (pair: Pair, units: readonly RecordedUnit[]): CheckReport =>
  checkRecording(units, { cameraId: simulated(pair).id, stream: 'main', codec: 'h264' });

export const countersOf = ({ from, to }: CounterRange): readonly number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

/** Files below its data, also those on their way in or out. */
export async function filesBelow({ dir }: Pair): Promise<readonly string[]> {
  const names = await readdir(join(dir, COVERING), { recursive: true });
  return names.filter((name) => /\.(mp4|part)/.test(name)).toSorted();
}

/** Numbers of the access units of the main stream in them; a file that goes meanwhile went home. */
export async function countersBelow(pair: Pair): Promise<ReadonlySet<number>> {
  const units: RecordedUnit[] = [];
  for (const name of (await filesBelow(pair)).filter((one) => one.includes(`${pair.cameraId}/main/`))) {
    const bytes = await readFile(join(pair.dir, COVERING, name)).catch(() => new Uint8Array());
    for (const unit of readSegment(bytes, name).units) units.push(unit);
  }
  return countersIn(judged(pair, units));
}

/** Those that are there, of the first to the last. */
export function countersIn({ first, last, missing }: CheckReport): ReadonlySet<number> {
  if (first === undefined || last === undefined) return new Set();
  const holes = new Set(missing.flatMap(countersOf));
  return new Set(countersOf({ from: first, to: last + 1 }).filter((counter) => !holes.has(counter)));
}
