/** Receipts for returned files: Ed25519 (RFC 8032) over their fields, by the key that signs exports (signing-key.ts). Pure. */
import { createPublicKey, sign, verify } from 'node:crypto';
import type { Receipt } from '../wire/footage-protocol.ts';
import type { SigningKey } from './signing-key.ts';

/** What is signed: JSON with the fields in this order, without spaces. */
export const receiptText = ({ fileId, serverId, sha256, at }: Omit<Receipt, 'signature'>): string =>
  JSON.stringify({ fileId, serverId, sha256, at });

export function signReceipt(receipt: Omit<Receipt, 'signature'>, key: Pick<SigningKey, 'privateKey'>): Receipt {
  const signature = sign(null, Buffer.from(receiptText(receipt)), key.privateKey).toString('base64');
  return { ...receipt, signature };
}

/** `publicKey`: SPKI in PEM. */
export const isReceiptGenuine = (receipt: Receipt, publicKey: string): boolean =>
  verify(null, Buffer.from(receiptText(receipt)), createPublicKey(publicKey), Buffer.from(receipt.signature, 'base64'));
