/**
 * Links to one export that work without an account until they expire: signed, so that nothing is kept of them. Who deletes the export ends
 * them all. Belongs here: their keys. Does not: what is fetched by them (routes/shared-exports.ts).
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

export type ExportLinks = {
  /** What a link carries; `until`: Unix milliseconds. */
  readonly keyFor: (exportId: string, until: number) => string;
  readonly check: (exportId: string, key: string, now: number) => LinkVerdict;
};
export type LinkVerdict = 'good' | 'expired' | 'unknown';

const KEY_BYTES = 32;
const SHAPE = /^([0-9a-z]{1,11})\.([\w-]{43})$/;

/** `secret`: of this server alone. */
export function createExportLinks(secret: Uint8Array): ExportLinks {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'understudy links to exports', KEY_BYTES));
  const proofOf = (exportId: string, until: string): Buffer =>
    createHmac('sha256', key).update(`${until} ${exportId}`).digest();
  return {
    keyFor: (exportId, until) => {
      const time = until.toString(36);
      return `${time}.${proofOf(exportId, time).toString('base64url')}`;
    },
    check: (exportId, given, now) => {
      const [, time, proof] = SHAPE.exec(given) ?? [];
      if (time === undefined || proof === undefined) return 'unknown';
      const bytes = Buffer.from(proof, 'base64url');
      const expected = proofOf(exportId, time);
      if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) return 'unknown';
      return now < Number.parseInt(time, 36) ? 'good' : 'expired';
    },
  };
}
