/**
 * The list of the releases that can be fetched from a place: `releases.json` beside them (docs/design/updates.md). It is not signed, for
 * nothing of it is believed: each release is, and what the list says of one is only shown before it is fetched.
 *
 * Belongs here: the format. Does not: fetching it (release-download.ts).
 */
import { z } from 'zod';
import { parseIso } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { MAX_RELEASE_BYTES } from '../site/release-limits.ts';
import { shownAddress } from '../site/release-source.ts';
import { wordsOf } from '../site/signed-text.ts';
import { isOlder } from '../site/version.ts';
import { versionSchema } from './release-file.ts';

export const RELEASE_LIST_NAME = 'releases.json';
export const MAX_LIST_BYTES: number = 256 * 1024;
const MAX_LISTED = 200;

const listedSchema = z.object({
  version: versionSchema,
  /** Its address, or a name beside the list. */
  file: z.string().min(1).max(1024),
  bytes: z.number().int().min(1).max(MAX_RELEASE_BYTES),
  builtAt: z.string().refine((text) => parseIso(text) !== undefined, 'Expected a time such as 2027-12-31T23:59:59Z'),
});
/** `file` as it stands there. */
export type ListedRelease = z.infer<typeof listedSchema>;
/** What a later release of the product adds beside these is left aside. */
const listSchema = z.object({ format: z.literal(1), releases: z.array(listedSchema).max(MAX_LISTED) });

/** As it is published, the newest first. */
export const releaseListText = (releases: readonly ListedRelease[]): string =>
  `${JSON.stringify({ format: 1, releases: newestFirst(releases) }, undefined, 2)}\n`;

/** The newest first, each with the whole address of its file. `address`: of the list. @throws updates/source */
export function readReleaseList(text: string, address: string): readonly ListedRelease[] {
  const list = listSchema.safeParse(jsonOf(text));
  if (!list.success) throw noList(address, wordsOf(list.error));
  const { releases } = list.data;
  if (new Set(releases.map(({ version }) => version)).size < releases.length)
    throw noList(address, 'it names a version twice');
  return newestFirst(releases).map((one) => ({ ...one, file: placeOf(one, address) }));
}

function placeOf({ version, file }: ListedRelease, address: string): string {
  const url = URL.parse(file, address);
  if (url !== null && ['http:', 'https:'].includes(url.protocol)) return url.href;
  throw noList(address, `the file of ${version} has no address by HTTP`);
}

const newestFirst = (releases: readonly ListedRelease[]): readonly ListedRelease[] =>
  releases.toSorted((one, other) => (isOlder(one.version, other.version) ? 1 : -1));

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const noList = (address: string, why: string): UnderstudyError =>
  new UnderstudyError(
    'protocol',
    'updates/source',
    `What is at ${shownAddress(address)} is no list of releases: ${why}.`,
  );
