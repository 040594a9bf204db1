/** Cameras as they are set up on this box: adding, changing, removing, settings and secrets together, each told in the log. Does not: requests (routes/cameras.ts). */
import type { CameraAddressPolicy } from '../core/camera-address.ts';
import { UnderstudyError } from '../core/errors.ts';
import { createCameraId } from '../core/ids.ts';
import type { Settings } from '../settings/settings.ts';
import { cameraSecretName } from '../site/camera-credentials.ts';
import { MAX_CAMERAS } from '../site/camera.ts';
import type { CameraSettings } from '../site/camera.ts';
import type { ActivityLog } from './activity.ts';
import { applyChange, checkIfMatch, prepareChange } from './camera-changes.ts';
import type { CameraChange } from './camera-changes.ts';

export type StoredCamerasDeps = {
  readonly settings: Pick<Settings, 'cameras' | 'secrets'>;
  /** Begins to remove all footage of a camera that is no longer set up. */
  readonly deleteFootage: (cameraId: string) => Promise<void>;
  readonly addressPolicy: () => CameraAddressPolicy;
  /** What the site decides for cameras that are added without one. */
  readonly standbyLevelOf: (priority: CameraSettings['priority']) => CameraSettings['standbyLevel'] | undefined;
  readonly activity: Pick<ActivityLog, 'record'>;
};

/** @throws UnderstudyError `camera/unknown` */
export function foundCamera(cameras: readonly CameraSettings[], id: string): CameraSettings {
  const record = cameras.find((one) => one.id === id);
  if (record !== undefined) return record;
  throw new UnderstudyError('not-found', 'camera/unknown', `No camera has the id ${id.slice(0, 64)}.`);
}

/** @throws UnderstudyError `camera/too-many`, and what `prepareChange` throws */
export async function addCamera(deps: StoredCamerasDeps, asked: CameraChange, actor: string): Promise<CameraSettings> {
  const { settings, activity } = deps;
  const id = createCameraId();
  const standbyLevel = asked.standbyLevel ?? deps.standbyLevelOf(asked.priority ?? 'medium');
  const prepared = prepareChange({ ...asked, standbyLevel }, deps.addressPolicy());
  const record = applyChange(id, undefined, prepared);
  await withPassword(deps, [id], prepared.password, async () => {
    await settings.cameras.update(({ cameras }) => {
      if (cameras.length >= MAX_CAMERAS) throw tooMany();
      return { cameras: [...cameras, record] };
    });
  });
  const message = `Camera ${record.name} was added.`;
  activity.record({ severity: 'info', code: 'camera-added', message, cameraId: id, user: actor });
  return record;
}

const tooMany = (): UnderstudyError =>
  new UnderstudyError('conflict', 'camera/too-many', `This box records at most ${MAX_CAMERAS} cameras.`);

/** Secrets first: a camera never says that it has a password that is not there. */
async function withPassword(
  { settings }: StoredCamerasDeps,
  ids: readonly string[],
  password: string | null | undefined,
  save: () => Promise<void>,
): Promise<void> {
  if (password === undefined) return await save();
  const names = ids.map(cameraSecretName);
  const before = new Map(names.map((name) => [name, settings.secrets.get(name)]));
  await settings.secrets.set(new Map(names.map((name) => [name, password ?? undefined])));
  try {
    await save();
  } catch (error) {
    await settings.secrets.set(before);
    throw error;
  }
}

type By = { readonly actor: string; readonly ifMatch: string | undefined };
/** All or none. @throws UnderstudyError `camera/unknown`, `camera/changed` where another one was quicker */
export async function changeCameras(
  deps: StoredCamerasDeps,
  ids: readonly string[],
  asked: CameraChange,
  { actor, ifMatch }: By,
): Promise<readonly CameraSettings[]> {
  const { settings, activity } = deps;
  const prepared = prepareChange(asked, deps.addressPolicy());
  const before = settings.cameras.get().cameras;
  for (const id of ids) checkIfMatch(ifMatch, foundCamera(before, id)); // before any secret is touched
  await withPassword(deps, ids, prepared.password, async () => {
    await settings.cameras.update(({ cameras }) => {
      for (const id of ids) checkIfMatch(ifMatch, foundCamera(cameras, id));
      return { cameras: cameras.map((one) => (ids.includes(one.id) ? applyChange(one.id, one, prepared) : one)) };
    });
  });
  const after = settings.cameras.get().cameras.filter(({ id }) => ids.includes(id));
  for (const { id, name } of after) {
    activity.record({
      severity: 'info',
      code: 'camera-changed',
      message: `Camera ${name} was changed.`,
      cameraId: id,
      user: actor,
    });
  }
  return after;
}

/** All or none. @throws UnderstudyError `camera/unknown` */
export async function removeCameras(
  { settings, deleteFootage, activity }: StoredCamerasDeps,
  ids: readonly string[],
  footage: 'keep' | 'delete',
  actor: string,
): Promise<void> {
  const removed: CameraSettings[] = [];
  await settings.cameras.update(({ cameras }) => {
    removed.push(...ids.map((id) => foundCamera(cameras, id)));
    return { cameras: cameras.filter(({ id }) => !ids.includes(id)) };
  });
  await settings.secrets.set(new Map(ids.map((id) => [cameraSecretName(id), undefined])));
  for (const { id, name } of removed) {
    const message = `Camera ${name} was removed; its footage is ${footage === 'keep' ? 'kept' : 'deleted'}.`;
    activity.record({ severity: 'warning', code: 'camera-removed', message, cameraId: id, user: actor });
    if (footage === 'delete') await deleteFootage(id);
  }
}
