/**
 * Whether somebody looks at this tab, or did a moment ago. A browser opens six connections to a box, and the stream of events holds one
 * for as long as it lasts: a tab that nobody looks at gives it back, so that the tenth tab loads like the first.
 *
 * Belongs here: when to let go and when to begin again. Does not: the stream itself (event-stream.ts).
 *
 * A tab lets go after it was hidden for a while, and at once when another tab is shown in its place: whoever leafs through ten tabs in
 * as many seconds waits for none of them. One that is opened in the background begins when it is looked at.
 */

/** Whoever looks into another window for a moment comes back to what is fresh. */
export const LET_GO_MS = 30_000;
/** The tab that is shown may say so before this one hears that it is hidden. */
export const TOLD_BEFORE_MS = 1000;

type Undo = () => void;
export type Tab = {
  readonly isHidden: () => boolean;
  readonly onVisibility: (look: () => void) => void;
  /** Says to the other tabs of this box that this one is shown now. */
  readonly tell: () => void;
  readonly onTold: (told: () => void) => void;
  readonly after: (milliseconds: number, run: () => void) => Undo;
};

/** Calls `onChange` whenever it changes; whether it is seen now. */
export function watchSeen(tab: Tab, onChange: (isSeen: boolean) => void): boolean {
  let isSeen = !tab.isHidden();
  let keepWaiting: Undo | undefined;
  let forgetTold: Undo | undefined;
  const set = (now: boolean): void => {
    keepWaiting?.();
    keepWaiting = undefined;
    if (now === isSeen) return;
    isSeen = now;
    onChange(now);
  };
  const hidden = (): void => {
    if (forgetTold !== undefined) set(false);
    else if (isSeen) keepWaiting ??= tab.after(LET_GO_MS, () => set(false));
  };
  tab.onVisibility(() => {
    if (tab.isHidden()) {
      hidden();
      return;
    }
    tab.tell();
    set(true);
  });
  tab.onTold(() => {
    if (tab.isHidden()) {
      set(false);
      return;
    }
    forgetTold?.();
    forgetTold = tab.after(TOLD_BEFORE_MS, () => {
      forgetTold = undefined;
    });
  });
  if (isSeen) tab.tell();
  return isSeen;
}

/** The tab that this runs in. Its channel is closed while the browser keeps the page for the Back button, which an open one may prevent. */
export function thisTab(): Tab {
  let others: BroadcastChannel | undefined;
  const tell = (): void => others?.postMessage('shown');
  return {
    isHidden: () => document.hidden,
    onVisibility: (look) => document.addEventListener('visibilitychange', look),
    tell,
    onTold: (told) => {
      const open = (): void => {
        others?.close();
        others = new BroadcastChannel('understudy-tabs');
        others.addEventListener('message', told);
      };
      open();
      addEventListener('pagehide', () => {
        others?.close();
        others = undefined;
      });
      addEventListener('pageshow', ({ persisted }) => {
        if (!persisted) return;
        open();
        tell();
      });
    },
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => clearTimeout(timer);
    },
  };
}
