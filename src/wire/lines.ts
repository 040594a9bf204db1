/**
 * Newline framing over chunks: bytes in any cut, whole lines out. Bounded, and able to stop after a line, because live and
 * key-frame connections go on with raw bytes behind their header line.
 */
import { UnderstudyError } from '../core/errors.ts';

const NEWLINE = 0x0a;

export type LineReader = {
  /**
   * Gives every line that `chunk` completes, without its newline. The chunk is copied where it must be kept.
   * @throws wire/line-too-long when more than the bound came without a newline, wire/line-not-utf8
   */
  readonly push: (chunk: Uint8Array) => readonly string[];
  /** As `push`, but takes one line at most; what stands behind it is had from `rest`. */
  readonly pushOne: (chunk: Uint8Array) => string | undefined;
  /** Takes out the bytes behind the last line. */
  readonly rest: () => Uint8Array;
};

export function createLineReader(maxBytes: number): LineReader {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let parts: Uint8Array[] = [];
  let held = 0;

  const keep = (bytes: Uint8Array): void => {
    if (bytes.length === 0) return;
    held += bytes.length;
    if (held > maxBytes) throw tooLong(maxBytes);
    parts.push(bytes.slice());
  };
  const rest = (): Uint8Array => {
    const all = joined(parts, held);
    parts = [];
    held = 0;
    return all;
  };
  const finish = (last: Uint8Array): string => {
    if (held + last.length > maxBytes) throw tooLong(maxBytes);
    const bytes = held === 0 ? last : joined([...parts, last], held + last.length);
    parts = [];
    held = 0;
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      throw new UnderstudyError('protocol', 'wire/line-not-utf8', 'Expected a line of UTF-8 text.', { cause });
    }
  };

  return {
    push: (chunk) => {
      const lines: string[] = [];
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        lines.push(finish(chunk.subarray(from, at)));
        from = at + 1;
      }
      keep(chunk.subarray(from));
      return lines;
    },
    pushOne: (chunk) => {
      const at = chunk.indexOf(NEWLINE);
      if (at < 0) {
        keep(chunk);
        return undefined;
      }
      const line = finish(chunk.subarray(0, at));
      const behind = chunk.slice(at + 1);
      parts = behind.length > 0 ? [behind] : [];
      held = behind.length;
      return line;
    },
    rest,
  };
}

/** One message as it goes over the wire. */
export const encodeLine = (message: object): string => `${JSON.stringify(message)}\n`;

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const tooLong = (maxBytes: number): UnderstudyError =>
  new UnderstudyError('limit', 'wire/line-too-long', `Expected a line of at most ${maxBytes} bytes; more came.`);
