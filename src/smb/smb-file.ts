/** A file open on a share. */

/** The server holds it open until `close`. After any error with the code `smb-connection-lost`, `smb-timeout` or `smb-protocol` the file is gone: open it anew. */
export type SmbFile = {
  /**
   * Writes all of `bytes` from `offset` in pieces of at most 1 MB, four of them in flight over all files of the share. Pieces may land in any
   * order, so after an error only what was flushed before is known to be there: go on from there, not from the size of the file.
   * `bytes` must not change before it resolves.
   */
  readonly write: (offset: number, bytes: Uint8Array) => Promise<void>;
  /** Resolves when everything that `write` resolved for is on the server's disk. */
  readonly flush: () => Promise<void>;
  /** Length in bytes, as the server has it now. */
  readonly size: () => Promise<number>;
  /** At most `length` (up to `MAX_READ_BYTES`) bytes from `offset`; fewer at the end of the file, none behind it. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
  readonly close: () => Promise<void>;
};
