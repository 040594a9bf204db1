/**
 * Cameras of the simulation: any number of servers may record most of them, one alone a narrow one. Whoever has the session of a
 * narrow camera keeps it until he leaves it, or until the camera notices that he is gone.
 */
import { createRandom } from '../../support/seeded-random.ts';
import type { Engine } from './engine.ts';

/** It is closed in order, or by the kernel of a process that is gone. */
const LEFT_MS = 60;
/** A camera that hears nothing more. Real ones take up to a minute; then nobody could record it, whatever anybody did. */
const TIMEOUT_MS = 1500;

export type Cameras = {
  readonly isNarrow: (cameraId: string) => boolean;
  /** False: somebody else has its session. */
  readonly take: (cameraId: string, by: string) => boolean;
  readonly leave: (cameraId: string, by: string, how?: 'kill' | 'power') => void;
  readonly holder: (cameraId: string) => string | undefined;
};

export function createCameras(engine: Engine, seed: number, cameraIds: readonly string[]): Cameras {
  // Half of the sites, by draws of their own: what happens to the others does not depend on it.
  const random = createRandom(seed + 0x5eed);
  const narrow = new Set(seed % 4 >= 2 ? cameraIds.filter(() => random.chance(0.5)) : []);
  const sessions = new Map<string, { readonly by: string }>();
  return {
    isNarrow: (cameraId) => narrow.has(cameraId),
    take: (cameraId, by) => {
      const session = sessions.get(cameraId);
      if (!narrow.has(cameraId)) return true;
      if (session !== undefined && session.by !== by) return false;
      sessions.set(cameraId, { by });
      return true;
    },
    leave: (cameraId, by, how = 'kill') => {
      const session = sessions.get(cameraId);
      if (session?.by !== by) return;
      engine.at(engine.now() + (how === 'power' ? TIMEOUT_MS : LEFT_MS), () => {
        if (sessions.get(cameraId) === session) sessions.delete(cameraId);
      });
    },
    holder: (cameraId) => sessions.get(cameraId)?.by,
  };
}
