/**
 * May the covering server delete footage that it sent home? The one strict rule (promise 3), and the only way to it: a copy is known to be
 * durable and verified where it belongs, and nobody is in the middle of changing that.
 */
import type { Receipt } from '../wire/footage-protocol.ts';

export type DeletionRequest = {
  readonly file: { readonly id: string; readonly sha256: string };
  /** Whose camera it is. */
  readonly serverId: string;
  /** Given by that server after its fsync, over the channel that proves who it is. */
  readonly receipt: Receipt | undefined;
  /** By the key that was pinned for that server. */
  readonly isSigned: boolean;
  /** This server covers that camera now: the file may still be wanted as it is. */
  readonly isCovering: boolean;
};

export function mayDelete({ file, serverId, receipt, isSigned, isCovering }: DeletionRequest): boolean {
  if (receipt === undefined || !isSigned || isCovering) return false;
  return receipt.fileId === file.id && receipt.sha256 === file.sha256 && receipt.serverId === serverId;
}

export type SegmentDeletion = Pick<DeletionRequest, 'serverId' | 'isCovering'> & {
  /** Every group of it is in one of the files, or was proved to be at that server. */
  readonly isDecided: boolean;
  /** Something of it is damaged here and was neither sent nor proved. */
  readonly isLeft: boolean;
  readonly files: readonly (Pick<DeletionRequest, 'file' | 'receipt' | 'isSigned'> & {
    /** Damaged fragments were left out of it. */
    readonly isPart: boolean;
  })[];
};

export function mayDeleteSegment({ isDecided, isLeft, isCovering, serverId, files }: SegmentDeletion): boolean {
  if (!isDecided || isLeft || isCovering) return false;
  return files.every(({ isPart, ...file }) => !isPart && mayDelete({ ...file, serverId, isCovering }));
}
