/**
 * What a receiver knows of one sender: order, loss and jitter (RFC 3550 §6.4.1, §A.1, §A.3, §A.8). Nothing is allocated a packet.
 */
import { MAX_MISORDER } from './reorder.ts';
import { sequenceDistance } from './sequence.ts';

/** A jump ahead by more than this is a sender that started anew (RFC 3550 §A.1). */
export const MAX_DROPOUT = 3000;

const TRANSIT = 0;
const JITTER = 1;

export type ReceptionReport = {
  /** Of the packets expected since the report before, in 1/256. */
  readonly fractionLost: number;
  /** -2^23 to 2^23 - 1. */
  readonly cumulativeLost: number;
  readonly extendedHighest: number;
  /** Ticks of the stream's clock. */
  readonly jitter: number;
};

export type ReceiverStatistics = {
  /**
   * `arrival`: monotonic milliseconds. Returns how many packets are missing just before this one; -1 for one that is late or came
   * twice. A sender that started anew counts as one missing packet.
   */
  readonly received: (sequence: number, timestamp: number, arrival: number) => number;
  /** Begins a new reporting interval. */
  readonly report: () => ReceptionReport;
  readonly packets: () => number;
  /** Missing since the start, late ones taken back. */
  readonly lost: () => number;
};

export function createReceiverStatistics(clockRate: number): ReceiverStatistics {
  let base = -1;
  let highest = 0;
  let packets = 0;
  let expectedBefore = 0;
  let packetsBefore = 0;
  /** Expected in earlier lives of the sender. */
  let expectedEarlier = 0;
  /** Transit and jitter: in an array because a fraction in a variable is a new heap number at every packet. */
  const ticks = new Float64Array([Number.NaN, 0]);

  const expected = (): number => (base < 0 ? 0 : expectedEarlier + highest - base + 1);
  const begin = (sequence: number): void => {
    expectedEarlier = expected();
    base = sequence;
    highest = sequence;
    ticks[TRANSIT] = Number.NaN;
  };
  const measureJitter = (timestamp: number, arrival: number): void => {
    const now = (arrival * clockRate) / 1000 - timestamp;
    const jitter = ticks[JITTER] ?? 0;
    const difference = Math.abs(now - (ticks[TRANSIT] ?? 0));
    ticks[TRANSIT] = now;
    // A wrapped timestamp or an audio codec's silence is no jitter.
    if (difference < clockRate * 10) ticks[JITTER] = jitter + (difference - jitter) / 16;
  };

  return {
    received: (sequence, timestamp, arrival) => {
      packets += 1;
      if (base < 0) begin(sequence);
      else {
        const distance = sequenceDistance(highest, sequence);
        if (distance > MAX_DROPOUT || distance < -MAX_MISORDER) {
          begin(sequence);
          measureJitter(timestamp, arrival);
          return 1;
        }
        if (distance <= 0) return -1;
        highest += distance;
        measureJitter(timestamp, arrival);
        return distance - 1;
      }
      measureJitter(timestamp, arrival);
      return 0;
    },
    report: () => {
      const expectedNow = expected();
      const interval = expectedNow - expectedBefore;
      const lostInterval = interval - (packets - packetsBefore);
      expectedBefore = expectedNow;
      packetsBefore = packets;
      return {
        fractionLost:
          interval <= 0 || lostInterval <= 0 ? 0 : Math.min(255, Math.floor((lostInterval * 256) / interval)),
        cumulativeLost: Math.max(-0x80_0000, Math.min(0x7f_ffff, expectedNow - packets)),
        extendedHighest: highest % 0x1_0000_0000,
        jitter: Math.floor(ticks[JITTER] ?? 0),
      };
    },
    packets: () => packets,
    lost: () => Math.max(0, expected() - packets),
  };
}
