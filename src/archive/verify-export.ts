/**
 * An exported MP4 held against its signed manifest. One hash says whether the file is what was exported; where it is not, every
 * fragment is looked for and what became of it is named.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { hexOf, sha256 } from '../media/mp4/fragment-hash.ts';
import type { ByteSource } from '../media/mp4/scan.ts';
import { openByteSource } from './byte-source.ts';
import { leavesRootOf } from './export.ts';
import { findingOf } from './findings.ts';
import type { Finding } from './findings.ts';
import { isSigned, manifestPathOf, MAX_MANIFEST_BYTES, parseManifest } from './manifest.ts';
import type { Manifest, ManifestFragment, SignedManifest } from './manifest.ts';
import { fingerprintOf } from './signing-key.ts';

const PIECE: number = 1024 * 1024;

/** An export has its manifest beside it. */
export const isExport = (file: string): Promise<boolean> =>
  stat(manifestPathOf(file)).then(
    (found) => found.isFile(),
    () => false,
  );

/** `publicKey`: PEM of the key that must have signed; undefined: the manifest's own. @throws system errors */
export async function verifyExport(file: string, publicKey: string | undefined): Promise<readonly Finding[]> {
  const signed = await readManifest(file);
  if (!('manifest' in signed)) return [signed];
  const { manifest } = signed;
  const findings = [...checkSignature(file, signed, publicKey)];
  const source = await openByteSource(file);
  try {
    if (source.size === manifest.file.bytes && (await hashOf(source)) === manifest.file.sha256) return findings;
    return [...findings, ...(await compare(source, manifest, file))];
  } finally {
    await source.close();
  }
}

