/** `understudy cameras discover`: ONVIF cameras on the LAN, with or without their stream addresses. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { seconds, systemClock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { silentLog } from '../core/log.ts';
import { discoverCameras } from '../discovery/discover-cameras.ts';
import type { DiscoveredDevice } from '../discovery/discover-cameras.ts';

type Options = {
  readonly json?: true;
  readonly seconds: string;
  readonly username?: string;
  readonly passwordFile?: string;
};

export function registerCameras(program: Command): void {
  program
    .command('cameras')
    .description('work with cameras on the network')
    .command('discover')
    .description('look for ONVIF cameras on the LAN')
    .option('--seconds <n>', 'how long to look, 1 to 30', '4')
    .option('--username <name>', 'ask found cameras for their streams as this user')
    .option('--password-file <file>', 'file that holds the password (never given on the command line)')
    .option('--json', 'one JSON document for machines')
    .action(discover);
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
  const found = await discoverCameras(
    { duration: seconds(duration), username: options.username, password },
    { clock: systemClock, log: silentLog },
  );
  process.stdout.write(options.json ? `${JSON.stringify({ cameras: found })}\n` : tableOf(found));
  if (found.length === 0) process.exitCode = 1;
}

function tableOf(found: readonly DiscoveredDevice[]): string {
  if (found.length === 0) return 'No camera answered. Cameras must be on the same LAN and have ONVIF switched on.\n';
  return found.map(linesOf).join('');
}

function linesOf({ address, name, hardware, profiles, problem }: DiscoveredDevice): string {
  const head = [address, name, hardware].filter((part) => part !== undefined).join('  ');
  const streams = profiles.map(
    (profile) =>
      `    ${profile.name}  ${profile.width ?? '?'}x${profile.height ?? '?'}  ${profile.codec ?? ''}  ${profile.url}\n`,
  );
  return `${head}\n${streams.join('')}${problem ? `    ${problem.message}\n` : ''}`;
}
