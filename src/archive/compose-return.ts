/**
 * The file that carries footage home: a normal segment made of groups of one source segment, fragment by fragment, never whole in memory.
 *
 * Deterministic: the same source, runs and note give the same bytes, so a transfer goes on after a restart of either side. Fragments stay what
 * they were but for their links; one that is not what was recorded is left out, and the one behind it no longer claims to follow.
 *
 * Belongs here: composing. Does not: which groups (ledger/seams.ts), sending (restoration), taking in (insert-return.ts).
 */
import { createHash } from 'node:crypto';
import { UnderstudyError } from '../core/errors.ts';
import { concat, free } from '../media/mp4/boxes.ts';
import { chainStartOf } from '../media/mp4/fragment-hash.ts';
import { rechainFragment, writeTrailingPadding } from '../media/mp4/fragment-writer.ts';
import { paddedEnd } from '../media/mp4/init-segment.ts';
import type { FragmentInfo } from '../media/mp4/parse-fragment.ts';
import type { InitInfo } from '../media/mp4/parse-init.ts';
import { checkPayload, readInit, scanFragments } from '../media/mp4/scan.ts';
import { encodeSegmentHeader } from '../media/mp4/segment-header.ts';
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import type { ReturnFile } from '../wire/footage-protocol.ts';
import { openByteSource } from './byte-source.ts';
import type { OpenByteSource } from './byte-source.ts';
import type { SequenceRange } from './catalogue-types.ts';

