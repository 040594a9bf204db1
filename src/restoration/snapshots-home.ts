/**
 * The protected server's side of snapshots that others took in its place: taken in, verified and receipted; listed and read from where they lie while
 * they lie there. Belongs here: that. Does not: the covering server's side (snapshots-here.ts).
 */
import { signReceipt } from '../archive/receipt.ts';
import type { SigningKey } from '../archive/signing-key.ts';
import type { InboxVolume } from '../archive/incoming-file.ts';
import { homeFolder, listSnapshots, putSnapshot, readSnapshot, wasDeleted } from '../archive/snapshot-folder.ts';
import type { OnSick } from '../archive/snapshot-folder.ts';
import { readSnapshotInfo, sha256Of } from '../archive/snapshot-format.ts';
import type { VolumePlace } from '../archive/remove-segments.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { durationMs } from '../core/units.ts';
import type { PeerCaller, PeerHandler, PeerReply, PeerRequestOptions } from '../peer/network-types.ts';
import { readListResult, readPutParams, readReadResult, readRemoveResult } from '../wire/snapshot-protocol.ts';
import type { PutParams, PutResult, SnapshotPlace, ToldSnapshot } from '../wire/snapshot-protocol.ts';

/** Under way at once, each of at most 17 MiB in memory; the oldest begins anew when there are more. */
export const MAX_PUTS = 4;
/** Of one snapshot: a sender fills all but the last one with 1 MiB. */
export const MAX_PIECES = 64;
/** Nothing more came of one for so long: it begins anew. */
export const PUT_IDLE_MS = 60_000;
const RETRY_MS = 5000;
const ANSWER_WITHIN = durationMs(5000);

export type SnapshotInboxDeps = {
  readonly serverId: string;
  readonly key: Pick<SigningKey, 'privateKey'>;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly volumes: () => readonly VolumePlace[];
  /** Those that can be written now. */
  readonly volumesFor: () => readonly InboxVolume[];
  readonly isOwnCamera: (cameraId: string) => boolean;
  readonly log: Log;
};

/** `snapshot.put`, and nothing of it in memory any more when its peer is gone. */
export function createSnapshotInbox(deps: SnapshotInboxDeps): PeerHandler {
  const underWay: UnderWay = new Map();
  return async (peer, params, attachment = new Uint8Array(0)) => {
    const asked = readPutParams(params, 'params');
    if (attachment.length === 0) throw refused(asked, 'came in an empty piece');
    if (!deps.isOwnCamera(asked.cameraId))
      throw new UnderstudyError(
        'not-found',
        'footage/no-camera',
        `Camera ${asked.cameraId} is not one of this server.`,
      );
    const before = await receiptOfStored(deps, asked);
    if (before !== undefined) return { result: before };
    const arriving = take(deps, underWay, { peer, asked });
    if (asked.offset !== arriving.length) return more(arriving.length);
    arriving.pieces.push(attachment);
    arriving.length += attachment.length;
    const wrong = wrongIn(arriving, asked);
    if (wrong === undefined && arriving.length < asked.picture.bytes) return more(arriving.length);
    arriving.forget();
    if (wrong !== undefined) throw refused(asked, wrong);
    return { result: await store(deps, asked, { bytes: Buffer.concat(arriving.pieces), from: peer.id }) };
  };
}

function wrongIn({ length, pieces }: Arriving, { picture }: PutParams): string | undefined {
  if (length > picture.bytes) return 'is longer than it was told';
  return pieces.length > MAX_PIECES ? `came in more than ${MAX_PIECES} pieces` : undefined;
}

/** By peer. */
type UnderWay = Map<string, Arriving>;
type Arriving = {
  readonly sha256: string;
  readonly pieces: Uint8Array[];
  length: number;
  /** Of the time that nothing comes. */
  idle: Cancel;
  readonly forget: () => void;
};
type Arrival = { readonly peer: PeerCaller; readonly asked: PutParams };
function take({ clock }: SnapshotInboxDeps, underWay: UnderWay, { peer, asked }: Arrival): Arriving {
  const { picture, offset } = asked;
  const known = underWay.get(peer.id);
  const isMore = known?.sha256 === picture.sha256 && offset > 0;
  const arriving = isMore ? known : begun(underWay, peer, picture.sha256);
  arriving.idle();
  arriving.idle = clock.after(durationMs(PUT_IDLE_MS), arriving.forget);
  return arriving;
}

