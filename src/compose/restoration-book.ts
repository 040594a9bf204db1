/**
 * Which incident and which covers a restoration belongs to, over restarts: `<data>/restoration-incidents.json`.
 * Belongs here: keeping. Does not: what follows when a restoration ends (restoration-set-up.ts).
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { replaceFileSync } from '../core/durable-file.ts';
import { messageOf, systemCodeOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { MAX_COVERED } from '../cover/cover-types.ts';

const name = z.string().max(64);
const entrySchema = z.object({
  incident: name.optional(),
  /** What it gives back; without it a run of an older release began it. */
  covers: z.array(name).max(MAX_COVERED).optional(),
});
type Entry = z.infer<typeof entrySchema>;
/** Before covers were kept with it, the incident alone. */
const bookSchema = z.record(name, name.transform((incident): Entry => ({ incident })).or(entrySchema));

export type IncidentBook = {
  /** The same restoration again keeps what it had. */
  readonly put: (restoration: string, entry: { readonly incident: string; readonly covers: readonly string[] }) => void;
  /** Once: an incident is told one end of it. */
  readonly take: (restoration: string) => string | undefined;
  /** Until it is taken. */
  readonly incidentOf: (restoration: string) => string | undefined;
  /** Its incident was taken. */
  readonly isTold: (restoration: string) => boolean;
  readonly coversOf: (restoration: string) => readonly string[] | undefined;
  readonly forget: (restoration: string) => void;
  readonly ids: () => readonly string[];
  /** Restorations of an incident that were not taken yet. */
  readonly of: (incident: string) => readonly string[];
};

export function openIncidentBook(path: string, log: Log): IncidentBook {
  const known = new Map<string, Entry>(Object.entries(readBook(path, log)));
  const save = (): void => {
    try {
      replaceFileSync(path, JSON.stringify(Object.fromEntries(known)));
    } catch (error) {
      log.error('incidents of restorations cannot be kept', { reason: messageOf(error) });
    }
  };
  return {
    ids: () => [...known.keys()],
    of: (incident) => [...known].flatMap(([id, entry]) => (entry.incident === incident ? [id] : [])),
    incidentOf: (restoration) => known.get(restoration)?.incident,
    isTold: (restoration) => known.get(restoration)?.incident === undefined,
    coversOf: (restoration) => known.get(restoration)?.covers,
    put: (restoration, entry) => {
      const covers = new Set([...(known.get(restoration)?.covers ?? []), ...entry.covers]);
      known.set(restoration, { incident: entry.incident, covers: [...covers] });
      save();
    },
    take: (restoration) => {
      const entry = known.get(restoration);
      if (entry?.incident === undefined) return undefined;
      // The covers stay with it: what is incomplete may be stopped by hand one day.
      known.set(restoration, { covers: entry.covers ?? [] });
      save();
      return entry.incident;
    },
    forget: (restoration) => {
      if (known.delete(restoration)) save();
    },
  };
}

function readBook(path: string, log: Log): Readonly<Record<string, Entry>> {
  try {
    return bookSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') log.error('kept incidents cannot be used', { reason: messageOf(error) });
    return {};
  }
}
