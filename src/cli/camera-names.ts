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
  const { items } = await allowed<Cameras>(api, '/cameras', { items: [] });
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
