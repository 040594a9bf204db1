/**
 * What can be wrong with a simulated camera, on command and at run time, and how one order changes what is wrong now.
 *
 * Belongs here: the orders, their bounds, `parseFault`, the state they add up to. Does not: carrying them out (camera-engine.ts for what
 * happens to packets, rtsp-answers.ts for what happens to answers).
 */
import { z } from 'zod';

const forSeconds = z.number().positive().max(86_400).optional();

/** Every order; `seconds` left out means until `heal`. */
export const faultSchema = z.discriminatedUnion('kind', [
  /** Ends every fault that lasts. */
  z.strictObject({ kind: z.literal('heal') }),
  /** Connected and answering, but no packet comes; the counter goes on. */
  z.strictObject({ kind: z.literal('stall'), seconds: forSeconds }),
  /** This share of all packets is lost on the way (their sequence numbers are used up). */
  z.strictObject({ kind: z.literal('drop'), ratio: z.number().min(0).max(1), seconds: forSeconds }),
  /** Exactly the next `packets` video packets of the main stream are lost. */
  z.strictObject({ kind: z.literal('drop-next'), packets: z.number().int().positive().max(10_000) }),
  /** The camera itself skips the next access units: no hole in the sequence numbers, only in time. */
  z.strictObject({ kind: z.literal('skip-next'), accessUnits: z.number().int().positive().max(10_000) }),
  /** Every `every`-th packet changes places with the one after it. */
  z.strictObject({ kind: z.literal('reorder'), every: z.number().int().min(2).max(10_000), seconds: forSeconds }),
  /** Every `every`-th packet is sent twice. */
  z.strictObject({ kind: z.literal('duplicate'), every: z.number().int().min(1).max(10_000), seconds: forSeconds }),
  /** Sessions end, connections are refused for `seconds`; time stamps, sequence numbers and SSRCs start anew. */
  z.strictObject({ kind: z.literal('reboot'), seconds: z.number().min(0).max(86_400) }),
  /** Every connection breaks at once; the next is welcome. */
  z.strictObject({ kind: z.literal('hang-up') }),
  /** DESCRIBE answers something else than it should. */
  z.strictObject({
    kind: z.literal('sdp'),
    variant: z.enum(['garbage', 'empty', 'endless', 'no-video', 'mjpeg', 'no-parameter-sets', 'wrong-parameter-sets']),
  }),
  /** Random bytes between the interleaved packets, once. */
  z.strictObject({ kind: z.literal('garbage'), bytes: z.number().int().positive().max(1_000_000) }),
  /** Every RTP packet is random bytes of its length. */
  z.strictObject({ kind: z.literal('noise'), seconds: forSeconds }),
  /** Answers carry headers without end. */
  z.strictObject({ kind: z.literal('giant-headers') }),
  /** The camera is not RTSP at all: it answers like a web server. */
  z.strictObject({ kind: z.literal('not-rtsp') }),
  /** Connections are taken and never answered. */
  z.strictObject({ kind: z.literal('mute') }),
  /** The way out is this narrow; what does not fit is late, then skipped. */
  z.strictObject({
    kind: z.literal('slow'),
    bytesPerSecond: z.number().int().positive().max(1_000_000_000),
    seconds: forSeconds,
  }),
  /** From the next key frame on the main stream has the other size. */
  z.strictObject({ kind: z.literal('resolution'), variant: z.enum(['original', 'other']) }),
  z.strictObject({ kind: z.literal('no-key-frame'), seconds: forSeconds }),
  /** RTP time stamps jump by this many seconds, either way. */
  z.strictObject({ kind: z.literal('timestamp-jump'), seconds: z.number().min(-86_400).max(86_400) }),
  /** RTP time stamps (and sequence numbers) wrap this many seconds (packets) from now. */
  z.strictObject({ kind: z.literal('timestamp-wrap'), seconds: z.number().min(0).max(3600) }),
  /** Sound goes on, pictures stop; their counter goes on. */
  z.strictObject({ kind: z.literal('no-video'), seconds: forSeconds }),
  /** No audio packets, though the description promises them. */
  z.strictObject({ kind: z.literal('no-audio'), seconds: forSeconds }),
  /** Sender reports are left out. */
  z.strictObject({ kind: z.literal('no-sender-reports'), seconds: forSeconds }),
  z.strictObject({ kind: z.literal('password'), password: z.string().max(128) }),
  /** 461 for this transport. */
  z.strictObject({ kind: z.literal('refuse-transport'), transport: z.enum(['tcp', 'udp']) }),
  /** 453 for every SETUP. */
  z.strictObject({ kind: z.literal('refuse-sessions') }),
  /** 302 to this address. */
  z.strictObject({ kind: z.literal('redirect'), location: z.string().max(2048) }),
  /** Keep-alives are answered with an error, and do not keep the session. */
  z.strictObject({ kind: z.literal('refuse-keep-alive') }),
]);

export type Fault = z.infer<typeof faultSchema>;
export type FaultKind = Fault['kind'];

/** A fault that lasts, and until when on the monotonic clock (`Infinity`: until healed). */
export type Lasting<Kind extends FaultKind> = {
  readonly fault: Extract<Fault, { readonly kind: Kind }>;
  readonly until: number;
};
/** What is wrong now; at most one of a kind. */
export type FaultState = { readonly [Kind in FaultKind]?: Lasting<Kind> | undefined };

/** Happens once and leaves nothing behind. */
const MOMENTARY: readonly FaultKind[] = ['heal', 'reboot', 'hang-up', 'garbage', 'timestamp-jump', 'timestamp-wrap'];

export const healthy: FaultState = {};

/** What is wrong after `fault` was ordered at `at` (monotonic milliseconds). */
export function withFault(state: FaultState, fault: Fault, at: number): FaultState {
  if (fault.kind === 'heal') return state.resolution === undefined ? healthy : { resolution: state.resolution };
  if (MOMENTARY.includes(fault.kind)) return state;
  const seconds = 'seconds' in fault ? fault.seconds : undefined;
  const until = seconds === undefined ? Number.POSITIVE_INFINITY : at + seconds * 1000;
  return { ...state, [fault.kind]: { fault, until } };
}

/** The fault of this kind, if it is on at `at`. */
export function faultOf<Kind extends FaultKind>(
  state: FaultState,
  kind: Kind,
  at: number,
): Extract<Fault, { readonly kind: Kind }> | undefined {
  const lasting: Lasting<Kind> | undefined = state[kind];
  return lasting !== undefined && at < lasting.until ? lasting.fault : undefined;
}

export type ParsedFault =
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'wrong'; readonly message: string };

/** An order from outside this process. */
export function parseFault(value: unknown): ParsedFault {
  const parsed = faultSchema.safeParse(value);
  if (parsed.success) return { kind: 'fault', fault: parsed.data };
  return { kind: 'wrong', message: z.prettifyError(parsed.error) };
}
