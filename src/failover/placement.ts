/**
 * Places cameras on members, one at a time: weighted rendezvous among those with room, and one move of another camera where
 * reachability leaves no room otherwise. The result depends on nothing but the calls and their order.
 *
 * Belongs here: room, choice, repair. Does not: the order of the cameras and what a shortage means (plan.ts).
 */
import type { Member, PlanCamera } from './plan-types.ts';
import { hashOf } from './epochs.ts';

/** Looks at so many moves in one plan at most; counted, not timed, so that every server comes to the same plan. */
export const MAX_REPAIR_WORK = 200_000;

export type Slot = {
  readonly member: Member;
  readonly hash: number;
  /** 1 / weight: the room at the beginning weighs. */
  readonly share: number;
  room: number;
  taken: number;
  /** With one server at a time: the server whose cameras it has. */
  serving: string | undefined;
};
/** A camera that wants a place, and its place; made by `askOf`, changed here only. */
export type Ask = { readonly camera: PlanCamera; slot: Slot | undefined; isFixed: boolean };
export const askOf = (camera: PlanCamera): Ask => ({ camera, slot: undefined, isFixed: false });

export type Placement = {
  /** Where it records now, if there is room and policy allows. */
  readonly keep: (ask: Ask, memberId: string) => boolean;
  readonly place: (ask: Ask) => boolean;
  readonly remove: (ask: Ask) => void;
  /** Takes room for this camera beside the place that it has, with anybody but `exceptId`; nobody is moved for it. */
  readonly placeBeside: (camera: PlanCamera, exceptId: string) => string | undefined;
  /** Left over all members. */
  readonly room: () => number;
  /** A member that reaches it and may serve its server, full or not. */
  readonly couldServe: (camera: PlanCamera, question: 'reach' | 'serve') => boolean;
};

/**
 * `oneServer`: a member covers one server at a time, and cameras of one server stay together where they fit. `asks`: all that
 * will ever be placed; a repair looks through them in this order.
 */
export function createPlacement(members: readonly Member[], asks: readonly Ask[], oneServer: boolean): Placement {
  const slots = slotsOf(members);
  const byId = new Map(slots.map((slot) => [slot.member.id, slot]));
  let work = MAX_REPAIR_WORK;
  const total = { room: slots.reduce((sum, slot) => sum + slot.room, 0) };
  const fits = (slot: Slot, camera: PlanCamera): boolean =>
    reaches(slot, camera) && (!oneServer || slot.serving === undefined || slot.serving === camera.serverId);
  const put = (ask: Ask, slot: Slot, isFixed: boolean): void => {
    ask.slot = slot;
    ask.isFixed = isFixed;
    occupy(slot, total, ask.camera);
  };
  const bestFor = (camera: PlanCamera, exceptId?: string): Slot | undefined => {
    if (total.room <= 0) return undefined;
    const isOpen = (slot: Slot): boolean => slot.member.id !== exceptId && fits(slot, camera);
    return best(slots, oneServer ? camera.serverId : camera.id, isOpen);
  };
  /** Another camera makes way, if it has somewhere to go and is not recorded where it is. */
  const makeRoom = (camera: PlanCamera): Slot | undefined => {
    for (const other of asks) {
      work -= 1;
      if (total.room <= 0 || work <= 0) return undefined;
      const { slot } = other;
      if (slot === undefined || other.isFixed || !fits(slot, camera)) continue;
      const target = bestFor(other.camera);
      work -= slots.length;
      if (target === undefined) continue;
      count(slot, total, -1);
      put(other, target, false);
      return slot;
    }
    return undefined;
  };
  return {
    keep: (ask, memberId) => {
      const slot = byId.get(memberId);
      if (slot === undefined || slot.room <= 0 || !fits(slot, ask.camera)) return false;
      put(ask, slot, true);
      return true;
    },
    place: (ask) => {
      const slot = bestFor(ask.camera) ?? makeRoom(ask.camera);
      if (slot !== undefined) put(ask, slot, false);
      return slot !== undefined;
    },
    remove: (ask) => {
      if (ask.slot !== undefined) count(ask.slot, total, -1);
      ask.slot = undefined;
    },
    placeBeside: (camera, exceptId) => {
      const slot = bestFor(camera, exceptId);
      if (slot !== undefined) occupy(slot, total, camera);
      return slot?.member.id;
    },
    room: () => total.room,
    couldServe: (camera, question) =>
      slots.some((slot) => (question === 'reach' ? reaches(slot, camera) : fits(slot, camera))),
  };
}

function occupy(slot: Slot, total: { room: number }, { serverId }: PlanCamera): void {
  count(slot, total, 1);
  slot.serving = serverId;
}

/** One camera more or less. */
function count(slot: Slot, total: { room: number }, cameras: 1 | -1): void {
  slot.room -= cameras;
  slot.taken += cameras;
  total.room -= cameras;
  if (slot.taken === 0) slot.serving = undefined;
}

const reaches = ({ member: { unreachable } }: Slot, { id }: PlanCamera): boolean =>
  unreachable.size === 0 || !unreachable.has(id);

function slotsOf(members: readonly Member[]): readonly Slot[] {
  return members
    .toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    .map((member): Slot => {
      const room = Math.max(0, Math.floor(Math.min(member.channels, member.seats)));
      return {
        member,
        hash: hashOf(member.id),
        share: room === 0 ? Infinity : 1 / room,
        room,
        taken: 0,
        serving: undefined,
      };
    });
}

/** Weighted rendezvous: the least `-ln(u) / weight`, with `u` drawn by hash from key and member; ties by id. */
function best(slots: readonly Slot[], key: string, isOpen: (slot: Slot) => boolean): Slot | undefined {
  const hash = hashOf(key);
  let winner: Slot | undefined;
  let least = Infinity;
  for (const slot of slots) {
    if (slot.room <= 0) continue;
    const drawn = drawOf(hash, slot.hash);
    // -ln(u) is at least 1 - u: most members are out before the logarithm.
    if ((DRAWS - drawn) * slot.share >= least || !isOpen(slot)) continue;
    const cost = costOf(drawn, slot);
    if (cost >= least) continue;
    winner = slot;
    least = cost;
  }
  return winner;
}

const DRAWS = 4_294_967_296;
const costOf = (drawn: number, { share }: Slot): number => -Math.log((drawn + 1) / DRAWS) * DRAWS * share;
/** 0 to `DRAWS - 1`. */
function drawOf(a: number, b: number): number {
  const mixed = Math.imul(a ^ b, 0x85ebca6b);
  const again = Math.imul(mixed ^ (mixed >>> 13) ^ (b >>> 7), 0xc2b2ae35);
  return (again ^ (again >>> 15)) >>> 0;
}

/** Members in the order in which they step in for a camera: the planned one first, then by rendezvous. */
export function rankedFor(
  camera: Pick<PlanCamera, 'id'>,
  members: readonly Member[],
  planned: string | undefined,
): readonly string[] {
  const hash = hashOf(camera.id);
  const costs = slotsOf(members)
    .filter(({ member, room }) => room > 0 && !member.unreachable.has(camera.id))
    .map((slot) => ({ id: slot.member.id, cost: costOf(drawOf(hash, slot.hash), slot) }))
    .sort((a, b) => a.cost - b.cost);
  const ids = costs.map(({ id }) => id);
  return planned === undefined || !ids.includes(planned) ? ids : [planned, ...ids.filter((id) => id !== planned)];
}
