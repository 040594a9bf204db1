/** Simulated cameras of one process: each on a port of its own, all on one clock. */
import type { Running } from '../core/running.ts';
import { startCamera } from './camera.ts';
import type { CameraOptions, SimulatedCamera, SimulatorDeps } from './simulated-camera.ts';

export type Simulator = Running & {
  readonly cameras: readonly SimulatedCamera[];
  readonly cameraOf: (id: string) => SimulatedCamera | undefined;
};

/** Resolves when every camera listens. */
export async function startSimulator(deps: SimulatorDeps, cameras: readonly CameraOptions[]): Promise<Simulator> {
  const running: SimulatedCamera[] = [];
  const stop = async (): Promise<void> => void (await Promise.all(running.map((camera) => camera.stop())));
  try {
    for (const [index, options] of cameras.entries())
      running.push(await startCamera(deps, { scene: index, ...options }));
  } catch (error) {
    await stop();
    throw error;
  }
  return { cameras: running, cameraOf: (id) => running.find((camera) => camera.id === id), stop };
}
