/** Licences for tests: an issuer of their own, terms with defaults, and files signed by him. */
import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { signLicence } from '../../src/site/licence.ts';
import { keyIdOf } from '../../src/site/signed-text.ts';
import type { LicenceTerms } from '../../src/site/licence.ts';
import type { Issuer } from '../../src/site/signed-text.ts';

export type TestIssuer = Issuer & { readonly privateKey: KeyObject; readonly pem: string };
export function createIssuer(): TestIssuer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { keyId: keyIdOf(publicKey), publicKey, privateKey, pem };
}

export const termsOf = (more: Partial<LicenceTerms> = {}): LicenceTerms => ({
  version: 1,
  id: 'licence-1',
  holder: 'Bakery Müller',
  issuedAt: '2026-01-01T00:00:00Z',
  seats: { coveredCameras: 90 },
  ...more,
});
export const licenceOf = ({ privateKey }: Pick<TestIssuer, 'privateKey'>, more: Partial<LicenceTerms> = {}): string =>
  signLicence(termsOf(more), privateKey);
