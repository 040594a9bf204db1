/**
 * What a session is called and how it is kept: `Session` (RFC 2326 §12.37), `Public` (§12.28), `RTP-Info` (§12.33), `Range` (§12.29).
 */
export type Session = {
  readonly id: string;
  /** Seconds of silence after which the camera may end the session. */
  readonly timeout: number;
};

/** RFC 2326 §12.37. */
const DEFAULT_SESSION_TIMEOUT = 60;
/** Cameras that say less mean it; one that says 0 or 1 means nothing. */
const MIN_SESSION_TIMEOUT = 4;
const MAX_SESSION_TIMEOUT = 3600;
const MAX_SESSION_ID = 512;

/** `undefined` if it names no session. */
export function parseSession(text: string): Session | undefined {
  const [id = '', ...fields] = text.split(';').map((part) => part.trim());
  if (!/^[\x21-\x7e]+$/.test(id) || id.length > MAX_SESSION_ID) return undefined;
  const told = fields
    .map((field) => /^timeout\s*=\s*"?(\d{1,9})/i.exec(field)?.[1])
    .find((digits) => digits !== undefined);
  const timeout = told === undefined ? DEFAULT_SESSION_TIMEOUT : Number(told);
  return {
    id,
    timeout: timeout < MIN_SESSION_TIMEOUT ? DEFAULT_SESSION_TIMEOUT : Math.min(timeout, MAX_SESSION_TIMEOUT),
  };
}

export const encodeSession = ({ id, timeout }: Session): string => `${id};timeout=${timeout}`;

/** Methods of `Public` (or `Allow`), upper case. */
export const parsePublic = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .toUpperCase()
      .split(/[\s,]+/)
      .filter((word) => /^[A-Z_]{1,32}$/.test(word)),
  );

/** GET_PARAMETER if the camera says that it has it, else OPTIONS, which every camera has (RFC 2326 §10.8). */
export const keepAliveMethodOf = (offered: ReadonlySet<string>): 'GET_PARAMETER' | 'OPTIONS' =>
  offered.has('GET_PARAMETER') ? 'GET_PARAMETER' : 'OPTIONS';

export type RtpInfo = {
  readonly url: string;
  readonly sequence: number | undefined;
  readonly timestamp: number | undefined;
};

/** One entry a track; nonsense is left out. */
export function parseRtpInfo(text: string): readonly RtpInfo[] {
  return text
    .split(/,(?=\s*url\s*=)/i)
    .slice(0, 16)
    .map((entry) => ({
      url: /url\s*=\s*"?([^;"]+)/i.exec(entry)?.[1]?.trim() ?? '',
      sequence: numberOf(/[;\s]seq\s*=\s*(\d{1,10})/i.exec(entry)?.[1], 0xffff),
      timestamp: numberOf(/rtptime\s*=\s*(\d{1,10})/i.exec(entry)?.[1], 0xffff_ffff),
    }))
    .filter(({ url }) => url !== '');
}

export const encodeRtpInfo = (entries: readonly RtpInfo[]): string =>
  entries
    .map(({ url, sequence, timestamp }) =>
      [
        `url=${url}`,
        ...(sequence === undefined ? [] : [`seq=${sequence}`]),
        ...(timestamp === undefined ? [] : [`rtptime=${timestamp}`]),
      ].join(';'),
    )
    .join(',');

/** Live from now on, in normal play time. */
export const LIVE_RANGE = 'npt=0.000-';

const numberOf = (digits: string | undefined, max: number): number | undefined =>
  digits === undefined || Number(digits) > max ? undefined : Number(digits);
