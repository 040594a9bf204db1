/**
 * Whether a request may be heard at all, before anybody asks who sends it: its host (DNS rebinding) and its origin (CSRF). Pure.
 */
import { HttpError } from './problem.ts';

type Header = (name: string) => string | undefined;

/**
 * Refuses names that are not ours: a page of somebody else whose name was made to resolve to this box has the wrong Host.
 * @throws HttpError 421 (RFC 9110 §15.5.20)
 */
export function checkHost(header: Header, allowed: readonly string[], localAddress: string | undefined): void {
  const host = hostOf(header('host') ?? '');
  const own = localAddress?.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  if (host !== undefined && (host === own || allowed.includes(host))) return;
  const message = 'This server is not known by that name. Use its address, or add the name to the allowed hosts.';
  throw new HttpError(421, 'http/wrong-host', message);
}

/** `[::1]:51443` to `::1`, `NAS.local.:443` to `nas.local`. */
function hostOf(text: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(text);
  if (match === null) return undefined;
  const [, v6, name] = match;
  if (v6 === undefined) return name?.toLowerCase().replace(/\.$/, '');
  return URL.canParse(`http://[${v6}]/`) ? new URL(`http://[${v6}]/`).hostname.slice(1, -1) : undefined;
}

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];
export const changesSomething = (method: string): boolean => !SAFE_METHODS.includes(method);

/**
 * For writes and WebSockets. Every browser sends `Origin` with both, most send `Sec-Fetch-Site`; what sends neither is no browser
 * and has no cookie that it did not mean to send.
 * @throws HttpError 403
 */
export function checkOrigin(header: Header): void {
  const site = header('sec-fetch-site');
  const origin = header('origin');
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  const foreignOrigin =
    origin !== undefined && origin.toLowerCase() !== `https://${(header('host') ?? '').toLowerCase()}`;
  if (foreignSite || foreignOrigin) {
    throw new HttpError(
      403,
      'http/foreign-origin',
      'Another web site made the browser send this. It was not carried out.',
    );
  }
}
