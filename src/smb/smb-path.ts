/** Names and paths as they go on the wire: relative to the share, no way out of it. */
import { UnderstudyError } from '../core/errors.ts';

/** UTF-16 units; servers take 255 a part and mostly 260 to 4096 a path. */
const MAX_PATH_LENGTH = 1024;
const MAX_PART_LENGTH = 255;
/** [MS-SMB2] §2.2.9. */
const MAX_SHARE_LENGTH = 80;
/** What [MS-FSCC] §2.1.5 forbids in a name; `:` would open another stream of the file. */
// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const FORBIDDEN = /[\u0000-\u001F"*/:<>?\\|]/;

/** `a/b` as `a\b`. @throws `smb-path` for whatever is absolute, empty, too long, climbs or has characters a share does not take. */
export function wirePathOf(path: string): string {
  const parts = path.split('/');
  const wrong = path.length > MAX_PATH_LENGTH || parts.some((part) => !isName(part));
  if (wrong)
    throw invalid(
      `Expected a path within the share such as camera/day/file.mp4, of at most ${MAX_PATH_LENGTH} characters and without "*/:<>?\\| or dots at the end of a part, got ${JSON.stringify(path.slice(0, 100))}.`,
    );
  return parts.join('\\');
}

/** As `wirePathOf`; the empty path is the share itself. */
export const wireDirectoryOf = (path: string): string => (path === '' ? '' : wirePathOf(path));

/** Whether a part of a path can be on a share and is the same name there: Windows drops dots and spaces at the end. */
export const isName = (part: string): boolean =>
  part !== '' && part.length <= MAX_PART_LENGTH && !FORBIDDEN.test(part) && !/[. ]$/.test(part);

/** `\\host\share`. @throws `smb-path` */
export function uncOf(host: string, share: string): string {
  if (share.length > MAX_SHARE_LENGTH || !isName(share))
    throw invalid(`Expected the name of a share, without slashes, got ${JSON.stringify(share.slice(0, 100))}.`);
  return `\\\\${serverNameOf(host)}\\${share}`;
}

/** IPv6 addresses have colons, which no name of a server may have ([MS-DTYP] §2.2.57). */
export const serverNameOf = (host: string): string =>
  host.includes(':') ? `${host.replaceAll(':', '-').replace('%', 's')}.ipv6-literal.net` : host;

const invalid = (message: string): UnderstudyError => new UnderstudyError('invalid', 'smb-path', message);
