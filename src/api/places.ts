/** How many long-lived streams may be open: altogether, and for one user or token. Used by live events and live view. */

export type Places = {
  /** Takes a place; the function gives it back, once. Undefined: none is left. */
  readonly enter: (callerId: string) => (() => void) | undefined;
};

export function createPlaces({ all, each }: { readonly all: number; readonly each: number }): Places {
  const open = new Map<string, number>();
  let total = 0;
  return {
    enter: (callerId) => {
      const mine = open.get(callerId) ?? 0;
      if (mine >= each || total >= all) return undefined;
      open.set(callerId, mine + 1);
      total += 1;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        total -= 1;
        const others = (open.get(callerId) ?? 1) - 1;
        if (others > 0) open.set(callerId, others);
        else open.delete(callerId);
      };
    },
  };
}
