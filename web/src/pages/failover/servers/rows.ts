/**
 * The rows of the page from what the box says: the status of the site, and the servers it knows. Pure.
 * Belongs here: joining both, filtering, what may be done with a row. Does not: asking (store.ts), words.
 */
import type { CmsMode, KnownServer, SiteServerState, SiteServerView } from '../../../api/servers.ts';

export type ServerRow = {
  readonly id: string;
  readonly name: string;
  readonly mode: CmsMode;
  readonly state: SiteServerState;
  /** The box that this page comes from. */
  readonly isOwn: boolean;
  /** This box manages it, as its host. */
  readonly isMember: boolean;
  /** It manages this box. */
  readonly isManager: boolean;
  readonly host: string | undefined;
  /** Where browsers reach it, if it says that they do not at `host`. */
  readonly clientAddress: string | undefined;
  readonly version: string | undefined;
  readonly status: SiteServerView | undefined;
  readonly known: KnownServer | undefined;
  /** Whose cameras it records now. */
  readonly covers: readonly Named[];
  readonly coveredBy: readonly Named[];
  readonly watchedBy: readonly Named[];
  /** Of a failover server: whom it watches, and how it sees them. */
  readonly watches: readonly (Named & { readonly state: string })[];
};
export type Named = { readonly serverId: string; readonly name: string };
type Own = { readonly id: string; readonly name: string; readonly isHost: boolean };

export const STATES = ['online', 'covering', 'covered', 'offline', 'disabled', 'detach-pending'] as const;
export const MODES = ['recording', 'failover', 'host'] as const;
export type Filter = {
  readonly state: SiteServerState | undefined;
  readonly mode: CmsMode | undefined;
  readonly text: string;
};

/** Who came in by itself since then: a host that did makes others known here within seconds. */
export const newcomerOf = (rows: readonly ServerRow[], before: ReadonlySet<string>): ServerRow | undefined =>
  rows.find(({ id, known }) => known?.introduced === false && !before.has(id));

/** This box first, then by name as people sort them. */
export function rowsOf(
  status: readonly SiteServerView[],
  known: readonly KnownServer[],
  own: Own,
): readonly ServerRow[] {
  const told = new Set(status.map(({ id }) => id));
  const covers = new Map<string, Named[]>();
  for (const { id, name, coveredBy } of status)
    for (const { serverId } of coveredBy)
      covers.set(serverId, [...(covers.get(serverId) ?? []), { serverId: id, name }]);
  const rows = [
    ...status.map((view) => toldRow(view, known, own)),
    // Such as the host of this server, which no list of its members names.
    ...known.filter(({ id }) => !told.has(id)).map((server) => knownRow(server, own)),
  ];
  const { compare } = new Intl.Collator(undefined, { numeric: true });
  return rows
    .map((row): ServerRow => ({ ...row, covers: covers.get(row.id) ?? [] }))
    .toSorted((a, b) => Number(b.isOwn) - Number(a.isOwn) || compare(a.name, b.name));
}

type Bare = Omit<ServerRow, 'covers'>;
type Place = Pick<ServerRow, 'isOwn' | 'isMember' | 'isManager'>;
function placeOf(id: string, known: KnownServer | undefined, own: Own): Place {
  const isOwn = id === own.id;
  if (known === undefined) return { isOwn, isMember: false, isManager: false };
  return { isOwn, isMember: own.isHost && !isOwn && !known.managesUs && !known.introduced, isManager: known.managesUs };
}

function toldRow(status: SiteServerView, all: readonly KnownServer[], own: Own): Bare {
  const { id, name, mode, state, coveredBy } = status;
  const known = all.find((server) => server.id === id);
  const place = placeOf(id, known, own);
  return {
    id,
    name,
    mode,
    state,
    coveredBy,
    status,
    known,
    ...place,
    host: known?.host ?? status.host,
    clientAddress: known?.clientAddress ?? status.clientAddress,
    version: status.version ?? known?.version,
    watchedBy: status.watchedBy.length > 0 ? status.watchedBy : watchersSeen(place.isOwn ? all : [], known, own),
    watches: status.watches.length > 0 || !place.isOwn ? status.watches : watchedHere(all),
  };
}

