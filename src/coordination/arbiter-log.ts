/**
 * The log of the arbiter on disk, `<data>/site-store.jsonl`: one line a record, `<sha256, 16 hex digits> <JSON>\n`. Appended and
 * flushed before a write is answered; replaced as a whole when it has grown. A torn last line was never answered and is cut off;
 * damage before it stops the arbiter, because what it has promised cannot be told any more.
 */
import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { replaceFile, syncDirectory } from '../core/durable-file.ts';
import { UnderstudyError, systemCodeOf } from '../core/errors.ts';
import type { ArbiterRecord } from './arbiter-core.ts';
import type { ArbiterStorage } from './arbiter.ts';

/** Compacted above: reading it takes a moment at each start. */
export const LONG_LOG_BYTES: number = 4 * 1024 * 1024;

const recordSchema = z.strictObject({
  rev: z.string().regex(/^\d{1,20}$/),
  ops: z.array(z.union([z.strictObject({ put: z.string(), value: z.base64() }), z.strictObject({ del: z.string() })])),
});

/** Nothing else writes `path`. */
export function createArbiterLog(path: string, longBytes: number = LONG_LOG_BYTES): ArbiterStorage {
  let bytes = 0;
  /** What a compacted log begins with does not count, else a large store would be compacted with each write. */
  let base = 0;
  return {
    load: async () => {
      const { records, length } = parseLog(await readIfThere(path), path);
      const file = await open(path, 'a', 0o600);
      try {
        await file.truncate(length);
        await file.sync();
      } finally {
        await file.close();
      }
      await syncDirectory(dirname(path));
      bytes = length;
      return records;
    },
    append: async (record) => {
      const line = lineOf(record);
      const file = await open(path, 'a', 0o600);
      try {
        await file.appendFile(line);
        await file.datasync();
      } finally {
        await file.close();
      }
      bytes += Buffer.byteLength(line);
    },
    compact: async (records) => {
      const text = records.map(lineOf).join('');
      await replaceFile(path, text, false);
      bytes = Buffer.byteLength(text);
      base = bytes;
    },
    isLong: () => bytes - base > longBytes,
  };
}

function lineOf({ rev, ops }: ArbiterRecord): string {
  const json = JSON.stringify({
    rev: rev.toString(),
    ops: ops.map((op) => ('put' in op ? { put: op.put, value: Buffer.from(op.value).toString('base64') } : op)),
  });
  return `${sumOf(json)} ${json}\n`;
}
const sumOf = (json: string): string => createHash('sha256').update(json).digest('hex').slice(0, 16);

/** Exported for its test with random bytes. @throws `coordination/log-damaged` */
export function parseLog(
  text: string,
  path: string,
): { readonly records: readonly ArbiterRecord[]; readonly length: number } {
  const records: ArbiterRecord[] = [];
  let length = 0;
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const isLast = index >= lines.length - 1;
    if (isLast && line === '') break;
    const record = isLast ? undefined : recordOf(line);
    if (record === undefined) {
      // Only the last line can be torn: what comes behind it was answered after it.
      if (lines.slice(index + 1).every((other) => recordOf(other) === undefined)) break;
      throw new UnderstudyError(
        'corrupt',
        'coordination/log-damaged',
        `Line ${index + 1} of ${path} is damaged. What this host promised cannot be told from it; move the file away to begin anew.`,
      );
    }
    records.push(record);
    length += Buffer.byteLength(line) + 1;
  }
  return { records, length };
}

function recordOf(line: string): ArbiterRecord | undefined {
  const json = line.slice(17);
  if (line[16] !== ' ' || line.slice(0, 16) !== sumOf(json)) return undefined;
  const { success, data } = recordSchema.safeParse(JSON.parse(json));
  if (!success) return undefined;
  return {
    rev: BigInt(data.rev),
    ops: data.ops.map((op) => ('put' in op ? { put: op.put, value: Buffer.from(op.value, 'base64') } : op)),
  };
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return '';
    throw error;
  }
}
