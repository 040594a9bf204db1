/**
 * One segment file held against itself: every byte of it is a known constant, follows from another, or is hashed.
 *
 * Belongs here: one file. Does not: what other files say about it (verify.ts), exports (verify-export.ts).
 */
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { free } from '../media/mp4/boxes.ts';
import { hexOf } from '../media/mp4/fragment-hash.ts';
import { CHAIN_AT, FIELDS_BYTES, FRAGMENT_HASH_AT, writeFragmentHeader } from '../media/mp4/fragment-writer.ts';
import type { InitInfo } from '../media/mp4/parse-init.ts';
import type { FragmentInfo } from '../media/mp4/parse-fragment.ts';
import { moofSize } from '../media/mp4/fragment-writer.ts';
import { checkPayload, readInit, scanFragments } from '../media/mp4/scan.ts';
import type { ByteSource, PayloadCheck, ScanStep } from '../media/mp4/scan.ts';
import type { SegmentHeader } from '../media/mp4/segment-header.ts';
import type { Span } from './catalogue-types.ts';
import { findingOf, MAX_FINDINGS } from './findings.ts';
import type { Finding } from './findings.ts';
import { checkOrder } from './fragment-order.ts';
import type { Link } from './fragment-order.ts';

export type SegmentSummary = {
  readonly file: string;
  /** Undefined if the start of the file cannot be read. */
  readonly header: SegmentHeader | undefined;
  readonly fragments: number;
  readonly accessUnits: number;
  readonly audioFrames: number;
  readonly bytes: number;
  /** -1 if there is no fragment. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Chain after the last fragment, or of the start if there is none, in hex. */
  readonly chainEnd: string | undefined;
  /** The file ends inside a fragment. */
  readonly torn: boolean;
  /** What is recorded, joined where less than `JOIN_MS` lies between. */
  readonly spans: readonly Span[];
  readonly findings: readonly Finding[];
};

/** Wall times of neighbouring fragments come from rounded clocks. */
const JOIN_MS = 250;

/** @throws what `source.read` throws */
export async function verifySegment(source: ByteSource, file: string): Promise<SegmentSummary> {
  const tally = createTally(file);
  const init = await initOf(source, file, tally.add);
  if (init === undefined) tally.damage();
  for await (const step of scanFragments(source, { from: init?.length ?? 0, resync: true })) {
    tally.settle('damaged');
    if (step.kind === 'fragment') tally.fragment(step.fragment, await checkFragment(source, step.fragment, init));
    else tally.broken(step);
  }
  tally.settle('torn');
  const order = checkOrder(tally.links, init?.chainStart, file);
  return {
    file,
    header: init?.header,
    bytes: source.size,
    ...endsOf(tally.links, init?.chainStart),
    findings: [...tally.findings, ...order].slice(0, MAX_FINDINGS),
    ...tally.counts(),
  };
}

type Ends = Pick<SegmentSummary, 'fragments' | 'firstSequence' | 'lastSequence' | 'chainEnd'>;

function endsOf(links: readonly Link[], chainStart: Uint8Array | undefined): Ends {
  const chain = links.at(-1)?.chain ?? chainStart;
  return {
    fragments: links.length,
    firstSequence: links[0]?.sequence ?? -1,
    lastSequence: links.at(-1)?.sequence ?? -1,
    chainEnd: chain === undefined ? undefined : hexOf(chain),
  };
}

type Counts = Pick<SegmentSummary, 'accessUnits' | 'audioFrames' | 'torn' | 'spans'>;

type Tally = {
  readonly links: readonly Link[];
  readonly findings: readonly Finding[];
  readonly add: (finding: Finding) => void;
  /** Something unreadable comes before the next fragment. */
  readonly damage: () => void;
  readonly fragment: (fragment: FragmentInfo, check: FragmentCheck) => void;
  readonly broken: (step: Exclude<ScanStep, { kind: 'fragment' }>) => void;
  /** Unwritten blocks in the fragment before are damage if more comes behind it, and a torn tail if not. */
  readonly settle: (as: 'damaged' | 'torn') => void;
  readonly counts: () => Counts;
};

function createTally(file: string): Tally {
  const [links, findings, spans]: [Link[], Finding[], Span[]] = [[], [], []];
  let [accessUnits, audioFrames, torn, damaged] = [0, 0, false, false];
  let held: Finding | undefined;
  const add = (finding: Finding): void => void (findings.length < MAX_FINDINGS && findings.push(finding));
  return {
    links,
    findings,
    add,
    damage: () => (damaged = true),
    fragment: (fragment, { problems, payload }) => {
      for (const text of problems) add(problemOf(file, fragment, text));
      if (payload.kind === 'altered') {
        const finding = problemOf(file, fragment, payload.reason);
        if (payload.unwritten) held = finding;
        else add(finding);
      }
      links.push(linkOf(fragment, damaged || !fragment.intact));
      damaged = !fragment.intact;
      accessUnits += fragment.video.count;
      audioFrames += fragment.audio.count;
      addSpan(spans, { start: fragment.start / 1000, end: fragment.end / 1000 });
    },
    broken: (step) => {
      damaged = true;
      torn = step.kind === 'torn';
      // At 0 it is the start of the file, which has been reported.
      if (step.offset > 0) add(brokenStep(step, file));
    },
    settle: (kind) => {
      if (held !== undefined) add({ ...held, kind, message: `${held.message}: blocks of it were never written` });
      torn ||= held !== undefined && kind === 'torn';
      held = undefined;
    },
    counts: () => ({ accessUnits, audioFrames, torn, spans }),
  };
}

