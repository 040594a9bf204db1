/**
 * Carries out what the failover machine decides for the cameras of protected servers, as orders to this server's own media:
 * kept ready by their standby levels, covered, let go again; and keeps the index of what was covered (docs/design/cover.md).
 *
 * Belongs here: the state between effects in and orders out. Does not: the decisions (failover), how orders are composed
 * (cover-orders.ts), dropping what is old (ring-keeper.ts), giving back (restoration).
 *
 * Covering waits for nothing: no disk, no other server. What is written down is written behind it.
 */
import { seconds } from '../core/clock.ts';
import type { FragmentReport, StreamOrder } from '../wire/media-protocol.ts';
import { createCoverIndex } from './cover-index.ts';
import { composeCover, problemOf, recordedStreamsOf, streamKeyOf } from './cover-orders.ts';
import type { ComposedCover, ServerCover } from './cover-orders.ts';
import { createProgressBook } from './cover-progress.ts';
import type { CoverBox, CoverDeps, CoverRequest, CoverService } from './cover-service.ts';
import { secondsToMs } from './cover-types.ts';
import type { Refusal, StandbyLevel, StandbyView, StreamRef } from './cover-types.ts';
import { owedBy } from './owed.ts';
import { startRingKeeper } from './ring-keeper.ts';
import { createStandbyWatch } from './standby-watch.ts';
import { NO_CHANNEL, standbyViewsOf } from './standby-views.ts';
import { createStoodDown } from './stood-down.ts';

type Covering = {
  readonly epoch: number;
  /** Monotonic milliseconds; footage from before does not count as covered, `-Infinity`: it does (hot). */
  readonly since: number;
  readonly startedAt: number;
  hasFrame: boolean;
};
type Server = {
  levels: ReadonlyMap<string, StandbyLevel>;
  suspected: boolean;
  readonly covering: Map<string, Covering & StreamRef>;
  drilling: ReadonlySet<string>;
};
/** What is kept ready is looked at. */
const WATCH_EVERY = seconds(1);
const NOTHING: ComposedCover = { orders: [], refused: [], leftCold: new Set(), usedChannels: 0 };

