/**
 * When to ask again about a time at which nothing was told to lie although the timeline expects something there: a server that was away,
 * or late, has answered since; footage has come home. Pure.
 */
export type Doubt = {
  /** How it is now, told often; true when it has been in doubt for so long that it is asked again. */
  readonly note: (isDoubted: boolean, now: number) => boolean;
};
/** A seam between two servers that is played across is shorter: it is no reason to load anything anew. */
export const DOUBT_MS = 3000;

export function createDoubt(): Doubt {
  let since: number | undefined;
  return {
    note: (isDoubted, now) => {
      if (!isDoubted) since = undefined;
      else since ??= now;
      if (since === undefined || now - since < DOUBT_MS) return false;
      since = now;
      return true;
    },
  };
}
