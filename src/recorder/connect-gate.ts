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
  /** In the order they came; whoever gives up leaves the queue. */
  const queue = new Set<() => void>();
  /** A place goes straight to the next: nobody can come in between, and none is lost. */
  const leave = (): void => {
    const [next] = queue;
    if (next === undefined) inside -= 1;
    else {
      queue.delete(next);
      next();
    }
  };
  const placeOf = (): (() => void) => {
    let released = false;
    return () => {
      if (!released) leave();
      released = true;
    };
  };
  return {
    enter: (signal) => {
      if (signal.aborted) return Promise.resolve(undefined);
      if (inside < most) {
        inside += 1;
        return Promise.resolve(placeOf());
      }
      return new Promise((resolve) => {
        const giveUp = (): void => {
          queue.delete(take);
          resolve(undefined);
        };
        const take = (): void => {
          signal.removeEventListener('abort', giveUp);
          resolve(placeOf());
        };
        queue.add(take);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
