/** A form that is sent once, however often Enter is pressed while the box answers. */
import { useRef, useState } from 'preact/hooks';

export type OneAtATime = {
  readonly busy: boolean;
  /** Nothing happens while another is under way. Resolves when it is over, and rejects as `work` does. */
  readonly run: (work: () => Promise<void>) => Promise<void>;
};

export function useOneAtATime(): OneAtATime {
  const [busy, setBusy] = useState(false);
  // The next press may come before the button is drawn as disabled.
  const isUnderway = useRef(false);
  return {
    busy,
    run: async (work) => {
      if (isUnderway.current) return;
      isUnderway.current = true;
      setBusy(true);
      try {
        await work();
      } finally {
        isUnderway.current = false;
        setBusy(false);
      }
    },
  };
}
