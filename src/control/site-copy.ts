/**
 * The documents of a site (its servers with their keys, its policy, its licences, its accounts), copied by the host to those that may succeed it, and
 * kept there durably in `<data>/site-copy.json` (docs/design/host-role.md). The host keeps its newest copy in the same way.
 *
 * Belongs here: when a copy is made, sent, taken. Does not: who may succeed (site/host-role.ts), what a new host does with it
 * (host-role.ts).
 */
import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { SettingsFile } from '../settings/settings-file.ts';
import type { Settings } from '../settings/settings.ts';
import { isHost, MAX_TERM } from '../site/host-role.ts';
import type { HostRole, Rank } from '../site/host-role.ts';
import { licenceRecordSchema } from '../site/licence-records.ts';
import { MAX_LICENCES } from '../site/licence.ts';
import { MAX_PEERS, peerRecordSchema } from '../site/peer.ts';
import { canonicalJson } from '../site/settings-backup.ts';
import { accountsOfSite, siteAccountsSchema } from '../site/site-accounts.ts';
import { siteFileSchema } from '../site/site-policy.ts';

export const siteCopySchema = z.strictObject({
  format: z.literal(1),
  siteId: z.string(),
  hostId: z.string(),
  term: z.number().int().min(1).max(MAX_TERM),
  /** Rises with every copy of this host and term. */
  serial: z.number().int().min(1),
  /** Wall milliseconds of the host. */
  takenAt: z.number(),
  documents: z.strictObject({
    peers: z.array(peerRecordSchema).max(MAX_PEERS),
    site: siteFileSchema,
    licences: z.array(licenceRecordSchema).max(MAX_LICENCES),
    accounts: siteAccountsSchema.optional(),
  }),
});
export type SiteCopy = z.infer<typeof siteCopySchema>;
export const siteCopyFileSchema = z.strictObject({ copy: siteCopySchema.optional() });
export type SiteCopyFile = z.infer<typeof siteCopyFileSchema>;

export type SiteCopiesDeps = {
  readonly settings: Pick<Settings, 'server' | 'peers' | 'site' | 'licences' | 'users'>;
  readonly file: SettingsFile<SiteCopyFile>;
  /** Successors that are connected and know this host as theirs. */
  readonly reachable: () => readonly string[];
  readonly request: (peerId: string, method: string, params: unknown) => Promise<unknown>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
};
export type SiteCopies = {
  /** The newest of the host of this site. */
  readonly latest: () => SiteCopy | undefined;
  /** At the host: makes a copy if something changed, and sends it to whoever does not have it. */
  readonly review: () => Promise<void>;
  /** It connected anew: whether it kept what it was sent is asked by sending it again. */
  readonly forget: (peerId: string) => void;
  /** It said that it has a copy of what the site is now. */
  readonly hasNewest: (peerId: string) => boolean;
  /** `site.copy`, of a host whose word counts (site.role). @throws peer/params, peer/not-yours */
  readonly take: (peerId: string, params: unknown) => Promise<void>;
};

export function createSiteCopies(deps: SiteCopiesDeps): SiteCopies {
  const { settings, file, log } = deps;
  /** By server: which copy it was sent, and whether it has it. */
  const sent = new Map<string, { readonly name: string; readonly isThere: boolean }>();
  let last: Promise<void> = Promise.resolve();
  const maker = createMaker(deps);
  const send = async (id: string, copy: SiteCopy): Promise<void> => {
    const name = nameOf(copy);
    sent.set(id, { name, isThere: false });
    try {
      await deps.request(id, 'site.copy', copy);
      if (sent.get(id)?.name === name) sent.set(id, { name, isThere: true });
    } catch (error) {
      sent.delete(id);
      log.warn('a server that may become host got no copy of the site', { id, reason: messageOf(error) });
    }
  };
  const reviewNow = async (): Promise<void> => {
    const server = settings.server.get();
    if (!isHost(server) || server.hostRole?.hostId !== server.id) return;
    const copy = await maker.newest(server.hostRole);
    if (copy === undefined) return;
    for (const id of deps.reachable()) if (sent.get(id)?.name !== nameOf(copy)) void send(id, copy);
  };
  return {
    latest: () => file.get().copy,
    review: async () => {
      last = last.then(reviewNow, reviewNow);
      await last;
    },
    forget: (peerId) => sent.delete(peerId),
    hasNewest: (peerId) => {
      const { copy } = file.get();
      const of = sent.get(peerId);
      if (copy === undefined || of?.name !== nameOf(copy) || !of.isThere) return false;
      return maker.isOfNow(copy);
    },
    take: async (peerId, params) => {
      const parsed = siteCopySchema.safeParse(params);
      if (!parsed.success) throw malformed(parsed.error.issues[0]?.message);
      const copy = parsed.data;
      const { hostRole } = settings.server.get();
      const isItsOwn = copy.hostId === peerId && hostRole?.hostId === peerId && hostRole.siteId === copy.siteId;
      if (!isItsOwn || hostRole.term !== copy.term) throw notYours();
      await file.update((before) => (isNewer(copy, before.copy) ? { copy } : before));
    },
  };
}

