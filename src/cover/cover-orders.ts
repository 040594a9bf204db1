/**
 * From what is protected, covered and drilled to what this server's own media shall do for it: a pure composition.
 *
 * Belongs here: which camera gets a channel, which stream is recorded, held or left alone, and why not. Does not: when that
 * changes (cover.ts), the orders for this server's own cameras (control/orders.ts).
 *
 * Invariants: own cameras and those of the result together never take more channels than there are, but for covers that began when there
 * were more: a limit is for what begins; what is covered never yields its channel to what is only kept ready; the same input gives the
 * same orders.
 */
import { pushKeyOf } from '../core/push-key.ts';
import { cameraSecretName } from '../site/camera-credentials.ts';
import type { CameraSettings } from '../site/camera.ts';
import { MAX_CHANNELS } from '../site/failover-settings.ts';
import { streamSourceOf } from '../site/stream-source.ts';
import type { StreamName, StreamOrder } from '../wire/media-protocol.ts';
import type { ProtectedSettings, Refusal, RefusalCause, StandbyLevel, StreamRef } from './cover-types.ts';

/** Segments that may go again soon. At most so much more than `hotSeconds` lies in the ring. */
export const RING_SEGMENT_SECONDS = 10;

export type ServerCover = {
  readonly serverId: string;
  /** `undefined`: no settings backup of it can be read. */
  readonly settings: ProtectedSettings | undefined;
  /** By camera id; a camera without one is cold. */
  readonly levels: ReadonlyMap<string, StandbyLevel>;
  /** By `streamKeyOf`: the epoch of what is covered now. */
  readonly covering: ReadonlyMap<string, number>;
  /** By `streamKeyOf`: recorded for a rehearsal. */
  readonly drilling: ReadonlySet<string>;
  /** By `streamKeyOf`: hot ones that refused; they are only held. */
  readonly fallen: ReadonlySet<string>;
  /** Camera ids: not kept ready for now, whatever their level, for that would take the session of their own server. */
  readonly stoodDown: ReadonlySet<string>;
};
export type CoverState = {
  /** In the order in which they came to be covered; the first one keeps its channels. */
  readonly servers: readonly ServerCover[];
  readonly volumeIds: readonly string[];
  readonly maxChannels: number;
  readonly ownCameraIds: ReadonlySet<string>;
  /** What media was told before this process: without any settings backup a cover goes on by it. */
  readonly lastOrders: readonly StreamOrder[];
  /** What was ordered until now. */
  readonly before: readonly StreamOrder[];
};
export type ComposedCover = {
  readonly orders: readonly StreamOrder[];
  /** Cover that was asked for and is not given. */
  readonly refused: readonly Refusal[];
  /** Cameras that should be kept ready and are left cold, because channels are short. */
  readonly leftCold: ReadonlySet<string>;
  readonly usedChannels: number;
};

export const streamKeyOf = ({ cameraId, stream }: StreamRef): string => `${cameraId}/${stream}`;

/** What a camera wants a channel for; the least number is served first. */
const RANK = { covering: 0, drilling: 1, hot: 2, warm: 3 } as const;
type Use = keyof typeof RANK;
type Wish = { readonly server: ServerCover; readonly camera: CameraSettings; readonly use: Use; readonly turn: number };
const IMPORTANCE = { high: 0, medium: 1, low: 2, never: 3 } as const;

export function composeCover(state: CoverState): ComposedCover {
  const refused: Refusal[] = [];
  const free = Math.max(0, state.maxChannels - state.ownCameraIds.size);
  const blind = blindCovers(state, channelsAtMost(state));
  const wishes = state.servers
    .flatMap((server, turn) => wishesOf({ ...server, covering: notBlind(server, blind) }, turn, state, refused))
    .sort(byRank);
  const going = goingOn(wishes, state);
  // The limit was lowered, or cameras were added here: what is covered keeps its channels, and nothing more begins.
  const isOver = going.size + blind.size > free;
  const forCovers = isOver ? Math.min(going.size + blind.size, channelsAtMost(state)) : free;
  const taken = new Map<string, Wish>();
  const leftCold = new Set<string>();
  for (const wish of isOver ? firstThese(going, wishes) : wishes) {
    const { id } = wish.camera;
    if (taken.has(id) || blind.has(id)) {
      // Ids are unique over the site: the same camera under two servers is a mistake of somebody's.
      refuse(refused, wish, 'not-covered-policy', `A camera of another protected server has the id ${id} too.`);
    } else if (taken.size + blind.size < (wish.use === 'covering' ? forCovers : free)) taken.set(id, wish);
    else if (wish.use === 'covering') {
      refuse(refused, wish, 'not-covered-channel', `All ${state.maxChannels} channels of this server are in use.`);
    } else leftCold.add(id);
  }
  return {
    orders: [
      ...[...blind.values()].flatMap(({ orders }) => orders),
      ...[...taken.values()].flatMap((wish) => ordersOf(wish, state.volumeIds)),
    ],
    refused,
    leftCold,
    usedChannels: state.ownCameraIds.size + blind.size + taken.size,
  };
}

