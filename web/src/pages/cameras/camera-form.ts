/** What the dialog of a camera knows and does: testing, saving, and somebody else who was quicker. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { TestCameraResult } from '../../api/api.ts';
import { camerasAt } from '../../api/cameras.ts';
import { ApiError } from '../../api/client.ts';
import type { SiteCamera } from '../../api/site.ts';
import { refreshCameras, server } from '../../app/stores.ts';
import { toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { createOf, draftOf, refreshed, testOf, updateOf, type Draft } from './draft.ts';

export type Busy = 'no' | 'testing' | 'saving';
type Theirs = { readonly draft: Draft; readonly tag: string | undefined };
export type CameraForm = {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly serverId: string;
  readonly setServerId: (id: string) => void;
  readonly error: unknown;
  readonly busy: Busy;
  readonly result: TestCameraResult | undefined;
  /** What somebody else saved meanwhile. */
  readonly theirs: Theirs | undefined;
  readonly test: () => void;
  readonly save: () => void;
  readonly keepMine: () => void;
  readonly takeTheirs: () => void;
};

export function useCameraForm(camera: SiteCamera | undefined, onDone: () => void): CameraForm {
  const [draft, setDraft] = useState<Draft>(() => draftOf(camera));
  const [serverId, setServerId] = useState(camera?.server.id ?? server.peek()?.id ?? '');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState<Busy>('no');
  const [result, setResult] = useState<TestCameraResult>();
  const [theirs, setTheirs] = useState<Theirs>();
  // The list that it was opened from may be older than what the tag stands for.
  const renewed = (mine: Draft, there: Theirs | undefined): Draft =>
    there === undefined ? mine : refreshed(mine, draftOf(camera), there.draft);
  const isRenewed = useRef(false);
  const { read, setRead } = useRead(camera, (there) => {
    isRenewed.current = true;
    setDraft((mine) => renewed(mine, there));
  });
  const during = async (kind: 'testing' | 'saving', work: () => Promise<void>): Promise<void> => {
    setBusy(kind);
    setError(undefined);
    await work().catch(setError);
    setBusy('no');
  };
  const asIs: typeof renewed = (mine) => mine;
  const saveOver = (over: () => Promise<Theirs | undefined>, of = asIs): void =>
    void during('saving', async () => {
      const there = await over();
      const other = await saveOf(of(draft, there), { camera, serverId, tag: there?.tag });
      setTheirs(other);
      if (other !== undefined) return;
      toast(t(camera === undefined ? 'camera.added' : 'camera.saved', { name: draft.name }));
      onDone();
    });
  return {
    draft,
    set: (change) => setDraft((before) => ({ ...before, ...change })),
    serverId,
    setServerId,
    error,
    busy,
    result,
    theirs,
    test: () => void during('testing', async () => setResult(await camerasAt.test(serverId, testOf(draft, camera)))),
    // Once: what is set back to what the list says is a change too.
    save: () => saveOver(read, isRenewed.current ? asIs : renewed),
    keepMine: () => saveOver(async () => Promise.resolve(theirs)),
    takeTheirs: () => {
      if (theirs === undefined) return;
      setDraft(theirs.draft);
      setRead(theirs);
      setTheirs(undefined);
    },
  };
}

type Read = {
  /** Whoever saves before it is known waits for it. */
  readonly read: () => Promise<Theirs | undefined>;
  readonly setRead: (there: Theirs) => void;
};
/** What is there when the dialog is opened: which settings the change is made to. */
function useRead(camera: SiteCamera | undefined, onRead: (there: Theirs) => void): Read {
  const reading = useRef<Promise<Theirs | undefined>>(Promise.resolve(undefined));
  useEffect(() => {
    if (camera === undefined || !camera.serverConnected) return;
    reading.current = camerasAt.read(camera.server.id, camera.id).then(
      ({ value, tag }) => {
        const there = { draft: draftOf(value), tag };
        onRead(there);
        return there;
      },
      () => undefined, // saving says what is wrong
    );
  }, []);
  return {
    read: () => reading.current,
    setRead: (there) => {
      reading.current = Promise.resolve(there);
    },
  };
}

type Target = {
  readonly camera: SiteCamera | undefined;
  readonly serverId: string;
  readonly tag: string | undefined;
};
/** Answers what is there instead, if somebody else was quicker. */
async function saveOf(draft: Draft, { camera, serverId, tag }: Target): Promise<Theirs | undefined> {
  if (camera === undefined) await camerasAt.create(serverId, createOf(draft));
  else {
    try {
      await camerasAt.update(serverId, camera.id, updateOf(draft, camera), tag);
    } catch (error) {
      if (!(error instanceof ApiError) || error.problem.status !== 412) throw error;
      const there = await camerasAt.read(serverId, camera.id);
      return { draft: draftOf(there.value), tag: there.tag };
    }
  }
  await refreshCameras();
  return undefined;
}
