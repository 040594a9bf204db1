/**
 * Who covers whom: cameras of failed servers to failover servers. Pure and deterministic: the same inputs give the same plan
 * on every failover server, so nobody needs to talk before he covers (docs/design/coordination.md).
 *
 * Nothing that is being recorded is moved, unless a camera of a higher priority has no channel while one of a lower has.
 * Belongs here: order, shortage, reasons. Does not: the choice of a member (placement.ts), stepping in (claims.ts).
 */
import type { MissingCause } from '../ledger/causes.ts';
import type { Member, PlanCamera } from './plan-types.ts';
import { askOf, createPlacement } from './placement.ts';
import type { Ask, Placement } from './placement.ts';

export type PlanRequest = {
  readonly members: readonly Member[];
  /** In the order in which their servers failed: the first to fail is taken first (product B10). */
  readonly cameras: readonly PlanCamera[];
  /** Who records a camera now, by camera id: it stays there. */
  readonly present: ReadonlyMap<string, string>;
  readonly shortage: 'all-or-nothing' | 'by-name' | 'by-priority';
  readonly oneServerAtATime: boolean;
};
export type NotCovered = { readonly camera: PlanCamera; readonly cause: MissingCause; readonly detail: string };
export type Plan = {
  /** Camera id to member id. */
  readonly assigned: ReadonlyMap<string, string>;
  readonly notCovered: readonly NotCovered[];
};

/** Of priority, the first is served first. */
export const CLASSES = ['high', 'medium', 'low'] as const;

type Classes = readonly (readonly Ask[])[];

export function planCover(request: PlanRequest): Plan {
  const servers = serversOf(request.cameras);
  const asks = servers.flat();
  const whole = request.shortage === 'all-or-nothing';
  const classes = request.shortage === 'by-priority' ? byPriority(asks) : [asks];
  const create = (): Placement => createPlacement(request.members, asks, request.oneServerAtATime);
  let placement = whole ? placeWhole(request, servers, create()) : placeClasses(request, classes, create());
  // Only then is anything moved: a higher class goes without while a lower one has a channel.
  if (!whole && leavesOutHigher(placement, classes)) {
    for (const ask of asks) placement.remove(ask);
    placement = create();
    for (const cameras of classes) placeClasses(request, [cameras], placement);
  }
  const never = request.cameras.filter(({ priority }) => priority === 'never');
  const left = asks.filter(({ slot }) => slot === undefined).map(({ camera }) => camera);
  return {
    assigned: new Map(asks.flatMap(({ camera, slot }) => (slot === undefined ? [] : [[camera.id, slot.member.id]]))),
    notCovered: [
      ...never.map((camera) => ({
        camera,
        cause: 'not-covered-priority' as const,
        detail: 'Its priority is Never.',
      })),
      ...reasonsOf(left, request, placement),
    ],
  };
}

/** Without the cameras of priority Never; each server's in natural order of their names. */
function serversOf(cameras: readonly PlanCamera[]): readonly (readonly Ask[])[] {
  const wanted = cameras.filter(({ priority }) => priority !== 'never');
  const servers = Map.groupBy(wanted, ({ serverId }) => serverId);
  return [...servers.values()].map((list) => inNaturalOrder(list).map(askOf));
}

const byPriority = (asks: readonly Ask[]): Classes =>
  CLASSES.map((priority) => asks.filter(({ camera }) => camera.priority === priority));

/** Whatever is recorded now keeps its place, before any of these classes is looked at. */
function placeClasses(request: PlanRequest, classes: Classes, placement: Placement): Placement {
  for (const asks of classes) keepPresent(placement, asks, request);
  for (const asks of classes) for (const ask of asks) if (ask.slot === undefined) placement.place(ask);
  return placement;
}

function keepPresent(placement: Placement, asks: readonly Ask[], { present }: PlanRequest): void {
  if (present.size === 0) return;
  for (const ask of asks) {
    const memberId = present.get(ask.camera.id);
    if (memberId !== undefined) placement.keep(ask, memberId);
  }
}

function placeWhole(request: PlanRequest, servers: Classes, placement: Placement): Placement {
  for (const asks of servers) keepPresent(placement, asks, request);
  for (const asks of servers) {
    const added = asks.filter(({ slot }) => slot === undefined);
    if (added.length > placement.room()) continue;
    if (added.every((ask) => placement.place(ask))) continue;
    for (const ask of added) placement.remove(ask);
  }
  return placement;
}

function leavesOutHigher(placement: Placement, classes: Classes): boolean {
  const lowestPlaced = classes.findLastIndex((asks) => asks.some(({ slot }) => slot !== undefined));
  return classes.some(
    (asks, index) =>
      index < lowestPlaced &&
      asks.some(({ slot, camera }) => slot === undefined && placement.couldServe(camera, 'serve')),
  );
}

function reasonsOf(
  cameras: readonly PlanCamera[],
  { members, shortage }: PlanRequest,
  placement: Placement,
): readonly NotCovered[] {
  const isSeats = placement.room() === 0 && members.some(({ channels, seats }) => seats < channels);
  const shortageReason = (): Omit<NotCovered, 'camera'> => {
    if (shortage === 'all-or-nothing')
      return {
        cause: 'not-covered-policy',
        detail: 'There is no room for all cameras of its server, so none is covered.',
      };
    if (isSeats) return { cause: 'not-covered-seat', detail: 'All seats of the licence are taken.' };
    return { cause: 'not-covered-channel', detail: 'No failover server has a free channel.' };
  };
  return cameras.map((camera) => {
    if (members.length === 0) return { camera, cause: 'not-covered-channel', detail: 'No failover server is there.' };
    if (!placement.couldServe(camera, 'reach'))
      return { camera, cause: 'not-reachable-from-failover', detail: 'No failover server reaches this camera.' };
    if (!placement.couldServe(camera, 'serve'))
      return {
        camera,
        cause: 'not-covered-policy',
        detail: 'One server is covered at a time, and another one failed first.',
      };
    return { camera, ...shortageReason() };
  });
}

/** As people count: `Cam 2` before `Cam 10`, whatever the case; ties by id. */
export function inNaturalOrder<Named extends { readonly name: string; readonly id: string }>(
  list: readonly Named[],
): readonly Named[] {
  return list
    .map((item) => ({ item, name: item.name.toLowerCase() }))
    .sort((a, b) => compareNatural(a.name, b.name) || (a.item.id < b.item.id ? -1 : 1))
    .map(({ item }) => item);
}

/** By code units, runs of digits by their value. */
function compareNatural(a: string, b: string): number {
  let left = 0;
  let right = 0;
  while (left < a.length && right < b.length) {
    const x = a.charCodeAt(left);
    const y = b.charCodeAt(right);
    if (isDigit(x) && isDigit(y)) {
      const first = endOfDigits(a, left);
      const second = endOfDigits(b, right);
      const difference = Number(a.slice(left, first)) - Number(b.slice(right, second));
      if (difference !== 0) return difference;
      left = first;
      right = second;
    } else if (x !== y) return x - y;
    else {
      left += 1;
      right += 1;
    }
  }
  return a.length - left - (b.length - right);
}
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
function endOfDigits(text: string, from: number): number {
  let end = from + 1;
  while (end < text.length && isDigit(text.charCodeAt(end))) end += 1;
  return end;
}
