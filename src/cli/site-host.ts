/** `understudy site host` and `understudy site take-host`: who is the host of the site, and making another server the host. */
import type { Command } from 'commander';
import type { SiteHostView } from '../api/contract/site-host.ts';
import { apiOf, withServerOptions } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

/** `site`: the command that they belong to. */
export function registerSiteHost(site: Command): void {
  withServerOptions(
    site.command('host').description('who is the host of the site, where it is, and which servers may succeed it'),
  ).action(show);
  withServerOptions(
    site
      .command('take-host')
      .description('make this server the host, when the host is gone or with its name as confirmation')
      .option('--confirm <name>', 'name of the present host: take the role from it although it is heard'),
    'Give it the server that shall be the host with --server or --data. Recording and covering go on; the other servers follow by themselves.',
  ).action(take);
}

type TakeOptions = ServerOptions & { readonly confirm?: string };
async function take({ confirm, ...options }: TakeOptions): Promise<void> {
  const api = await apiOf('site take-host', options);
  const body = confirm === undefined ? {} : { confirm };
  const view = (await api.call('POST', '/site/take-host', body)) as SiteHostView;
  if (options.json === true) return printJson(view);
  print(`${view.host?.name ?? 'This server'} is the host of the site now (term ${view.term ?? 0}).`);
}

async function show(options: ServerOptions): Promise<void> {
  const api = await apiOf('site host', options);
  const view = (await api.call('GET', '/site/host')) as SiteHostView;
  if (options.json === true) return printJson(view);
  const { host, term, isHost, successors, here } = view;
  if (host === undefined) return print('This server belongs to no site.');
  const silent = host.connected ? undefined : `not heard for ${here.silentSeconds ?? 0} s`;
  const facts = [isHost ? 'this server' : undefined, placeOf(host), termOf(term), silent];
  print(
    `${host.name} is the host${facts
      .filter((fact) => fact !== undefined)
      .map((fact) => `, ${fact}`)
      .join('')}.`,
  );
  if (successors.length > 0) {
    print('It may be succeeded by:');
    process.stdout.write(columnsOf(successors.map(rowOf)));
  }
  if (isHost) return;
  print(here.canTake ? 'This server can take its role: understudy site take-host.' : (here.reason ?? ''));
  if (here.copyAt !== undefined) print(`Its copy of the site is of ${here.copyAt}.`);
  if (here.automaticAfterSeconds !== undefined)
    print(`It takes the role by itself when the host was not heard for ${here.automaticAfterSeconds} s.`);
}

const termOf = (term: number | undefined): string | undefined => (term === undefined ? undefined : `term ${term}`);
type Place = Pick<SiteHostView['successors'][number], 'address' | 'httpPort'>;
function placeOf({ address, httpPort }: Place): string | undefined {
  if (address === undefined) return undefined;
  const name = address.includes(':') ? `[${address}]` : address;
  return `https://${name}${httpPort === undefined ? '' : `:${httpPort}`}/`;
}

function rowOf(one: SiteHostView['successors'][number]): readonly (string | undefined)[] {
  const copy = one.hasCopy === undefined ? undefined : one.hasCopy ? 'has a copy of the site' : 'has no copy yet';
  return [one.name, one.mode, placeOf(one), one.connected ? 'connected' : undefined, copy];
}
