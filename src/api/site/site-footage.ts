/**
 * Footage of one site, whoever recorded it: timelines, accounts and playlists of the owner and of those that may hold what it lacks,
 * put together. Belongs here: whom to ask, and what the answers mean together. Does not: HTTP (routes/site-footage.ts).
 */
import type { Clock } from '../../core/clock.ts';
import { parseIso } from '../../core/clock.ts';
import { mapAtOnce } from '../../core/at-once.ts';
import type { AccountSpan } from '../../ledger/account.ts';
import { MISSING_CAUSES } from '../../ledger/causes.ts';
import { accountOfSite } from '../../ledger/site-account.ts';
import type { SiteFacts } from '../../ledger/site-account.ts';
import { rangeOf, subtract } from '../../ledger/spans.ts';
import type { StreamName } from '../../wire/media-protocol.ts';
import { pageOf } from '../contract/common.ts';
import { recordingSpan } from '../contract/footage.ts';
import type { RecordingSpan } from '../contract/footage.ts';
import type { SiteLedger, SitePlaylists, SiteServerRef, SiteTimelineDay } from '../contract/site-footage.ts';
import type { MillisecondRange, StreamRef } from '../footage-access.ts';
import { isoOfNumber } from '../footage-query.ts';
import {
  accountOfDay,
  accountOfLedger,
  awayWords,
  ledgerOfSite,
  runsOfSite,
  toldDay,
  toldLedger,
} from './account-views.ts';
import type { ToldDay, ToldLedger } from './account-views.ts';
import { ANSWER_WITHIN_MS } from './asking.ts';
import type { Asking, Question, Told } from './asking.ts';
import { piecesOf } from './pieces.ts';
import type { HeldSpan } from './pieces.ts';
import type { SiteCameras } from './site-cameras.ts';
import type { SiteServer, SiteServers } from './site-servers.ts';

const MAX_ASKED_AT_ONCE = 16;

export type SiteFootage = {
  readonly timeline: (day: string, stream: StreamName, cameraIds: readonly string[]) => Promise<SiteTimelineDay>;
  readonly playlists: (key: StreamRef, range: MillisecondRange) => Promise<SitePlaylists>;
  readonly ledger: (key: StreamRef, range: MillisecondRange) => Promise<SiteLedger>;
  /** Some server of the site has, or had, this camera. */
  readonly isCamera: (cameraId: string) => Promise<boolean>;
};
export type SiteFootageDeps = {
  readonly servers: SiteServers;
  readonly asking: Asking;
  readonly cameras: Pick<SiteCameras, 'known' | 'list'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
};

/** Whom to ask about a camera. */
type Sources = { readonly owner: SiteServer | undefined; readonly holders: readonly SiteServer[] };
type Answers<T> = ReadonlyMap<string, Told<T>>;

export function createSiteFootage(deps: SiteFootageDeps): SiteFootage {
  return {
    timeline: async (day, stream, cameraIds) => await timelineOf(deps, { day, stream, cameraIds }),
    playlists: async (key, range) => await playlistsOf(deps, key, range),
    ledger: async (key, range) => await ledgerOf(deps, key, range),
    isCamera: async (cameraId) => (await ownersOf(deps, [cameraId])).has(cameraId),
  };
}

/** By camera, as far as it is known; asked again when one is not. */
async function ownersOf(
  { cameras }: Pick<SiteFootageDeps, 'cameras'>,
  cameraIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const owners = (list: ReturnType<SiteCameras['known']>): ReadonlyMap<string, string> =>
    new Map(list.map(({ id, server }) => [id, server.id]));
  const known = owners(cameras.known());
  return cameraIds.every((id) => known.has(id)) ? known : owners(await cameras.list());
}

/** Failover servers may hold footage that has not gone home, also of a camera that nobody has any more. */
function sourcesOf(all: readonly SiteServer[], ownId: string, ownerId: string | undefined): Sources {
  const owner = all.find(({ id }) => id === ownerId);
  const holders = all.filter(({ id, isFailover }) => id !== ownerId && (isFailover || id === ownId));
  return { owner, holders };
}

