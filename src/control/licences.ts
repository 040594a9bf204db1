/**
 * The licences of this server: kept, told by the host, watched as they expire. They limit what begins; nothing here stops anything
 * that is recorded or covered (docs/design/licences.md).
 *
 * Belongs here: when they change. Does not: which of them count (licence-book.ts), what people add and remove (licence-api.ts).
 */
import type { ActivityLog } from '../api/activity.ts';
import type { LicenceDeps } from '../api/routes/licences.ts';
import type { HealthItem } from '../api/contract/server.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import type { LicencesFile, SiteLicences } from '../site/licence-records.ts';
import type { Issuer } from '../site/signed-text.ts';
import { createLicenceApi } from './licence-api.ts';
import { createLicenceBook } from './licence-book.ts';
import type { BookDeps, LicenceBook } from './licence-book.ts';
import { followReplacements } from './licence-moves.ts';
import { createTurns, licenceHealth, wordsOfTurn } from './licence-views.ts';
import type { UseDeps } from './licence-views.ts';

export type LicencesDeps = Omit<BookDeps, 'issuers'> & {
  /** Reads them anew: whoever adds an issuer's key need not start the server again. */
  readonly readIssuers: () => Promise<readonly Issuer[]>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
  readonly log: Log;
};
export type Licences = Running &
  Pick<LicenceBook, 'coverSeatsOf' | 'cameraSeats' | 'forMember' | 'judged' | 'now'> & {
    /** `site.set` of the host. */
    readonly take: (hostId: string, told: SiteLicences | undefined) => Promise<void>;
    /** On a host: how many cameras of its own a member records. */
    readonly heard: (memberId: string, recorded: number) => void;
    readonly api: (use: UseDeps) => LicenceDeps;
    /** The seats may have changed without any change of settings. */
    readonly onTurn: (listener: () => void) => Cancel;
    readonly healthItems: () => readonly HealthItem[];
  };

const LOOK_EVERY_MS = 5000;
/** What the clock has shown is kept so often, and when something expires. */
const KEEP_EVERY_MS = 3_600_000;

export async function openLicences(deps: LicencesDeps): Promise<Licences> {
  const { settings, clock, log } = deps;
  let issuers = await deps.readIssuers();
  const book = createLicenceBook({ ...deps, issuers: () => issuers });
  const rereadIssuers = async (): Promise<readonly Issuer[]> => {
    issuers = await deps.readIssuers();
    book.forget();
    return issuers;
  };
  const update = async (change: (file: LicencesFile) => LicencesFile): Promise<void> => {
    await settings.licences.update((file) => {
      const next = change(file);
      return next === file ? file : { ...next, latest: Math.max(file.latest, book.look().latest) };
    });
  };
  const inBackground = (work: Promise<void>): void => {
    work.catch((error: unknown) => log.warn('licences were not kept', { reason: messageOf(error) }));
  };
  const turns = createTurnTeller(deps, book);
  const listeners = new Set<() => void>();
  const look = (): void => {
    const { latest } = settings.licences.get();
    const isTurned = turns();
    if (book.judged().length === 0) return;
    if (isTurned || book.look().latest - latest >= KEEP_EVERY_MS) inBackground(update((file) => ({ ...file })));
    if (isTurned) for (const listener of listeners) listener();
  };
  look();
  const cancels = [clock.every(durationMs(LOOK_EVERY_MS), look), followReplacements({ ...deps, update, inBackground })];
  return {
    ...book,
    take: async (hostId, told) => {
      if (told === undefined) return;
      const next = { hostId, ...told };
      const isKnown = JSON.stringify(settings.licences.get().told) === JSON.stringify(next);
      if (!isKnown) await update((file) => ({ ...file, told: next }));
    },
    heard: (memberId, recorded) => {
      const isLimited = book.judged().some(({ terms }) => terms?.seats.recordedCameras !== undefined);
      if (!isLimited || settings.licences.get().recorded[memberId] === recorded) return;
      const known = new Set(settings.peers.get().peers.map(({ id }) => id));
      inBackground(update((file) => withRecorded(file, { memberId, recorded, known })));
    },
    api: (use) => createLicenceApi({ ...deps, book, issuers: () => issuers, rereadIssuers, update, turns, use }),
    onTurn: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    healthItems: () => licenceHealth(book.judged(), book.now()),
    stop: async () => {
      for (const cancel of cancels) cancel();
      // What the clock has shown until now.
      if (settings.licences.get().licences.length > 0) await update((file) => ({ ...file })).catch(() => undefined);
    },
  };
}

/** Books which licences have turned since it was asked last; the first time it only looks. */
function createTurnTeller({ activity }: Pick<LicencesDeps, 'activity'>, { judged }: LicenceBook): () => boolean {
  const turnsOf = createTurns();
  return () => {
    const turned = turnsOf(judged());
    for (const one of turned) {
      const severity = one.state === 'in-force' ? 'info' : 'warning';
      activity.record({ severity, code: `licence-${one.state}`, message: wordsOfTurn(one) });
    }
    return turned.length > 0;
  };
}

type Told = { readonly memberId: string; readonly recorded: number; readonly known: ReadonlySet<string> };
/** Of servers that are gone nothing is kept. */
const withRecorded = (file: LicencesFile, { memberId, recorded, known }: Told): LicencesFile => ({
  ...file,
  recorded: Object.fromEntries(
    Object.entries({ ...file.recorded, [memberId]: recorded }).filter(([id]) => known.has(id)),
  ),
});