type Blind = { readonly serverId: string; readonly orders: readonly StreamOrder[] };
/**
 * Of servers without settings: by camera, the covered streams that media knows, as it knows them. They are recorded now, so they
 * keep their channels before anything else.
 */
function blindCovers(state: CoverState, free: number): ReadonlyMap<string, Blind> {
  const covers = new Map<string, Blind>();
  for (const { serverId, settings, covering } of state.servers) {
    if (settings !== undefined) continue;
    for (const order of state.lastOrders) {
      const { cameraId } = order;
      const epoch = covering.get(streamKeyOf(order));
      const known = covers.get(cameraId);
      const hasRoom = known === undefined ? covers.size < free : known.serverId === serverId;
      if (epoch === undefined || !hasRoom || state.ownCameraIds.has(cameraId)) continue;
      const own = { ...order, ...coveringHow(epoch), volumeIds: preferenceOf(cameraId, state.volumeIds) };
      covers.set(cameraId, { serverId, orders: [...(known?.orders ?? []), own] });
    }
  }
  return covers;
}

function notBlind({ serverId, covering }: ServerCover, blind: ReadonlyMap<string, Blind>): ServerCover['covering'] {
  const isBlind = (key: string): boolean => {
    const found = blind.get(cameraIdOf(key));
    return found?.serverId === serverId && found.orders.some((order) => streamKeyOf(order) === key);
  };
  return new Map([...covering].filter(([key]) => !isBlind(key)));
}

/** Cameras that were covered before and still are. Only what is covered has an epoch of its own. */
function goingOn(wishes: readonly Wish[], state: CoverState): ReadonlySet<string> {
  const before = new Set(state.before.flatMap(({ cameraId, epoch }) => (epoch === undefined ? [] : [cameraId])));
  return new Set(wishes.flatMap(({ use, camera: { id } }) => (use === 'covering' && before.has(id) ? [id] : [])));
}
const firstThese = (ids: ReadonlySet<string>, wishes: readonly Wish[]): readonly Wish[] =>
  wishes.toSorted((a, b) => Number(ids.has(b.camera.id)) - Number(ids.has(a.camera.id)));
const channelsAtMost = ({ ownCameraIds }: CoverState): number => Math.max(0, MAX_CHANNELS - ownCameraIds.size);

const byRank = (a: Wish, b: Wish): number =>
  RANK[a.use] - RANK[b.use] ||
  (a.use === 'covering' ? a.turn - b.turn : 0) ||
  IMPORTANCE[a.camera.priority] - IMPORTANCE[b.camera.priority] ||
  a.turn - b.turn ||
  (a.camera.id < b.camera.id ? -1 : 1);

function wishesOf(server: ServerCover, turn: number, state: CoverState, refused: Refusal[]): readonly Wish[] {
  const cameras = new Map((server.settings?.cameras ?? []).map((camera) => [camera.id, camera]));
  const unknown = new Set([...server.covering.keys()].map(cameraIdOf).filter((id) => !cameras.has(id)));
  for (const id of unknown) {
    const why =
      server.settings === undefined
        ? 'No settings backup of its server can be read.'
        : 'The newest settings backup of its server does not have this camera.';
    refuseStreams(refused, server, id, { cause: 'not-covered-policy', message: why });
  }
  return [...cameras.values()].flatMap((camera) => {
    const use = useOf(server, camera);
    if (use === undefined) return [];
    const problem = problemOf(camera, state);
    if (problem === undefined) return [{ server, camera, use, turn }];
    if (use === 'covering') refuseStreams(refused, server, camera.id, problem);
    return [];
  });
}

