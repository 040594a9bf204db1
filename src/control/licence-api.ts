/**
 * Licences as people add, remove and see them.
 * Belongs here: which files are taken, and in which words they are refused. Does not: whether a signature is right (site/licence.ts),
 * routes (api).
 */
import type { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { addLicenceRequest } from '../api/contract/licences.ts';
import type { LicenceDeps } from '../api/routes/licences.ts';
import type { Clock } from '../core/clock.ts';
import { isoOf } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import type { LicencesFile } from '../site/licence-records.ts';
import { stateOfLicence } from '../site/licence-seats.ts';
import { instantOf, MAX_LICENCES, plainLicence, readLicence } from '../site/licence.ts';
import type { LicenceTerms, ReadLicence } from '../site/licence.ts';
import type { Issuer } from '../site/signed-text.ts';
import type { JudgedLicence, LicenceBook } from './licence-book.ts';
import { idOf, licencesView, licenceView } from './licence-views.ts';
import type { UseDeps } from './licence-views.ts';

export type LicenceApiDeps = {
  readonly settings: Pick<Settings, 'licences' | 'server' | 'peers' | 'cameras'>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly book: LicenceBook;
  readonly issuers: () => readonly Issuer[];
  readonly rereadIssuers: () => Promise<readonly Issuer[]>;
  readonly update: (change: (file: LicencesFile) => LicencesFile) => Promise<void>;
  /** Tells what turned because of a change. */
  readonly turns: () => boolean;
  readonly use: UseDeps;
};

export function createLicenceApi(deps: LicenceApiDeps): LicenceDeps {
  const { book, activity } = deps;
  return {
    list: () => licencesView({ ...deps, issuers: deps.issuers() }),
    add: async (request, user) => {
      refuseAtMember(book);
      const read = accepted(request, await deps.rereadIssuers(), book.now());
      refuseUnknownServer(deps, request.serverId);
      const record = recordOf(request, deps.clock);
      await deps.update((file) => ({ ...file, licences: withLicence(file.licences, read.terms, record) }));
      const message = `Licence ${read.terms.id} for ${read.terms.holder} was added.`;
      activity.record({ severity: 'info', code: 'licence-added', message, user });
      deps.turns();
      return licenceView(foundBy(book, ({ text }) => text === record.text, read.terms.id));
    },
    remove: async (id, user) => {
      refuseAtMember(book);
      const { record } = foundBy(book, (_record, its) => its === id, id);
      await deps.update((file) => ({ ...file, licences: file.licences.filter(({ text }) => text !== record.text) }));
      const message = `Licence ${id} was removed; whatever is recorded or covered goes on.`;
      activity.record({ severity: 'warning', code: 'licence-removed', message, user });
      deps.turns();
    },
  };
}

/** @throws licence/unknown */
function foundBy(
  { judged }: LicenceBook,
  isMeant: (record: JudgedLicence['record'], id: string) => boolean,
  id: string,
): JudgedLicence {
  const found = judged().find(({ terms, record }) => isMeant(record, idOf(terms, record.text)));
  if (found !== undefined) return found;
  throw new UnderstudyError('not-found', 'licence/unknown', `No licence has the id ${id.slice(0, 64)}.`);
}

type Request = z.output<typeof addLicenceRequest>;
type Record = LicencesFile['licences'][number];
const recordOf = ({ licence, serverId }: Request, clock: Pick<Clock, 'now'>): Record => ({
  text: plainLicence(licence),
  addedAt: clock.now(),
  ...(serverId === undefined ? {} : { serverId }),
});

/** @throws licence/issuer, licence/expired, and what reading throws */
function accepted({ licence }: Request, issuers: readonly Issuer[], at: number): ReadLicence {
  const read = readLicence(licence, issuers);
  const { terms, keyId, trust } = read;
  if (trust === 'unknown-issuer') {
    const known = issuers.length === 0 ? 'no issuer' : `only ${issuers.map((issuer) => issuer.keyId).join(', ')}`;
    const message = `This licence was signed by key ${keyId}; this server trusts ${known}. Put the public key of the issuer into keys/licence-issuers.pem of its data directory, if you trust him. Nothing was changed.`;
    throw new UnderstudyError('invalid', 'licence/issuer', message);
  }
  if (stateOfLicence(terms, at) === 'expired') {
    const message = `Licence ${terms.id} expired on ${terms.expiresAt ?? ''}; it is ${isoOf(epochMs(at))} now. Ask its issuer for a new one. Nothing was changed.`;
    throw new UnderstudyError('invalid', 'licence/expired', message);
  }
  return read;
}

/** One that was issued again, later, takes the place of the one before. @throws licence/known, licence/too-many */
function withLicence(licences: readonly Record[], terms: LicenceTerms, record: Record): Record[] {
  const same = licences.find(({ text }) => text === record.text || termsIn(text)?.id === terms.id);
  const before = same && termsIn(same.text);
  if (before !== undefined && instantOf(terms.issuedAt) <= instantOf(before.issuedAt)) {
    const message = `Licence ${terms.id} is here already; only one that was issued later takes its place. Remove it first to add it anew.`;
    throw new UnderstudyError('conflict', 'licence/known', message);
  }
  const rest = licences.filter((one) => one !== same);
  if (rest.length >= MAX_LICENCES) {
    const message = `There are ${MAX_LICENCES} licences already; remove those that have expired.`;
    throw new UnderstudyError('conflict', 'licence/too-many', message);
  }
  return [...rest, record];
}

/** Whatever its signature; undefined: it is damaged. */
function termsIn(text: string): LicenceTerms | undefined {
  try {
    return readLicence(text, []).terms;
  } catch {
    return undefined;
  }
}

/** @throws licence/at-host */
function refuseAtMember({ manager }: LicenceBook): void {
  const host = manager();
  if (host === undefined) return;
  const message = `${host.name} manages this server: the licences of its site are added and removed there.`;
  throw new UnderstudyError('conflict', 'licence/at-host', message);
}

/** @throws server/unknown */
function refuseUnknownServer({ settings }: Pick<LicenceApiDeps, 'settings'>, serverId: string | undefined): void {
  const there = settings.peers.get().peers.filter(({ replacedBy }) => replacedBy === undefined);
  const ids = [settings.server.get().id, ...there.map(({ id }) => id)];
  if (serverId === undefined || ids.includes(serverId)) return;
  throw new UnderstudyError(
    'not-found',
    'server/unknown',
    `No server with the id ${serverId.slice(0, 64)} is known here.`,
  );
}
