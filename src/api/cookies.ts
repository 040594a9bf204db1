/** The session cookie. `__Host-`: browsers take it only over TLS, for this host alone, for the whole site (RFC 6265bis §4.1.3.2). */
const NAME = '__Host-session';
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';

export const sessionCookie = (token: string, maxAgeSeconds: number): string =>
  `${NAME}=${token}; ${ATTRIBUTES}; Max-Age=${Math.floor(maxAgeSeconds)}`;
export const noSessionCookie: string = `${NAME}=; ${ATTRIBUTES}; Max-Age=0`;

/** Two cookies of the name are none: no browser sends that. */
export function sessionTokenIn(header: string | undefined): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${NAME}=`))
    .map((part) => part.slice(NAME.length + 1));
  const [value = ''] = values;
  return values.length === 1 && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : undefined;
}
