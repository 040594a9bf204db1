/** `understudy cameras discover`: ONVIF cameras on the LAN of this machine, or of a server; with or without their stream addresses. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { seconds, systemClock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { silentLog } from '../core/log.ts';
import { discoverCameras } from '../discovery/discover-cameras.ts';
import type { DiscoveredDevice } from '../discovery/discover-cameras.ts';
import { apiOf, withServerOptions } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { plainText } from './text-output.ts';

type Options = ServerOptions & {
  readonly seconds: string;
  readonly username?: string;
  readonly passwordFile?: string;
};

export function registerDiscoverCameras(cameras: Command): void {
  withServerOptions(
    cameras
      .command('discover')
      .description(
        'look for ONVIF cameras on the LAN of this machine, or of the server that is given; exit 1 if there is none',
      )
      .option('--seconds <n>', 'how long to look, 1 to 30', '4')
      .option('--username <name>', 'ask found cameras for their streams as this user')
      .option('--password-file <file>', 'file that holds the password (never given on the command line)'),
  ).action(discover);
}

async function discover(options: Options): Promise<void> {
  const duration = Number(options.seconds);
  if (!(duration >= 1 && duration <= 30)) {
    throw new UnderstudyError(
      'invalid',
      'cli/usage',
      `--seconds takes a number from 1 to 30, not '${options.seconds}'`,
    );
  }
  const password =
    options.passwordFile === undefined ? undefined : readFileSync(options.passwordFile, 'utf8').trimEnd();
  const { username } = options;
  const found = await foundBy(options, { duration, username, password });
  process.stdout.write(options.json === true ? `${JSON.stringify({ cameras: found })}\n` : tableOf(found));
  if (found.length === 0) process.exitCode = 1;
}

type Asked = {
  readonly duration: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
};
/** What a camera answers, beside the time that is looked for them. */
const ANSWER_WITHIN_MS = 60_000;
async function foundBy(options: Options, { duration, username, password }: Asked): Promise<readonly Found[]> {
  if (options.server === undefined && options.data === undefined)
    return await discoverCameras(
      { duration: seconds(duration), username, password },
      { clock: systemClock, log: silentLog },
    );
  const api = await apiOf('cameras discover', options);
  const asked = {
    seconds: duration,
    ...(username === undefined ? {} : { username, ...(password === undefined ? {} : { password }) }),
  };
  return (
    (await api.call('POST', '/cameras/discover', asked, ANSWER_WITHIN_MS)) as { readonly items: readonly Found[] }
  ).items;
}
type Found = Pick<DiscoveredDevice, 'address' | 'name' | 'hardware' | 'profiles' | 'problem'>;

function tableOf(found: readonly Found[]): string {
  if (found.length === 0) return 'No camera answered. Cameras must be on the same LAN and have ONVIF switched on.\n';
  return found.map((one) => linesOf(one).split('\n').map(plainText).join('\n')).join('');
}

function linesOf({ address, name, hardware, profiles, problem }: Found): string {
  const head = [address, name, hardware].filter((part) => part !== undefined).join('  ');
  const streams = profiles.map(
    (profile) =>
      `    ${profile.name}  ${profile.width ?? '?'}x${profile.height ?? '?'}  ${profile.codec ?? ''}  ${profile.url}\n`,
  );
  return `${head}\n${streams.join('')}${problem ? `    ${problem.message}\n` : ''}`;
}
