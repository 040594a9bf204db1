/**
 * The releases that this server keeps: `<data>/releases/<version>.release`, as they came (docs/design/updates.md).
 * Belongs here: taking one in part by part, checking it, keeping few. Does not: installing one (updates.ts).
 */
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { syncDirectory } from '../core/durable-file.ts';
import { messageOf, systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { namesIn } from '../core/folder.ts';
import type { Log } from '../core/log.ts';
import type { Issuer } from '../site/signed-text.ts';
import { MAX_PART_BYTES } from '../site/release-limits.ts';
import { isOlder } from '../site/version.ts';
import { checkBody, openRelease } from '../updates/release-reader.ts';
import type { OpenRelease } from '../updates/release-reader.ts';
import { releaseFileIn, releasesIn } from '../updates/release-folder.ts';

/** The one that runs, the one before, and the next. */
export const MAX_KEPT = 3;

/** For so long nobody else begins anew while a file comes in: twice what a part may take on a slow link, and a person to look. */
export const UPLOAD_IS_OVER_AFTER_MS = 30_000;

export type Incoming = { readonly bytes: number; readonly received: number };
type Upload = Incoming & { readonly by: string; readonly heardAt: number };
export type ReleasePart = { readonly bytes: number; readonly at: number; readonly part: Uint8Array };
export type ReleaseStore = {
  /** The newest first. */
  readonly list: () => readonly OpenRelease[];
  readonly incoming: () => Incoming | undefined;
  /** The release once all of it is there. @throws updates/part, updates/uploading, updates/older, and what is wrong with it */
  readonly take: (
    part: ReleasePart,
    by: string,
  ) => Promise<{ readonly received: number; readonly release?: OpenRelease }>;
  /** What has come of this file so far, from this person, is thrown away; another one that was begun meanwhile stays. Never fails. */
  readonly drop: (file: Incoming, by: string) => Promise<void>;
  readonly remove: (version: string) => Promise<void>;
};
export type ReleaseStoreDeps = {
  readonly dataDir: string;
  /** What runs. */
  readonly version: string;
  readonly trusted: () => Promise<readonly Issuer[]>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
};

export async function openReleaseStore(deps: ReleaseStoreDeps): Promise<ReleaseStore> {
  const { dataDir, clock } = deps;
  const uploadPath = join(releasesIn(dataDir), 'upload.part');
  let kept = await readKept(deps);
  let incoming: Upload | undefined;
  const inTurn = oneAfterAnother();
  await rm(uploadPath, { force: true });

  const write = async (part: ReleasePart, by: string): Promise<Upload> => {
    refuseOther(incoming, by, clock.monotonic());
    refuseMisplaced(part, incoming);
    incoming = undefined; // what fails in between begins anew
    return { ...(await writePart(uploadPath, part)), by, heardAt: clock.monotonic() };
  };
  const keep = async (bytes: number): Promise<OpenRelease> => {
    const found = await openRelease(uploadPath, await deps.trusted());
    refuseUnfit(found, bytes, deps.version);
    await checkBody(found);
    const { version } = found.release;
    const path = releaseFileIn(dataDir, version);
    await rename(uploadPath, path);
    await syncDirectory(releasesIn(dataDir));
    const release = { ...found, path };
    kept = inOrder([release, ...kept.filter((one) => one.release.version !== version)]);
    for (const old of kept.slice(MAX_KEPT)) await rm(old.path, { force: true });
    kept = kept.slice(0, MAX_KEPT);
    return release;
  };
  const take: ReleaseStore['take'] = async (part, by) => {
    const next = await write(part, by);
    if (next.received < next.bytes) {
      incoming = next;
      return { received: next.received };
    }
    try {
      return { received: next.received, release: await keep(next.bytes) };
    } finally {
      await rm(uploadPath, { force: true });
    }
  };
  const drop = async ({ bytes, received }: Incoming, by: string): Promise<void> => {
    if (incoming?.by !== by || incoming.bytes !== bytes || incoming.received !== received) return;
    incoming = undefined;
    await rm(uploadPath, { force: true });
  };
  return {
    list: () => kept,
    incoming: () => incoming && { bytes: incoming.bytes, received: incoming.received },
    take: async (part, by) => await inTurn(async () => await take(part, by)),
    drop: async (file, by) =>
      await inTurn(async () => await drop(file, by)).catch((error: unknown) =>
        deps.log.warn('a part of a release was not removed', { error }),
      ),
    remove: async (version) => {
      await rm(releaseFileIn(dataDir, version), { force: true });
      kept = kept.filter((one) => one.release.version !== version);
    },
  };
}

function oneAfterAnother(): <T>(work: () => Promise<T>) => Promise<T> {
  let turn: Promise<unknown> = Promise.resolve();
  return async (work) => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return await mine;
  };
}

