/** Which cameras of the asked server a person means: by id, or by name. Belongs here: its own. Does not: those it covers (camera-names.ts). */
import type { Camera } from '../api/contract/cameras.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { ApiClient } from './api-client.ts';

/** A server has at most 128, and those it covers. */
export const camerasOf = async (api: Pick<ApiClient, 'call'>): Promise<readonly Camera[]> =>
  ((await api.call('GET', '/cameras?limit=1000')) as { readonly items: readonly Camera[] }).items;

/** In the order meant, each once. @throws cli/unknown-camera when none, or more than one, is meant; cli/covered-camera */
export async function findCameras(
  api: Pick<ApiClient, 'call'>,
  meant: readonly string[],
): Promise<readonly [Camera, ...Camera[]]> {
  const all = await camerasOf(api);
  const [first, ...more] = new Set(meant.map((text) => cameraIn(all, text)));
  if (first === undefined) throw new UnderstudyError('invalid', 'cli/usage', 'name at least one camera');
  return [first, ...more];
}

function cameraIn(all: readonly Camera[], meant: string): Camera {
  const named = all.filter(({ name }) => name.toLowerCase() === meant.toLowerCase());
  const found = all.find(({ id }) => id === meant) ?? (named.length === 1 ? named[0] : undefined);
  if (found === undefined) throw unknown(all, named, meant);
  if (found.coveredFor === undefined) return found;
  const message = `${found.name} is a camera of ${found.coveredFor.name}, which is only recorded here: change it there.`;
  throw new UnderstudyError('conflict', 'cli/covered-camera', message);
}

function unknown(all: readonly Camera[], named: readonly Camera[], meant: string): UnderstudyError {
  const ids = named.map(({ id }) => id).join(', ');
  const names = all.map(({ name }) => name).slice(0, 20);
  const message =
    named.length > 1
      ? `Several cameras are called ${meant}; say which by its id: ${ids}.`
      : `The server has no camera ${meant}; its cameras: ${names.join(', ') || 'none'}.`;
  return new UnderstudyError('not-found', 'cli/unknown-camera', message);
}