/** Adds `span`, joined to the last one if it goes on from there. */
export function addSpan(spans: Span[], span: Span): void {
  const last = spans.at(-1);
  if (last === undefined || span.start > last.end + JOIN_MS || span.start < last.start) spans.push(span);
  else spans[spans.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
}

async function initOf(
  source: ByteSource,
  file: string,
  add: (finding: Finding) => void,
): Promise<InitInfo | undefined> {
  try {
    const init = await readInit(source);
    const padding = await source.read(init.hashedLength, init.length - init.hashedLength);
    const wanted = init.length === init.hashedLength ? new Uint8Array() : free(init.length - init.hashedLength);
    const cut = padding.length < wanted.length;
    if (cut || Buffer.compare(padding, wanted) !== 0) {
      const message = cut ? 'the file ends before its first fragment' : 'the padding behind the start was altered';
      add(findingOf(cut ? 'torn' : 'altered', file, message, { offset: init.hashedLength }));
    }
    return init;
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    add(findingOf('damaged', file, `the start of the file cannot be read: ${messageOf(error)}`, { offset: 0 }));
    return undefined;
  }
}

function brokenStep(step: Exclude<ScanStep, { kind: 'fragment' }>, file: string): Finding {
  if (step.kind === 'torn') return findingOf('torn', file, step.reason, { offset: step.offset });
  const message = `no whole fragment from byte ${step.offset} to ${step.end}: ${step.reason}`;
  return findingOf('damaged', file, message, { offset: step.offset });
}

export type FragmentCheck = { readonly problems: readonly string[]; readonly payload: PayloadCheck };

/** `init` undefined: the start of the file cannot be read. */
export async function checkFragment(
  source: ByteSource,
  fragment: FragmentInfo,
  init: InitInfo | undefined,
): Promise<FragmentCheck> {
  const problems: string[] = [];
  if (!fragment.intact) problems.push('its header is not what was written: fragmentHash does not fit');
  else {
    const box = firstDifference(fragment);
    if (box !== undefined) problems.push(`${box} does not fit the rest of its header`);
  }
  if (!(await isPadded(source, fragment))) problems.push('the padding behind it was altered or is cut');
  if (init === undefined) return { problems, payload: { kind: 'whole' } };
  const owner = hexOf(fragment.owner);
  if (owner !== init.header.serverId.replaceAll('-', '')) problems.push(`it is of server ${owner}, the file is not`);
  if (fragment.epoch !== init.header.epoch) problems.push(`its epoch is ${fragment.epoch}, the file's is not`);
  return { problems, payload: await checkPayload(source, fragment, init.layout.video.codec) };
}

/** The box in which the header differs from what our writer makes of the same values. */
function firstDifference(fragment: FragmentInfo): string | undefined {
  const { header, video, audio, leaves } = fragment;
  const again = new Uint8Array(header.length);
  writeFragmentHeader(again, header.length, { ...fragment, chainBefore: fragment.chain }, 0);
  const moof = header.length - 8 - moofSize(video.count, audio.count, video.compositionOffsets !== undefined);
  const fields = moof - leaves.length - FIELDS_BYTES;
  again.set(header.subarray(fields + FRAGMENT_HASH_AT, fields + CHAIN_AT + 32), fields + FRAGMENT_HASH_AT);
  const at = header.findIndex((byte, index) => byte !== again[index]);
  if (at < 0) return undefined;
  const parts: readonly (readonly [number, string])[] = [
    [fields - 56, 'free'],
    [fields - 24, 'prft'],
    [moof, 'uuid'],
    [header.length - 8, 'moof'],
  ];
  return parts.find(([end]) => at < end)?.[1] ?? 'mdat';
}

async function isPadded(source: ByteSource, fragment: FragmentInfo): Promise<boolean> {
  const behind = fragment.payloadOffset + fragment.payloadLength;
  const end = fragment.offset + fragment.length;
  if (end % 4096 !== 0) return false;
  if (end === behind) return true;
  return Buffer.compare(await source.read(behind, end - behind), free(end - behind)) === 0;
}

const linkOf = (fragment: FragmentInfo, behindDamage: boolean): Link => ({
  sequence: fragment.sequence,
  offset: fragment.offset,
  start: fragment.start / 1000,
  end: fragment.end / 1000,
  fragmentHash: fragment.fragmentHash.slice(),
  chain: fragment.chain.slice(),
  behindDamage,
});

const problemOf = (file: string, fragment: FragmentInfo, text: string): Finding =>
  findingOf('altered', file, `fragment ${fragment.sequence}: ${text}`, {
    sequence: fragment.sequence,
    offset: fragment.offset,
    start: fragment.start / 1000,
    end: fragment.end / 1000,
  });
