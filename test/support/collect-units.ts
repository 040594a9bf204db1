/** An `AccessUnitSink` that keeps every access unit as NAL units with their headers. */
import type { AccessUnitSink } from '../../src/media/rtp/access-unit-sink.ts';
import type { RecordedUnit } from '../../src/simulator/check.ts';

export type CollectedUnit = RecordedUnit & { readonly timestamp: number; readonly intact: boolean };
export type Collected = {
  readonly sink: AccessUnitSink;
  readonly all: () => readonly CollectedUnit[];
  readonly intact: () => readonly CollectedUnit[];
};

export function collectUnits(): Collected {
  const units: CollectedUnit[] = [];
  let nals: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let timestamp = 0;
  const sink: AccessUnitSink = {
    beginAccessUnit: (at) => {
      timestamp = at;
      nals = [];
    },
    beginNal: (_type, first, second) => (parts = [Uint8Array.from(second < 0 ? [first] : [first, second])]),
    data: (bytes, start, end) => void parts.push(bytes.slice(start, end)),
    endNal: () => void nals.push(Buffer.concat(parts)),
    endAccessUnit: (intact) => void units.push({ nals, timestamp, intact, place: `unit ${units.length}` }),
  };
  return { sink, all: () => units, intact: () => units.filter((unit) => unit.intact) };
}
