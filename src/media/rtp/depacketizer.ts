/**
 * What every depacketizer looks like from outside, and what all video depacketizers share: where access units begin and end,
 * whether they came whole, and when what comes is another format. Nothing here allocates once it is made.
 *
 * Expects packets in order of their sequence numbers (reorder.ts, or TCP).
 */
import type { UnderstudyError } from '../../core/errors.ts';
import type { AccessUnitSink } from './access-unit-sink.ts';
import type { PacketView } from './packet.ts';

/** An intra picture of an 8K camera stays below 4 MiB; above 8 MiB it is an attack or a stuck timestamp. */
export const MAX_ACCESS_UNIT: number = 8 * 1024 * 1024;
/** So many packets in a row that we cannot read are not damage but another format. */
export const MAX_UNREADABLE_PACKETS = 64;

export type Depacketizer = {
  /**
   * `timestamp`: of this packet, unwrapped (sequence.ts). `lostBefore`: packets between the one before and this are missing.
   * @throws UnderstudyError `rtp/payload-format` when the payload is of a kind that we do not read.
   */
  readonly push: (packet: PacketView, timestamp: number, lostBefore: boolean) => void;
  /** Gives up what is not complete: the connection broke off or the camera started anew. */
  readonly reset: () => void;
};

/** Steps of one access unit; the payload format decides which NAL units there are. */
export type AccessUnitBuilder = {
  readonly packet: (timestamp: number, lostBefore: boolean) => void;
  /** `firstSlice`: for a VCL NAL unit 1 if it starts the picture, 0 if not; -1 for every other NAL unit. */
  readonly nal: (type: number, first: number, second: number, firstSlice: number) => void;
  readonly data: (bytes: Uint8Array, start: number, end: number) => void;
  readonly endNal: () => void;
  /** Something of this access unit is missing or unreadable; an open NAL unit is dropped. */
  readonly damage: () => void;
  /** A NAL unit was begun and not ended. */
  readonly isNalOpen: () => boolean;
  readonly marker: () => void;
  readonly reset: () => void;
};

/**
 * Tolerated, each with a test of that name:
 * - no marker on the last packet: a new timestamp ends the access unit too;
 * - a marker behind parameter sets of their own: without a picture the access unit goes on;
 * - a marker on every slice: from then on only timestamps count.
 *
 * An access unit may hold no picture (parameter sets or SEI with a timestamp of their own): `intact`, but nothing to record.
 */
// oxlint-disable-next-line max-lines-per-function -- one closure, so that the hot path reads local variables
function createAccessUnitBuilder(sink: AccessUnitSink): AccessUnitBuilder {
  let open = false;
  let intact = true;
  let hasPicture = false;
  let nalOpen = false;
  let size = 0;
  let current = Number.NaN;
  let repeatsTimestamp = false;
  let markersTrusted = true;

  const finish = (): void => {
    if (nalOpen) intact = false;
    nalOpen = false;
    open = false;
    sink.endAccessUnit(intact);
  };
  /** Whether packets lost just before this one were the head of this access unit shows its first slice. */
  const begin = (timestamp: number): void => {
    open = true;
    intact = true;
    hasPicture = false;
    size = 0;
    repeatsTimestamp = timestamp === current;
    current = timestamp;
    sink.beginAccessUnit(timestamp);
  };
  const damage = (): void => {
    intact = false;
    nalOpen = false;
  };

  return {
    packet: (timestamp, lostBefore) => {
      if (open && timestamp !== current) {
        if (lostBefore) damage();
        finish();
      }
      if (!open) begin(timestamp);
      else if (lostBefore) damage();
    },
    nal: (type, first, second, firstSlice) => {
      if (nalOpen) damage();
      if (firstSlice >= 0 && !hasPicture) {
        hasPicture = true;
        if (firstSlice === 0) {
          intact = false;
          if (repeatsTimestamp) markersTrusted = false;
        }
      }
      nalOpen = true;
      sink.beginNal(type, first, second);
    },
    data: (bytes, start, end) => {
      if (!nalOpen) return;
      size += end - start;
      if (size > MAX_ACCESS_UNIT) damage();
      else sink.data(bytes, start, end);
    },
    endNal: () => {
      if (!nalOpen) return;
      nalOpen = false;
      sink.endNal();
    },
    damage,
    isNalOpen: () => nalOpen,
    marker: () => {
      if (open && hasPicture && !nalOpen && markersTrusted) finish();
    },
    reset: () => {
      if (!open) return;
      intact = false;
      finish();
    },
  };
}

type Read = (unit: AccessUnitBuilder, bytes: Uint8Array, start: number, end: number) => void;
/** One payload; false if it is of a kind that the format has and we do not read. */
export type ReadPayload = (...payload: Parameters<Read>) => boolean;

/** `unsupported` gets the first byte of a payload that `read` refused. */
export function createVideoDepacketizer(
  sink: AccessUnitSink,
  read: ReadPayload,
  unsupported: (first: number) => UnderstudyError,
): Depacketizer {
  const unit = createAccessUnitBuilder(sink);
  let unreadable = 0;
  return {
    push: ({ bytes, start, end, marker }, timestamp, lostBefore) => {
      unit.packet(timestamp, lostBefore);
      if (!read(unit, bytes, start, end)) {
        unit.damage();
        unreadable += 1;
        if (unreadable >= MAX_UNREADABLE_PACKETS) throw unsupported(bytes[start] ?? 0);
        return;
      }
      unreadable = 0;
      if (marker) unit.marker();
    },
    reset: unit.reset,
  };
}

/** NAL units with 16-bit sizes, each for `single`: RFC 6184 §5.7.1, RFC 7798 §4.4.2. */
export const aggregateOf =
  (single: Read): Read =>
  (unit, bytes, start, end) => {
    let at = start;
    while (at < end) {
      const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      const next = at + 2 + length;
      if (next > end) return unit.damage();
      if (length > 0) single(unit, bytes, at + 2, next);
      at = next;
    }
  };
