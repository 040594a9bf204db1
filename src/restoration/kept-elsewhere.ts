/**
 * The protected server's side of policy `keep`: lists in its catalogue what failover servers keep for it, and reads it from there.
 * Belongs here: that. Does not: playing and exporting (api, control), who may be asked (compose).
 */
import { open } from 'node:fs/promises';
import type { Catalogue } from '../archive/catalogue-types.ts';
import { checkSupersedes } from '../archive/insert-return.ts';
import { keptVolumeOf, parseKeptVolume } from '../archive/kept-volume.ts';
import { writeReturnNote } from '../archive/return-note.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { durationMs } from '../core/units.ts';
import type { PeerReply, PeerRequestOptions } from '../peer/network-types.ts';
import { readKeptResult, readKeptSegment } from '../wire/kept-protocol.ts';
import type { KeptName, KeptPlace } from '../wire/kept-protocol.ts';
import { MAX_ATTACHMENT_BYTES } from '../wire/peer-protocol.ts';

const ANSWER_WITHIN = durationMs(30_000);
/** Segments of one server: two years of one camera at a minute each. */
const MAX_KEPT = 1_000_000;
const PAGE = 256;
/** Before a round that failed is played again. They end well within what the keeper waits before it calls a failure over. */
const AGAIN_MS = [1000, 5000, 15_000] as const;
/** So many segments that cannot be told end a round: each may have cost `ANSWER_WITHIN`. */
const MOST_UNTOLD = 3;

export type KeptElsewhereDeps = {
  readonly catalogue: Pick<Catalogue, 'segments' | 'removed' | 'transaction'>;
  readonly request: (
    serverId: string,
    method: string,
    params: unknown,
    options?: PeerRequestOptions,
  ) => Promise<PeerReply>;
  readonly isConnected: (serverId: string) => boolean;
  readonly nameOf: (serverId: string) => string;
  readonly isOwnCamera: (cameraId: string) => boolean;
  readonly changed: (cameraId: string) => void;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
};
type Ref = { readonly volumeId: string; readonly path: string };
export type KeptBytes = {
  /** Fewer only at the end. @throws footage/keeper-away */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
  readonly close: () => Promise<void>;
};
export type KeptElsewhere = {
  /** Brings the catalogue in line with what this server keeps; one round at a time, tried again a few times while it is connected. Never rejects. */
  readonly sync: (serverId: string) => Promise<void>;
  /** Kept by a server that cannot be reached now: which. */
  readonly awayAt: (ref: Pick<Ref, 'volumeId'>) => string | undefined;
  /** @throws footage/keeper-away */
  readonly open: (ref: Ref) => KeptBytes;
  /** A whole copy for an export, with its note beside it. @throws footage/keeper-away, footage/kept-short; system errors */
  readonly copy: (ref: Ref, target: string) => Promise<void>;
};

export function createKeptElsewhere(deps: KeptElsewhereDeps): KeptElsewhere {
  const rounds = new Map<string, Promise<void>>();
  const awayAt: KeptElsewhere['awayAt'] = ({ volumeId }) => {
    const serverId = parseKeptVolume(volumeId)?.serverId;
    return serverId === undefined || deps.isConnected(serverId) ? undefined : deps.nameOf(serverId);
  };
  const openKept: KeptElsewhere['open'] = (ref) => ({
    read: async (offset, length) => await read(deps, ref, { offset, length, away: awayAt(ref) }),
    close: async () => await Promise.resolve(),
  });
  return {
    awayAt,
    open: openKept,
    copy: async (ref, target) => await copy(deps, ref, { target, source: openKept(ref) }),
    sync: async (serverId) => {
      const round = syncAfter(deps, serverId, rounds.get(serverId));
      rounds.set(serverId, round);
      await round;
    },
  };
}

async function syncAfter(deps: KeptElsewhereDeps, serverId: string, before: Promise<void> | undefined): Promise<void> {
  await before;
  for (const pause of [...AGAIN_MS, undefined])
    try {
      await syncOnce(deps, serverId);
      return;
    } catch (error) {
      deps.log.warn('what a failover server keeps could not be listed', { serverId, reason: messageOf(error) });
      // Once it connects it is listed anyway; while it stays connected nothing else would begin another round.
      if (pause === undefined || !deps.isConnected(serverId)) return;
      await deps.clock.sleep(durationMs(pause));
    }
}

const nameOf = ({ volumeId, path }: KeptPlace): string => `${volumeId}/${path}`;

async function syncOnce(deps: KeptElsewhereDeps, serverId: string): Promise<void> {
  const kept = await list(deps, serverId);
  const names = new Map(kept.map((each) => [nameOf(each), each.id]));
  const known = rowsOf(deps, serverId);
  const changed = new Set<string>();
  for (const [name, row] of known) {
    if (names.has(name)) continue;
    forget(deps, row);
    changed.add(row.cameraId);
  }
  const untold: unknown[] = [];
  for (const each of kept) {
    if (known.get(nameOf(each))?.id === each.id) continue;
    try {
      const cameraId = await take(deps, serverId, each);
      if (cameraId !== undefined) changed.add(cameraId);
    } catch (error) {
      // One damaged file holds nothing else back.
      untold.push(error);
      if (untold.length === MOST_UNTOLD || !deps.isConnected(serverId)) break;
    }
  }
  for (const cameraId of changed) deps.changed(cameraId);
  if (untold.length > 0) throw untold[0];
}