async function askAll<T>(
  { asking, clock }: Pick<SiteFootageDeps, 'asking' | 'clock'>,
  asked: ReadonlyMap<string, Question<T>>,
): Promise<Answers<T>> {
  const until = clock.monotonic() + ANSWER_WITHIN_MS;
  const answers = new Map<string, Told<T>>();
  await mapAtOnce([...asked], MAX_ASKED_AT_ONCE, async ([serverId, question]) => {
    const told = await asking.ask(serverId, question, Math.max(0, until - clock.monotonic()));
    if (told !== undefined) answers.set(serverId, told);
  });
  return answers;
}

/** What the servers said, for the ledger: an owner that is away says nothing, one that hangs said what it said. */
function factsOf<T>(
  { owner, holders }: Sources,
  answers: Answers<T>,
  accountIn: (value: T, serverId: string) => readonly AccountSpan[],
): Pick<SiteFacts, 'owner' | 'covers'> {
  const toldBy = ({ id }: SiteServer): { account: readonly AccountSpan[]; until?: number } | undefined => {
    const told = answers.get(id);
    if (told === undefined) return undefined;
    const account = accountIn(told.value, id);
    return told.isFresh ? { account } : { account, until: told.at };
  };
  const covers = holders.flatMap((server) => {
    const told = toldBy(server);
    return told === undefined ? [] : [{ serverId: server.id, isAway: !server.isReachable, told }];
  });
  if (owner === undefined) return { covers };
  const told = owner.isReachable ? toldBy(owner) : undefined;
  return { covers, owner: { serverId: owner.id, ...(told === undefined ? {} : { told }) } };
}

type Asked = { readonly day: string; readonly stream: StreamName; readonly cameraIds: readonly string[] };
async function timelineOf(deps: SiteFootageDeps, asked: Asked): Promise<SiteTimelineDay> {
  const owners = await ownersOf(deps, asked.cameraIds);
  const [all, ownId] = [deps.servers.all(), deps.servers.ownId()];
  const sources = new Map(asked.cameraIds.map((id) => [id, sourcesOf(all, ownId, owners.get(id))]));
  const answers = await askAll(deps, dayQuestions(asked, sources));
  const dayStart = parseIso(`${asked.day}T00:00:00Z`) ?? 0;
  const facts = { range: rangeOf(dayStart, dayStart + 86_400_000), now: deps.clock.now() };
  const away: SiteServerRef[] = [];
  const indexOf = (serverId: string): number => {
    const at = away.findIndex(({ id }) => id === serverId);
    return at >= 0 ? at : away.push({ id: serverId, name: nameIn(deps, serverId) }) - 1;
  };
  const cameras = [...sources].flatMap(([cameraId, from]) => {
    const said = factsOf(from, answers, (day, serverId) => accountOfDay(day, cameraId, serverId));
    const isKnown = owners.has(cameraId) || said.covers.some(({ told }) => told.account.length > 0);
    if (!isKnown) return [];
    const runs = runsOfSite(accountOfSite({ ...facts, ...said }), dayStart, indexOf);
    const serverId = owners.get(cameraId);
    return [{ cameraId, ...(serverId === undefined ? {} : { serverId }), ...runs }];
  });
  return { dayStart: isoOfNumber(dayStart), cameras, causes: [...MISSING_CAUSES], servers: away };
}

/** One question a server, about all cameras that it may know something of. */
function dayQuestions(
  { day, stream }: Asked,
  sources: ReadonlyMap<string, Sources>,
): ReadonlyMap<string, Question<ToldDay>> {
  const wanted = new Map<string, string[]>();
  for (const [cameraId, { owner, holders }] of sources)
    for (const { id } of [...(owner === undefined ? [] : [owner]), ...holders])
      wanted.set(id, [...(wanted.get(id) ?? []), cameraId]);
  const nothing: ToldDay = { dayStart: `${day}T00:00:00.000Z`, cameras: [], causes: [] };
  return new Map(
    [...wanted].map(([serverId, ids]) => {
      // In one order, so that the same question is known again.
      const search = new URLSearchParams({ day, cameras: ids.toSorted().join(), stream });
      return [serverId, { path: `/timeline?${search.toString()}`, schema: toldDay, nothing, role: 'viewer' }];
    }),
  );
}

const nameIn = ({ servers }: SiteFootageDeps, serverId: string): string =>
  servers.all().find(({ id }) => id === serverId)?.name ?? serverId.slice(0, 8);

