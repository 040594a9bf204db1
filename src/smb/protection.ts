/** What is sent is signed or encrypted; what comes is believed only if it is, [MS-SMB2] §3.2.4.1.1, §3.2.5.1.1, §3.2.5.1.3. */
import { isEncrypted } from './encryption.ts';
import type { Encryption } from './encryption.ts';
import { parseHeader, UNSOLICITED } from './header.ts';
import type { ResponseHeader } from './header.ts';
import type { Signer } from './signing.ts';
import { brokenProtocol, STATUS } from './smb-error.ts';

/** With `encryption`, everything is encrypted, both ways, and a signature is not needed. */
export type Security = { readonly signer: Signer; readonly encryption: Encryption | undefined };
export type Received = {
  readonly header: ResponseHeader;
  /** From its header on, decrypted. */
  readonly message: Uint8Array;
};

export const isSigned = (security: Security | undefined): boolean =>
  security !== undefined && security.encryption === undefined;

/** What goes on the wire for `parts`; before there are keys, they go as they are. */
export function protectedParts(
  security: Security | undefined,
  parts: readonly Uint8Array[],
  messageId: bigint,
): readonly Uint8Array[] {
  if (security === undefined) return parts;
  if (security.encryption !== undefined) return security.encryption.encrypt(parts);
  security.signer.sign(parts, messageId);
  return parts;
}

/** `undefined` for what asks nothing of us. @throws `smb-protocol` for what anyone else may have sent or changed. */
export function believed(security: Security | undefined, raw: Uint8Array): Received | undefined {
  const encrypted = isEncrypted(raw);
  const message = encrypted ? decrypted(raw, security) : raw;
  const header = parseHeader(message);
  // We hold no lease or oplock that could break, and such notices are never signed.
  if (header.messageId === UNSOLICITED) return undefined;
  if (security !== undefined && !encrypted) checkSignature(message, header, security);
  return { header, message };
}

export const isInterim = ({ status, isAsync }: ResponseHeader): boolean => status === STATUS.pending && isAsync;

function decrypted(message: Uint8Array, security: Security | undefined): Uint8Array {
  if (security?.encryption !== undefined) return security.encryption.decrypt(message);
  throw brokenProtocol('The server sent an encrypted message although that was not agreed on.');
}

/** "Pending" comes without a signature; the worst that a forged one does is to double the time that a request may take. */
function checkSignature(message: Uint8Array, header: ResponseHeader, { signer, encryption }: Security): void {
  if (encryption !== undefined) throw brokenProtocol('The server answered in clear where everything is encrypted.');
  if (isInterim(header)) return;
  if (!header.signed)
    throw brokenProtocol(
      'The server answered without a signature, which it must not: something may be between it and us.',
    );
  if (!signer.isSigned(message, header.messageId))
    throw brokenProtocol('A message from the server has a wrong signature: something on the way changed it.');
}