function begun(underWay: UnderWay, { id, signal }: PeerCaller, sha256: string): Arriving {
  underWay.get(id)?.forget();
  const [oldest] = underWay.values();
  if (underWay.size >= MAX_PUTS) oldest?.forget();
  const forget = (): void => {
    arriving.idle();
    signal.removeEventListener('abort', forget);
    if (underWay.get(id) === arriving) underWay.delete(id);
  };
  const arriving: Arriving = { sha256, pieces: [], length: 0, idle: () => undefined, forget };
  signal.addEventListener('abort', forget, { once: true });
  underWay.set(id, arriving);
  return arriving;
}

const more = (offset: number): { readonly result: PutResult } => ({ result: { kind: 'more', offset } });

/** What lies here whole is not stored twice, whatever the clocks say; what its owner deleted here is not stored again. */
async function receiptOfStored(deps: SnapshotInboxDeps, asked: PutParams): Promise<PutResult | undefined> {
  const onSick: OnSick = ({ path }, error) =>
    deps.log.warn('snapshots of a volume cannot be read', { path, reason: messageOf(error) });
  const folder = homeFolder(asked.cameraId);
  if (await wasDeleted(deps.volumes(), folder, asked.picture.sha256)) return receiptFor(deps, asked);
  const files = await listSnapshots(deps.volumes(), folder, onSick);
  const same = files.find(({ sha256 }) => sha256 === asked.picture.sha256);
  if (same === undefined) return undefined;
  const bytes = await readSnapshot(deps.volumes(), same).catch((error: unknown) => {
    if (error instanceof UnderstudyError && error.kind === 'corrupt') return undefined;
    throw error;
  });
  return bytes === undefined ? undefined : receiptFor(deps, asked);
}

const receiptFor = ({ serverId, key, clock }: SnapshotInboxDeps, { picture }: PutParams): PutResult => ({
  kind: 'have',
  receipt: signReceipt({ fileId: picture.id, serverId, sha256: picture.sha256, at: clock.now() }, key),
});

type Arrived = { readonly bytes: Uint8Array; readonly from: string };
async function store(deps: SnapshotInboxDeps, asked: PutParams, { bytes, from }: Arrived): Promise<PutResult> {
  const { cameraId, picture, at, clockOffsetMs } = asked;
  if (sha256Of(bytes) !== picture.sha256) throw refused(asked, 'is not what was told of it');
  const info = readSnapshotInfo(picture.kind, bytes);
  if (info?.cameraId !== cameraId) throw refused(asked, 'is not of the camera that was told');
  if (info.takenBy !== from)
    throw new UnderstudyError(
      'forbidden',
      'footage/not-yours',
      `Server ${from} did not take what it wants to give back.`,
    );
  try {
    const options = { folder: homeFolder(cameraId) };
    await putSnapshot(deps.volumesFor(), { at: at + clockOffsetMs, kind: picture.kind, bytes }, options);
  } catch (error) {
    if (!(error instanceof UnderstudyError && error.code === 'snapshot/no-volume')) throw error;
    return { kind: 'later', retryMs: RETRY_MS, reason: messageOf(error) };
  }
  return receiptFor(deps, asked);
}

const refused = ({ picture }: PutParams, why: string): UnderstudyError =>
  new UnderstudyError('corrupt', 'snapshot/refused', `The snapshot ${picture.id} ${why}.`);

