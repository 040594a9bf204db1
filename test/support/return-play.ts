/**
 * Covered footage on its way home with the product's own code on both sides, everything that was answered, and when. The data and the footage
 * of each server lie on disks of their own.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SigningKey } from '../../src/archive/signing-key.ts';
import { systemClock } from '../../src/core/clock.ts';
import { durationMs } from '../../src/core/units.ts';
import { silentLog } from '../../src/core/log.ts';
import { createCoverIndex } from '../../src/cover/cover-index.ts';
import type { CoverIndex } from '../../src/cover/cover-index.ts';
import { coversFileSchema, NO_COVERS } from '../../src/cover/cover-types.ts';
import type { CoversFile } from '../../src/cover/cover-types.ts';
import { openSettingsFile } from '../../src/settings/settings-file.ts';
import type { ReturnFile } from '../../src/wire/footage-protocol.ts';
import type { z } from 'zod';
import type { CrashDisks } from './crash-disks.ts';
import { remount } from './lab.ts';
import { ended } from './outage.ts';
import { wholeFragments } from './power-loss.ts';
import { ALL, FINE, KEY, orderOf, R_ID, twoServers } from './two-servers.ts';
import type { Fate, Call, TwoServersOptions } from './two-servers.ts';

export type ReturnDisk = 'home-data' | 'home-footage' | 'away-data' | 'away-footage';
/** MB of each. */
export const RETURN_DISKS: Readonly<Record<ReturnDisk, number>> = {
  'home-data': 32,
  'home-footage': 64,
  'away-data': 32,
  'away-footage': 64,
};
/** The last access unit of the outage. */
const AGAIN = 1420;
export const LAST = 1499;
/** Of an access unit that is no key frame. */
const SLICE_BYTES = 2500;

/** Something that was answered, or on its way, by the monotonic nanoseconds `at`. */
export type Told =
  | { readonly kind: 'receipt'; readonly at: number; readonly file: ReturnFile }
  | { readonly kind: 'acknowledged'; readonly at: number; readonly id: string; readonly offset: number }
  | { readonly kind: 'sent'; readonly at: number; readonly id: string; readonly offset: number }
  /** The covering server says that it has a receipt. */
  | { readonly kind: 'stored'; readonly at: number; readonly id: string }
  | { readonly kind: 'covers'; readonly at: number; readonly epoch: number };
export type Source = { readonly path: string; readonly sha256: string };
export type ReturnPlay = {
  readonly key: SigningKey;
  /** Nanoseconds between which the power may be cut. */
  readonly from: number;
  readonly to: number;
  readonly told: readonly Told[];
  readonly files: ReadonlyMap<string, ReturnFile>;
  readonly sources: readonly Source[];
  /** Where fragments end in a returned file, by its id. */
  readonly ends: ReadonlyMap<string, readonly number[]>;
};

const run = promisify(execFile);
export const nowNs = (): number => Number(process.hrtime.bigint());
export const shaOf = async (path: string): Promise<string | undefined> =>
  await readFile(path).then(
    (bytes) => createHash('sha256').update(bytes).digest('hex'),
    () => undefined,
  );

export function placesOf(mountOf: (name: ReturnDisk) => string): NonNullable<TwoServersOptions['places']> {
  return {
    f: { data: mountOf('away-data'), root: mountOf('away-footage') },
    r: { data: mountOf('home-data'), root: mountOf('home-footage') },
  };
}

export async function openCovers(data: string): Promise<{ readonly index: CoverIndex; readonly isLost: boolean }> {
  const schema: z.ZodType<CoversFile> = coversFileSchema;
  const path = join(data, 'covers.json');
  const budget = new Map<string, number>();
  const opened = await openSettingsFile({
    path,
    schema,
    migrations: [],
    initial: NO_COVERS,
    budget,
    clock: systemClock,
  });
  return { index: createCoverIndex(opened.file, silentLog), isLost: opened.recovery !== undefined };
}

