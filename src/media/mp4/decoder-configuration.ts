/** Parameter sets out of decoder configuration records, as sample entries and FLV carry them (ISO/IEC 14496-15 §5.3.3.1 `avcC`, §8.3.3.1 `hvcC`). */
import { UnderstudyError } from '../../core/errors.ts';

const MAX_PARAMETER_SETS = 64;

export type DecoderConfiguration = {
  /** Bytes of the length in front of each NAL unit: 1, 2 or 4. */
  readonly lengthBytes: number;
  /** Copies, in the record's order. */
  readonly nalUnits: readonly Uint8Array[];
};

export function parameterSetsOfAvcC(record: Uint8Array): DecoderConfiguration {
  if (record.length < 7 || record[0] !== 1) throw broken('avcC');
  const nalUnits: Uint8Array[] = [];
  const afterSps = readSets(record, 6, (record[5] ?? 0) & 0x1f, nalUnits);
  readSets(record, afterSps + 1, record[afterSps] ?? 0, nalUnits);
  return { lengthBytes: ((record[4] ?? 0) & 3) + 1, nalUnits };
}

export function parameterSetsOfHvcC(record: Uint8Array): DecoderConfiguration {
  if (record.length < 23) throw broken('hvcC');
  const nalUnits: Uint8Array[] = [];
  let at = 23;
  for (let array = 0; array < (record[22] ?? 0); array += 1) {
    const count = ((record[at + 1] ?? 0) << 8) | (record[at + 2] ?? 0);
    at = readSets(record, at + 3, count, nalUnits);
  }
  return { lengthBytes: ((record[21] ?? 0) & 3) + 1, nalUnits };
}

/** `count` NAL units with two-byte lengths from `at` on; where they end. */
function readSets(record: Uint8Array, at: number, count: number, into: Uint8Array[]): number {
  let position = at;
  for (let index = 0; index < count; index += 1) {
    const size = ((record[position] ?? 0) << 8) | (record[position + 1] ?? 0);
    const end = position + 2 + size;
    if (size === 0 || end > record.length || into.length === MAX_PARAMETER_SETS) throw broken('parameter set');
    into.push(record.slice(position + 2, end));
    position = end;
  }
  return position;
}

const broken = (what: string): UnderstudyError =>
  new UnderstudyError(
    'corrupt',
    'mp4/decoder-configuration',
    `A decoder configuration (${what}) is cut short or broken.`,
  );