async function readManifest(file: string): Promise<SignedManifest | Finding> {
  const path = manifestPathOf(file);
  const { size } = await stat(path);
  if (size > MAX_MANIFEST_BYTES)
    return findingOf('signature', file, `the manifest has ${size} bytes, which is no manifest`);
  try {
    return parseManifest(await readFile(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    return findingOf('signature', file, messageOf(error));
  }
}

function checkSignature(file: string, signed: SignedManifest, publicKey: string | undefined): readonly Finding[] {
  const { manifest } = signed;
  if (!isSigned(signed, publicKey ?? signed.publicKey)) {
    const who = publicKey === undefined ? 'the key it names' : 'the key given';
    return [findingOf('signature', file, `the manifest was not signed by ${who}, or was altered`)];
  }
  if (leavesRootOf(manifest.fragments) !== manifest.leavesRoot) {
    return [findingOf('signature', file, 'the manifest contradicts itself: leavesRoot does not fit its fragments')];
  }
  if (publicKey !== undefined) return [];
  const trust = manifest.selfSigned
    ? 'signed with a key made for this export only: it proves that nothing changed since, not who made it'
    : `signed with key ${fingerprintOf(signed.publicKey)}: compare it with the server's, or pass --key`;
  return [findingOf('note', file, trust, { severity: 'remark' })];
}

async function hashOf(source: ByteSource): Promise<string> {
  const hasher = createHash('sha256');
  for (let at = 0; at < source.size; at += PIECE) hasher.update(await source.read(at, PIECE));
  return hasher.digest('hex');
}

type Found = { readonly index: number; readonly offset: number };

/** Names what became of every fragment of a file whose hash is wrong. */
async function compare(source: ByteSource, manifest: Manifest, file: string): Promise<readonly Finding[]> {
  const { fragments } = manifest;
  const findings: Finding[] = [];
  const lost: number[] = [];
  const found: Found[] = [];
  for (const [index, fragment] of fragments.entries()) {
    if (await isAt(source, fragment, fragment.offset)) found.push({ index, offset: fragment.offset });
    else lost.push(index);
  }
  found.push(...(await search(source, fragments, lost)));
  const start = await source.read(0, manifest.file.indexBytes);
  if (hexOf(sha256(start)) !== manifest.file.indexHash) {
    findings.push(
      findingOf('altered', file, 'what stands in front of the footage (index, times, codec) was altered', {
        offset: 0,
      }),
    );
  }
  findings.push(...judge({ fragments, found, size: source.size, file }));
  findings.push(...strangers(source.size, manifest, found, file));
  if (findings.length === 0) findings.push(findingOf('altered', file, 'the file is not the one that was exported'));
  return findings;
}

/** Looks for fragments that are not in their place: by their probe, anywhere in the file. */
async function search(
  source: ByteSource,
  fragments: readonly ManifestFragment[],
  lost: readonly number[],
): Promise<readonly Found[]> {
  const found: Found[] = [];
  const open = new Set(lost);
  const longest = 32;
  for (let at = 0; at < source.size && open.size > 0; at += PIECE) {
    const bytes = Buffer.from(await source.read(at, PIECE + longest));
    for (const index of open) {
      const fragment = fragments[index];
      const probe = Buffer.from(fragment?.probe ?? '', 'hex');
      if (fragment === undefined || probe.length === 0) continue;
      const offset = await offsetIn(source, fragment, { bytes, at, probe });
      if (offset === undefined) continue;
      found.push({ index, offset });
      open.delete(index);
    }
  }
  return found;
}

type Piece = { readonly bytes: Buffer; readonly at: number; readonly probe: Buffer };

async function offsetIn(
  source: ByteSource,
  fragment: ManifestFragment,
  { bytes, at, probe }: Piece,
): Promise<number | undefined> {
  for (let hit = bytes.indexOf(probe); hit >= 0; hit = bytes.indexOf(probe, hit + 1)) {
    const offset = at + hit - Math.max(0, (fragment.length >> 1) - 16);
    if (offset >= 0 && (await isAt(source, fragment, offset))) return offset;
  }
  return undefined;
}

async function isAt(source: ByteSource, { length, contentHash }: ManifestFragment, offset: number): Promise<boolean> {
  if (offset + length > source.size) return false;
  return hexOf(sha256(await source.read(offset, length))) === contentHash;
}

type Judged = {
  readonly fragments: readonly ManifestFragment[];
  readonly found: readonly Found[];
  readonly size: number;
  readonly file: string;
};

/** Missing from the file: removed if nothing stands between its neighbours, else altered. */
function judge({ fragments, found, size, file }: Judged): readonly Finding[] {
  const findings: Finding[] = [];
  const places = new Map(found.map(({ index, offset }) => [index, offset]));
  const inOrder = longestInOrder(found);
  for (const [index, fragment] of fragments.entries()) {
    const place = { sequence: fragment.sequence, start: fragment.start / 1000, end: fragment.end / 1000 };
    const offset = places.get(index);
    if (offset !== undefined && !inOrder.has(index)) {
      const message = `fragment ${fragment.sequence} stands in another place than it was exported`;
      findings.push(findingOf('reordered', file, message, { ...place, offset }));
    } else if (offset === undefined) {
      const room = roomFor({ fragments, places, size }, index);
      if (room > 0)
        findings.push(
          findingOf('altered', file, `fragment ${fragment.sequence} was altered`, {
            ...place,
            offset: fragment.offset,
          }),
        );
      else findings.push(findingOf('missing', file, `fragment ${fragment.sequence} was removed`, place));
    }
  }
  return findings;
}

type Placed = {
  readonly fragments: readonly ManifestFragment[];
  readonly places: ReadonlyMap<number, number>;
  readonly size: number;
};

/** Bytes between the fragments around a lost one. */
function roomFor({ fragments, places, size }: Placed, index: number): number {
  let before = index - 1;
  while (before >= 0 && !places.has(before)) before -= 1;
  let after = index + 1;
  while (after < fragments.length && !places.has(after)) after += 1;
  const begin = before < 0 ? (fragments[0]?.offset ?? 0) : (places.get(before) ?? 0) + (fragments[before]?.length ?? 0);
  const end = places.get(after) ?? size;
  return end - begin;
}

/** The most fragments that stand in their order: the others were moved. */
function longestInOrder(found: readonly Found[]): ReadonlySet<number> {
  const byOffset = found.toSorted((left, right) => left.offset - right.offset).map(({ index }) => index);
  const tails: number[] = [];
  const before = byOffset.map(() => -1);
  for (const [at, index] of byOffset.entries()) {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((byOffset[tails[middle] ?? 0] ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    before[at] = low > 0 ? (tails[low - 1] ?? -1) : -1;
    tails[low] = at;
  }
  const kept = new Set<number>();
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) kept.add(byOffset[at] ?? -1);
  return kept;
}

/** Bytes of the footage that belong to no fragment, where more lies than the fragments lost there had. */
function strangers(
  size: number,
  { file: { indexBytes }, fragments }: Manifest,
  found: readonly Found[],
  file: string,
): readonly Finding[] {
  const findings: Finding[] = [];
  const lostBytes = (from: number, to: number): number =>
    fragments.slice(from, to).reduce((sum, { length }) => sum + length, 0);
  let [at, next] = [indexBytes, 0];
  const inOrder = longestInOrder(found);
  const stops = [
    ...found.toSorted((left, right) => left.offset - right.offset),
    { index: fragments.length, offset: size },
  ];
  for (const { index, offset } of stops) {
    const expected = inOrder.has(index) || index === fragments.length ? lostBytes(next, index) : 0;
    const extra = offset - at;
    if (extra > expected) {
      findings.push(
        findingOf('inserted', file, `${extra - expected} bytes at byte ${at} are no part of the export`, {
          offset: at,
        }),
      );
    }
    at = offset + (fragments[index]?.length ?? 0);
    if (inOrder.has(index)) next = index + 1;
  }
  return findings;
}
