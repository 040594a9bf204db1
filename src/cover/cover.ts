/**
 * Carries out what the failover machine decides for the cameras of protected servers, as orders to this server's own media:
 * kept ready by their standby levels, covered, let go again; and keeps the index of what was covered (docs/design/cover.md).
 *
 * Belongs here: the state between effects in and orders out. Does not: the decisions (failover), how orders are composed
 * (cover-orders.ts), dropping what is old (ring-keeper.ts), giving back (restoration).
 *
 * Covering waits for nothing: no disk, no other server. What is written down is written behind it.
 */
import type { FragmentReport, MediaEvent } from '../wire/media-protocol.ts';
import { createCoverIndex } from './cover-index.ts';
import { composeCover, problemOf, recordedStreamsOf, streamKeyOf } from './cover-orders.ts';
import type { ComposedCover, ServerCover } from './cover-orders.ts';
import { createProgressBook } from './cover-progress.ts';
import type { CoverDeps, CoverRequest, CoverService } from './cover-service.ts';
import { secondsToMs } from './cover-types.ts';
import type { CoverRemark, Refusal, StandbyCamera, StandbyLevel, StandbyView, StreamRef } from './cover-types.ts';
import { owedBy } from './owed.ts';
import { startRingKeeper } from './ring-keeper.ts';

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
const NOTHING: ComposedCover = { orders: [], refused: [], leftCold: new Set(), usedChannels: 0 };

// oxlint-disable-next-line max-lines-per-function -- one closure over what is covered
export function createCover(deps: CoverDeps): CoverService {
  const { clock, log } = deps;
  const index = createCoverIndex(deps.file, log, deps.indexLost ? clock.now() : undefined);
  const servers = new Map<string, Server>();
  const remarked = new Set<string>();
  const listeners = new Set<(fragment: FragmentReport) => void>();
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
  const compose = (): void => {
    const box = deps.box();
    const all = [...servers].map(([serverId, server]): ServerCover => {
      const covering = new Map([...server.covering].map(([key, { epoch }]) => [key, epoch]));
      const { levels, drilling } = server;
      return { serverId, settings: deps.settingsOf(serverId), levels, covering, drilling };
    });
    composed = composeCover({ servers: all, ...box });
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
    progress.forget((key) => owners.has(key.slice(0, key.indexOf('/'))));
    if (!isFirst) deps.changed();
  };
  const note = (key: string, remark: CoverRemark): void => {
    if (remarked.has(key)) return;
    remarked.add(key);
    deps.remark(remark);
  };
  const noteRefusal = ({ serverId, cameraId, stream, cause, message }: Refusal): void =>
    note(`refused ${cameraId}/${stream} ${cause}`, {
      severity: 'warning',
      code: 'cover/refused',
      serverId,
      cameraId,
      message: `The ${stream} stream of camera ${cameraId} is not covered: ${message}`,
    });

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
  const progress = createProgressBook(clock, (key) => owners.has(key.slice(0, key.indexOf('/'))), grew);

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
  const noteState = (event: Extract<MediaEvent, { readonly kind: 'stream-state' }>): void => {
    const { cameraId, stream, state } = event;
    const key = `cold ${cameraId}/${stream}`;
    if (state.kind === 'ready') remarked.delete(key);
    const isHeld = composed.orders.some(
      (order) => order.cameraId === cameraId && order.stream === stream && order.hold,
    );
    if (state.kind !== 'failed' || state.cause !== 'camera-refused' || !isHeld) return;
    note(key, {
      severity: 'warning',
      code: 'cover/fell-back-to-cold',
      serverId: owners.get(cameraId) ?? '',
      cameraId,
      message: `Camera ${cameraId} cannot be kept ready (${stream}): ${state.message}`,
    });
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
        isFrozen: (key) => server.suspected || server.covering.has(key) || server.drilling.has(key),
      })),
  });
  compose();

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
    cover: (request) => {
      const server = serverOf(request.serverId);
      server.drilling = new Set();
      for (const stream of request.streams) begin(server, request, stream);
      compose();
      const asked = new Set(request.streams.map(streamKeyOf));
      return composed.refused.filter((one) => one.serverId === request.serverId && asked.has(streamKeyOf(one)));
    },
    release: (serverId, streams) => {
      const server = servers.get(serverId);
      if (server === undefined) return;
      for (const stream of streams) {
        server.covering.delete(streamKeyOf(stream));
        for (const key of remarked) if (key.startsWith(`refused ${streamKeyOf(stream)} `)) remarked.delete(key);
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
      if (event.kind === 'stream-state') noteState(event);
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
      return { max: maxChannels, used: ownCameraIds.size + cameras.size };
    },
    covered: index.covered,
    standbyViews: () =>
      [...servers].flatMap(([serverId, { levels }]) =>
        [...levels].map(([cameraId, level]) =>
          standbyViewOf(composed, { serverId, cameraId, level }, progress.stateOf),
        ),
      ),
    footageOf: (cameraId, stream) => {
      const own = index.covered().filter((one) => one.cameraId === cameraId && one.stream === stream);
      if (deps.box().ownCameraIds.has(cameraId) || (own.length === 0 && !owners.has(cameraId))) return undefined;
      return own.map(({ from, to }) => ({ start: from, end: to ?? Infinity }));
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
      await ring.stop();
      await index.saved();
    },
  };
}

const NO_CHANNEL = 'All channels of this server are in use.';

function standbyViewOf(
  { orders, leftCold }: ComposedCover,
  { serverId, cameraId, level }: StandbyCamera & { readonly serverId: string },
  stateOf: (stream: StreamRef) => { readonly kind: string; readonly message?: string } | undefined,
): StandbyView {
  const states = orders.filter((order) => order.cameraId === cameraId).map((order) => stateOf(order));
  const failed = states.find((state) => state?.kind === 'failed');
  const isReady =
    states.length > 0 && states.every((state) => state?.kind === (level === 'hot' ? 'recording' : 'ready'));
  const message = leftCold.has(cameraId) ? NO_CHANNEL : failed?.message;
  return { serverId, cameraId, level, actual: isReady ? level : 'cold', message };
}
