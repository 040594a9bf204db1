/**
 * Footage on a disc that both servers have as a volume stays where it is: the protected server is told of each segment, with what it
 * replaces there and which of its own groups the other one has anyway, and lists it from then on; this server forgets it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { SequenceRange } from '../archive/catalogue-types.ts';
import { readInit, scanFragments } from '../media/mp4/scan.ts';
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import { openByteSource } from '../archive/byte-source.ts';
import type { ReturnFile } from '../wire/footage-protocol.ts';
import { joinRanges } from './plan-returns.ts';
import type { RunDeps } from './run-deps.ts';
import { insert } from './send-file.ts';
import type { StoredFile, StoredRestoration, StoredSource } from './transfer-store.ts';

/** What must wait, if anything must. */
export async function adoptInPlace(
  deps: RunDeps,
  { id, order }: StoredRestoration,
  signal: AbortSignal,
): Promise<{ readonly reason: string; readonly retryMs: number } | undefined> {
  const bySource = Map.groupBy(deps.store.files(id), ({ volumeId, path }) => `${volumeId}/${path}`);
  for (const source of deps.store.sources(id)) {
    signal.throwIfAborted();
    const files = bySource.get(`${source.volumeId}/${source.path}`) ?? [];
    const [first] = files;
    if (source.state !== 'decided' || first === undefined || first.state === 'received') continue;
    const path = deps.fileOf(source);
    if (path === undefined) return { reason: `Volume ${source.volumeId} is not here now.`, retryMs: 5000 };
    const note = noteOf(deps, source, files);
    const file = await describe(path, note);
    const place = { kind: 'shared-volume', volumeId: source.volumeId, path: source.path, note };
    const evidence = await insert({ ...deps, serverId: order.serverId, signal }, file, place);
    deps.store.put(
      [],
      files.map((each) => ({ ...each, state: 'received', ...evidence, sha256: file.sha256 })),
    );
    deps.publish({ kind: 'file-received', id, serverId: order.serverId, receipt: evidence.receipt, file });
  }
  return undefined;
}

/** One note for the whole segment: its groups that do not go back are replaced by those that the other server has. */
export function noteOf(deps: RunDeps, source: StoredSource, files: readonly StoredFile[]): ReturnNote {
  const runs = joinRanges(files.flatMap((file) => file.runs));
  const row = deps.catalogue.segments.get(source.volumeId, source.path);
  const own = outside(runs, [row?.firstSequence ?? 0, row?.lastSequence ?? -1]);
  const others = [
    ...Map.groupBy(
      files.flatMap(({ note }) => note.supersedes),
      ({ server }) => server,
    ),
  ];
  const supersedes = others.map(([server, all]) => ({
    server,
    groups: joinRanges(all.flatMap(({ groups }) => groups)),
  }));
  const hidden = own.length === 0 ? [] : [{ server: deps.ownServerId, groups: own }];
  return {
    id: files[0]?.id ?? '',
    by: deps.ownServerId,
    clockOffsetMs: files[0]?.note.clockOffsetMs ?? 0,
    supersedes: [...supersedes, ...hidden],
  };
}

function outside(runs: readonly SequenceRange[], [from, to]: SequenceRange): readonly SequenceRange[] {
  const left: SequenceRange[] = [];
  let next = from;
  for (const [first, last] of runs) {
    if (first > next) left.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= to) left.push([next, to]);
  return left;
}

async function describe(path: string, note: ReturnNote): Promise<ReturnFile> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path)) hash.update(bytes as Uint8Array);
  const source = await openByteSource(path);
  try {
    const init = await readInit(source);
    let [fragments, accessUnits, end] = [0, 0, 0];
    for await (const step of scanFragments(source, { from: init.length, resync: true })) {
      if (step.kind !== 'fragment') continue;
      fragments += 1;
      accessUnits += step.fragment.video.count;
      end = Math.max(end, step.fragment.end);
    }
    const { cameraId, stream, serverId, epoch, start } = init.header;
    return {
      id: note.id,
      cameraId,
      stream,
      recordedBy: serverId,
      epoch,
      start,
      end: Math.ceil(end / 1000),
      bytes: source.size,
      sha256: hash.digest('hex'),
      fragments,
      accessUnits,
      clockOffsetMs: note.clockOffsetMs,
    };
  } finally {
    await source.close();
  }
}
