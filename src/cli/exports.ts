/**
 * `understudy exports`: footage that a running server cuts into files to keep: asks for it, lists, fetches, shares and deletes it.
 * Belongs here: jobs of a server. Does not: cutting from the folders of this machine without a server (export.ts).
 */
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { ExportJob, ExportLink } from '../api/contract/footage.ts';
import type { Server } from '../api/contract/server.ts';
import { isoOf, parseIso } from '../core/clock.ts';
import { createId } from '../core/ids.ts';
import type { ApiClient } from './api-client.ts';
import { cameraMeant, cameraNamesOf } from './camera-names.ts';
import { apiOf, EXIT_PROBLEM, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

type Range = { readonly start: string; readonly end: string; readonly stream: string };

export function registerExports(program: Command): void {
  const exports = program.command('exports').description('footage that a server cuts into files');
  withServerOptions(
    exports.command('list', { isDefault: true }).description('list them, newest first; exit 1 if one failed'),
  ).action(list);
  withRange(
    exports
      .command('add')
      .description('cut a range of cameras, one job each, from the key frame at or before its start')
      .argument('<camera...>', 'names or ids'),
  ).action(add);
  withServerOptions(
    exports
      .command('get')
      .description('save the files of one that is done, each with its signed manifest')
      .argument('<id>', 'as listed')
      .requiredOption('--out <dir>', 'a folder that is there'),
    'understudy verify FILE checks a file against its manifest.',
  ).action(get);
  withServerOptions(
    exports
      .command('link')
      .description('addresses by which anybody fetches one that is done, without an account')
      .argument('<id>', 'as listed')
      .option('--hours <hours>', 'so long they work, 1 to 744', '72'),
    'Deleting the export ends them before.',
  ).action(link);
  withServerOptions(
    exports.command('delete').description('stop one and remove its files').argument('<id>', 'as listed'),
  ).action(remove);
}

export const withRange = (command: Command): Command =>
  withServerOptions(
    command
      .requiredOption('--start <time>', 'such as 2026-11-22T08:00:00Z')
      .requiredOption('--end <time>', 'before this time')
      .option('--stream <stream>', 'main or sub', 'main'),
  );

/** @throws cli/usage */
export function rangeIn({ start, end, stream }: Range): Range {
  if (stream !== 'main' && stream !== 'sub') throw wrongUse(`--stream takes main or sub, not ${stream}`);
  return { start: timeIn(start, '--start'), end: timeIn(end, '--end'), stream };
}

/** @throws cli/usage */
function timeIn(text: string, option: string): string {
  const at = parseIso(text);
  if (at !== undefined) return isoOf(at);
  throw wrongUse(`${option} takes a time such as 2026-11-22T08:00:00Z, not ${text}`);
}

async function list(options: ServerOptions): Promise<void> {
  const api = await apiOf('exports', options);
  const { items } = (await api.call('GET', '/exports?limit=1000')) as { readonly items: readonly ExportJob[] };
  await show(api, items, options);
  if (items.some(({ state }) => state === 'failed')) process.exitCode = EXIT_PROBLEM;
}

async function show(api: ApiClient, jobs: readonly ExportJob[], { json }: ServerOptions): Promise<void> {
  if (json === true) return printJson({ exports: jobs });
  if (jobs.length === 0) return print('Nothing was exported.');
  const names = await cameraNamesOf(api);
  const rows = jobs.map(({ id, cameraId, start, end, state, progress, bytes, missingSeconds, message }) => [
    names.get(cameraId) ?? cameraId,
    `${start} to ${end}`,
    state === 'running' ? `${Math.round(progress * 100)} %` : state,
    bytes === undefined ? undefined : `${(bytes / 1e6).toFixed(1)} MB`,
    missingSeconds === undefined || missingSeconds === 0 ? undefined : `${missingSeconds} s missing`,
    id,
    message,
  ]);
  process.stdout.write(columnsOf(rows));
}

async function add(meant: readonly string[], options: ServerOptions & Range): Promise<void> {
  const range = rangeIn(options);
  const api = await apiOf('exports add', options);
  const cameraIds: string[] = [];
  for (const one of meant) cameraIds.push(await cameraMeant(api, one));
  const { items } = (await api.call('POST', '/exports', { cameraIds, ...range })) as { items: readonly ExportJob[] };
  await show(api, items, options);
}

async function get(id: string, { out, ...options }: ServerOptions & { readonly out: string }): Promise<void> {
  const api = await apiOf('exports get', options);
  const path = `/exports/${encodeURIComponent(id)}`;
  const job = (await api.call('GET', path)) as ExportJob;
  const files: string[] = [];
  for (const { name } of job.files) {
    const query = `?${new URLSearchParams({ file: name }).toString()}`;
    const plain = name.replaceAll(/[^\w.-]/g, '_');
    files.push(await saved(api, `${path}/video${query}`, join(out, plain)));
    files.push(await saved(api, `${path}/manifest${query}`, join(out, `${plain}.manifest.json`)));
  }
  if (options.json === true) return printJson({ files });
  for (const file of files) print(file);
  if (files.length === 0) print(`This export is ${job.state}: it has no files yet.`);
  if (files.length === 0) process.exitCode = EXIT_PROBLEM;
}

/** As a whole or not at all; a file that is there is replaced. */
async function saved(api: ApiClient, path: string, file: string): Promise<string> {
  const partial = `${file}.${createId('part')}`;
  const handle = await open(partial, 'wx');
  try {
    for await (const bytes of await api.stream(path)) await handle.writeFile(bytes);
    await handle.sync();
    await handle.close();
    await rename(partial, file);
    return file;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

async function link(id: string, { hours, ...options }: ServerOptions & { readonly hours: string }): Promise<void> {
  if (!/^\d{1,3}$/.test(hours)) throw wrongUse(`--hours takes a whole number from 1 to 744, not ${hours}`);
  const api = await apiOf('exports link', options);
  const path = `/exports/${encodeURIComponent(id)}/link`;
  const { expiresAt, files } = (await api.call('POST', path, { hours: Number(hours) })) as ExportLink;
  const { addresses, httpPort } = (await api.call('GET', '/server')) as Server;
  const address = addresses[0] ?? 'localhost';
  const origin = `https://${address.includes(':') ? `[${address}]` : address}:${httpPort}`;
  const whole = (url: string): string => new URL(url, origin).href;
  const links = files.map(({ name, url, manifestUrl }) => ({ name, url: whole(url), manifestUrl: whole(manifestUrl) }));
  if (options.json === true) return printJson({ expiresAt, files: links });
  for (const { url, manifestUrl } of links) for (const address of [url, manifestUrl]) print(address);
  print(`They work until ${expiresAt}, for whoever has them.`);
}

async function remove(id: string, options: ServerOptions): Promise<void> {
  const api = await apiOf('exports delete', options);
  await api.call('DELETE', `/exports/${encodeURIComponent(id)}`);
  if (options.json === true) printJson({ deleted: id });
  else print('The export is deleted.');
}
