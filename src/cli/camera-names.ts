/** What cameras are called that a server knows: its own, and those of the servers it protects. For what is printed only. */
import type { plan } from '../api/contract/failover.ts';
import type { z } from 'zod';
import { UnderstudyError } from '../core/errors.ts';
import type { ApiClient } from './api-client.ts';

export type Plan = z.infer<typeof plan>;
const NO_PLAN: Plan = { servers: [] };

/** Who covers whom, as planned; nothing for a token that may not see it. @throws as `call` */
export const planOf = async (api: ApiClient): Promise<Plan> => await allowed<Plan>(api, '/failover/plan', NO_PLAN);

/** By camera id. */
export async function cameraNamesOf(api: ApiClient): Promise<ReadonlyMap<string, string>> {
  const { items } = await allowed<Cameras>(api, '/cameras?limit=1000', { items: [] });
  const { servers } = await planOf(api);
  const others = servers.flatMap(({ cameras }) => cameras.map(({ cameraId, name }) => [cameraId, name] as const));
  return new Map([...others, ...items.map(({ id, name }) => [id, name] as const)]);
}
type Cameras = { readonly items: readonly { readonly id: string; readonly name: string }[] };

/** What it may not see is `otherwise`. @throws as `call` */
export async function allowed<Value>(api: ApiClient, path: string, otherwise: Value): Promise<Value> {
  try {
    return (await api.call('GET', path)) as Value;
  } catch (error) {
    if (error instanceof UnderstudyError && error.code === 'api/refused') return otherwise;
    throw error;
  }
}

/** The id of a camera that the server knows, by id or name. @throws cli/unknown-camera */
export async function cameraMeant(api: ApiClient, meant: string): Promise<string> {
  const names = await cameraNamesOf(api);
  if (names.has(meant)) return meant;
  const found = [...names].filter(([, name]) => name.toLowerCase() === meant.toLowerCase());
  const [[id] = []] = found;
  if (found.length === 1 && id !== undefined) return id;
  const message =
    found.length > 1
      ? `Several cameras are called ${meant}; say which by its id: ${found.map(([one]) => one).join(', ')}.`
      : `The server knows no camera ${meant}; its cameras: ${[...names.values()].slice(0, 20).join(', ')}.`;
  throw new UnderstudyError('not-found', 'cli/unknown-camera', message);
}
