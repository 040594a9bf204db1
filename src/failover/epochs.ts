/**
 * Epochs of covers: numbers of which no two servers ever give themselves the same one, so that "the higher epoch wins" alone decides.
 *
 * An epoch is a round and a slot: `round * 256 + slot`. Within a round each server has a slot of its own: 0 for the protected server
 * itself, 255 for epochs that the host issues (so they win over provisional ones of the same round), 1 to 254 for failover servers,
 * by hash of the id and, where two ids meet, the next free one in the order of ids.
 *
 * Belongs here: the arithmetic. Does not: who may take one when (claims.ts), how the host issues them (coordination).
 */
export const SLOTS = 256;
export const HOME_SLOT = 0;
export const HOST_SLOT = 255;
/** Above, a claim is not believed: numbers in JSON stay exact, and nobody can exhaust the epochs with one message. */
export const MAX_EPOCH: number = 2 ** 48;

/** The first epoch of `slot` above everything known. @throws RangeError past `MAX_EPOCH` */
export function nextEpoch(maxKnown: number, slot: number): number {
  if (!Number.isSafeInteger(maxKnown) || maxKnown < 0 || maxKnown >= MAX_EPOCH)
    throw new RangeError(`expected an epoch below 2^48, got ${maxKnown}`);
  const round = Math.floor(maxKnown / SLOTS);
  const here = round * SLOTS + slot;
  return here > maxKnown ? here : here + SLOTS;
}
/** What a protected server takes for itself when it is back: above every epoch in which it was covered. */
export const homeEpoch = (maxKnown: number): number => nextEpoch(maxKnown, HOME_SLOT);
export const issuedByHost = (epoch: number): boolean => epoch % SLOTS === HOST_SLOT;

/** Slot of a failover server among all that the site knows (`ids`, itself included or not). */
export function slotOf(id: string, ids: Iterable<string>): number {
  const taken = new Set<number>();
  for (const other of [...new Set([...ids, id])].sort()) {
    let slot = 1 + (hashOf(other) % (HOST_SLOT - 1));
    while (taken.has(slot) && taken.size < HOST_SLOT - 1) slot = 1 + (slot % (HOST_SLOT - 1));
    if (other === id) return slot;
    taken.add(slot);
  }
  return 1;
}

/** FNV-1a with a final mix; 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
