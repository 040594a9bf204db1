/**
 * At most so many cameras are being connected at once: 128 that come back together would otherwise fill the event loop
 * with handshakes while others are recording, and the switch with SYNs.
 */
/** A handshake takes about 15 ms of waiting on a LAN; 16 at once bring 128 back within a second. */
export const MAX_CONNECTING = 16;

export type ConnectGate = {
  /** Resolves with a release function when it is this one's turn; `undefined` if `signal` was aborted before. */
  readonly enter: (signal: AbortSignal) => Promise<(() => void) | undefined>;
};

export function createConnectGate(most: number = MAX_CONNECTING): ConnectGate {
  let inside = 0;
  const queue: (() => void)[] = [];
  const leave = (): void => {
    inside -= 1;
    queue.shift()?.();
  };
  return {
    enter: async (signal) => {
      // oxlint-disable-next-line no-unmodified-loop-condition -- others leave while this one waits
      while (inside >= most && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        queue.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
        await promise;
      }
      if (signal.aborted) {
        queue.shift()?.();
        return undefined;
      }
      inside += 1;
      let released = false;
      return () => {
        if (!released) leave();
        released = true;
      };
    },
  };
}
