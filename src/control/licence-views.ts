/** Licences and their seats as people see them: API, health, log. Pure but for the time it is asked at. */
import { createHash } from 'node:crypto';
import type { Licence, Licences, SeatUse } from '../api/contract/licences.ts';
import type { HealthItem } from '../api/contract/server.ts';
import { isoOf } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import { instantOf } from '../site/licence.ts';
import type { LicenceTerms } from '../site/licence.ts';
import type { Issuer } from '../site/signed-text.ts';
import { nameOfServer } from './failover-api.ts';
import { recordedBy } from './licence-book.ts';
import type { JudgedLicence, LicenceBook } from './licence-book.ts';

/** What of the seats is in use, as far as it is known here. */
export type UseDeps = {
  /** Cameras that a failover server covers now. */
  readonly covered: (serverId: string) => number | undefined;
};
export type ViewDeps = {
  readonly settings: Pick<Settings, 'licences' | 'server' | 'peers' | 'cameras'>;
  readonly book: LicenceBook;
  readonly issuers: readonly Issuer[];
  readonly use: UseDeps;
};

/** How long before it expires people are told. */
export const WARN_BEFORE_MS: number = 30 * 86_400_000;

/** One that cannot be read has no id of its own. */
export const idOf = (terms: LicenceTerms | undefined, text: string): string =>
  terms?.id ?? `damaged-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;

const iso = (text: string): string => isoOf(epochMs(instantOf(text)));

export function licenceView({ terms, keyId, state, problem, record }: JudgedLicence): Licence {
  const { serverId, addedAt, text } = record;
  return {
    id: idOf(terms, text),
    ...termsView(terms),
    state,
    ...(problem === undefined ? {} : { problem }),
    keyId: keyId ?? '',
    ...(serverId === undefined ? {} : { serverId }),
    ...(addedAt === undefined ? {} : { addedAt: isoOf(epochMs(addedAt)) }),
  };
}

/** Of one that cannot be read nothing is known. */
function termsView(
  terms: LicenceTerms | undefined,
): Pick<Licence, 'holder' | 'issuedAt' | 'validFrom' | 'expiresAt' | 'seats'> {
  if (terms === undefined) return { holder: '', seats: {} };
  const { holder, seats, issuedAt, validFrom, expiresAt } = terms;
  return {
    holder,
    seats,
    issuedAt: iso(issuedAt),
    ...(validFrom === undefined ? {} : { validFrom: iso(validFrom) }),
    ...(expiresAt === undefined ? {} : { expiresAt: iso(expiresAt) }),
  };
}

export function licencesView({ settings, book, issuers, use }: ViewDeps): Licences {
  const host = book.manager();
  const { recorded } = settings.licences.get();
  const ownId = settings.server.get().id;
  const useOf = (serverId: string, seats: number, used: number | undefined): SeatUse => ({
    serverId,
    name: nameOfServer(settings, serverId),
    ...(seats === Infinity ? {} : { seats }),
    ...(used === undefined ? {} : { used }),
  });
  return {
    items: book.judged().map(licenceView),
    ...(host === undefined ? {} : { host: { id: host.id, name: host.name } }),
    covering: book.failoverServers().map((id) => useOf(id, book.coverSeatsOf(id), use.covered(id))),
    recording: [...book.cameraSeats()].map(([id, seats]) =>
      useOf(id, seats, id === ownId ? recordedBy(settings) : recorded[id]),
    ),
    issuers: issuers.map(({ keyId }) => keyId),
  };
}

const RUNS_ON = 'Whatever is recorded or covered goes on; only new covers and cameras are limited.';

/** What needs the owner's attention: expired, about to expire, not to be trusted any more. */
export function licenceHealth(judged: readonly JudgedLicence[], now: number): readonly HealthItem[] {
  return judged.flatMap(({ terms, state, problem, record }): readonly HealthItem[] => {
    const since = isoOf(epochMs(record.addedAt ?? now));
    if (terms === undefined || state === 'untrusted') {
      const message = `Licence ${idOf(terms, record.text)} does not count: ${problem ?? ''} Remove it and add the file again as it was issued.`;
      return [{ code: 'licence-untrusted', severity: 'error', message, since }];
    }
    if (terms.expiresAt === undefined) return [];
    const expiresAt = iso(terms.expiresAt);
    const name = `Licence ${terms.id} for ${terms.holder}`;
    if (state === 'expired') {
      const message = `${name} expired on ${expiresAt}: its seats count no more. ${RUNS_ON} Add a new one, or remove it.`;
      return [{ code: 'licence-expired', severity: 'error', message, since: expiresAt }];
    }
    const warnedFrom = instantOf(terms.expiresAt) - WARN_BEFORE_MS;
    if (state === 'not-yet' || now < warnedFrom) return [];
    const message = `${name} expires on ${expiresAt}. ${RUNS_ON}`;
    return [{ code: 'licence-expires', severity: 'warning', message, since: isoOf(epochMs(warnedFrom)) }];
  });
}

/** For the log: which licences are in another state than when it was asked last; the first time it only looks. */
export function createTurns(): (judged: readonly JudgedLicence[]) => readonly JudgedLicence[] {
  let before: ReadonlyMap<string, JudgedLicence['state']> | undefined;
  return (judged) => {
    const now = new Map(judged.map(({ record, state }) => [record.text, state]));
    const turned = judged.filter(({ record, state }) => (before?.get(record.text) ?? state) !== state);
    before = now;
    return turned;
  };
}

export function wordsOfTurn({ terms, record, state, problem }: JudgedLicence): string {
  const name = `Licence ${idOf(terms, record.text)}`;
  if (state === 'expired') return `${name} expired. ${RUNS_ON}`;
  if (state === 'untrusted') return `${name} does not count any more: ${problem ?? ''}`;
  return `${name} is ${state === 'in-force' ? 'in force now' : 'not in force yet'}.`;
}
