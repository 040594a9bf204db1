/**
 * Why a camera cannot be recorded, told so that the owner knows what to correct: host, port, path, user and password, or codec.
 * Never a credential: queries are left out too, some makes carry the password there.
 */
import { UnderstudyError, messageOf } from '../../core/errors.ts';
import type { Failure, Pending, Policy, State } from './client-state.ts';
import type { RtspResponse } from './message.ts';
import { headerOf } from './message.ts';

const REASONS: Readonly<Record<number, (url: Policy['url']) => string>> = {
  403: (url) => `forbids this user the path ${pathOf(url)}: check the user's rights and the path`,
  404: (url) => `does not know the path ${pathOf(url)}: check the path`,
  406: () => 'cannot describe its stream as SDP',
  415: () => 'does not send this media type',
  451: () => 'does not understand a parameter of ours',
  453: () => 'has not enough bandwidth left: fewer viewers or a lower bit rate help',
  454: () => 'has ended the session',
  461: () => 'sends neither over TCP nor over UDP as ordered: check the transport',
  503: () => 'is overloaded or has no session left: fewer viewers help',
  551: () => 'demands an RTSP option that we do not have',
};

/** Somebody else has what we ask for: it may be free later. */
const NO_ROOM: ReadonlySet<number> = new Set([453, 503]);

/** From an answer that is neither success nor to be overcome. */
export function refused(response: RtspResponse, pending: Pick<Pending, 'method'>, policy: Policy): Failure {
  const { status } = response;
  if (status >= 300 && status < 400) {
    const target = /^rtsps?:\/\/(?:[^/?#]*@)?([^/?#\s]{1,100})/i.exec(headerOf(response, 'Location') ?? '')?.[1];
    const where = target === undefined ? 'another address' : target;
    return {
      cause: 'camera-refused',
      message: `${nameOf(policy)} redirects to ${where}, which is not followed: set that address.`,
    };
  }
  const known = REASONS[status]?.(policy.url);
  const said = response.reason.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 60);
  const why = known ?? `answered ${pending.method} with ${status} ${said}`.trim();
  const about = NO_ROOM.has(status) ? { about: 'room' as const } : {};
  return { cause: 'camera-refused', message: `${nameOf(policy)} ${why}.`, ...about };
}

export const wrongPassword = (policy: Policy): Failure => ({
  cause: 'camera-refused',
  about: 'credentials',
  message: `${nameOf(policy)} refuses the user name or the password: check both.`,
});

export const noCredentials = (policy: Policy): Failure => ({
  cause: 'camera-refused',
  about: 'credentials',
  message: `${nameOf(policy)} asks for a user name and a password: set both.`,
});

export const unknownChallenge = (policy: Policy, digestSeen: boolean): Failure => ({
  cause: 'camera-refused',
  about: 'credentials',
  message: digestSeen
    ? `${nameOf(policy)} asks for the password in the clear after it asked for Digest; that is refused.`
    : `${nameOf(policy)} asks for a kind of sign-in other than Basic and Digest: change it there.`,
});

export const protocolBroken = (policy: Policy, expectation: string): Failure => ({
  cause: 'camera-protocol',
  message: `${nameOf(policy)} breaks RTSP: ${expectation}.`,
});

/** From an error of a parser. */
export const unreadable = (error: unknown, policy: Policy): Failure => ({
  cause: error instanceof UnderstudyError && error.code === 'sdp/no-video' ? 'camera-refused' : 'camera-protocol',
  message: `${nameOf(policy)}: ${messageOf(error)}`,
});

export function noAnswer(
  pending: Pick<Pending, 'method'> | undefined,
  policy: Policy,
  timeout: number = policy.responseTimeout,
): Failure {
  const seconds = timeout / 1000;
  const message =
    pending === undefined
      ? `${nameOf(policy)} does not accept a connection within ${seconds} s: check host and port.`
      : `${nameOf(policy)} did not answer ${pending.method} within ${seconds} s: is ${policy.url.port} its RTSP port?`;
  return { cause: pending === undefined ? 'camera-unreachable' : 'camera-stalled', message };
}

export const noMedia = (anyBefore: boolean, silent: number, policy: Policy): Failure => ({
  cause: 'camera-stalled',
  message: `${nameOf(policy)} ${anyBefore ? 'stopped sending' : 'sends nothing'}: no pictures for ${silent / 1000} s.`,
});

export function brokenOff(state: State, reason: string, policy: Policy): Failure {
  const during = state.kind === 'asking' ? ` while ${state.pending.method} was under way` : '';
  const message =
    state.kind === 'connecting'
      ? `No connection to ${nameOf(policy)}: ${reason}: check host and port.`
      : `${nameOf(policy)} closed the connection${during}: ${reason}.`;
  return { cause: 'camera-unreachable', message };
}

const nameOf = ({ url }: Policy): string => `${url.host.includes(':') ? `[${url.host}]` : url.host}:${url.port}`;
const pathOf = (url: Policy['url']): string => url.path.replace(/\?.*$/s, '').slice(0, 200);
