/** Cuts one export on a thread of its own: hashing hundreds of megabytes must not hold up the API. */
import { parentPort, workerData } from 'node:worker_threads';
import { exportMovie } from '../archive/export.ts';
import type { ExportOrder } from '../archive/export.ts';
import { loadSigningKey } from '../archive/signing-key.ts';
import { systemClock } from '../core/clock.ts';
import { UnderstudyError, messageOf } from '../core/errors.ts';

/** What the thread is started with. */
export type ExportWork = Omit<ExportOrder, 'key'> & { readonly keyPath: string };
export type ExportWorkResult =
  | { readonly kind: 'done'; readonly files: readonly ExportWorkFile[] }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };
export type ExportWorkFile = {
  readonly path: string;
  readonly manifestPath: string;
  readonly bytes: number;
  readonly sha256: string;
  /** ISO 8601. */
  readonly cut: { readonly start: string; readonly end: string };
  readonly missing: readonly { readonly start: string; readonly end: string; readonly reason: string }[];
};

async function work({ keyPath, ...order }: ExportWork): Promise<ExportWorkResult> {
  try {
    const files = await exportMovie({ ...order, key: await loadSigningKey(keyPath) }, systemClock);
    return {
      kind: 'done',
      files: files.map(({ path, manifestPath, manifest: { file, cut, missing } }) => ({
        path,
        manifestPath,
        bytes: file.bytes,
        sha256: file.sha256,
        cut,
        missing: missing.map(({ start, end, reason }) => ({ start, end, reason })),
      })),
    };
  } catch (error) {
    const code = error instanceof UnderstudyError ? error.code : 'export/failed';
    return { kind: 'failed', code, message: messageOf(error) };
  }
}

if (parentPort !== null) parentPort.postMessage(await work(workerData as ExportWork));
