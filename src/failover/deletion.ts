/**
 * May the covering server delete footage that it sent home? The one strict rule (promise 3): a copy is known to be durable and
 * verified where it belongs, and nobody is in the middle of changing that.
 */
import type { Receipt } from '../wire/footage-protocol.ts';

export type DeletionRequest = {
  readonly file: { readonly id: string; readonly sha256: string };
  /** Whose camera it is. */
  readonly serverId: string;
  /** Given by that server after its fsync, over the channel that proves who it is. */
  readonly receipt: Receipt | undefined;
  /** This server covers that camera now: the file may still be wanted as it is. */
  readonly isCovering: boolean;
};

export function mayDelete({ file, serverId, receipt, isCovering }: DeletionRequest): boolean {
  if (receipt === undefined || isCovering) return false;
  return receipt.fileId === file.id && receipt.sha256 === file.sha256 && receipt.serverId === serverId;
}
