/**
 * Incidents as they are kept: one JSON file each in `<data>/incidents/`, written soon after each change, the newest ones in memory.
 * Belongs here: keeping. Does not: what an incident holds and says (failover/incident.ts, incident-report.ts).
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cancel, Clock } from '../core/clock.ts';
import { removeIfThere, replaceFile } from '../core/durable-file.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import { applyToIncident, incidentSchema } from '../failover/incident.ts';
import type { Incident, IncidentChange } from '../failover/incident.ts';

/** The oldest closed ones go first. */
export const MAX_INCIDENTS = 500;
const WRITE_AFTER_MS = 500;
/** After the disk refused. */
const TRY_AGAIN_MS = 30_000;
const NAME = /^incident-[0-9a-zA-Z-]{1,56}\.json$/;

export type Incidents = Running & {
  readonly apply: (change: IncidentChange) => void;
  readonly get: (id: string) => Incident | undefined;
  /** Newest first. */
  readonly list: () => readonly Incident[];
  /** After each change; `before` is absent when it was opened by it. The result ends it. */
  readonly onChange: (listener: Listener) => Cancel;
};
type Listener = (incident: Incident, before: Incident | undefined) => void;

export async function openIncidents(dataDir: string, clock: Clock, log: Log): Promise<Incidents> {
  const folder = join(dataDir, 'incidents');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const incidents = new Map((await readAll(folder, log)).map((incident) => [incident.id, incident]));
  const dirty = new Set<string>();
  const listeners = new Set<Listener>();
  let writing: Promise<void> = Promise.resolve();
  let cancel: Cancel | undefined;
  const list = (): readonly Incident[] => [...incidents.values()].sort((a, b) => b.openedAt - a.openedAt);
  const write = async (): Promise<void> => {
    for (const id of dirty) {
      dirty.delete(id);
      const incident = incidents.get(id);
      if (incident === undefined) continue;
      await replaceFile(fileOf(folder, id), JSON.stringify(incident), false).catch((error: unknown) => {
        dirty.add(id);
        throw error;
      });
    }
    for (const old of list()
      .slice(MAX_INCIDENTS)
      .filter(({ closedAt }) => closedAt !== undefined)) {
      incidents.delete(old.id);
      await removeIfThere(fileOf(folder, old.id));
    }
  };
  let stopped = false;
  const flush = (): void => {
    cancel = undefined;
    writing = writing.then(write).catch((error: unknown) => {
      log.error('incidents cannot be written', { reason: messageOf(error) });
      if (!stopped) cancel ??= clock.after(durationMs(TRY_AGAIN_MS), flush);
    });
  };
  return {
    list,
    get: (id) => incidents.get(id),
    apply: (change) => {
      const before = incidents.get(change.incident);
      const next = applyToIncident(before, change);
      if (next === undefined || next === before) return;
      incidents.set(next.id, next);
      dirty.add(next.id);
      cancel ??= clock.after(durationMs(WRITE_AFTER_MS), flush);
      for (const listener of listeners) listener(next, before);
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: async () => {
      stopped = true;
      cancel?.();
      flush();
      await writing;
    },
  };
}

const fileOf = (folder: string, id: string): string =>
  join(folder, `incident-${id.replace(/^incident-/, '').replaceAll(/[^0-9a-zA-Z-]/g, '-')}.json`);

async function readAll(folder: string, log: Log): Promise<readonly Incident[]> {
  const found: Incident[] = [];
  for (const name of (await readdir(folder)).filter((entry) => NAME.test(entry))) {
    try {
      found.push(incidentSchema.parse(JSON.parse(await readFile(join(folder, name), 'utf8'))));
    } catch (error) {
      log.warn('an incident cannot be read', { file: name, reason: messageOf(error) });
    }
  }
  return found;
}
