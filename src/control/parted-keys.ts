/**
 * Identities of servers that were deauthorized here, over restarts: `<data>/deauthorized.json`. Whoever was away at that moment learns it
 * when it comes back, instead of taking this server for one that does not answer. Nothing is trusted because of this file.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFileSync } from '../core/durable-file.ts';
import { messageOf, systemCodeOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { MAX_PEERS } from '../site/peer.ts';

/** The newest; older ones are refused as strangers. */
export const MAX_PARTED: number = MAX_PEERS;
const fileSchema = z.strictObject({ fingerprints: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(MAX_PARTED) });

export type PartedKeys = {
  readonly has: (fingerprint: string) => boolean;
  readonly add: (fingerprint: string) => void;
};

/** A file that cannot be read is left aside. */
export function openPartedKeys(dataDir: string, log: Log): PartedKeys {
  const path = join(dataDir, 'deauthorized.json');
  let known = read(path, log);
  return {
    has: (fingerprint) => known.includes(fingerprint),
    add: (fingerprint) => {
      known = [...known.filter((other) => other !== fingerprint), fingerprint].slice(-MAX_PARTED);
      try {
        replaceFileSync(path, JSON.stringify({ fingerprints: known }));
      } catch (error) {
        log.error('who was deauthorized cannot be kept on disk', { reason: messageOf(error) });
      }
    },
  };
}

function read(path: string, log: Log): readonly string[] {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).fingerprints;
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT')
      log.error('who was deauthorized cannot be read', { reason: messageOf(error) });
    return [];
  }
}