export type ComposeOrder = {
  /** Of the source segment, absolute. */
  readonly path: string;
  /** Groups to take, in order of sequence. */
  readonly runs: readonly SequenceRange[];
  readonly note: ReturnNote;
};
/** Where a piece of the file comes from; a fragment each, but the first, which is the start of the file. */
export type ReturnPiece = { readonly offset: number; readonly length: number };
export type ComposedReturn = {
  readonly file: ReturnFile;
  /** The start of the file, then fragment by fragment. */
  readonly pieces: readonly ReturnPiece[];
  /** Sequences of fragments that are left out because they are not what was recorded. */
  readonly damaged: readonly number[];
  /** At most `length` bytes from `offset`, never beyond the end of a piece. The result is the caller's. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
  readonly close: () => Promise<void>;
};

type FragmentPiece = ReturnPiece & {
  readonly info: Pick<FragmentInfo, 'offset' | 'payloadOffset' | 'payloadLength'>;
  readonly chainBefore: Uint8Array;
  readonly continuous: boolean;
};

/** `undefined` if no fragment of the runs is whole. @throws UnderstudyError of kind `corrupt`; system errors */
export async function openReturnFile(order: ComposeOrder): Promise<ComposedReturn | undefined> {
  const source = await openByteSource(order.path);
  try {
    const composed = await compose(source, order);
    if (composed !== undefined) return composed;
  } catch (error) {
    await source.close();
    throw error;
  }
  await source.close();
  return undefined;
}

type Chosen = { readonly fragments: readonly FragmentInfo[]; readonly damaged: readonly number[] };

async function compose(source: OpenByteSource, { runs, note }: ComposeOrder): Promise<ComposedReturn | undefined> {
  const init = await readInit(source);
  const { fragments, damaged } = await chooseFragments(source, runs, init);
  const [first] = fragments;
  const last = fragments.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const { cameraId, stream, serverId, epoch } = init.header;
  const start = Math.floor(first.start / 1000);
  const end = fragments.reduce((latest, fragment) => Math.max(latest, fragment.end), 0);
  const head = await encodeStart(source, init, start, note);
  const hash = createHash('sha256').update(head.bytes);
  const pieces: FragmentPiece[] = [];
  let chain = head.chainStart;
  let offset = head.bytes.length;
  for (const [index, info] of fragments.entries()) {
    const follows = index === 0 || fragments[index - 1]?.sequence === info.sequence - 1;
    const piece = { offset, length: lengthOf(info), info, chainBefore: chain, continuous: info.continuous && follows };
    const made = await bytesOf(source, piece);
    hash.update(made.bytes);
    pieces.push(piece);
    chain = made.chain;
    offset += piece.length;
  }
  const file: ReturnFile = {
    id: note.id,
    cameraId,
    stream,
    recordedBy: serverId,
    epoch,
    start,
    end: Math.ceil(end / 1000),
    bytes: offset,
    sha256: hash.digest('hex'),
    fragments: fragments.length,
    accessUnits: fragments.reduce((sum, { video }) => sum + video.count, 0),
    clockOffsetMs: note.clockOffsetMs,
  };
  return {
    file,
    pieces: [
      { offset: 0, length: head.bytes.length },
      ...pieces.map((each) => ({ offset: each.offset, length: each.length })),
    ],
    damaged,
    read: createReader(source, head.bytes, pieces),
    close: source.close,
  };
}

async function chooseFragments(
  source: OpenByteSource,
  runs: readonly SequenceRange[],
  { length, layout }: InitInfo,
): Promise<Chosen> {
  const fragments: FragmentInfo[] = [];
  const damaged: number[] = [];
  for await (const step of scanFragments(source, { from: length, resync: true })) {
    if (step.kind !== 'fragment') continue;
    const { fragment } = step;
    if (!runs.some(([first, last]) => fragment.sequence >= first && fragment.sequence <= last)) continue;
    const whole = fragment.intact && (await checkPayload(source, fragment, layout.video.codec)).kind === 'whole';
    // Its bytes are read again when they are needed; what is kept of it is small.
    if (whole) fragments.push({ ...fragment, header: NO_BYTES, leaves: NO_BYTES });
    else damaged.push(fragment.sequence);
  }
  return { fragments, damaged };
}

const NO_BYTES = new Uint8Array(0);

type Head = { readonly bytes: Uint8Array; readonly chainStart: Uint8Array };

/** `ftyp` and `moov` are copied: equal layouts have equal bytes. */
async function encodeStart(source: OpenByteSource, init: InitInfo, start: number, returned: ReturnNote): Promise<Head> {
  const header = encodeSegmentHeader({ ...init.header, start, previous: undefined, returned });
  const hashed = concat([await source.read(0, init.moovEnd), header]);
  const end = paddedEnd(hashed.length);
  const bytes = end === hashed.length ? hashed : concat([hashed, free(end - hashed.length)]);
  return { bytes, chainStart: chainStartOf(hashed) };
}

/** With its padding, also where the source ends inside it. */
const lengthOf = ({ offset, payloadOffset, payloadLength }: FragmentPiece['info']): number =>
  paddedEnd(payloadOffset + payloadLength) - offset;

async function bytesOf(
  source: OpenByteSource,
  { info, length, chainBefore, continuous }: Omit<FragmentPiece, 'offset'>,
): Promise<{ readonly bytes: Uint8Array; readonly chain: Uint8Array }> {
  const end = info.payloadOffset + info.payloadLength - info.offset;
  const found = await source.read(info.offset, end);
  if (found.length < end)
    throw new UnderstudyError('conflict', 'footage/source-changed', 'The segment became shorter while it was sent.');
  const bytes = new Uint8Array(length);
  bytes.set(found);
  writeTrailingPadding(bytes, end, 0);
  return { bytes, chain: rechainFragment(bytes, 0, chainBefore, continuous).chain };
}

/** Keeps the piece read last: a transfer reads it in parts. */
function createReader(
  source: OpenByteSource,
  head: Uint8Array,
  pieces: readonly FragmentPiece[],
): ComposedReturn['read'] {
  let held: { readonly offset: number; readonly bytes: Uint8Array } = { offset: 0, bytes: head };
  return async (offset, length) => {
    if (offset < head.length) held = { offset: 0, bytes: head };
    else if (offset < held.offset || offset >= held.offset + held.bytes.length) {
      const piece = pieces.find((each) => offset >= each.offset && offset < each.offset + each.length);
      if (piece === undefined) return NO_BYTES;
      held = { offset: piece.offset, bytes: (await bytesOf(source, piece)).bytes };
    }
    const from = offset - held.offset;
    return held.bytes.slice(from, from + length);
  };
}
