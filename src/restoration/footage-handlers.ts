/**
 * The protected server's side: answers `footage.*` requests of servers that cover it.
 * Belongs here: parsing what comes, who may ask. Does not: inserting (archive/return-inbox.ts), reading groups (archive/footage-groups.ts).
 */
import type { SegmentTable, StreamKey } from '../archive/catalogue-types.ts';
import type { GroupReader } from '../archive/footage-groups.ts';
import type { GroupProver } from '../archive/prove-groups.ts';
import type { ReturnInbox } from '../archive/return-inbox.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { PeerCaller, PeerHandler } from '../peer/network-types.ts';
import type { AccountParams, GroupsParams, GroupsResult } from '../wire/footage-protocol.ts';
import {
  readAccountParams,
  readAppendParams,
  readGroupsParams,
  readInsertParams,
  readOfferParams,
  readProveParams,
} from '../wire/parse-footage.ts';

export type FootageMethod =
  | 'footage.groups'
  | 'footage.prove'
  | 'footage.offer'
  | 'footage.append'
  | 'footage.insert'
  | 'footage.account';
export type FootageHandlers = { readonly [Method in FootageMethod]: PeerHandler };
export type AccountGap = AccountParams['gaps'][number];

export type FootageHandlerDeps = {
  readonly serverId: string;
  readonly groups: GroupReader;
  readonly prover: GroupProver;
  readonly segments: Pick<SegmentTable, 'around'>;
  readonly inbox: Pick<ReturnInbox, 'offer' | 'append' | 'insert'>;
  /** Cameras of this server: nothing else is taken in. */
  readonly isOwnCamera: (cameraId: string) => boolean;
  /** False while volumes are being reconciled after a start: what died with the old process is not in the catalogue yet. */
  readonly isReady: () => boolean;
  /** Books why seconds that nobody covered are missing. */
  readonly book: (by: string, gaps: readonly AccountGap[]) => void;
  readonly clock: Pick<Clock, 'now'>;
};

export function createFootageHandlers(deps: FootageHandlerDeps): FootageHandlers {
  const checkCamera = (cameraId: string): void => {
    if (!deps.isOwnCamera(cameraId))
      throw new UnderstudyError('not-found', 'footage/no-camera', `Camera ${cameraId} is not one of this server.`);
  };
  return {
    'footage.groups': async (_peer, params) => {
      const asked = readGroupsParams(params, 'params');
      checkCamera(asked.cameraId);
      checkReady(deps);
      return { result: await groupsOf(deps, asked) };
    },
    'footage.prove': async (_peer, params) => {
      const { groups, ...key } = readProveParams(params, 'params');
      checkCamera(key.cameraId);
      checkReady(deps);
      return { result: { proofs: await deps.prover.prove(key, groups) } };
    },
    'footage.offer': async (peer, params) => {
      const { file } = readOfferParams(params, 'params');
      checkCamera(file.cameraId);
      checkGiver(peer, file.recordedBy, deps.serverId);
      return { result: await deps.inbox.offer(file) };
    },
    'footage.append': async (_peer, params, attachment) => {
      const { id, offset } = readAppendParams(params, 'params');
      return { result: await deps.inbox.append(id, offset, attachment ?? new Uint8Array(0)) };
    },
    'footage.insert': async (peer, params) => {
      const asked = readInsertParams(params, 'params');
      checkCamera(asked.file.cameraId);
      checkGiver(peer, asked.file.recordedBy, deps.serverId);
      return { result: { receipt: await deps.inbox.insert(asked) } };
    },
    'footage.account': async (peer, params) => {
      const { gaps } = readAccountParams(params, 'params');
      deps.book(
        peer.id,
        gaps.filter(({ cameraId }) => deps.isOwnCamera(cameraId)),
      );
      return await Promise.resolve({ result: {} });
    },
  };
}

function checkReady({ isReady }: FootageHandlerDeps): void {
  if (!isReady())
    throw new UnderstudyError('unavailable', 'footage/not-ready', 'This server still looks at what it has.');
}

/** A server gives back what it recorded itself. */
function checkGiver({ id }: PeerCaller, recordedBy: string, own: string): void {
  if (recordedBy !== id || recordedBy === own)
    throw new UnderstudyError(
      'forbidden',
      'footage/not-yours',
      `Server ${id} did not record what it wants to give back.`,
    );
}

async function groupsOf(
  { groups, segments, serverId, clock }: FootageHandlerDeps,
  asked: GroupsParams,
): Promise<GroupsResult> {
  const key: StreamKey = { cameraId: asked.cameraId, stream: asked.stream };
  const now = clock.now();
  // Before the groups: what becomes durable meanwhile is then not taken for missing.
  const newest = segments.around(key, now + DAY_MS).before;
  const durableUntil = newest?.serverId === serverId ? newest.end : undefined;
  return { ...(await groups.read(key, asked)), now, durableUntil };
}

const DAY_MS = 86_400_000;
