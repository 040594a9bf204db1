/**
 * Holds a returned file against itself while it arrives: start, then fragment by fragment as soon as one is whole. What it has passed is
 * what the other server recorded, whoever carried it.
 *
 * Belongs here: what may be believed of bytes so far. Does not: where they are kept (insert-return.ts).
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { hexOf } from '../media/mp4/fragment-hash.ts';
import { free } from '../media/mp4/boxes.ts';
import { boxAt } from '../media/mp4/box-reader.ts';
import { follows, parseFragment } from '../media/mp4/parse-fragment.ts';
import type { FragmentInfo } from '../media/mp4/parse-fragment.ts';
import { MAX_INIT_BYTES, parseInit } from '../media/mp4/parse-init.ts';
import type { InitInfo } from '../media/mp4/parse-init.ts';
import type { ByteSource } from '../media/mp4/scan.ts';
import { paddedEnd } from '../media/mp4/init-segment.ts';
import type { ReturnFile } from '../wire/footage-protocol.ts';
import { checkFragment } from './verify-segment.ts';

export type ReturnCheck = {
  /** Bytes from the start that are verified: 0, or up to the end of a fragment. */
  readonly verified: () => number;
  /** Reads on in `source`, whose size is what has arrived. What is wrong with what comes next, or `undefined`. */
  readonly advance: (source: ByteSource) => Promise<string | undefined>;
  /** What is wrong with the whole, once all of it is verified. */
  readonly finish: () => string | undefined;
  readonly init: () => InitInfo | undefined;
};

type State = {
  readonly file: ReturnFile;
  readonly hash: Hash;
  init: InitInfo | undefined;
  /** Nothing but the first fragment's chain says that the start is what was composed: until then it is only believed. */
  start: Uint8Array;
  verified: number;
  chain: Uint8Array;
  last: number;
  fragments: number;
  accessUnits: number;
};
type Step = 'more' | 'next' | { readonly wrong: string };

const FIRST_READ = 8192;

export function createReturnCheck(file: ReturnFile): ReturnCheck {
  const state: State = {
    file,
    hash: createHash('sha256'),
    init: undefined,
    start: new Uint8Array(0),
    verified: 0,
    chain: new Uint8Array(0),
    last: -1,
    fragments: 0,
    accessUnits: 0,
  };
  return {
    verified: () => state.verified,
    init: () => state.init,
    advance: async (source) => {
      for (;;) {
        const step = await (state.init === undefined
          ? checkStart(state, source)
          : checkNext(state, state.init, source));
        const wrong = step === 'more' ? endsTooSoon(state, source) : undefined;
        if (wrong !== undefined) return reject(state, wrong);
        if (step === 'more') return undefined;
        if (step !== 'next') return reject(state, step.wrong);
      }
    },
    finish: () => finish(state),
  };
}

/** All of it is there, and what is not verified asks for more. */
const endsTooSoon = ({ file, verified }: State, { size }: ByteSource): string | undefined =>
  size >= file.bytes && verified < file.bytes ? 'it ends inside a fragment' : undefined;

/** Without a verified fragment the start may be what is wrong. */
function reject(state: State, wrong: string): string {
  if (state.fragments === 0) state.init = undefined;
  return wrong;
}

async function checkStart(state: State, source: ByteSource): Promise<Step> {
  try {
    let end = 0;
    for (const type of ['ftyp', 'moov', 'uuid']) {
      const head = await source.read(end, 8);
      if (head.length < 8) return 'more';
      const found = boxAt(head, 0, 8, MAX_INIT_BYTES);
      if (found.type !== type) return { wrong: `${type} expected, ${found.type} found` };
      end += found.end;
    }
    if (end > MAX_INIT_BYTES) return { wrong: `its start has ${end} bytes` };
    if (source.size < paddedEnd(end)) return 'more';
    const bytes = await source.read(0, paddedEnd(end));
    const init = parseInit(bytes.subarray(0, end));
    const wrong = wrongStart(state.file, init, bytes);
    if (wrong !== undefined) return { wrong };
    state.start = bytes;
    state.init = init;
    state.chain = init.chainStart;
    return 'next';
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    return { wrong: messageOf(error) };
  }
}

function wrongStart(
  file: ReturnFile,
  { header, hashedLength, length }: InitInfo,
  bytes: Uint8Array,
): string | undefined {
  if (length > hashedLength && Buffer.compare(bytes.subarray(hashedLength), free(length - hashedLength)) !== 0)
    return 'the padding behind its start is not empty';
  if (header.cameraId !== file.cameraId || header.stream !== file.stream)
    return `it holds ${header.cameraId}/${header.stream}, not ${file.cameraId}/${file.stream}`;
  if (header.serverId !== file.recordedBy || header.epoch !== file.epoch)
    return 'it was recorded by another server or in another epoch than was offered';
  if (header.returned?.id !== file.id || header.returned.clockOffsetMs !== file.clockOffsetMs)
    return 'its note about the return is not that of the offer';
  return undefined;
}

async function checkNext(state: State, init: InitInfo, source: ByteSource): Promise<Step> {
  const offset = state.fragments === 0 ? init.length : state.verified;
  const fragment = await headerAt(source, offset);
  if (fragment === 'more' || 'wrong' in fragment) return fragment;
  if (offset + fragment.length > state.file.bytes) return { wrong: 'a fragment reaches behind the end of the file' };
  // Told at once: nobody waits for the payload of a header that is not what was written.
  if (!fragment.intact || !follows(fragment, state.chain)) return { wrong: 'a header is not what was written' };
  if (offset + fragment.length > source.size) return 'more';
  const { problems, payload } = await checkFragment(source, fragment, init);
  if (problems[0] !== undefined) return { wrong: problems[0] };
  if (payload.kind === 'altered') return { wrong: payload.reason };
  if (fragment.sequence <= state.last) return { wrong: `fragment ${fragment.sequence} stands behind ${state.last}` };
  if (state.fragments === 0) state.hash.update(state.start);
  state.hash.update(await source.read(offset, fragment.length));
  pass(state, fragment);
  return 'next';
}

async function headerAt(source: ByteSource, offset: number): Promise<FragmentInfo | Exclude<Step, 'next'>> {
  if (offset >= source.size) return 'more';
  let parsed = parseFragment(await source.read(offset, FIRST_READ), offset);
  while (parsed.kind === 'more') {
    if (offset + parsed.bytes > source.size) return 'more';
    parsed = parseFragment(await source.read(offset, parsed.bytes), offset);
  }
  return parsed.kind === 'damaged' ? { wrong: parsed.reason } : parsed.fragment;
}

function pass(state: State, fragment: FragmentInfo): void {
  state.verified = fragment.offset + fragment.length;
  state.chain = fragment.chain.slice();
  state.last = fragment.sequence;
  state.fragments += 1;
  state.accessUnits += fragment.video.count;
}

function finish({ file, hash, verified, fragments, accessUnits }: State): string | undefined {
  if (verified !== file.bytes) return `${verified} of ${file.bytes} bytes are there`;
  if (fragments !== file.fragments || accessUnits !== file.accessUnits)
    return `it holds ${fragments} fragments and ${accessUnits} access units, ${file.fragments} and ${file.accessUnits} were offered`;
  // A copy, so that it can be asked again.
  const sha256 = hexOf(hash.copy().digest());
  return sha256 === file.sha256 ? undefined : `its SHA-256 is ${sha256}, ${file.sha256} was offered`;
}
