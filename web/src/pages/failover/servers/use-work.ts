/** What a dialog is doing, and what went wrong with it. */
import { useState } from 'preact/hooks';

export type Work = {
  readonly busy: boolean;
  readonly error: unknown;
  readonly setError: (error: unknown) => void;
  /** Resolves to whether it succeeded. */
  readonly during: (work: () => Promise<void>) => Promise<boolean>;
};

export function useWork(): Work {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  return {
    busy,
    error,
    setError,
    during: async (work) => {
      setBusy(true);
      setError(undefined);
      try {
        await work();
        return true;
      } catch (caught) {
        setError(caught);
        return false;
      } finally {
        setBusy(false);
      }
    },
  };
}
