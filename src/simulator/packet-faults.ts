/**
 * What happens to a burst of packets on its way out of a simulated camera: lost, doubled, out of order, noise. Pure but for the
 * camera's own random numbers, which are seeded, so that a campaign can be played again.
 */
import { faultOf, withFault } from './faults.ts';
import type { Fault, FaultState } from './faults.ts';

/** Numbers in [0, 1). */
export type Random = () => number;

/** Mulberry32; good enough to choose packets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

export type Burst = {
  readonly packets: readonly Uint8Array[];
  /** Nothing was lost or altered: a client that receives all of `packets` has everything. */
  readonly whole: boolean;
};

export type FaultContext = {
  readonly state: FaultState;
  readonly at: number;
  readonly random: Random;
  /** Packets sent before this burst; counts towards `every`. */
  readonly sent: number;
};

export function disturb(packets: readonly Uint8Array[], context: FaultContext): Burst {
  const { state, at } = context;
  const kept = lose(packets, context);
  const noise = faultOf(state, 'noise', at);
  const readable = noise === undefined ? kept : kept.map((packet) => noiseOf(packet, context.random));
  const every = faultOf(state, 'reorder', at)?.every;
  const ordered = every === undefined ? readable : reorder(readable, every, context.sent);
  const twice = faultOf(state, 'duplicate', at)?.every;
  const doubled =
    twice === undefined
      ? ordered
      : ordered.flatMap((packet, index) => ((context.sent + index) % twice === 0 ? [packet, packet] : [packet]));
  return { packets: doubled, whole: kept.length === packets.length && noise === undefined };
}

function lose(packets: readonly Uint8Array[], { state, at, random }: FaultContext): readonly Uint8Array[] {
  const next = faultOf(state, 'drop-next', at)?.packets ?? 0;
  const rest = packets.slice(next);
  const ratio = faultOf(state, 'drop', at)?.ratio ?? 0;
  return ratio === 0 ? rest : rest.filter(() => random() >= ratio);
}

/** The fault state after `packets` video packets and one access unit of the main stream went by: `…-next` faults wear off. */
export function worn(state: FaultState, packets: number, at: number): FaultState {
  const fault = faultOf(state, 'drop-next', at);
  if (fault === undefined) return state;
  const others = withoutFault(state, 'drop-next');
  return fault.packets > packets
    ? withFault(others, { kind: 'drop-next', packets: fault.packets - packets }, at)
    : others;
}

/** The fault state after one access unit was skipped by `skip-next`. */
export function skipped(state: FaultState, accessUnits: number, at: number): FaultState {
  const others = withoutFault(state, 'skip-next');
  return accessUnits > 1 ? withFault(others, { kind: 'skip-next', accessUnits: accessUnits - 1 }, at) : others;
}

export const withoutFault = (state: FaultState, kind: Fault['kind']): FaultState => ({ ...state, [kind]: undefined });

function noiseOf(packet: Uint8Array, random: Random): Uint8Array {
  return Uint8Array.from(packet, () => Math.floor(random() * 256));
}

function reorder(packets: readonly Uint8Array[], every: number, sent: number): readonly Uint8Array[] {
  const result = [...packets];
  for (let at = 0; at + 1 < result.length; at += 1) {
    const [one, other] = [result[at], result[at + 1]];
    if ((sent + at) % every !== 0 || one === undefined || other === undefined) continue;
    result[at] = other;
    result[at + 1] = one;
    at += 1;
  }
  return result;
}
