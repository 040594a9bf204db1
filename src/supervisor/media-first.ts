/**
 * Media records before control loads: a start costs both much reading and computing, and on a small or busy box they would take it
 * from each other, while only media loses frames.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';

/** Media takes a quarter of a second, or a second on a busy box. If it does not come at all, control is there to say so. */
export const MEDIA_HEAD_START_MS = 1500;
const LOOK_MS = 10;

/** Made by media once the orders that it kept are under way (docs/design/media-protocol.md). */
const socketOf = (dataDir: string): string => join(dataDir, 'run', 'media.sock');

/** Before media is started: the socket of one that was killed is still there. */
export function forgetMedia(dataDir: string): void {
  try {
    rmSync(socketOf(dataDir), { force: true });
  } catch {
    // A folder that cannot be written to is for media to complain of.
  }
}

/** Until media has begun, `MEDIA_HEAD_START_MS` are over, or the service is stopped. */
export async function mediaHasBegun(
  dataDir: string,
  clock: Pick<Clock, 'monotonic' | 'sleep'>,
  isStopping: () => boolean,
): Promise<void> {
  const until = clock.monotonic() + MEDIA_HEAD_START_MS;
  while (!existsSync(socketOf(dataDir)) && !isStopping() && clock.monotonic() < until)
    await clock.sleep(durationMs(LOOK_MS));
}
