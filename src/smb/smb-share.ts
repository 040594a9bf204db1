/** A share that is connected, and what can be done on it. Paths are relative to the share, parts separated by `/`. */
import type { SmbFile } from './smb-file.ts';

export type SmbDialect = '2.1' | '3.0' | '3.0.2' | '3.1.1';
export type SmbEntry = { readonly name: string; readonly kind: 'file' | 'directory'; readonly size: number };
/** `create-new`: must not be there (`smb-exists`). `open`: must be there (`smb-not-found`). `overwrite`: made, or emptied. */
export type SmbOpenMode = 'create-new' | 'open' | 'overwrite';

export type SmbShare = {
  readonly dialect: SmbDialect;
  /** Every message is authenticated, by a signature or by encryption; there is no other way. */
  readonly signed: true;
  readonly encrypted: boolean;
  /** With its parents; one that is there already is fine. */
  readonly makeDirectory: (path: string) => Promise<void>;
  readonly open: (path: string, mode: SmbOpenMode) => Promise<SmbFile>;
  /** Within the share, also into another directory. Without `replace`, a taken name is `smb-exists`. */
  readonly rename: (from: string, to: string, options: { readonly replace: boolean }) => Promise<void>;
  /** A file or an empty directory. */
  readonly remove: (path: string) => Promise<void>;
  /** All of it, without `.` and `..`; the empty path is the share itself. */
  readonly list: (path: string) => Promise<readonly SmbEntry[]>;
  /** What this user may still write. */
  readonly freeBytes: () => Promise<number>;
  /** Logs off as far as the server still answers; never rejects. */
  readonly close: () => Promise<void>;
};