const searchOf = ({ stream }: StreamRef, { start, end }: MillisecondRange): string =>
  new URLSearchParams({ start: isoOfNumber(start), end: isoOfNumber(end), stream }).toString();

async function askAbout<T>(
  deps: SiteFootageDeps,
  cameraId: string,
  question: Question<T>,
): Promise<readonly [Sources, Answers<T>]> {
  const ownerId = (await ownersOf(deps, [cameraId])).get(cameraId);
  const sources = sourcesOf(deps.servers.all(), deps.servers.ownId(), ownerId);
  const { owner, holders } = sources;
  const all = [...(owner === undefined ? [] : [owner]), ...holders];
  return [sources, await askAll(deps, new Map(all.map(({ id }) => [id, question])))];
}

async function ledgerOf(deps: SiteFootageDeps, key: StreamRef, range: MillisecondRange): Promise<SiteLedger> {
  const totals = { recorded: 0, returned: 0, missing: 0, notExpected: 0 };
  const question: Question<ToldLedger> = {
    path: `/cameras/${encodeURIComponent(key.cameraId)}/ledger?${searchOf(key, range)}`,
    schema: toldLedger,
    nothing: { spans: [], totals },
    role: 'viewer',
  };
  const [sources, answers] = await askAbout(deps, key.cameraId, question);
  const facts = { range: rangeOf(range.start, range.end), now: deps.clock.now() };
  const said = factsOf(sources, answers, accountOfLedger);
  return ledgerOfSite(accountOfSite({ ...facts, ...said }), (serverId) =>
    awayWords({ id: serverId, name: nameIn(deps, serverId) }, awaySinceOf(deps, serverId)),
  );
}
const awaySinceOf = ({ servers }: SiteFootageDeps, serverId: string): number | undefined =>
  servers.all().find(({ id }) => id === serverId)?.awaySince;

async function playlistsOf(deps: SiteFootageDeps, key: StreamRef, range: MillisecondRange): Promise<SitePlaylists> {
  const question: Question<{ items: RecordingSpan[]; next?: string | undefined }> = {
    path: `/cameras/${encodeURIComponent(key.cameraId)}/recordings?${searchOf(key, range)}`,
    schema: pageOf(recordingSpan),
    nothing: { items: [] },
    role: 'viewer',
  };
  const [{ owner, holders }, answers] = await askAbout(deps, key.cameraId, question);
  // Footage of one that cannot be asked now cannot be played either.
  const heldBy = ({ id }: SiteServer): readonly HeldSpan[] => {
    const told = answers.get(id);
    return told?.isFresh === true ? told.value.items.flatMap((span) => heldSpan(id, span)) : [];
  };
  const pieces = piecesOf([owner === undefined ? [] : heldBy(owner), ...holders.map(heldBy)]);
  const isOwnerAway = owner !== undefined && answers.get(owner.id)?.isFresh !== true;
  const unknown = rangeOf(range.start, Math.min(range.end, deps.clock.now()));
  const away = isOwnerAway
    ? subtract(
        [unknown],
        pieces.map(({ start, end }) => rangeOf(start, end)),
      )
    : [];
  return {
    items: pieces.map((piece) => itemOf(deps, key, piece)),
    away: away.map(({ start, end }) => ({
      start: isoOfNumber(start),
      end: isoOfNumber(end),
      server: { id: owner?.id ?? '', name: owner?.name ?? '' },
    })),
  };
}

function heldSpan(serverId: string, span: RecordingSpan): readonly HeldSpan[] {
  const [start, end] = [parseIso(span.start), parseIso(span.end)];
  if (start === undefined || end === undefined) return [];
  return [{ serverId, start, end, layoutEpoch: span.layoutEpoch, codec: span.playlistCodec ?? span.codec }];
}

function itemOf({ servers }: SiteFootageDeps, key: StreamRef, piece: HeldSpan): SitePlaylists['items'][number] {
  const { serverId, layoutEpoch, codec } = piece;
  const prefix = serverId === servers.ownId() ? '/api/v1' : `/api/v1/servers/${serverId}/api`;
  return {
    start: isoOfNumber(piece.start),
    end: isoOfNumber(piece.end),
    layoutEpoch,
    codec,
    serverId,
    url: `${prefix}/cameras/${encodeURIComponent(key.cameraId)}/playlist.m3u8?${searchOf(key, piece)}`,
  };
}
