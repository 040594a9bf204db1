/** Pairing codes, both ways: this box shows one and waits for the other, or takes the code that the other one shows. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { serversApi, type PairingCode } from '../../../../api/servers.ts';
import { toast } from '../../../../app/toasts.tsx';
import { t } from '../../../../messages/adding/words.ts';
import { newcomerOf } from '../rows.ts';
import { canAdd, refreshServers, rows } from '../store.ts';

export type PairingDraft = { readonly host: string; readonly peerPort: string; readonly code: string };
export type PairingForm = {
  readonly direction: 'show' | 'take';
  readonly setDirection: (direction: 'show' | 'take') => void;
  readonly draft: PairingDraft;
  readonly set: (change: Partial<PairingDraft>) => void;
  readonly shown: PairingCode | undefined;
  /** Of the server that came in by the code shown. */
  readonly joined: string | undefined;
  readonly busy: boolean;
  readonly error: unknown;
  readonly show: () => Promise<void>;
  readonly take: () => Promise<void>;
};

export function usePairing(onAdded: () => void): PairingForm {
  const [direction, setDirection] = useState<'show' | 'take'>(canAdd.value ? 'show' : 'take');
  const [draft, setDraft] = useState<PairingDraft>({ host: '', peerPort: '51410', code: '' });
  const [shown, setShown] = useState<PairingCode>();
  const [joined, setJoined] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const before = useRef<ReadonlySet<string>>(new Set());
  const all = rows.value ?? [];
  const during = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setError(undefined);
    await work().catch(setError);
    setBusy(false);
  };
  useEffect(() => {
    const newcomer = shown === undefined ? undefined : newcomerOf(all, before.current);
    if (newcomer !== undefined && joined === undefined) setJoined(newcomer.name);
  }, [all, shown]);
  const show = (): Promise<void> =>
    during(async () => {
      before.current = new Set(all.map(({ id }) => id));
      setJoined(undefined);
      setShown(await serversApi.pairingCode());
    });
  return {
    direction,
    setDirection: (next) => {
      setDirection(next);
      setError(undefined);
    },
    draft,
    set: (change) => setDraft((was) => ({ ...was, ...change })),
    shown,
    joined,
    busy,
    error,
    show,
    take: () => {
      if (direction === 'show') return show();
      return during(async () => {
        const { host, peerPort, code } = draft;
        const { name } = await serversApi.pair({ host: host.trim(), peerPort: Number(peerPort), code: code.trim() });
        await refreshServers();
        toast(t('pair.done', { name }));
        onAdded();
      });
    },
  };
}