async function list({ request }: KeptElsewhereDeps, serverId: string): Promise<readonly KeptName[]> {
  const items: KeptName[] = [];
  for (let after = ''; items.length < MAX_KEPT;) {
    const options = { via: 'bulk', timeoutMs: ANSWER_WITHIN } as const;
    const { result } = await request(serverId, 'footage.kept', { after }, options);
    const page = readKeptResult(result, 'kept');
    items.push(...page.items);
    const last = page.items.at(-1);
    if (!page.more || last === undefined || nameOf(last) <= after) break;
    after = nameOf(last);
  }
  return items;
}

type Known = Ref & { readonly cameraId: string; readonly id: string | undefined };
/** Of the catalogue, by the name that its server gives it. */
function rowsOf({ catalogue: { segments } }: KeptElsewhereDeps, serverId: string): ReadonlyMap<string, Known> {
  const found = new Map<string, Known>();
  for (const volumeId of new Set(segments.totals().map((total) => total.volumeId))) {
    const place = parseKeptVolume(volumeId);
    if (place?.serverId !== serverId) continue;
    for (let after = ''; ;) {
      const rows = segments.page(volumeId, after, PAGE);
      for (const { path, cameraId, returned } of rows)
        found.set(nameOf({ volumeId: place.volumeId, path }), { volumeId, path, cameraId, id: returned?.id });
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) break;
      after = last.path;
    }
  }
  return found;
}

/** Its keeper deleted it in its turn. */
function forget({ catalogue }: KeptElsewhereDeps, { volumeId, path }: Ref): void {
  catalogue.transaction(() => {
    const segment = catalogue.segments.get(volumeId, path);
    if (segment !== undefined) for (const span of segment.spans) catalogue.removed.add(segment, span, 'retention');
    catalogue.segments.remove(volumeId, path);
  }, 'durable');
}

/** The camera, unless what is told is not this server's business. */
async function take(deps: KeptElsewhereDeps, serverId: string, name: KeptName): Promise<string | undefined> {
  const { volumeId, path } = name;
  const options = { via: 'bulk', timeoutMs: ANSWER_WITHIN } as const;
  const { result } = await deps.request(serverId, 'footage.kept-segment', { volumeId, path }, options);
  const { segment, fragments, note } = readKeptSegment(result, 'kept');
  const { cameraId, stream, start } = segment;
  if (!deps.isOwnCamera(cameraId) || segment.serverId !== serverId || segment.segment !== path) return undefined;
  const shift = note.clockOffsetMs;
  const end = fragments.reduce((latest, fragment) => Math.max(latest, fragment.end), start);
  checkSupersedes(
    deps.catalogue,
    { id: note.id, cameraId, stream, recordedBy: serverId, start, end, clockOffsetMs: shift },
    note,
  );
  deps.catalogue.segments.putScanned(
    { ...segment, volumeId: keptVolumeOf(serverId, volumeId), start: start + shift, returned: note },
    fragments.map((each) => ({ ...each, start: each.start + shift, end: each.end + shift })),
  );
  return cameraId;
}

type Reading = { readonly offset: number; readonly length: number; readonly away: string | undefined };
async function read({ request }: KeptElsewhereDeps, ref: Ref, { offset, length, away }: Reading): Promise<Uint8Array> {
  const place = parseKeptVolume(ref.volumeId);
  if (place === undefined) throw new RangeError(`${ref.volumeId} is a volume of this server`);
  if (away !== undefined) throw keeperAway(away);
  const pieces: Uint8Array[] = [];
  for (let done = 0; done < length;) {
    const wanted = Math.min(length - done, MAX_ATTACHMENT_BYTES);
    const params = { volumeId: place.volumeId, path: ref.path, offset: offset + done, length: wanted };
    const options = { via: 'bulk', timeoutMs: ANSWER_WITHIN } as const;
    const { attachment } = await request(place.serverId, 'footage.kept-read', params, options);
    const bytes = attachment ?? new Uint8Array(0);
    pieces.push(bytes);
    done += bytes.length;
    if (bytes.length < wanted) break;
  }
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

type Copying = { readonly target: string; readonly source: KeptBytes };
async function copy(
  { catalogue, nameOf: nameOfServer }: KeptElsewhereDeps,
  ref: Ref,
  { target, source }: Copying,
): Promise<void> {
  const row = catalogue.segments.get(ref.volumeId, ref.path);
  if (row?.returned === undefined)
    throw new UnderstudyError('not-found', 'footage/file-gone', 'This footage is not kept any more.');
  const file = await open(target, 'wx', 0o600);
  try {
    for (let at = 0; at < row.bytes;) {
      const bytes = await source.read(at, Math.min(MAX_ATTACHMENT_BYTES, row.bytes - at));
      if (bytes.length === 0)
        throw keptShort(nameOfServer(parseKeptVolume(ref.volumeId)?.serverId ?? ''), at, row.bytes);
      await file.writeFile(bytes);
      at += bytes.length;
    }
  } finally {
    await file.close();
  }
  await writeReturnNote(target, row.returned);
}

export const keeperAway = (name: string): UnderstudyError =>
  new UnderstudyError(
    'unavailable',
    'footage/keeper-away',
    `This footage lies on ${name}, which cannot be reached now; it plays again when that server is back.`,
  );

/** Its file there was cut off or damaged: an export made of the rest would be short without anybody being told. */
const keptShort = (name: string, bytes: number, expected: number): UnderstudyError =>
  new UnderstudyError(
    'unavailable',
    'footage/kept-short',
    `A file of this footage on ${name} ends after ${bytes} of ${expected} bytes. Check the disk of ${name}, or choose a range without this footage.`,
  );