/** A host is told in reports who watches whom; any other box knows who watches it, and whom it watches. */
function watchersSeen(all: readonly KnownServer[], known: KnownServer | undefined, own: Own): readonly Named[] {
  if (known?.watched === true) return [{ serverId: own.id, name: own.name }];
  return all.filter(({ watcher }) => watcher).map(({ id, name }) => ({ serverId: id, name }));
}
const watchedHere = (all: readonly KnownServer[]): ServerRow['watches'] =>
  all.flatMap(({ id, name, watched, watch }) =>
    watched ? [{ serverId: id, name, state: watch?.state ?? 'unknown' }] : [],
  );

function knownRow(known: KnownServer, own: Own): Bare {
  const { id, name, mode, host, clientAddress, version, enabled, connected } = known;
  const state = !enabled ? 'disabled' : connected ? 'online' : 'offline';
  const nothing = { status: undefined, coveredBy: [], watches: [] };
  const watchedBy = watchersSeen([], known, own);
  return {
    id,
    name,
    mode,
    state,
    host,
    clientAddress,
    version,
    known,
    watchedBy,
    ...nothing,
    ...placeOf(id, known, own),
  };
}

/** By name, address, id, model or version, whatever the case. */
export const filtered = (rows: readonly ServerRow[], { state, mode, text }: Filter): readonly ServerRow[] => {
  const wanted = text.trim().toLowerCase();
  return rows.filter(
    (row) =>
      (state === undefined || row.state === state) &&
      (mode === undefined || row.mode === mode) &&
      (wanted === '' ||
        [row.name, row.host, row.clientAddress, row.id, row.status?.model, row.version].some(
          (field) => field?.toLowerCase().includes(wanted) === true,
        )),
  );
};

export function countsOf(rows: readonly ServerRow[]): ReadonlyMap<SiteServerState | CmsMode, number> {
  const counts = new Map<SiteServerState | CmsMode, number>();
  for (const { state, mode } of rows) for (const key of [state, mode]) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

export const ACTIONS = ['enable', 'disable', 'lock', 'unlock', 'detach', 'forget', 'cancel-detach'] as const;
export type Action = (typeof ACTIONS)[number];

/** What this box may be asked to do with a server, by whoever may change something; only the owner ends a membership. */
export function actionsFor({ known, isMember }: ServerRow, isOwner: boolean): ReadonlySet<Action> {
  if (known === undefined) return new Set();
  if (known.detachPending !== undefined) return new Set(isOwner ? ['cancel-detach', 'detach'] : []);
  const actions = new Set<Action>([known.enabled ? 'disable' : 'enable', ...takenBackBy(known, isOwner)]);
  if (isMember) actions.add(known.locked === true ? 'unlock' : 'lock');
  if (isOwner && isMember) actions.add('detach');
  else if (isOwner && !known.introduced) actions.add('forget');
  return actions;
}

/** What waits for footage is taken back by the same words as what was done. */
function takenBackBy({ securing }: KnownServer, isOwner: boolean): readonly Action[] {
  if (securing?.action === 'disable') return ['enable'];
  return securing?.action === 'detach' && isOwner ? ['cancel-detach'] : [];
}

/** The host tells where a server is that it introduced. */
export const isEditable = ({ isOwn, known }: ServerRow): boolean => isOwn || known?.introduced === false;

/** The host hands releases to those that it manages and that said which one they run. */
export const isUpdatable = ({ isMember, version, known }: ServerRow): boolean =>
  isMember && version !== undefined && known?.detachPending === undefined;

/** Somebody is covered by it, or it is covered: what ends its connection ends that. */
export const isAtWork = ({ covers, coveredBy, known }: ServerRow): boolean =>
  covers.length + coveredBy.length > 0 || (known?.watch?.covered ?? 0) > 0;

/** Nobody stands in for it, although somebody could. */
export const isUnprotected = ({ mode, watchedBy: watchers, status, state }: ServerRow): boolean =>
  mode === 'recording' && state !== 'disabled' && watchers.length === 0 && (status?.cameras?.total ?? 1) > 0;
