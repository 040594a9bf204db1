/** Where the focus goes when what had it is gone: never lost at the beginning of the page. */
const toPage = (): void => document.getElementById('main')?.focus();

/** Back to what opened a dialog; to the page if that is gone by then, or goes while it has the focus (a row that was deleted). */
export function giveBack(opener: Element | null): void {
  if (!(opener instanceof HTMLElement) || !opener.isConnected) return toPage();
  opener.focus();
  const goes = new MutationObserver(() => {
    if (opener.isConnected) return;
    stop();
    if (document.activeElement === document.body) toPage();
  });
  const stop = (): void => {
    goes.disconnect();
    document.removeEventListener('focusin', stop);
  };
  goes.observe(document.body, { childList: true, subtree: true });
  document.addEventListener('focusin', stop);
  return undefined;
}

/**
 * A button that is disabled while it works, or went with its step, takes the focus with it: `home` has it then. Asked after each
 * rendering; the browser notices after the frame. Returns what calls it off.
 */
export function keepFocus(home: HTMLElement | null | undefined): () => void {
  let timer = 0;
  const frame = requestAnimationFrame(() => {
    timer = window.setTimeout(() => {
      if (document.activeElement === document.body) home?.focus({ preventScroll: true });
    });
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
