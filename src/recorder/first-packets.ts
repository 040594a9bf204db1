/**
 * Holds back the first packets of a session for a moment. Many cameras and proxies send the pictures since the last key frame in one
 * burst after PLAY: what arrives first is up to a key-frame interval old, and only what arrives last tells how late. With the
 * burst seen as a whole (media/rtp/wall-clock.ts) the first access unit gets its true time at once.
 *
 * Belongs here: keeping packets and how long. Does not: what they mean (media-intake.ts).
 */
/** A burst of 2 s of 4 Mbit/s takes 100 ms on a slow link, and reads come every 200 ms. */
export const MAX_HOLD_MS = 500;
/** A stream: beyond, the rest of the burst is taken as it comes, and its time is corrected slowly. */
export const MAX_HELD_BYTES: number = 2 * 1024 * 1024;
export const MAX_HELD_PACKETS = 4096;

type Held = { readonly track: number; readonly bytes: Uint8Array; readonly lostBefore: boolean };
export type FirstPackets = {
  /** False: nothing is held any more, the packet is the caller's. Borrowed bytes. */
  readonly hold: (track: number, bytes: Uint8Array, lostBefore: boolean) => boolean;
  readonly isHolding: () => boolean;
  /** `at`: monotonic milliseconds. */
  readonly timePassed: (at: number) => void;
  /** Everything held, in the order it came, and nothing more is held. */
  readonly release: () => void;
};

/** `deliver` may throw: what is left is dropped then. */
export function createFirstPackets(
  deliver: (track: number, bytes: Uint8Array, lostBefore: boolean) => void,
  monotonic: () => number,
): FirstPackets {
  let held: Held[] = [];
  let holding = true;
  let size = 0;
  let since: number | undefined;
  const release = (): void => {
    if (!holding) return;
    holding = false;
    const all = held;
    held = [];
    for (const { track, bytes, lostBefore } of all) deliver(track, bytes, lostBefore);
  };
  return {
    hold: (track, bytes, lostBefore) => {
      if (!holding) return false;
      if (size + bytes.length > MAX_HELD_BYTES || held.length >= MAX_HELD_PACKETS) release();
      if (!holding) return false;
      since ??= monotonic();
      size += bytes.length;
      held.push({ track, bytes: Uint8Array.from(bytes), lostBefore });
      return true;
    },
    isHolding: () => holding,
    timePassed: (at) => {
      if (holding && since !== undefined && at - since >= MAX_HOLD_MS) release();
    },
    release,
  };
}