function useOf(server: ServerCover, camera: CameraSettings): Use | undefined {
  const has = (keys: { readonly has: (key: string) => boolean }): boolean =>
    keys.has(streamKeyOf({ cameraId: camera.id, stream: 'main' })) ||
    keys.has(streamKeyOf({ cameraId: camera.id, stream: 'sub' }));
  if (has(server.covering)) return 'covering';
  if (!camera.enabled) return undefined;
  if (has(server.drilling)) return 'drilling';
  const level = levelOf(server, camera);
  if (level === 'cold' || recordedStreamsOf(camera).length === 0) return undefined;
  return level;
}

const levelOf = ({ levels, stoodDown }: ServerCover, { id }: CameraSettings): StandbyLevel =>
  stoodDown.has(id) ? 'cold' : (levels.get(id) ?? 'cold');

type Problem = { readonly cause: RefusalCause; readonly message: string };
/** Why this server cannot record the camera at all. */
export function problemOf(camera: CameraSettings, state: Pick<CoverState, 'ownCameraIds'>): Problem | undefined {
  if (pushKeyOf(camera.main.url) !== undefined)
    return {
      cause: 'not-reachable-from-failover',
      message: 'The camera pushes to its own server by RTMP; nothing can be fetched from it.',
    };
  if (state.ownCameraIds.has(camera.id))
    return { cause: 'not-covered-policy', message: `A camera of this server has the id ${camera.id} too.` };
  return undefined;
}

function refuseStreams(refused: Refusal[], server: ServerCover, cameraId: string, { cause, message }: Problem): void {
  for (const stream of STREAMS) {
    if (!server.covering.has(streamKeyOf({ cameraId, stream }))) continue;
    refused.push({ serverId: server.serverId, cameraId, stream, cause, message });
  }
}
const refuse = (refused: Refusal[], wish: Wish, cause: RefusalCause, message: string): void =>
  refuseStreams(refused, wish.server, wish.camera.id, { cause, message });

const STREAMS: readonly StreamName[] = ['main', 'sub'];
const cameraIdOf = (key: string): string => key.slice(0, key.indexOf('/'));

/** What its own server records of a camera all the time. */
export const recordedStreamsOf = (camera: CameraSettings): readonly StreamName[] =>
  STREAMS.filter((stream) => (stream === 'main' ? camera.record : camera.sub !== undefined && camera.recordSub));

function ordersOf({ server, camera, use }: Wish, volumeIds: readonly string[]): readonly StreamOrder[] {
  const password = server.settings?.secrets[cameraSecretName(camera.id)];
  const preferred = preferenceOf(camera.id, volumeIds);
  return STREAMS.flatMap((stream) => {
    const source = streamSourceOf(camera, stream, password);
    const how = howOf(server, camera, stream, use);
    return source === undefined || how === undefined ? [] : [{ ...source, ...how, volumeIds: preferred }];
  });
}

type How = Pick<StreamOrder, 'record' | 'hold' | 'epoch' | 'segmentSeconds'>;
const coveringHow = (epoch: number): How => ({ record: true, hold: false, epoch, segmentSeconds: undefined });
const RING: How = { record: true, hold: false, epoch: undefined, segmentSeconds: RING_SEGMENT_SECONDS };
const HELD: How = { record: true, hold: true, epoch: undefined, segmentSeconds: RING_SEGMENT_SECONDS };
/** Connected for live view, as its own server would do. */
const WATCHED: How = { record: false, hold: false, epoch: undefined, segmentSeconds: undefined };

function howOf(server: ServerCover, camera: CameraSettings, stream: StreamName, use: Use): How | undefined {
  const key = streamKeyOf({ cameraId: camera.id, stream });
  const epoch = server.covering.get(key);
  if (epoch !== undefined) return coveringHow(epoch);
  const isRecorded = recordedStreamsOf(camera).includes(stream);
  if (server.drilling.has(key)) return RING;
  const level = levelOf(server, camera);
  if (isRecorded && level === 'hot') return server.fallen.has(key) ? HELD : RING;
  if (isRecorded && level === 'warm') return HELD;
  return use === 'covering' && !isRecorded ? WATCHED : undefined;
}

/** Cameras spread over the volumes by their id, each with all of them to fall back to. */
function preferenceOf(cameraId: string, volumeIds: readonly string[]): readonly string[] {
  if (volumeIds.length === 0) return volumeIds;
  const hash = Array.from(cameraId).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521, 7);
  const first = hash % volumeIds.length;
  return [...volumeIds.slice(first), ...volumeIds.slice(0, first)];
}
