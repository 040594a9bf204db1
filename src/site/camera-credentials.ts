/** Credentials out of camera addresses: what is kept, shown and logged never has them. Pure. */
/** Under which name the settings' secrets keep the password of a camera. */
export const cameraSecretName = (cameraId: string): string => `camera:${cameraId}`;

export type SplitUrl = {
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
};

/** `rtsp://user:p%40ss@host/path` to its three parts. People do not always encode: the last `@` before the path ends them. */
export function splitCredentials(url: string): SplitUrl {
  const match = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@([^@]*)$/i.exec(authorityEnd(url).head);
  if (match === null) return { url, username: undefined, password: undefined };
  const [, scheme = '', credentials = '', host = ''] = match;
  const colon = credentials.indexOf(':');
  const username = decoded(colon === -1 ? credentials : credentials.slice(0, colon));
  const password = colon === -1 ? undefined : decoded(credentials.slice(colon + 1));
  return {
    url: `${scheme}${host}${authorityEnd(url).tail}`,
    username: username === '' ? undefined : username,
    password,
  };
}

function authorityEnd(url: string): { readonly head: string; readonly tail: string } {
  const start = url.indexOf('://') + 3;
  const length = url.slice(start).search(/[/?#]/);
  const end = length === -1 ? url.length : start + length;
  return { head: url.slice(0, end), tail: url.slice(end) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a bare % in a password that was never encoded
  }
}
