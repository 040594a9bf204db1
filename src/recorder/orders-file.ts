/**
 * The last orders on disk, so that media goes on recording when it starts and control is not there yet. They hold
 * camera passwords: the file is 0600 in a folder that is 0700.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { MAX_MESSAGE_BYTES } from '../wire/media-protocol.ts';
import type { Orders } from '../wire/media-protocol.ts';
import { parseOrders } from '../wire/parse-control-message.ts';

/** `undefined` if there are none, or none that can be read: control sends new ones. `damaged` says why. */
export function readOrders(path: string, damaged: (why: string) => void): Orders | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > MAX_MESSAGE_BYTES) {
      damaged('it is larger than orders can be');
      return undefined;
    }
    return parseOrders(text);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    if (error instanceof UnderstudyError || systemCodeOf(error) !== undefined) {
      damaged(error instanceof Error ? error.message : '');
      return undefined;
    }
    throw error;
  }
}

/** Whole or not at all, also after a power cut. */
export function writeOrders(path: string, orders: Orders): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, JSON.stringify(orders));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