/** A server that may have some: `toOurs` is added to its times to have those of this server. */
export type Keeper = {
  readonly id: string;
  readonly name: string;
  readonly connected: boolean;
  readonly toOurs: number;
};
export type SnapshotsElsewhereDeps = {
  readonly request: (
    serverId: string,
    method: string,
    params: unknown,
    options?: PeerRequestOptions,
  ) => Promise<PeerReply>;
  readonly keepers: () => readonly Keeper[];
  readonly log: Log;
};
export type KeptSnapshot = ToldSnapshot & { readonly keeper: string };
type Range = { readonly start: number; readonly end: number };
export type SnapshotsElsewhere = {
  /** `away`: names of servers that did not answer. */
  readonly list: (
    cameraId: string,
    range: Range,
  ) => Promise<{ readonly items: readonly KeptSnapshot[]; readonly away: readonly string[] }>;
  readonly read: (
    place: SnapshotPlace,
  ) => Promise<{ readonly kind: 'jpeg' | 'mp4'; readonly bytes: Uint8Array } | undefined>;
  /** False: nobody that answers has it. */
  readonly remove: (place: SnapshotPlace) => Promise<boolean>;
};

export function createSnapshotsElsewhere(deps: SnapshotsElsewhereDeps): SnapshotsElsewhere {
  const connected = (): readonly Keeper[] => deps.keepers().filter((keeper) => keeper.connected);
  return {
    list: async (cameraId, range) => {
      const away = deps.keepers().flatMap((keeper) => (keeper.connected ? [] : [keeper.name]));
      const items: KeptSnapshot[] = [];
      const answers = connected().map(async (keeper) => {
        const told = await listAt(deps, keeper, { cameraId, ...range });
        if (told === undefined) away.push(keeper.name);
        else items.push(...told);
      });
      await Promise.all(answers);
      return { items, away };
    },
    read: async (place) => await firstOf(connected(), async (keeper) => await readAt(deps, keeper, place)),
    remove: async (place) =>
      (await firstOf(connected(), async (keeper) => {
        const { result } = await deps.request(keeper.id, 'snapshot.remove', place, { timeoutMs: ANSWER_WITHIN });
        return readRemoveResult(result, 'removed').removed || undefined;
      })) ?? false,
  };
}

async function firstOf<T>(
  keepers: readonly Keeper[],
  ask: (keeper: Keeper) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const keeper of keepers) {
    const answer = await ask(keeper).catch((error: unknown) => {
      if (error instanceof UnderstudyError) return undefined;
      throw error;
    });
    if (answer !== undefined) return answer;
  }
  return undefined;
}

async function listAt(
  { request, log }: SnapshotsElsewhereDeps,
  { id, toOurs }: Keeper,
  { cameraId, start, end }: Range & { readonly cameraId: string },
): Promise<readonly KeptSnapshot[] | undefined> {
  const params = { cameraId, start: Math.max(0, start - toOurs), end: Math.max(0, end - toOurs) };
  try {
    const { result } = await request(id, 'snapshot.list', params, { timeoutMs: ANSWER_WITHIN });
    const told = readListResult(result, 'list').items.filter(({ at }) => at >= params.start && at < params.end);
    return told.map((one) => ({ ...one, at: one.at + toOurs, keeper: id }));
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    log.info('a server does not tell its snapshots', { serverId: id, reason: error.message });
    return undefined;
  }
}

async function readAt(
  { request }: SnapshotsElsewhereDeps,
  { id }: Keeper,
  place: SnapshotPlace,
): Promise<{ readonly kind: 'jpeg' | 'mp4'; readonly bytes: Uint8Array } | undefined> {
  const pieces: Uint8Array[] = [];
  for (let offset = 0; ;) {
    const options = { via: 'bulk', timeoutMs: ANSWER_WITHIN } as const;
    const { result, attachment } = await request(id, 'snapshot.read', { ...place, offset }, options);
    const { bytes, kind } = readReadResult(result, 'read');
    pieces.push(attachment ?? new Uint8Array(0));
    offset += attachment?.length ?? 0;
    if (offset >= bytes) return { kind, bytes: Buffer.concat(pieces) };
    if ((attachment?.length ?? 0) === 0) return undefined;
  }
}
