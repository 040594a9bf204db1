/** One action on one or many servers; each server answers for itself. */
import { ApiError } from '../../../api/client.ts';
import { serversApi, type BulkRequest } from '../../../api/servers.ts';
import { messageOf } from '../../../app/toasts.tsx';
import type { Action } from './rows.ts';
import type { RowOutcome } from './open.ts';
import { refreshServers, rowById } from './store.ts';

export type Wish = {
  readonly action: Action;
  readonly ids: readonly string[];
  /** Of those that leave the site. */
  readonly cameras?: 'keep' | 'remove';
  /** Names that were typed: done although footage is not home. */
  readonly confirm?: readonly string[];
  /** Of those that are disabled or leave: they wait for their footage. */
  readonly secure?: boolean;
};

export async function doAction({
  action,
  ids,
  cameras = 'keep',
  confirm = [],
  secure = false,
}: Wish): Promise<readonly RowOutcome[]> {
  try {
    if (action === 'forget') return await oneByOne(ids, (id) => serversApi.forget(id));
    if (action === 'cancel-detach') return await oneByOne(ids, (id) => serversApi.cancelDetach(id));
    return await together({ action, ids: [...ids], cameras, confirm: [...confirm], ...(secure ? { secure } : {}) });
  } finally {
    void refreshServers();
  }
}

const nameOf = (id: string): string => rowById(id)?.name ?? id.slice(0, 8);

async function together(request: BulkRequest): Promise<readonly RowOutcome[]> {
  const names = new Map(request.ids.map((id) => [id, nameOf(id)]));
  const { rows } = await serversApi.bulk(request);
  return rows.map((row) => ({ ...row, name: row.name ?? names.get(row.id) ?? row.id }));
}

async function oneByOne(
  ids: readonly string[],
  work: (id: string) => Promise<unknown>,
): Promise<readonly RowOutcome[]> {
  const outcomes: RowOutcome[] = [];
  for (const id of ids) {
    const name = nameOf(id);
    try {
      await work(id);
      outcomes.push({ id, name, ok: true });
    } catch (error) {
      const code = error instanceof ApiError ? error.problem.code : undefined;
      outcomes.push({ id, name, ok: false, message: messageOf(error), code });
    }
  }
  return outcomes;
}
