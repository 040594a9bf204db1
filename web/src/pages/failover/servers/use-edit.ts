/** One server as it was read, as it was typed, and as somebody else saved it meanwhile. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, type Tagged } from '../../../api/client.ts';
import { serversApi, type ChangeServer, type KnownServer } from '../../../api/servers.ts';
import { refreshServer } from '../../../app/stores.ts';
import { toast } from '../../../app/toasts.tsx';
import { t } from '../../../messages/servers/words.ts';
import { changeOf, draftOf, type Draft } from './draft.ts';
import { isAtWork, type ServerRow } from './rows.ts';
import { refreshServers } from './store.ts';
import { useWork, type Work } from './use-work.ts';

export type Edit = Pick<Work, 'busy' | 'error'> & {
  /** `undefined` until it was read. */
  readonly draft: Draft | undefined;
  readonly setDraft: (draft: Draft) => void;
  /** Saved by somebody else while this was typed. */
  readonly theirs: KnownServer | undefined;
  /** It takes part in a takeover, and would be looked for elsewhere. */
  readonly isRisky: boolean;
  readonly save: () => Promise<void>;
  readonly takeTheirs: () => void;
};

export function useEdit(row: ServerRow, onSaved: () => void): Edit {
  const [before, setBefore] = useState<Tagged<KnownServer>>();
  const [theirs, setTheirs] = useState<Tagged<KnownServer>>();
  const [draft, setDraft] = useState<Draft | undefined>(() =>
    row.known === undefined ? draftOf(row.name, undefined) : undefined,
  );
  const { busy, error, during } = useWork();
  const read = async (): Promise<void> => {
    const answer = await serversApi.server(row.id);
    setBefore(answer);
    setDraft(draftOf(answer.value.name, answer.value));
  };
  useEffect(() => {
    if (row.known !== undefined) void during(read);
  }, []);
  const change = draft === undefined ? {} : changeOf(draft, before?.value);
  return {
    busy,
    error,
    draft,
    setDraft,
    theirs: theirs?.value,
    isRisky: isAtWork(row) && isMove(change),
    save: async () => {
      if (draft === undefined) return;
      let isDone = false;
      await during(async () => {
        isDone = await saved(row, draft, { change, tag: (theirs ?? before)?.tag });
        if (!isDone) setTheirs(await serversApi.server(row.id));
      });
      if (!isDone) return;
      toast(t('edit.saved', { name: draft.name }));
      onSaved();
    },
    takeTheirs: () => {
      if (theirs === undefined || draft === undefined) return;
      setBefore(theirs);
      setDraft({ ...draftOf(theirs.value.name, theirs.value), name: draft.name });
      setTheirs(undefined);
    },
  };
}

const isMove = ({ host, httpPort, peerPort }: ChangeServer): boolean =>
  host !== undefined || httpPort !== undefined || peerPort !== undefined;

type Save = { readonly change: ChangeServer; readonly tag: string | undefined };
/** False: somebody else changed it meanwhile, and nothing was saved. */
async function saved(row: ServerRow, draft: Draft, { change, tag }: Save): Promise<boolean> {
  try {
    if (Object.keys(change).length > 0) await serversApi.change(row.id, change, tag);
  } catch (error) {
    if (error instanceof ApiError && error.problem.status === 412) return false;
    throw error;
  }
  if (draft.name !== row.name) {
    if (row.isOwn) await serversApi.renameThisBox(draft.name);
    else await serversApi.rename(row.id, draft.name);
  }
  await Promise.all([refreshServers(), ...(row.isOwn ? [refreshServer()] : [])]);
  return true;
}
