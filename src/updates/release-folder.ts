/**
 * Where releases lie in a data directory, and which of them is started: `releases/state.json`. Shared by the launcher and control,
 * which never write it at the same time: control only while it runs under the release that was chosen.
 */
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFileSync } from '../core/durable-file.ts';
import { systemCodeOf } from '../core/errors.ts';
import { NO_RELEASES, releaseStateSchema } from './release-state.ts';
import type { ReleaseState } from './release-state.ts';

export const releasesIn = (dataDir: string): string => join(dataDir, 'releases');
/** The file as it came. */
export const releaseFileIn = (dataDir: string, version: string): string =>
  join(releasesIn(dataDir), `${version}.release`);
/** Unpacked; it has this name only when it is whole. */
export const unpackedIn = (dataDir: string, version: string): string => join(releasesIn(dataDir), version);
const stateIn = (dataDir: string): string => join(releasesIn(dataDir), 'state.json');

export const isUnpacked = (dataDir: string, version: string): boolean =>
  existsSync(join(unpackedIn(dataDir, version), 'dist', 'supervisor.js'));

/** What cannot be read is put aside: what was installed is always there to start. @throws system errors but ENOENT */
export function readReleaseState(dataDir: string): ReleaseState {
  const path = stateIn(dataDir);
  const text = textOf(path);
  if (text === undefined) return NO_RELEASES;
  const parsed = releaseStateSchema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  renameSync(path, `${path}.bad`);
  return NO_RELEASES;
}

/** Durable when it returns. @throws system errors */
export const writeReleaseState = (dataDir: string, state: ReleaseState): void =>
  replaceFileSync(stateIn(dataDir), JSON.stringify(state));

/** Also what is only half there. */
export async function unpackedNames(dataDir: string): Promise<readonly string[]> {
  if (!existsSync(releasesIn(dataDir))) return [];
  const entries = await readdir(releasesIn(dataDir), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** It is not started any more. */
export const removeUnpacked = async (dataDir: string, version: string): Promise<void> =>
  await rm(unpackedIn(dataDir, version), { recursive: true, force: true });

/** `version` of the package.json in the folder that something runs from. @throws when there is none */
export function versionIn(root: string): string {
  const value = jsonOf(readFileSync(join(root, 'package.json'), 'utf8'));
  if (typeof value === 'object' && value !== null && 'version' in value && typeof value.version === 'string')
    return value.version;
  throw new TypeError(`${join(root, 'package.json')} names no version`);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
