/**
 * `understudy licence`: the licences of a server; shows a file without any server.
 * Belongs here: the command and what concerns a server. Does not: making keys and licences (make-licence.ts).
 */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Licence, Licences, SeatUse } from '../api/contract/licences.ts';
import { MAX_LICENCE_CHARACTERS, readLicence } from '../site/licence.ts';
import type { LicenceTerms, Seats } from '../site/licence.ts';
import { findServer } from './find-server.ts';
import { registerMakeLicence } from './make-licence.ts';
import { readableOrThrow } from './paths.ts';
import { apiOf, EXIT_PROBLEM, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

type AddOptions = ServerOptions & { readonly for?: string };

export function registerLicence(program: Command): void {
  const licence = program.command('licence').description('licences: how many servers and cameras a site may have');
  withServerOptions(
    licence
      .command('show', { isDefault: true })
      .description(
        'the licences of a server and the seats in use; exit 1 if one of them counts no more. With a file: what it says',
      )
      .argument('[file]', 'a licence file, shown without any server'),
  ).action(show);
  withServerOptions(
    licence
      .command('add')
      .description('add a licence file; of a site at its host')
      .argument('<file>', 'as it was issued')
      .option('--for <server>', 'its seats are for this server only: name or id'),
  ).action(add);
  withServerOptions(
    licence
      .command('remove')
      .description('remove a licence; whatever is recorded or covered goes on')
      .argument('<id>', 'its id'),
  ).action(remove);
  registerMakeLicence(licence);
}

async function show(file: string | undefined, options: ServerOptions): Promise<void> {
  if (file !== undefined) return showFile(await textIn(file), options.json === true);
  const api = await apiOf('licence show', options);
  const licences = (await api.call('GET', '/licences')) as Licences;
  if (options.json === true) printJson(licences);
  else showAll(licences);
  if (licences.items.some(({ state }) => state === 'expired' || state === 'untrusted')) process.exitCode = EXIT_PROBLEM;
}

/** Nothing is known here of whom a server trusts: only what the file says. */
function showFile(text: string, isJson: boolean): void {
  const { terms, keyId } = readLicence(text, []);
  if (isJson) return printJson({ licence: terms, keyId });
  print(`Licence ${terms.id} for ${terms.holder}, signed by key ${keyId} (the signature is checked when it is added).`);
  print(`${seatsText(terms.seats)}; ${validityText(terms)}.`);
}

function showAll({ items, host, covering, recording }: Licences): void {
  if (host !== undefined) print(`${host.name} manages this server: its licences count.`);
  if (items.length === 0) print('There is no licence: nothing is limited but the channels.');
  else process.stdout.write(columnsOf(items.map(rowOf)));
  for (const use of covering) print(`${use.name} may cover ${seatsOf(use)}${usedText(use, 'covered')}.`);
  for (const use of recording) print(`${use.name} may record ${seatsOf(use)}${usedText(use, 'recorded')}.`);
}

const rowOf = (licence: Licence): readonly (string | undefined)[] => {
  const { id, holder, state, seats, serverId, problem } = licence;
  return [id, state, holder, seatsText(seats), validityText(licence), serverId && `only ${serverId}`, problem];
};

const SEAT_WORDS: Readonly<Record<keyof Seats, string>> = {
  failoverServers: 'failover servers',
  coveredCameras: 'covered cameras',
  recordedCameras: 'recorded cameras',
};
function seatsText(seats: Seats): string {
  const parts = (Object.keys(SEAT_WORDS) as (keyof Seats)[]).flatMap((kind) =>
    seats[kind] === undefined ? [] : [`${seats[kind]} ${SEAT_WORDS[kind]}`],
  );
  return parts.length === 0 ? 'no seats' : parts.join(', ');
}
function validityText({ validFrom, expiresAt }: Pick<LicenceTerms, 'validFrom' | 'expiresAt'>): string {
  const from = validFrom === undefined ? '' : `from ${validFrom} `;
  return expiresAt === undefined ? `${from}without end` : `${from}until ${expiresAt}`;
}
const seatsOf = ({ seats }: SeatUse): string => (seats === undefined ? 'any number of cameras' : `${seats} cameras`);
const usedText = ({ used }: SeatUse, word: string): string => (used === undefined ? '' : `, ${used} are ${word} now`);

async function add(file: string, options: AddOptions): Promise<void> {
  const licence = await textIn(file);
  const api = await apiOf('licence add', options);
  const { for: meant } = options;
  const serverId = meant === undefined ? undefined : (await findServer(api, meant)).id;
  const added = (await api.call('POST', '/licences', {
    licence,
    ...(serverId === undefined ? {} : { serverId }),
  })) as Licence;
  if (options.json === true) printJson({ licence: added });
  else print(`Licence ${added.id} for ${added.holder} was added: ${seatsText(added.seats)}, ${validityText(added)}.`);
}

async function remove(id: string, options: ServerOptions): Promise<void> {
  const api = await apiOf('licence remove', options);
  await api.call('DELETE', `/licences/${encodeURIComponent(id)}`);
  if (options.json === true) printJson({ removed: id });
  else print(`Licence ${id} was removed; whatever is recorded or covered goes on.`);
}

/** @throws cli/usage */
async function textIn(path: string): Promise<string> {
  await readableOrThrow(path);
  const text = await readFile(path, 'utf8');
  if (text.length <= MAX_LICENCE_CHARACTERS) return text;
  throw wrongUse(`${path} has ${text.length} characters: a licence has at most ${MAX_LICENCE_CHARACTERS}`);
}
