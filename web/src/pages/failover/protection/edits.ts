/** Priorities and standby levels on their way: shown at once, until the plan shows them too. */
import { signal } from '@preact/signals';
import { protectionApi, type Plan } from '../../../api/protection.ts';
import { editKey, isShown, type Camera, type Edit } from './model.ts';

type Pending = Edit & { readonly serverId: string; readonly cameraId: string; readonly until: number };
export const edits = signal<ReadonlyMap<string, Pending>>(new Map());

/** A server tells its host of a change with its next sign of life; a plan that does not show it by then never will. */
const SHOWN_WITHIN_MS = 20_000;

/** One request a server. @throws ApiError of the first that refuses; what others took stays */
export async function changeCameras(cameras: readonly Camera[], change: Edit): Promise<void> {
  const keys = cameras.map(({ serverId, cameraId }) => editKey(serverId, cameraId));
  const until = Date.now() + SHOWN_WITHIN_MS;
  const next = new Map(edits.peek());
  for (const { serverId, cameraId } of cameras) {
    const key = editKey(serverId, cameraId);
    next.set(key, { ...next.get(key), ...change, serverId, cameraId, until });
  }
  edits.value = next;
  const outcomes = await Promise.allSettled(
    [...Map.groupBy(cameras, ({ serverId }) => serverId)].map(async ([serverId, ones]) => {
      const ids = ones.map(({ cameraId }) => cameraId);
      await protectionApi.changeCameras(serverId, ids, change).catch((error: unknown) => {
        forget(keys.filter((key) => key.startsWith(`${serverId}/`)));
        throw error;
      });
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

export function forgetShown(plan: Plan, now: number): void {
  const shown = [...edits.peek()].filter(
    ([, edit]) => edit.until < now || isShown(plan, edit.serverId, edit.cameraId, edit),
  );
  forget(shown.map(([key]) => key));
}

function forget(keys: readonly string[]): void {
  if (keys.length === 0) return;
  const next = new Map(edits.peek());
  for (const key of keys) next.delete(key);
  edits.value = next;
}
