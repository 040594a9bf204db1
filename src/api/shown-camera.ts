/** What of a camera is shown to whom: where it is reached, its user and the key of a push are the business of those who set cameras up. */
import { mayCall } from './caller.ts';
import type { Caller } from './caller.ts';
import type { Camera } from './contract/cameras.ts';

type Hideable = Pick<Camera, 'main' | 'sub' | 'username' | 'fingerprint' | 'pushUrl'>;

export function shownTo<T extends Hideable>(caller: Caller, whole: T): T {
  if (mayCall(caller, 'admin')) return whole;
  const hidden = { ...whole, main: { ...whole.main, url: hiddenUrl(whole.main.url) } };
  if (whole.sub !== undefined) hidden.sub = { ...whole.sub, url: hiddenUrl(whole.sub.url) };
  delete hidden.username;
  delete hidden.fingerprint;
  delete hidden.pushUrl;
  return hidden;
}

const hiddenUrl = (url: string): string => `${url.split('://', 1)[0] ?? ''}://hidden`;
