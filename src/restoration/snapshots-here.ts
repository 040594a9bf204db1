/**
 * Snapshots that this server took in the place of a protected one: sent home, listed and read from here by policy `keep`, deleted on order
 * (docs/design/restoration.md). They go over the peer channel whatever carries the footage: they are small, and every transport is offered over it.
 *
 * Belongs here: the covering server's side. Does not: the protected one's (snapshots-home.ts), taking them (control/snapshots.ts).
 *
 * Invariant: one is deleted here only with a signed receipt for its bytes, or on order.
 */
import { detailsOf, listSnapshots, owedFolder, readSnapshot, removeSnapshot } from '../archive/snapshot-folder.ts';
import type { OnSick, SnapshotFile } from '../archive/snapshot-folder.ts';
import { createVolumeLooks } from '../archive/volume-looks.ts';
import { messageOf, systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { PeerHandler } from '../peer/network-types.ts';
import { MAX_ATTACHMENT_BYTES } from '../wire/peer-protocol.ts';
import {
  MAX_SNAPSHOTS_TOLD,
  readListParams,
  readPutResult,
  readReadParams,
  readSnapshotPlace,
} from '../wire/snapshot-protocol.ts';
import type {
  ListResult,
  PutResult,
  ReadResult,
  RemoveResult,
  SnapshotPlace,
  ToldSnapshot,
} from '../wire/snapshot-protocol.ts';
import type { RestorationDeps, RestorationOrder } from './restoration-types.ts';
import type { RunDeps } from './run-deps.ts';
import { AWAY_MS } from './send-all.ts';
import type { Later } from './send-all.ts';
import { checked } from './send-file.ts';

const PIECE_TIMEOUT = durationMs(30_000);
/** These say that it will not be taken: never, or not before that server is another release. */
const REFUSALS: ReadonlySet<string> = new Set([
  'footage/no-camera',
  'footage/not-yours',
  'snapshot/refused',
  'peer/unknown-method',
]);

type HereDeps = Pick<RestorationDeps, 'ownServerId' | 'volumes' | 'ownersOf' | 'log'>;
type Owed = Pick<RestorationOrder, 'serverId' | 'streams'>;

/** Of cameras of a restoration; those of a volume that is away are not among them. */
export async function owedSnapshots(deps: HereDeps, { serverId, streams }: Owed): Promise<readonly SnapshotFile[]> {
  const cameras = [...new Set(streams.map(({ cameraId }) => cameraId))];
  const folders = ownersOf(deps, serverId).flatMap((owner) =>
    cameras.map((cameraId) => owedFolder(deps.ownServerId, owner, cameraId)),
  );
  const found: SnapshotFile[] = [];
  const onSick: OnSick = ({ path }, error) =>
    deps.log.warn('snapshots of a volume cannot be read', { path, reason: messageOf(error) });
  for (const folder of folders) found.push(...(await listSnapshots(deps.volumes(), folder, onSick)));
  return found;
}

const ownersOf = (deps: HereDeps, serverId: string): readonly string[] => deps.ownersOf?.(serverId) ?? [serverId];
const cameraOf = ({ folder }: SnapshotFile): string => folder.slice(folder.lastIndexOf('/') + 1);

/** `left`: cannot be read here, or is refused there; they stay. `waits`: of what may go home later. */
export type SentSnapshots = { readonly left: number; readonly waits: Later | undefined };
/** Whatever goes wrong with one is told here. @throws when `signal` is aborted */
export async function sendSnapshots(
  deps: RunDeps,
  order: RestorationOrder,
  signal: AbortSignal,
): Promise<SentSnapshots> {
  let left = 0;
  let waits: Later | undefined;
  for (const file of await owedSnapshots(deps, order)) {
    signal.throwIfAborted();
    const sent = await sendOne(deps, order, { file, signal }).catch((error: unknown) => failed(deps, file, error));
    signal.throwIfAborted();
    if (sent?.kind === 'stays') left += 1;
    else if (sent !== undefined) waits ??= sent;
    if (sent?.kind === 'later') break;
  }
  return { left, waits };
}

type Failed = { readonly kind: 'stays' } | (Later & { readonly kind: 'later' | 'failed' });
/** `later`: nor will the next one go; `failed`: the next one may. */
function failed({ log }: RunDeps, { name }: SnapshotFile, error: unknown): Failed {
  const reason = messageOf(error);
  const { code, kind } = error instanceof UnderstudyError ? error : { code: systemCodeOf(error), kind: undefined };
  if (kind === 'unavailable') return { kind: 'later', reason, retryMs: AWAY_MS };
  log.error('a snapshot stays here', { name, code, reason });
  const isLeft = kind === 'corrupt' || kind === undefined || REFUSALS.has(code ?? '');
  return isLeft ? { kind: 'stays' } : { kind: 'failed', reason, retryMs: AWAY_MS };
}

type Sending = { readonly file: SnapshotFile; readonly signal: AbortSignal };
type Put = Extract<PutResult, { kind: 'later' }> | undefined;
async function sendOne(deps: RunDeps, order: RestorationOrder, { file, signal }: Sending): Promise<Put> {
  const bytes = await readSnapshot(deps.volumes(), file);
  // It went meanwhile.
  if (bytes === undefined) return undefined;
  let offset = 0;
  // Each answer but the last one leads further, or back to the start once.
  for (let turns = 0; turns < 2 + 2 * Math.ceil(bytes.length / MAX_ATTACHMENT_BYTES); turns += 1) {
    const answer = await putPiece(deps, order, { file, signal, bytes, offset });
    if (answer.kind === 'later') return answer;
    if (answer.kind === 'have') {
      checked({ ...deps, serverId: order.serverId }, file, answer.receipt);
      await removeSnapshot(deps.volumes(), file);
      return undefined;
    }
    ({ offset } = answer);
  }
  throw new UnderstudyError(
    'protocol',
    'snapshot/refused',
    `The other server does not take the snapshot ${file.name}.`,
  );
}

type Piece = Sending & { readonly bytes: Uint8Array; readonly offset: number };
async function putPiece(
  deps: RunDeps,
  { serverId }: RestorationOrder,
  { file, signal, bytes, offset }: Piece,
): Promise<PutResult> {
  const { id, sha256, kind, at } = file;
  const attachment = bytes.subarray(offset, offset + MAX_ATTACHMENT_BYTES);
  await deps.rate.take(attachment.length, signal);
  const picture = { id, sha256, kind, bytes: bytes.length };
  const params = { cameraId: cameraOf(file), picture, at, clockOffsetMs: deps.clockOffsetOf(serverId) ?? 0, offset };
  const options = { attachment, via: 'bulk', timeoutMs: PIECE_TIMEOUT, signal } as const;
  const { result } = await deps.request(serverId, 'snapshot.put', params, options);
  deps.meter.add(attachment.length);
  return readPutResult(result, 'put');
}

/** On order. How many went. */
export async function deleteSnapshots(deps: HereDeps, order: Owed): Promise<number> {
  let gone = 0;
  for (const file of await owedSnapshots(deps, order)) if (await removeSnapshot(deps.volumes(), file)) gone += 1;
  return gone;
}

/** Answers to protected servers about those that lie here; a disk that hangs keeps what is on the others from nobody. */
export function createSnapshotHandlers(
  deps: HereDeps & Pick<RestorationDeps, 'clock'>,
): Readonly<Record<string, PeerHandler>> {
  const look = createVolumeLooks(deps.clock);
  const filesOf = async (serverId: string, cameraId: string): Promise<readonly SnapshotFile[]> => {
    const owed: Owed = { serverId, streams: [{ cameraId, stream: 'main' }] };
    const lists = deps.volumes().map(async (volume) => {
      const on = async (): Promise<readonly SnapshotFile[]> =>
        await owedSnapshots({ ...deps, volumes: () => [volume] }, owed);
      return (await look(volume.id, on)) ?? [];
    });
    return (await Promise.all(lists)).flat().toSorted((one, other) => (one.id < other.id ? -1 : 1));
  };
  const found = async (serverId: string, place: SnapshotPlace): Promise<SnapshotFile> => {
    const file = (await filesOf(serverId, place.cameraId)).find(({ id }) => id === place.id);
    if (file === undefined) throw nothing();
    return file;
  };
  return {
    'snapshot.list': async (peer, params) => {
      const { cameraId, start, end } = readListParams(params, 'params');
      const asked = (await filesOf(peer.id, cameraId)).filter(({ at }) => at >= start && at < end);
      const items: ToldSnapshot[] = [];
      // Two that are taken at once may be one more than there are to be: the answer is one that can be read none the less.
      for (const file of asked.slice(-MAX_SNAPSHOTS_TOLD))
        items.push(...((await look(file.volumeId, async () => await toldOf(deps, file))) ?? []));
      return { result: { items } satisfies ListResult };
    },
    'snapshot.read': async (peer, params) => {
      const { offset, ...place } = readReadParams(params, 'params');
      const file = await found(peer.id, place);
      const bytes = await look(file.volumeId, async () => await readSnapshot(deps.volumes(), file));
      if (bytes === undefined) throw nothing();
      const result: ReadResult = { bytes: bytes.length, kind: file.kind };
      return { result, attachment: bytes.slice(offset, offset + MAX_ATTACHMENT_BYTES) };
    },
    'snapshot.remove': async (peer, params) => {
      const file = await found(peer.id, readSnapshotPlace(params, 'params'));
      const removed = await look(file.volumeId, async () => await removeSnapshot(deps.volumes(), file));
      return { result: { removed: removed ?? false } satisfies RemoveResult };
    },
  };
}

async function toldOf(deps: HereDeps, file: SnapshotFile): Promise<readonly ToldSnapshot[]> {
  const details = await detailsOf(deps.volumes(), file).catch((error: unknown) => {
    deps.log.warn('a snapshot cannot be read', { name: file.name, reason: messageOf(error) });
  });
  if (details === undefined || details.bytes === 0) return [];
  const { id, kind, at } = file;
  const { stream = 'main', takenBy = deps.ownServerId, user = '', note } = details.info ?? {};
  return [{ id, kind, at, bytes: details.bytes, stream, takenBy, user, note }];
}

const nothing = (): UnderstudyError =>
  new UnderstudyError('not-found', 'snapshot/unknown', 'There is no such snapshot (any more).');