type Maker = {
  readonly newest: (role: HostRole) => Promise<SiteCopy | undefined>;
  /** Nothing of the site was changed since it was made. */
  readonly isOfNow: (copy: SiteCopy) => boolean;
};
/** Settings are replaced whole: of the same values the same is true. A host of 200 servers is asked often. */
function createMaker(deps: SiteCopiesDeps): Maker {
  const { settings, file } = deps;
  let made: { readonly inputs: readonly unknown[]; readonly copy: SiteCopy | undefined } | undefined;
  let judged: { readonly inputs: readonly unknown[]; readonly isOfNow: boolean } | undefined;
  const inputsOf = (role: HostRole | undefined): readonly unknown[] => {
    const { peers, site, licences, users } = settings;
    return [role, peers.get(), site.get(), licences.get(), users.get(), file.get().copy];
  };
  return {
    newest: async (role) => {
      const inputs = inputsOf(role);
      if (made !== undefined && areSame(inputs, made.inputs)) return made.copy;
      const copy = await madeOf(deps, role);
      made = { inputs: [...inputs.slice(0, -1), copy], copy };
      return copy;
    },
    isOfNow: (copy) => {
      const role = settings.server.get().hostRole;
      const inputs = [...inputsOf(role), copy];
      if (judged === undefined || !areSame(inputs, judged.inputs)) {
        const isOurs = role !== undefined && isOf(copy, role);
        const isSame = isOurs && canonicalJson(copy.documents) === canonicalJson(documentsOf(settings));
        judged = { inputs, isOfNow: isSame };
      }
      return judged.isOfNow;
    },
  };
}
const areSame = (inputs: readonly unknown[], others: readonly unknown[]): boolean =>
  inputs.every((input, index) => input === others[index]);

const documentsOf = ({ peers, site, licences, users }: SiteCopiesDeps['settings']): SiteCopy['documents'] => ({
  peers: peers.get().peers,
  site: site.get(),
  licences: licences.get().licences,
  accounts: siteAccountsSchema.parse(accountsOfSite(users.get())),
});

/** The newest one, made now if there is none of what the site is now. */
async function madeOf({ file, settings, clock }: SiteCopiesDeps, role: HostRole): Promise<SiteCopy | undefined> {
  const { siteId, hostId, term } = role;
  const documents = documentsOf(settings);
  const text = canonicalJson(documents);
  const { copy } = await file.update((before) => {
    const isOurs = before.copy !== undefined && isOf(before.copy, role);
    if (isOurs && canonicalJson(before.copy?.documents) === text) return before;
    const serial = (isOurs ? (before.copy?.serial ?? 0) : 0) + 1;
    return { copy: { format: 1, siteId, hostId, term, serial, takenAt: clock.now(), documents } };
  });
  return copy;
}

/** Whether this copy is of that host in that term. */
export const isOf = (copy: SiteCopy, { siteId, hostId, term }: Rank & { readonly siteId: string }): boolean =>
  copy.siteId === siteId && copy.hostId === hostId && copy.term === term;

const nameOf = ({ hostId, term, serial }: SiteCopy): string => `${hostId} ${term} ${serial}`;

/** Of another host or term: it was checked that this is the one that counts. */
const isNewer = (copy: SiteCopy, before: SiteCopy | undefined): boolean =>
  before === undefined || !isOf(before, copy) || copy.serial >= before.serial;

const malformed = (why = 'malformed'): UnderstudyError =>
  new UnderstudyError('protocol', 'peer/params', `site.copy expects the documents of a site: ${why}`);
const notYours = (): UnderstudyError =>
  new UnderstudyError('forbidden', 'peer/not-yours', 'Only the host of this server copies the documents of the site.');
