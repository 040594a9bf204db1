/** A file of an export as it is answered: to be saved, with its length, kept by nobody on the way. */
import type { Readable } from 'node:stream';
import type { Reply } from './route.ts';

export type ExportedFile = {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly body: Readable;
};
/** A name is told as letters, digits, `.`, `-` and `_`. */
export function downloadOf({ name, mediaType, bytes, body }: ExportedFile): Reply<never> {
  const headers = {
    'content-disposition': `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"`,
    'content-length': String(bytes),
    'cache-control': 'private, no-store',
  };
  return { kind: 'bytes', body, mediaType, headers };
}
