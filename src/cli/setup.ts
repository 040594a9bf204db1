/**
 * `understudy setup`: the account of the owner of a server that is new, and a token for the other commands, without a browser.
 * The token is written to a file that only its owner reads; it is the one that `--token-file` names from then on.
 */
import { open, rm } from 'node:fs/promises';
import type { Command } from 'commander';
import type { z } from 'zod';
import type { createdToken, setupState } from '../api/contract/access.ts';
import { UnderstudyError } from '../core/errors.ts';
import { newPassword } from './secret-input.ts';
import { serverWithoutToken, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { print, printJson } from './text-output.ts';

type Options = ServerOptions & {
  readonly username: string;
  readonly passwordFile?: string;
  readonly name?: string;
};
const TOKEN_NAME = 'command line';

export function registerSetup(program: Command): void {
  withServerOptions(
    program
      .command('setup')
      .description('make the account of the owner of a new server, and a token of theirs in a new file, --token-file')
      .requiredOption('--username <name>', 'of the owner')
      .option('--password-file <file>', 'its first line is the password: at least 10 characters')
      .option('--name <name>', 'what the server is to be called'),
    'The password is typed unseen, or comes as one line on standard input, or from --password-file.',
  ).action(setup);
}

async function setup({ username, passwordFile, name: serverName, ...options }: Options): Promise<void> {
  const { tokenFile, at } = options;
  if (at !== undefined) throw wrongUse('a server is set up at itself, not through its host');
  if (tokenFile === undefined) throw wrongUse('setup needs --token-file FILE: a new file, for the token');
  const api = await serverWithoutToken('setup', options);
  const { needed, serverName: before } = (await api.call('GET', '/setup')) as z.infer<typeof setupState>;
  if (!needed)
    throw new UnderstudyError(
      'conflict',
      'cli/has-owner',
      `${before} has an owner already: sign in there for a token.`,
    );
  const handle = await open(tokenFile, 'wx', 0o600).catch((cause: unknown) => {
    throw new UnderstudyError('invalid', 'cli/usage', `--token-file: ${tokenFile} is there, or cannot be made`, {
      cause,
    });
  });
  try {
    const password = await newPassword(passwordFile);
    await api.call('POST', '/setup', { username, password, ...(serverName === undefined ? {} : { serverName }) });
    const token = { name: TOKEN_NAME, role: 'owner' };
    const { secret } = (await api.call('POST', '/tokens', token)) as z.infer<typeof createdToken>;
    await handle.writeFile(`${secret}\n`);
    await handle.sync();
  } catch (error) {
    await rm(tokenFile, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  const name = serverName ?? before;
  if (options.json === true) printJson({ name, username, tokenFile });
  else print(`${name} belongs to ${username}. The token is in ${tokenFile}: whoever has it is owner there.`);
}
