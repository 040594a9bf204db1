/** SHA-256 of a certificate as the product writes it: lower case hex without colons. */

/** `colons`: as Node writes it, `AB:CD…`. */
export const plainFingerprint = (colons: string): string => colons.replaceAll(':', '').toLowerCase();
