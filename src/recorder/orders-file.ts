/**
 * The last orders on disk, so that media goes on recording when it starts and control is not there yet. They hold
 * camera passwords: the file is 0600 in a folder that is 0700.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFileSync } from '../core/durable-file.ts';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { MAX_MESSAGE_BYTES } from '../wire/media-protocol.ts';
import type { Orders } from '../wire/media-protocol.ts';
import { parseOrders } from '../wire/parse-control-message.ts';

export const mediaOrdersOf = (dataDir: string): string => join(dataDir, 'run', 'media-orders.json');

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
export const writeOrders = (path: string, orders: Orders): void => replaceFileSync(path, JSON.stringify(orders));
