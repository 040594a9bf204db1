/**
 * The protected server's side: answers `footage.*` requests of servers that cover it.
 * Belongs here: parsing what comes and who may ask. Does not: inserting (archive/insert-return.ts).
 */
import type { PeerHandler } from '../peer/network-types.ts';
import type { AccountParams } from '../wire/footage-protocol.ts';

export type FootageMethod =
  | 'footage.groups'
  | 'footage.offer'
  | 'footage.append'
  | 'footage.insert'
  | 'footage.account';
export type FootageHandlers = { readonly [Method in FootageMethod]: PeerHandler };
export type AccountGap = AccountParams['gaps'][number];
