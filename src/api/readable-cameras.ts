/** The cameras that can be looked at here: those of this server, and those it records for others now. */
import type { CameraSettings } from '../site/camera.ts';
import type { Camera } from './contract/cameras.ts';

export type CoveredCamera = { readonly camera: CameraSettings; readonly coveredFor: NonNullable<Camera['coveredFor']> };

type CameraStatus = Omit<Camera, keyof CameraSettings>;
export type ReadableDeps = {
  readonly settings: { readonly cameras: { readonly get: () => { readonly cameras: readonly CameraSettings[] } } };
  readonly covered: () => readonly CoveredCamera[];
  readonly statusOf: (camera: CameraSettings) => CameraStatus;
};
/** With those that are covered for others; an own one wins over a covered one of the same id. */
export function readableCameras({ settings, covered, statusOf }: ReadableDeps): readonly ReadableCamera[] {
  const { cameras } = settings.cameras.get();
  const own = new Set(cameras.map(({ id }) => id));
  const others = covered().filter(({ camera: { id } }) => !own.has(id));
  return [
    ...cameras.map((record) => ({ id: record.id, record, more: () => statusOf(record) })),
    ...others.map(({ camera: record, coveredFor }) => ({
      id: record.id,
      record,
      more: () => ({ ...statusOf(record), coveredFor }),
    })),
  ];
}
export type ReadableCamera = {
  readonly id: string;
  readonly record: CameraSettings;
  readonly more: () => CameraStatus & Pick<Camera, 'coveredFor'>;
};
