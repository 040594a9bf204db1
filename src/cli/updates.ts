/** `understudy updates`: the releases that a server keeps, installing one, and the servers of a site. */
import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ServerUpdate, Updates, UploadResult } from '../api/contract/updates.ts';
import { systemClock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { MAX_PART_BYTES, MAX_RELEASE_BYTES } from '../site/release-limits.ts';
import type { ApiClient } from './api-client.ts';
import { findServer } from './find-server.ts';
import { readableOrThrow } from './paths.ts';
import { apiOf, EXIT_PROBLEM, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { print, printJson } from './text-output.ts';

export function registerUpdates(program: Command): void {
  const updates = program.command('updates').description('releases of a server: what runs, adding and installing one');
  withServerOptions(
    updates
      .command('show', { isDefault: true })
      .description('what runs, what is kept, how updates go; exit 1 if the last one was not kept'),
  ).action(show);
  withServerOptions(
    updates
      .command('add')
      .description('add a signed release; nothing is installed by that')
      .argument('<file>', 'a release, as it was made'),
  ).action(add);
  withServerOptions(
    updates.command('look').description('read which releases the place of the setting releaseSource has'),
    'The place is set with: understudy settings options releaseSource=https://example.org/releases.json',
  ).action(look);
  withServerOptions(
    updates
      .command('fetch')
      .description('fetch one of them; nothing is installed by that')
      .argument('<version>', 'such as 1.2.3'),
  ).action(fetchOne);
  withServerOptions(
    updates
      .command('install')
      .description(
        'install a release that was added: the server restarts, and takes the one before if it does not work',
      )
      .argument('<version>', 'such as 1.2.3'),
  ).action(install);
  withServerOptions(
    updates
      .command('servers')
      .description('the host hands a release to its servers, which install it one after another')
      .argument('<version>', 'such as 1.2.3')
      .argument('<server...>', 'names or ids, in this order'),
  ).action(servers);
  withServerOptions(updates.command('stop').description('servers that wait for their update get none')).action(stop);
  withServerOptions(
    updates
      .command('remove')
      .description('keep a release no more; the one that runs stays')
      .argument('<version>', 'such as 1.2.3'),
  ).action(remove);
}

async function show(options: ServerOptions): Promise<void> {
  const api = await apiOf('updates show', options);
  const seen = (await api.call('GET', '/updates')) as Updates;
  if (seen.last?.result === 'rolled-back') process.exitCode = EXIT_PROBLEM;
  if (options.json === true) printJson(seen);
  else for (const line of linesOf(seen)) print(line);
}

function linesOf({
  version,
  packaged,
  unable,
  releases,
  installing,
  trial,
  last,
  servers: rows,
}: Updates): readonly string[] {
  return [
    `Release ${version} runs${packaged === version ? '' : `; the package is ${packaged}`}.`,
    ...(unable === undefined ? [] : [unable]),
    ...(installing === undefined ? [] : [`${installing.version} is being installed (${installing.phase}).`]),
    ...(trial === undefined ? [] : [`It is being tried; ${trial.before} comes back if it does not work.`]),
    ...(last === undefined ? [] : [lastText(last)]),
    ...releases.map(
      (one) =>
        `${one.version}, ${one.beside}, ${one.bytes} bytes${one.problem === undefined ? '' : `: ${one.problem}`}`,
    ),
    ...rows.map(rowText),
  ];
}
const lastText = ({ from, to, at, result, reason }: NonNullable<Updates['last']>): string =>
  result === 'updated' ? `Updated from ${from} to ${to} at ${at}.` : `${to} was not kept at ${at}: ${reason ?? ''}`;
function rowText({ name, version, phase, sentBytes, bytes, problem }: ServerUpdate): string {
  const how = phase === 'sending' ? `sending ${Math.floor((100 * sentBytes) / bytes)} %` : phase;
  return `${name} to ${version}: ${how}${problem === undefined ? '' : ` (${problem})`}`;
}

async function look(options: ServerOptions): Promise<void> {
  const api = await apiOf('updates look', options);
  const { online } = await lookAt(api);
  if (options.json === true) return printJson(online);
  print(`${online?.source ?? ''} has ${count(online?.releases.length ?? 0, 'release')}.`);
  for (const { version, beside, bytes, kept } of online?.releases ?? [])
    print(`${version}, ${beside}, ${bytes} bytes${kept ? ', kept here' : ''}`);
}
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
const lookAt = async (api: ApiClient): Promise<Updates> =>
  (await api.call('POST', '/updates/online', {}, LOOK_WITHIN_MS)) as Updates;
/** Longer than the server waits for the other side. */
const LOOK_WITHIN_MS = 60_000;
const FETCH_LOOK_MS = 500;

/** Waits for the end of it. */
async function fetchOne(version: string, options: ServerOptions): Promise<void> {
  const api = await apiOf('updates fetch', options);
  await lookAt(api);
  let seen = (await api.call('POST', '/updates/online/fetch', { version })) as Updates;
  while (seen.online?.fetching !== undefined) {
    await systemClock.sleep(durationMs(FETCH_LOOK_MS));
    seen = (await api.call('GET', '/updates')) as Updates;
  }
  const release = seen.releases.find((one) => one.version === version);
  if (release === undefined)
    throw new UnderstudyError('unavailable', 'updates/source', seen.online?.problem ?? 'Fetching it was ended.');
  if (options.json === true) return printJson(release);
  print(`Release ${version} is here. Install it with: understudy updates install ${version}`);
}

async function add(file: string, options: ServerOptions): Promise<void> {
  await readableOrThrow(file);
  const api = await apiOf('updates add', options);
  const { release } = await send(api, file);
  if (options.json === true) return printJson(release);
  print(
    `Release ${release?.version ?? ''} was added. Install it with: understudy updates install ${release?.version ?? ''}`,
  );
}

async function send(api: ApiClient, path: string): Promise<UploadResult> {
  const file = await open(path, 'r');
  try {
    const { size: bytes } = await file.stat();
    if (bytes === 0 || bytes > MAX_RELEASE_BYTES)
      throw wrongUse(`${path} has ${bytes} bytes; a release has 1 to ${MAX_RELEASE_BYTES}`);
    const buffer = Buffer.alloc(MAX_PART_BYTES);
    let result: UploadResult = { received: 0 };
    do {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, result.received);
      const part = buffer.subarray(0, bytesRead).toString('base64');
      result = (await api.call('PUT', '/updates/upload', { bytes, at: result.received, part })) as UploadResult;
    } while (result.received < bytes);
    return result;
  } finally {
    await file.close();
  }
}

async function install(version: string, options: ServerOptions): Promise<void> {
  const api = await apiOf('updates install', options);
  const seen = (await api.call('POST', '/updates/install', { version })) as Updates;
  if (options.json === true) return printJson(seen);
  print(`Release ${version} is being installed; the server restarts for it. See understudy updates for how it goes.`);
}

async function servers(version: string, meant: readonly string[], options: ServerOptions): Promise<void> {
  const api = await apiOf('updates servers', options);
  const serverIds: string[] = [];
  for (const one of meant) serverIds.push((await findServer(api, one)).id);
  const seen = (await api.call('POST', '/updates/servers', { version, serverIds })) as Updates;
  if (options.json === true) return printJson(seen.servers);
  print(`Release ${version} goes to ${seen.servers.map(({ name }) => name).join(', ')}, one after another.`);
}

async function stop(options: ServerOptions): Promise<void> {
  const api = await apiOf('updates stop', options);
  await api.call('DELETE', '/updates/servers');
  if (options.json === true) printJson({ stopped: true });
  else print('Servers that wait get no update; one that is under way goes on.');
}

async function remove(version: string, options: ServerOptions): Promise<void> {
  const api = await apiOf('updates remove', options);
  await api.call('DELETE', `/updates/releases/${encodeURIComponent(version)}`);
  if (options.json === true) printJson({ removed: version });
  else print(`Release ${version} is kept no more.`);
}