/** From an outage that was covered to the end of its restoration, in about `seconds`. */
export async function playReturns(disks: CrashDisks<ReturnDisk>, seconds: number): Promise<ReturnPlay> {
  const told: Told[] = [];
  const files = new Map<string, ReturnFile>();
  const teardowns: (() => unknown)[] = [];
  const t = { teardown: (work: () => unknown): void => void teardowns.push(work) };
  let bitsPerSecond: number | undefined;
  const publish: NonNullable<TwoServersOptions['restoration']>['publish'] = (event) => {
    if (event.kind === 'file-received') told.push({ kind: 'stored', at: nowNs(), id: event.receipt.fileId });
  };
  try {
    const places = placesOf(disks.mountOf);
    const restoration = { publish, rateLimit: () => bitsPerSecond, clock: systemClock };
    const two = await twoServers(t, { places, restoration });
    two.fate = (call) => tellOf(call, told, files);
    await two.r.record({
      sessions: [
        [0, 260],
        [AGAIN, LAST + 1],
      ],
      sliceBytes: SLICE_BYTES,
    });
    const paths = await two.f.record({ sessions: [[225, AGAIN + 60]], sliceBytes: SLICE_BYTES, segmentSeconds: 10 });
    await two.r.reconcile();
    await two.f.reconcile();
    const sources: Source[] = [];
    for (const path of paths) sources.push({ path, sha256: (await shaOf(join(two.f.root, path))) ?? '' });
    const bytes = two.f.catalogue.segments.find(KEY, ALL).reduce((sum, segment) => sum + segment.bytes, 0);
    bitsPerSecond = (bytes * 8) / seconds;
    const { index } = await openCovers(two.f.data);
    // Nothing of what was recorded before is at stake.
    for (const name of disks.names) await run('sync', ['-f', disks.mountOf(name)]);
    // What is deleted is soon gone from the disk too, and its receipt must be there by then.
    await remount(disks.mountOf('away-footage'), 'rw,commit=1');
    const from = nowNs();
    const state = await whileCovering(index, told, async () => await ended(two, two.restoration().begin(orderOf())));
    if (state !== 'done') throw new Error(`the restoration ended ${state}`);
    // The last names, too, go to the disk before the end.
    await systemClock.sleep(durationMs(1500));
    const to = nowNs();
    const ends = new Map<string, readonly number[]>();
    for (const { id, bytes: size } of files.values()) {
      const row = two.r.catalogue.segments.returnedAs(id);
      const whole = await wholeFragments(join(two.r.root, row?.path ?? ''));
      ends.set(id, [...whole.keys(), size].sort((left, right) => left - right).slice(1));
    }
    return { key: two.key, from, to, told, files, sources, ends };
  } finally {
    for (const work of teardowns.reverse()) await work();
  }
}

function tellOf({ method, params, attachment }: Call, told: Told[], files: Map<string, ReturnFile>): Fate {
  const { id = '', offset = 0, file } = params as { id?: string; offset?: number; file?: ReturnFile };
  const end = offset + (attachment?.length ?? 0);
  if (file !== undefined) files.set(file.id, file);
  if (method === 'footage.append') told.push({ kind: 'sent', at: nowNs(), id, offset: end });
  const answers = (): boolean => {
    const at = nowNs();
    if (method === 'footage.append') told.push({ kind: 'acknowledged', at, id, offset: end });
    if (method === 'footage.insert' && file !== undefined) told.push({ kind: 'receipt', at, file });
    return true;
  };
  return { ...FINE, answers };
}

/** The epoch of a cover rises all the time, as when claims are fought over. */
async function whileCovering<T>(index: CoverIndex, told: Told[], work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const rise = async (): Promise<void> => {
    for (let epoch = 1; !over.signal.aborted; epoch += 1) {
      index.begin({ serverId: R_ID, ...KEY, epoch, from: 1 });
      await index.saved();
      told.push({ kind: 'covers', at: nowNs(), epoch });
      await systemClock.sleep(durationMs(100), over.signal);
    }
  };
  const risen = rise();
  try {
    return await work();
  } finally {
    over.abort();
    await risen;
  }
}
