/**
 * The timeline's data: days fetched by run lists, kept, and grown by events. Belongs here: what is known per camera.
 * Does not: the run arithmetic (runs.ts), drawing.
 */
import { signal } from '@preact/signals';
import { api, type LiveEvent } from '../api/api.ts';
import { buildPyramid, DAY_SECONDS, type Pyramid } from './pyramid.ts';
import { appendRecorded, joinDays, runsOfDay, type Run } from './runs.ts';

const DAY_MS = DAY_SECONDS * 1000;
const MAX_DAYS = 8;
export type CameraTrack = { readonly runs: readonly Run[]; readonly days: ReadonlyMap<number, Pyramid> };
type DayRuns = ReadonlyMap<string, readonly Run[]>;

export type TimelineData = {
  /** Counts up whenever something that is drawn has changed. */
  readonly version: { readonly value: number };
  readonly trackOf: (cameraId: string) => CameraTrack;
  /** Fetches what is not known of these days; known days are asked again only when `fresh`. */
  readonly need: (days: readonly string[], cameraIds: readonly string[], fresh?: boolean) => Promise<void>;
  readonly onEvent: (event: LiveEvent) => void;
};
const NO_TRACK: CameraTrack = { runs: [], days: new Map() };

export function createTimelineData(): TimelineData {
  const version = signal(0);
  const days = new Map<number, DayRuns>();
  const asked = new Map<string, Promise<void>>();
  const tracks = new Map<string, CameraTrack>();

  const rebuild = (cameraId: string, changedDay: number): void => {
    const starts = [...days.keys()].sort((a, b) => a - b);
    const known = tracks.get(cameraId) ?? NO_TRACK;
    const pyramids = new Map([...known.days].filter(([day]) => days.has(day)));
    pyramids.set(changedDay, buildPyramid(days.get(changedDay)?.get(cameraId) ?? [], changedDay));
    tracks.set(cameraId, { runs: joinDays(starts.map((day) => days.get(day)?.get(cameraId) ?? [])), days: pyramids });
  };
  const load = async (day: string, cameraIds: readonly string[]): Promise<void> => {
    const answer = await api.timeline(day, cameraIds);
    const start = Date.parse(answer.dayStart);
    const merged = new Map(days.get(start));
    for (const id of cameraIds) merged.set(id, []);
    for (const { cameraId, recorded, missing } of answer.cameras)
      merged.set(cameraId, runsOfDay(start, recorded, missing, answer.causes));
    days.set(start, merged);
    const oldest = [...days.keys()].sort((a, b) => a - b)[0];
    if (days.size > MAX_DAYS && oldest !== undefined && oldest !== start) forgetDay(oldest);
    for (const id of cameraIds) rebuild(id, start);
    version.value += 1;
  };
  const forgetDay = (start: number): void => {
    days.delete(start);
    for (const key of asked.keys()) if (key.startsWith(new Date(start).toISOString().slice(0, 10))) asked.delete(key);
  };

  return {
    version,
    trackOf: (cameraId) => tracks.get(cameraId) ?? NO_TRACK,
    need: async (wanted, cameraIds, fresh = false) => {
      const loads = wanted.map((day) => {
        const key = `${day} ${cameraIds.join(',')}`;
        const known = asked.get(key);
        if (known !== undefined && !fresh) return known;
        const loading = load(day, cameraIds).catch((error: unknown) => {
          asked.delete(key);
          throw error;
        });
        asked.set(key, loading);
        return loading;
      });
      await Promise.all(loads);
    },
    onEvent: (event) => {
      if (event.kind !== 'recorded' || event.stream !== 'main') return;
      const [start, end] = [Date.parse(event.start), Date.parse(event.end)];
      const day = Math.floor(start / DAY_MS) * DAY_MS;
      const runs = days.get(day);
      const own = runs?.get(event.cameraId);
      if (runs === undefined || own === undefined) return;
      days.set(day, new Map(runs).set(event.cameraId, appendRecorded(own, start, Math.min(end, day + DAY_MS))));
      rebuild(event.cameraId, day);
      version.value += 1;
    },
  };
}
