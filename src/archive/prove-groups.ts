/**
 * Is a group of footage still what its headers say? Reads the payload from the disk and holds it against the leaf hashes: nobody deletes a copy
 * because of a header, nor because of what only memory has.
 *
 * Low priority: fragment by fragment, behind `pause`. What was read is believed for ten minutes, as long as the file is the same.
 *
 * Belongs here: groups of one stream. Does not: which ones have to be proved (restoration/prove.ts), whole files (verify.ts).
 */
import { stat } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { checkPayload, readInit, scanFragments } from '../media/mp4/scan.ts';
import type { FootageGroup, GroupName, Proof } from '../wire/footage-protocol.ts';
import { withoutBadSectors } from './byte-source.ts';
import type { Catalogue, KeyGroup, Segment, SegmentRow, StreamKey } from './catalogue-types.ts';
import { createDiskReader } from './disk-reader.ts';
import type { DiskReader } from './disk-reader.ts';
import { createGroupReader } from './footage-groups.ts';
import type { GroupReader } from './footage-groups.ts';

export type GroupProverDeps = {
  readonly segments: Pick<Catalogue['segments'], 'find' | 'findRows'>;
  /** Absolute; `undefined`: its volume is not there now. */
  readonly fileOf: (row: Pick<SegmentRow, 'volumeId' | 'path'>) => string | undefined;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Resolves when a fragment may be read: live recording comes first. */
  readonly pause: () => Promise<void>;
  /** A closed segment holds something else than was recorded. */
  readonly onDamage: (file: string, segment: SegmentRow) => Promise<void>;
  /** One of its own unless given. */
  readonly disk?: DiskReader;
};
export type GroupProver = {
  /**
   * Of the first of them, as many as can be read in a few seconds, but at least of one; in their order.
   * @throws system errors of a disk that refuses
   */
  readonly prove: (key: StreamKey, groups: readonly GroupName[]) => Promise<readonly Proof[]>;
};

/** An answer comes within this and the time for one group. */
const ANSWER_MS = 5000;
/** A restoration asks for all of a seam at once; what is proved later is proved anew. */
const BELIEVED_MS = 600_000;
const MAX_BELIEVED = 4096;
/** Times of groups are rounded. */
const MARGIN_MS = 2;

type Prover = GroupProverDeps & {
  readonly disk: DiskReader;
  readonly reader: GroupReader;
  readonly believed: Map<string, number>;
};

export function createGroupProver(deps: GroupProverDeps): GroupProver {
  const { segments, fileOf, clock } = deps;
  const reader = createGroupReader({ segments, fileOf, now: clock.now });
  const prover: Prover = { ...deps, disk: deps.disk ?? createDiskReader(), reader, believed: new Map() };
  return {
    prove: async (key, groups) => {
      const until = clock.monotonic() + ANSWER_MS;
      const proofs: Proof[] = [];
      for (const group of groups) {
        if (proofs.length > 0 && clock.monotonic() >= until) break;
        proofs.push(await proveOne(prover, key, group));
      }
      return proofs;
    },
  };
}

async function proveOne(prover: Prover, key: StreamKey, name: GroupName): Promise<Proof> {
  const range = { start: name.start - MARGIN_MS, end: name.end + MARGIN_MS };
  const found = prover.segments
    .find(key, range)
    .filter(({ serverId }) => serverId === name.recordedBy)
    .flatMap((segment) => segment.keys.map((group) => ({ segment, group })))
    .find(({ group }) => group.sequence === name.firstSequence);
  const told = (await prover.reader.read(key, range)).groups.find((group) => isSame(group, name));
  const file = found && prover.fileOf(found.segment);
  if (found === undefined || file === undefined || told === undefined) return 'altered';
  try {
    if (await isWhole(prover, file, found)) return 'whole';
  } catch (error) {
    // Gone meanwhile, or the file does not begin like one of ours.
    if (!(error instanceof UnderstudyError) && systemCodeOf(error) !== 'ENOENT') throw error;
    return 'altered';
  }
  // The recorder has it still; once it is closed it can be booked.
  if (found.segment.open) return 'later';
  await prover.onDamage(file, found.segment);
  return 'altered';
}

const isSame = (group: FootageGroup, name: GroupName): boolean =>
  group.recordedBy === name.recordedBy && group.firstSequence === name.firstSequence && group.digest === name.digest;

type Found = { readonly segment: Segment; readonly group: KeyGroup };

/** Every fragment of it has the payload that its header tells. */
async function isWhole(prover: Prover, file: string, { segment, group }: Found): Promise<boolean> {
  const { mtimeMs, size } = await stat(file);
  const name = `${segment.volumeId}/${segment.path}#${group.sequence}+${group.length}/${mtimeMs}/${size}`;
  const now = prover.clock.monotonic();
  if (now - (prover.believed.get(name) ?? -Infinity) < BELIEVED_MS) return true;
  const opened = await prover.disk.open(file);
  try {
    const { layout } = await readInit(opened);
    const source = withoutBadSectors(opened);
    const end = Math.min(source.size, group.offset + group.length);
    for await (const step of scanFragments({ ...source, size: end }, { from: group.offset, resync: true })) {
      if (step.kind !== 'fragment' || !step.fragment.intact) return false;
      await prover.pause();
      if ((await checkPayload(source, step.fragment, layout.video.codec)).kind !== 'whole') return false;
    }
  } finally {
    await opened.close();
  }
  believe(prover, name, now);
  return true;
}

function believe({ believed }: Prover, name: string, at: number): void {
  const oldest = believed.keys().next().value;
  if (believed.size >= MAX_BELIEVED && oldest !== undefined) believed.delete(oldest);
  believed.set(name, at);
}