// oxlint-disable-next-line max-lines-per-function -- one closure over what is covered
export function createCover(deps: CoverDeps): CoverService {
  const { clock, log } = deps;
  const index = createCoverIndex(deps.file, log, deps.indexLost ? clock.now() : undefined);
  const servers = new Map<string, Server>();
  /** Refusals that were told. */
  const remarked = new Set<string>();
  const stoodDown = createStoodDown(clock.monotonic);
  const listeners = new Set<(fragment: FragmentReport) => void>();
  let elsewhere: ReadonlySet<string> = new Set();
  let composed = NOTHING;
  /** Before the first composition nobody asks for orders yet. */
  let ordersText: string | undefined;

  const serverOf = (serverId: string): Server => {
    const known = servers.get(serverId);
    if (known !== undefined) return known;
    const made: Server = { levels: new Map(), suspected: false, covering: new Map(), drilling: new Set() };
    servers.set(serverId, made);
    return made;
  };
  const owners = new Map<string, string>();
  const isOwned = (key: string): boolean => owners.has(key.slice(0, key.indexOf('/')));
  const states = (): readonly ServerCover[] =>
    [...servers].map(([serverId, { levels, drilling, covering: now }]): ServerCover => {
      const covering = new Map([...now].map(([key, { epoch }]) => [key, epoch]));
      const kept = { levels, fallen: watch.fallen(), stoodDown: stoodDown.cameras() };
      return { serverId, settings: deps.settingsOf(serverId), covering, drilling, ...kept };
    });
  const compose = (): void => {
    const box = deps.box();
    const all = states();
    const before = composed === NOTHING ? deps.lastOrders : composed.orders;
    composed = composeCover({ servers: all, lastOrders: deps.lastOrders, before, ...box });
    owners.clear();
    for (const { serverId, settings, levels, covering } of all) {
      const ids = [...levels.keys(), ...[...covering.keys()].map((key) => key.slice(0, key.indexOf('/')))];
      for (const id of [...(settings?.cameras ?? []).map((camera) => camera.id), ...ids]) owners.set(id, serverId);
    }
    for (const refusal of composed.refused) noteRefusal(refusal);
    const text = JSON.stringify(composed.orders);
    if (text === ordersText) return;
    const isFirst = ordersText === undefined;
    ordersText = text;
    progress.forget(isOwned);
    watch.forget(isOwned);
    if (!isFirst) deps.changed();
  };
  const noteRefusal = ({ serverId, cameraId, stream, cause, message }: Refusal): void => {
    const key = `${cameraId}/${stream} ${cause}`;
    if (remarked.has(key)) return;
    remarked.add(key);
    deps.remark({
      severity: 'warning',
      code: 'cover/refused',
      serverId,
      cameraId,
      message: `The ${stream} stream of camera ${cameraId} is not covered: ${message}`,
    });
  };

  const coveringOf = (
    key: string,
  ): { readonly serverId: string; readonly stream: Covering & StreamRef } | undefined => {
    for (const [serverId, { covering }] of servers) {
      const stream = covering.get(key);
      if (stream !== undefined) return { serverId, stream };
    }
    return undefined;
  };
  const grew = (fragment: FragmentReport): void => {
    for (const listener of listeners) listener(fragment);
    const found = coveringOf(streamKeyOf(fragment));
    if (found === undefined || found.stream.hasFrame || !fragment.key) return;
    found.stream.hasFrame = true;
    told(found.serverId, fragment, { start: fragment.start, afterMs: clock.monotonic() - found.stream.startedAt });
  };
  const told = (
    serverId: string,
    { cameraId, stream }: StreamRef,
    { start, afterMs }: { readonly start: number; readonly afterMs: number },
  ): void => {
    deps.firstFrame({ serverId, cameraId, stream, durableAt: clock.now(), start, afterMs: Math.round(afterMs) });
  };
  const progress = createProgressBook({ ...deps, wanted: isOwned, grew });
  const standbyViews = (): readonly StandbyView[] =>
    standbyViewsOf(states(), { ...progress, composed, box: deps.box(), fallenOf: watch.fallenOf });
  const watch = createStandbyWatch({
    now: clock.monotonic,
    remark: deps.remark,
    serverOf: (cameraId) => owners.get(cameraId) ?? '',
    orderOf: (ref) => (isInUse(servers, streamKeyOf(ref)) ? undefined : orderOf(composed, ref)),
    views: standbyViews,
    changed: () => compose(),
  });

  const begin = (server: Server, { serverId, epoch, lostFrom }: CoverRequest, ref: StreamRef): void => {
    const { cameraId, stream } = ref;
    const key = streamKeyOf(ref);
    const known = server.covering.get(key);
    const isAlive = progress.isAlive(ref);
    const isHot = server.levels.get(cameraId) === 'hot';
    const now = clock.monotonic();
    const before = isHot ? secondsToMs(deps.box().hotSeconds) : 0;
    const from = Math.min(lostFrom, clock.now()) - before;
    if (known?.epoch === epoch) return;
    index.begin({ serverId, cameraId, stream, epoch, from });
    const since = isAlive ? -Infinity : now;
    server.covering.set(key, known ? { ...known, epoch } : { ...ref, epoch, since, startedAt: now, hasFrame: isAlive });
    if (known === undefined && isAlive) told(serverId, ref, { start: from, afterMs: 0 });
  };
  for (const { serverId, cameras } of index.standby())
    serverOf(serverId).levels = new Map(cameras.map(({ cameraId, level }) => [cameraId, level]));
  for (const { serverId, cameraId, stream, epoch, to } of index.covered()) {
    if (to !== undefined) continue;
    const resumed = { cameraId, stream, epoch, since: -Infinity, startedAt: clock.monotonic(), hasFrame: true };
    serverOf(serverId).covering.set(streamKeyOf({ cameraId, stream }), resumed);
  }
  const ring = startRingKeeper({
    ...deps,
    box: () => ringBoxOf(deps.box()),
    keptBefore: index.keptBefore(),
    covered: index.covered,
    servers: () =>
      [...servers].map(([serverId, server]) => ({
        serverId,
        cameraIds: new Set([
          ...(deps.settingsOf(serverId)?.cameras ?? []).map(({ id }) => id),
          ...server.levels.keys(),
        ]),
        levels: server.levels,
        isFrozen: (key) =>
          (server.suspected && !elsewhere.has(key.slice(0, key.indexOf('/')))) ||
          server.covering.has(key) ||
          server.drilling.has(key),
      })),
  });
  compose();
  const cancelWatch = clock.every(WATCH_EVERY, () => {
    if (stoodDown.expire()) compose();
    watch.tick();
  });

  return {
    standby: (serverId, cameras) => {
      const server = serverOf(serverId);
      for (const cameraId of server.levels.keys()) ring.former(cameraId);
      server.levels = new Map(cameras.map(({ cameraId, level }) => [cameraId, level]));
      index.setStandby(serverId, cameras);
      compose();
    },
    suspect: (serverId, suspected) => {
      serverOf(serverId).suspected = suspected;
    },
    elsewhere: (cameraIds) => {
      elsewhere = cameraIds;
    },
    cover: (request) => {
      const server = serverOf(request.serverId);
      server.drilling = new Set();
      for (const stream of request.streams) begin(server, request, stream);
      compose();
      const asked = new Set(request.streams.map(streamKeyOf));
      return composed.refused.filter((one) => one.serverId === request.serverId && asked.has(streamKeyOf(one)));
    },
    release: (serverId, streams, standDown) => {
      const server = servers.get(serverId);
      if (server === undefined) return;
      if (standDown !== undefined) stoodDown.begin(streams.map(({ cameraId }) => cameraId));
      for (const stream of streams) {
        server.covering.delete(streamKeyOf(stream));
        for (const key of remarked) if (key.startsWith(`${streamKeyOf(stream)} `)) remarked.delete(key);
      }
      index.end(serverId, streams, clock.now());
      compose();
    },
    drop: (serverId) => {
      for (const cameraId of servers.get(serverId)?.levels.keys() ?? []) ring.former(cameraId);
      servers.delete(serverId);
      index.setStandby(serverId, []);
      index.end(serverId, undefined, clock.now());
      compose();
    },
    settled: index.settle,
    keeps: index.keep,
    owed: () => owedBy(index, deps.box(), owners),
    refresh: compose,
    orders: () => composed.orders,
    refused: () => composed.refused,
    onMediaEvent: (event) => {
      progress.onMediaEvent(event);
      if (event.kind === 'stream-state') watch.onState(event);
    },
    progress: (stateOf) => {
      const isRefused = new Set(composed.refused.map(streamKeyOf));
      return [...servers].flatMap(([serverId, { covering }]) => {
        const own = [...covering].filter(([key]) => !isRefused.has(key)).map(([, stream]) => stream);
        if (own.length === 0) return [];
        const epoch = Math.max(...own.map((stream) => stream.epoch));
        const streams = own.map((stream) => progress.progressOf(stream, stream.since));
        return [{ serverId, epoch, state: stateOf(serverId), streams }];
      });
    },
    channels: () => {
      const { maxChannels, ownCameraIds } = deps.box();
      const isRefused = new Set(composed.refused.map(streamKeyOf));
      const cameras = new Set(
        [...servers.values()].flatMap(({ covering }) =>
          [...covering].flatMap(([key, { cameraId }]) => (isRefused.has(key) ? [] : [cameraId])),
        ),
      );
      const used = ownCameraIds.size + cameras.size;
      // A limit that was lowered meanwhile moves nothing away from here.
      return { max: Math.max(maxChannels, used), used };
    },
    covered: index.covered,
    standbyViews,
    footageOf: (cameraId, stream) => {
      const own = index.covered().filter((one) => one.cameraId === cameraId && one.stream === stream);
      if (deps.box().ownCameraIds.has(cameraId) || (own.length === 0 && !owners.has(cameraId))) return undefined;
      const known = own.map(({ from, to }) => ({ start: from, end: to ?? Infinity }));
      const keptBefore = index.keptBefore();
      return keptBefore === undefined ? known : [{ start: -Infinity, end: keptBefore }, ...known];
    },
    rehearse: (serverId, on) => {
      const server = servers.get(serverId);
      const settings = deps.settingsOf(serverId);
      if (server === undefined || settings === undefined) return [];
      if (on && (server.covering.size > 0 || server.suspected)) return [];
      const streams = settings.cameras
        .filter(({ enabled, priority }) => enabled && priority !== 'never')
        .flatMap((camera) => recordedStreamsOf(camera).map((stream) => ({ cameraId: camera.id, stream })));
      server.drilling = new Set(on ? streams.map(streamKeyOf) : []);
      const alive = new Set(streams.filter(progress.isAlive).map(streamKeyOf));
      compose();
      const byId = new Map(settings.cameras.map((camera) => [camera.id, camera]));
      return streams.map((stream) => {
        const camera = byId.get(stream.cameraId);
        const cannot = camera === undefined ? undefined : problemOf(camera, deps.box())?.message;
        const problem = cannot ?? (composed.leftCold.has(stream.cameraId) ? NO_CHANNEL : undefined);
        const level = server.levels.get(stream.cameraId) ?? 'cold';
        return { ...stream, level, alive: alive.has(streamKeyOf(stream)), problem };
      });
    },
    isAlive: progress.isAlive,
    problemOfStream: (stream) => {
      const state = progress.stateOf(stream);
      return state?.kind === 'failed' ? state.message : undefined;
    },
    onFragment: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop: async () => {
      cancelWatch();
      await ring.stop();
      await index.saved();
    },
  };
}

/** Cameras of its own have no ring, recorded or not. */
const ringBoxOf = ({ ownCameraIds, ownFootageIds = ownCameraIds, ...box }: CoverBox): CoverBox => ({
  ...box,
  ownCameraIds: new Set([...ownCameraIds, ...ownFootageIds]),
});

const orderOf = ({ orders }: ComposedCover, { cameraId, stream }: StreamRef): StreamOrder | undefined =>
  orders.find((order) => order.cameraId === cameraId && order.stream === stream);
const isInUse = (servers: ReadonlyMap<string, Server>, key: string): boolean =>
  [...servers.values()].some(({ covering, drilling }) => covering.has(key) || drilling.has(key));
