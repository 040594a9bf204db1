/**
 * What an ONVIF device says of itself: its media profiles and their stream addresses, through the `onvif` package.
 * Answers are hints from a stranger: addresses are checked where they are used (core/camera-address.ts).
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Cam } from 'onvif/promises/index.js';
import { withDeadline } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError, messageOf } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';

/** Profiles of one device that are asked for their address. */
const MAX_PROFILES = 8;
const ANSWER_TIMEOUT = durationMs(5000);
/** All answers of one connection; the package keeps whole bodies in memory. The largest profile list seen is 60 KB. */
export const MAX_ANSWER_BYTES: number = 1024 * 1024;
const SIZE_CHECK_PERIOD = durationMs(20);

export type OnvifProfile = {
  readonly name: string;
  /** RTSP address without credentials. */
  readonly url: string;
  readonly codec: string | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
};

/** The part of the package that is used; its own declarations lose the arguments of `getStreamUri`. */
type Device = {
  readonly connect: () => Promise<unknown>;
  readonly getProfiles: () => Promise<readonly Profile[]>;
  readonly getStreamUri: (options: object) => Promise<{ readonly uri: unknown }>;
};
type Profile = {
  readonly $: { readonly token: string };
  readonly name?: unknown;
  readonly videoEncoderConfiguration?: {
    readonly encoding?: unknown;
    readonly resolution?: { readonly width?: unknown; readonly height?: unknown };
  };
};

export type OnvifTarget = {
  readonly xaddr: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
};

/** @throws `onvif/credentials` when they are wrong or missing, `onvif/no-answer` when it does not answer in time, else `onvif/answer`. */
export async function askProfiles(target: OnvifTarget, clock: Clock): Promise<readonly OnvifProfile[]> {
  const agent = target.xaddr.startsWith('https:') ? new HttpsAgent({ rejectUnauthorized: false }) : new HttpAgent();
  const stopWatching = clock.every(SIZE_CHECK_PERIOD, () => cutEndlessAnswers(agent));
  try {
    const profiles = await withDeadline(clock, ANSWER_TIMEOUT, readProfiles(target, agent));
    if (profiles !== undefined) return profiles;
    const message = `No ONVIF answer from ${hostOf(target)} within ${ANSWER_TIMEOUT / 1000} s.`;
    throw new UnderstudyError('unavailable', 'onvif/no-answer', message);
  } catch (error) {
    throw error instanceof UnderstudyError ? error : explain(error, target);
  } finally {
    stopWatching();
    agent.destroy();
  }
}

function cutEndlessAnswers(agent: HttpAgent): void {
  for (const sockets of Object.values(agent.sockets)) {
    for (const socket of sockets ?? []) {
      if (socket.bytesRead > MAX_ANSWER_BYTES) socket.destroy(new Error('answer without end'));
    }
  }
}

async function readProfiles(target: OnvifTarget, agent: HttpAgent): Promise<readonly OnvifProfile[]> {
  const address = new URL(target.xaddr);
  const camera = new Cam({
    hostname: address.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(address.port) || (address.protocol === 'https:' ? 443 : 80),
    path: `${address.pathname}${address.search}`,
    useSecure: address.protocol === 'https:',
    agent,
    timeout: ANSWER_TIMEOUT,
    preserveAddress: true,
    autoconnect: false,
    ...(target.username === undefined ? {} : { username: target.username, password: target.password ?? '' }),
  });
  camera.on('error', () => undefined);
  const device = camera as unknown as Device;
  await device.connect();
  const profiles = (await device.getProfiles()).slice(0, MAX_PROFILES);
  const answers = await Promise.all(profiles.map((profile) => streamOf(device, profile)));
  return answers.filter((answer) => answer !== undefined);
}

async function streamOf(device: Device, profile: Profile): Promise<OnvifProfile | undefined> {
  const { uri } = await device.getStreamUri({ protocol: 'RTSP', stream: 'RTP-Unicast', profileToken: profile.$.token });
  if (typeof uri !== 'string' || !/^rtsps?:\/\//i.test(uri) || uri.length > 2048) return undefined;
  const encoder = profile.videoEncoderConfiguration;
  return {
    name: textOf(profile.name, profile.$.token),
    url: uri.trim().replace(/^(rtsps?:\/\/)[^/@]*@/i, '$1'),
    codec: textOf(encoder?.encoding, '') || undefined,
    width: positive(encoder?.resolution?.width),
    height: positive(encoder?.resolution?.height),
  };
}

const textOf = (value: unknown, otherwise: string): string =>
  (typeof value === 'string' ? value : otherwise).slice(0, 64);

function positive(value: unknown): number | undefined {
  const number = Number(value);
  return Number.isInteger(number) && number > 0 && number < 65_536 ? number : undefined;
}

function explain(error: unknown, target: OnvifTarget): UnderstudyError {
  const message = messageOf(error);
  if (/not authorized|unauthorized|401|authenticat|sender not/i.test(message)) {
    const needed = target.username === undefined;
    return new UnderstudyError(
      'forbidden',
      needed ? 'onvif/credentials-needed' : 'onvif/credentials',
      needed ? 'The camera asks for a user name and password.' : 'The camera refuses this user name or password.',
    );
  }
  if (/ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ECONNRESET|timeout/i.test(message)) {
    return new UnderstudyError('unavailable', 'onvif/no-answer', `No ONVIF service answers at ${hostOf(target)}.`, {
      cause: error,
    });
  }
  return new UnderstudyError(
    'protocol',
    'onvif/answer',
    `The ONVIF service at ${hostOf(target)} answered something else than expected.`,
    { cause: error },
  );
}

const hostOf = ({ xaddr }: OnvifTarget): string => new URL(xaddr).host;