/** What is signed by nobody who is trusted (any more) is left where it is, and is none. */
async function readKept({ dataDir, trusted, log }: ReleaseStoreDeps): Promise<readonly OpenRelease[]> {
  const keys = await trusted();
  const found: OpenRelease[] = [];
  for (const name of await namesIn(releasesIn(dataDir))) {
    if (!name.endsWith('.release')) continue;
    try {
      found.push(await openRelease(join(releasesIn(dataDir), name), keys));
    } catch (error) {
      log.warn('a release that is kept cannot be used', { file: name, reason: messageOf(error) });
    }
  }
  return inOrder(found);
}

const inOrder = (releases: readonly OpenRelease[]): readonly OpenRelease[] =>
  releases.toSorted((one, other) => (isOlder(one.release.version, other.release.version) ? 1 : -1));

/** What it cannot write whole is removed: a disk may be full by it. */
async function writePart(path: string, { bytes, at, part }: ReleasePart): Promise<Incoming> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  try {
    const file = await open(path, at === 0 ? 'w' : 'r+');
    try {
      const { bytesWritten } = await file.write(part, 0, part.length, at);
      if (bytesWritten < part.length) throw diskFull(part.length, bytesWritten);
      if (at + part.length === bytes) await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    throw isFull(error) ? diskFull(part.length, 0) : error;
  }
  return { bytes, received: at + part.length };
}

const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(systemCodeOf(error) ?? '');
const diskFull = (wanted: number, written: number): UnderstudyError =>
  new UnderstudyError(
    'storage',
    'updates/no-room',
    `Only ${written} of ${wanted} bytes fit on the disk of the data directory: make room there, and begin anew.`,
  );

/** @throws updates/uploading */
function refuseOther(incoming: Upload | undefined, by: string, now: number): void {
  if (incoming === undefined || incoming.by === by || now - incoming.heardAt > UPLOAD_IS_OVER_AFTER_MS) return;
  const message = `${incoming.by} is adding a release here: wait until that has ended.`;
  throw new UnderstudyError('conflict', 'updates/uploading', message);
}

/** @throws updates/part */
function refuseMisplaced({ bytes, at, part }: ReleasePart, incoming: Incoming | undefined): void {
  if (part.length === 0 || part.length > MAX_PART_BYTES || at + part.length > bytes) {
    const message = `Expected a part of 1 to ${MAX_PART_BYTES} bytes that ends within the ${bytes} of the file, not ${part.length} at ${at}.`;
    throw new UnderstudyError('invalid', 'updates/part', message);
  }
  if (at === 0 || (incoming?.bytes === bytes && incoming.received === at)) return;
  const there = incoming === undefined ? 'nothing' : `${incoming.received} of ${incoming.bytes} bytes`;
  const message = `Expected the part behind what is there (${there}), not the one at ${at} of ${bytes}: begin anew at 0.`;
  throw new UnderstudyError('conflict', 'updates/part', message);
}

/** @throws updates/damaged, updates/older */
function refuseUnfit({ release, bytes }: OpenRelease, received: number, running: string): void {
  if (bytes !== received) {
    const message = `This release is damaged: it has ${received} bytes, ${bytes} were signed. Fetch it again. Nothing was changed.`;
    throw new UnderstudyError('invalid', 'updates/damaged', message);
  }
  if (!isOlder(release.version, running)) return;
  const message = `This is release ${release.version}; ${running} runs here, and there is no way back. Choose a later one.`;
  throw new UnderstudyError('conflict', 'updates/older', message);
}
