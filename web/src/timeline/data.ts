/**
 * The timeline's data: days fetched by run lists, kept, and grown by events. Belongs here: what is known per camera.
 * Does not: the run arithmetic (runs.ts), drawing.
 */
import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { LiveEvent } from '../api/api.ts';
import { siteTimeline } from '../api/site-footage.ts';
import { buildPyramid, DAY_SECONDS, type Pyramid } from './pyramid.ts';
import { appendRecorded, joinDays, runsOfDay, type Run, type RunState } from './runs.ts';

const DAY_MS = DAY_SECONDS * 1000;
/** Two months: what is shown at once is one at most. */
const MAX_DAYS = 64;
/** Cameras asked for in one request; the API takes 128. */
const CHUNK = 64;
/** Requests under way at once: the rest of the page needs the connection too. */
const AT_ONCE = 4;

export type CameraTrack = { readonly runs: readonly Run[]; readonly days: ReadonlyMap<number, Pyramid> };
export type Progress = { readonly done: number; readonly total: number };
export type TimelineData = {
  /** Counts up whenever something that is drawn has changed. */
  readonly version: ReadonlySignal<number>;
  /** Of what is being fetched; undefined when nothing is. */
  readonly progress: ReadonlySignal<Progress | undefined>;
  readonly trackOf: (cameraId: string) => CameraTrack;
  /** Fetches what is not known of these days, the first first; known days are asked again only when `fresh`. */
  readonly need: (days: readonly string[], cameraIds: readonly string[], fresh?: boolean) => Promise<void>;
  /** `state` is that of footage which the event tells of. */
  readonly onEvent: (event: LiveEvent, state: RunState) => void;
};
const NO_TRACK: CameraTrack = { runs: [], days: new Map() };

export function createTimelineData(): TimelineData {
  const version = signal(0);
  const progress = signal<Progress | undefined>(undefined);
  const tracks = createTracks();
  const asked = new Map<string, Promise<void>>();
  const enqueue = createQueue(progress);

  const load = async (day: string, cameraIds: readonly string[]): Promise<void> => {
    const answer = await siteTimeline(day, cameraIds);
    const start = Date.parse(answer.dayStart);
    const lists = new Map(answer.cameras.map((camera) => [camera.cameraId, camera]));
    for (const id of cameraIds) {
      const list = lists.get(id);
      tracks.set(id, start, list === undefined ? [] : runsOfDay(start, list, answer));
    }
    version.value += 1;
  };
  const ask = (day: string, ids: readonly string[]): void => {
    for (let from = 0; from < ids.length; from += CHUNK) {
      const chunk = ids.slice(from, from + CHUNK);
      const loading = enqueue(() => load(day, chunk)).catch((error: unknown) => {
        for (const id of chunk) asked.delete(`${day} ${id}`);
        throw error;
      });
      for (const id of chunk) asked.set(`${day} ${id}`, loading);
    }
  };
  const forgetFar = (wanted: readonly string[]): void => {
    const known = new Set([...asked.keys()].map((key) => key.slice(0, DAY_LETTERS)));
    if (known.size <= MAX_DAYS) return;
    for (const day of known) if (!wanted.includes(day)) tracks.forgetDay(Date.parse(day));
    for (const key of asked.keys()) if (!wanted.includes(key.slice(0, DAY_LETTERS))) asked.delete(key);
  };
  return {
    version,
    progress,
    trackOf: tracks.of,
    need: async (wanted, cameraIds, fresh = false) => {
      forgetFar(wanted);
      for (const day of wanted) ask(day, fresh ? cameraIds : cameraIds.filter((id) => !asked.has(`${day} ${id}`)));
      const loads = wanted.flatMap((day) => cameraIds.flatMap((id) => asked.get(`${day} ${id}`) ?? []));
      await Promise.all(new Set(loads));
    },
    onEvent: (event, state) => {
      if (event.kind !== 'recorded' || event.stream !== 'main') return;
      const [start, end] = [Date.parse(event.start), Date.parse(event.end)];
      const day = Math.floor(start / DAY_MS) * DAY_MS;
      const own = tracks.runsOf(event.cameraId, day);
      if (own === undefined) return;
      tracks.set(event.cameraId, day, appendRecorded(own, start, Math.min(end, day + DAY_MS), state));
      version.value += 1;
    },
  };
}
/** "2026-11-22" */
const DAY_LETTERS = 10;

/** One camera: its runs by day; joined runs and cells are made when they are looked at. */
type Kept = {
  readonly days: Map<number, readonly Run[]>;
  readonly pyramids: Map<number, Pyramid>;
  track?: CameraTrack;
};
type Tracks = {
  readonly of: (cameraId: string) => CameraTrack;
  readonly runsOf: (cameraId: string, day: number) => readonly Run[] | undefined;
  readonly set: (cameraId: string, day: number, runs: readonly Run[]) => void;
  readonly forgetDay: (day: number) => void;
};

function createTracks(): Tracks {
  const kept = new Map<string, Kept>();
  return {
    of: (cameraId) => {
      const known = kept.get(cameraId);
      if (known === undefined) return NO_TRACK;
      known.track ??= { runs: joinedOf(known.days), days: known.pyramids };
      return known.track;
    },
    runsOf: (cameraId, day) => kept.get(cameraId)?.days.get(day),
    set: (cameraId, day, runs) => {
      const { days, pyramids } = kept.get(cameraId) ?? { days: new Map(), pyramids: new Map() };
      days.set(day, runs);
      pyramids.set(day, buildPyramid(runs, day));
      kept.set(cameraId, { days, pyramids });
    },
    forgetDay: (day) => {
      for (const [id, { days, pyramids }] of kept) {
        days.delete(day);
        pyramids.delete(day);
        kept.set(id, { days, pyramids });
      }
    },
  };
}

function joinedOf(days: ReadonlyMap<number, readonly Run[]>): readonly Run[] {
  return joinDays([...days.keys()].sort((a, b) => a - b).map((day) => days.get(day) ?? []));
}

/** A few at once, in the order of asking. */
function createQueue(progress: Signal<Progress | undefined>): (work: () => Promise<void>) => Promise<void> {
  const waiting: (() => void)[] = [];
  let running = 0;
  const count = (done: number, total: number): void => {
    const { done: before, total: all } = progress.peek() ?? { done: 0, total: 0 };
    const next = { done: before + done, total: all + total };
    progress.value = next.done === next.total ? undefined : next;
  };
  return async (work) => {
    count(0, 1);
    if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      await work();
    } finally {
      running -= 1;
      count(1, 0);
      waiting.shift()?.();
    }
  };
}
