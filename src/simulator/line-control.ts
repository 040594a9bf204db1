/**
 * Orders to simulated cameras as lines of JSON, one answer line each: `{"camera":"cam-1","fault":{"kind":"stall","seconds":5}}`
 * (`"*"` is every camera), `{"sessions":"cam-1"}`, `{"position":"cam-1"}`. Pure but for the cameras.
 */
import { z } from 'zod';
import { faultSchema } from './faults.ts';
import type { SimulatedCamera } from './simulated-camera.ts';
import type { Simulator } from './simulator.ts';

/** One line; faults are short. */
export const MAX_LINE = 64 * 1024;

const commandSchema = z.union([
  z.strictObject({ camera: z.string().max(64), fault: faultSchema }),
  z.strictObject({ sessions: z.string().max(64) }),
  z.strictObject({ position: z.string().max(64) }),
]);

export type CameraSummary = {
  readonly id: string;
  readonly port: number;
  readonly main: string;
  readonly sub: string;
  readonly origin: number;
  readonly frameMs: number;
  readonly framesPerLoop: number;
};

export const summaryOf = (camera: SimulatedCamera): CameraSummary => ({
  id: camera.id,
  port: camera.port,
  main: camera.urlOf('main'),
  sub: camera.urlOf('sub'),
  origin: camera.origin,
  frameMs: camera.frameMs,
  framesPerLoop: camera.framesPerLoop,
});

/** Carries out one line; the answer is one line of JSON, `{"ok":false,"message":…}` for what cannot be understood. */
export function obeyLine(simulator: Pick<Simulator, 'cameras'>, line: string): string {
  const command = parseLine(line);
  if ('message' in command) return JSON.stringify({ ok: false, message: command.message });
  const id = 'camera' in command ? command.camera : 'sessions' in command ? command.sessions : command.position;
  const cameras = simulator.cameras.filter((camera) => id === '*' || camera.id === id);
  if (cameras.length === 0) return JSON.stringify({ ok: false, message: `no camera is called ${id}` });
  if ('fault' in command) {
    for (const camera of cameras) camera.order(command.fault);
    return JSON.stringify({ ok: true });
  }
  if ('sessions' in command) {
    return JSON.stringify({ ok: true, sessions: cameras.flatMap((camera) => camera.sessions()) });
  }
  return JSON.stringify({ ok: true, positions: cameras.map((camera) => [camera.id, camera.position()]) });
}

function parseLine(line: string): z.infer<typeof commandSchema> | { readonly message: string } {
  if (line.length > MAX_LINE) return { message: `expected a line of at most ${MAX_LINE} characters` };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { message: 'expected a line of JSON' };
  }
  const parsed = commandSchema.safeParse(value);
  return parsed.success ? parsed.data : { message: z.prettifyError(parsed.error) };
}
