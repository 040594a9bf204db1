/** The last part of the address a camera pushes to, `rtmp://BOX/live/KEY`: its name and its secret. */
const PUSH_KEY = /^[A-Za-z0-9_-]{8,64}$/;

export const isPushKey = (text: string): boolean => PUSH_KEY.test(text);

/** The key of a source address `rtmp://push/KEY`, or `undefined`. */
export function pushKeyOf(url: string): string | undefined {
  const key = /^rtmp:\/\/push\/([^/?#]+)$/i.exec(url)?.[1];
  return key !== undefined && isPushKey(key) ? key : undefined;
}

/** IANA's port for RTMP. */
export const DEFAULT_RTMP_PORT = 1935;
