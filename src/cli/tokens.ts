/** `understudy tokens`: bearer tokens of scripts. Does not: accounts of people (users.ts). */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { createdToken, token } from '../api/contract/access.ts';
import { UnderstudyError } from '../core/errors.ts';
import { apiOf, withServerOptions } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';
import { roleIn } from './users.ts';

type Token = z.infer<typeof token>;

export function registerTokens(program: Command): void {
  const tokens = program.command('tokens').description('tokens with which scripts use a server');
  withServerOptions(tokens.command('list', { isDefault: true }).description('list them, without their secrets')).action(
    list,
  );
  withServerOptions(
    tokens
      .command('add')
      .description('make one with a role below that of the token in use; its secret is shown this once')
      .argument('<name>', 'what it is for')
      .requiredOption('--role <role>', 'owner, admin, operator, viewer'),
    'Only the secret goes to standard output, so that it can go into a file: (umask 077; understudy tokens add backup --role admin ... > F).',
  ).action(add);
  withServerOptions(tokens.command('delete').description('revoke one at once').argument('<name>', 'name or id')).action(
    remove,
  );
}

async function list(options: ServerOptions): Promise<void> {
  const api = await apiOf('tokens', options);
  const { items } = (await api.call('GET', '/tokens?limit=1000')) as { readonly items: readonly Token[] };
  if (options.json === true) return printJson({ tokens: items });
  process.stdout.write(
    columnsOf(
      items.map(({ name, role, id, lastUsedAt }) => [
        name,
        role,
        id,
        lastUsedAt === undefined ? 'never used' : `used ${lastUsedAt}`,
      ]),
    ),
  );
}

async function add(name: string, options: ServerOptions & { readonly role: string }): Promise<void> {
  const role = roleIn(options.role);
  const api = await apiOf('tokens add', options);
  const made = (await api.call('POST', '/tokens', { name, role })) as z.infer<typeof createdToken>;
  if (options.json === true) return printJson({ token: made });
  process.stderr.write(`This is shown once; whoever has it is ${role} here.\n`);
  print(made.secret);
}

async function remove(meant: string, options: ServerOptions): Promise<void> {
  const api = await apiOf('tokens delete', options);
  const { items } = (await api.call('GET', '/tokens?limit=1000')) as { readonly items: readonly Token[] };
  const byId = items.filter(({ id }) => id === meant);
  const [only, another] = byId.length > 0 ? byId : items.filter(({ name }) => name === meant);
  if (only === undefined || another !== undefined) {
    const message =
      only === undefined ? `No token is called ${meant}.` : `Several tokens are called ${meant}: give the id.`;
    throw new UnderstudyError('not-found', 'cli/token', message);
  }
  await api.call('DELETE', `/tokens/${only.id}`);
  if (options.json === true) printJson({ deleted: only.id });
  else print(`Token ${only.name} was revoked.`);
}
