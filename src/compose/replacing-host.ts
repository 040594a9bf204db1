/**
 * Replacements in a site: asked for at the host, driven by the failover server that acts for the original, and known to everybody
 * (docs/design/replacement.md). Belongs here: what host and driver say to each other, and the records that follow at the host. Does
 * not: the steps (replacing-set-up.ts), who is introduced to whom (site/introductions.ts).
 */
import { z } from 'zod';
import type { ReplaceServerResult } from '../api/contract/replacing.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { ErrorKind } from '../core/errors.ts';
import { isServerId } from '../core/ids.ts';
import { durationMs } from '../core/units.ts';
import type { PeerCaller } from '../peer/network-types.ts';
import { nameSchema } from '../site/camera.ts';
import { isHost } from '../site/host-role.ts';
import { CMS_MODES } from '../site/server-settings.ts';
import { managerOf } from '../site/membership.ts';
import type { PeerRecord } from '../site/peer.ts';
import { PLANNED_FOR_MS } from '../site/replacement.ts';
import type { Replacement, ReplacedBy } from '../site/replacement.ts';
import { withSuccessor } from '../site/site-policy.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Peers } from './peer-set-up.ts';

/** The driver goes on by itself when this is over: the answer only says how far it is. */
const ASK_WITHIN = durationMs(60_000);
const REPORT_WITHIN = durationMs(5000);

export type AskedReplacement = {
  readonly serverId: string;
  readonly by: string;
  readonly dryRun: boolean;
  readonly confirm: string | undefined;
  readonly user: string;
};
export const askedSchema = z.strictObject({
  serverId: z.string().max(64),
  by: z.string().max(64),
  dryRun: z.boolean(),
  confirm: z.string().max(64).optional(),
  user: z.string().max(200),
});

/** At the host: whoever acts for the original is asked, which is the successor itself if it is a failover server. @throws what that one says */
export async function replaceAtHost(
  { parts, peers }: { readonly parts: FailoverParts; readonly peers: Peers },
  asked: AskedReplacement,
): Promise<ReplaceServerResult> {
  const all = parts.settings.peers.get().peers;
  const find = (id: string): PeerRecord => {
    const record = all.find((peer) => peer.id === id && !peer.managesUs && peer.replacedBy === undefined);
    if (record !== undefined) return record;
    throw new UnderstudyError('not-found', 'server/unknown', `No server with the id ${id.slice(0, 64)} is known here.`);
  };
  const [original, successor] = [find(asked.serverId), find(asked.by)];
  const isActing = ({ id, mode }: PeerRecord): boolean =>
    mode === 'failover' && (successor.mode !== 'failover' || id === successor.id);
  const drivers = all.filter((peer) => isActing(peer) && peers.connected().includes(peer.id));
  let refusal: unknown = nobody(original);
  for (const { id } of drivers) {
    try {
      return await ask({ parts, peers }, asked, id);
    } catch (error) {
      refusal = error;
      // Another one may act for it.
      if (!(error instanceof UnderstudyError) || error.code !== 'replace/not-acting') throw error;
    }
  }
  throw refusal;
}

/** What was confirmed is kept first: the driver may report it when the answer, or this host, is gone. @throws what it says */
async function ask(
  { parts, peers }: { readonly parts: FailoverParts; readonly peers: Peers },
  asked: AskedReplacement,
  driver: string,
): Promise<ReplaceServerResult> {
  const isMeant = !asked.dryRun && asked.confirm !== undefined;
  const takeBack = isMeant ? await keepAsked(parts, asked, driver) : undefined;
  try {
    const { result } = await peers.network.request(driver, 'site.replace', asked, { timeoutMs: ASK_WITHIN });
    return resultIn(result);
  } catch (error) {
    if (error instanceof UnderstudyError && REFUSALS.has(error.kind)) await takeBack?.(error.code);
    throw error;
  }
}

/** The driver said no; of others it is not known how far it is. */
const REFUSALS: ReadonlySet<ErrorKind> = new Set<ErrorKind>(['invalid', 'forbidden', 'not-found', 'conflict']);
/** So long it may take until what was asked for is fenced, or given up: nobody else is asked meanwhile. */
const ASKED_FOR_MS = ASK_WITHIN + PLANNED_FOR_MS;
type Kept = PeerRecord['replacing'];

/** In the record of the original, which whoever succeeds this host has too. How it is taken back. @throws replace/again */
async function keepAsked(
  { settings, clock }: FailoverParts,
  { serverId, by }: AskedReplacement,
  driver: string,
): Promise<(code: string) => Promise<void>> {
  const at = clock.now();
  const isThis = (kept: Kept): boolean => kept?.by === by && kept.driver === driver;
  const before: Kept[] = [];
  await changeKept(settings, serverId, ({ name, replacing, replacedBy }) => {
    const isOpen = replacing !== undefined && Math.abs(at - replacing.at) < ASKED_FOR_MS;
    if (replacedBy !== undefined || (isOpen && !isThis(replacing))) throw again(settings, name, replacing);
    before.push(replacing);
    return { by, driver, at };
  });
  return async (code) =>
    await changeKept(settings, serverId, ({ replacing }) => {
      // Asked again meanwhile, by somebody else: that counts.
      if (!isThis(replacing) || replacing?.at !== at) return replacing;
      // It is at it already: it was asked here for just that.
      return code === 'replace/again' ? (before[0] ?? replacing) : before[0];
    });
}

async function changeKept(
  { peers }: Pick<FailoverParts['settings'], 'peers'>,
  serverId: string,
  change: (original: PeerRecord) => Kept,
): Promise<void> {
  await peers.update((file) => ({
    peers: file.peers.map((one): PeerRecord => {
      if (one.id !== serverId) return one;
      const { replacing: _before, ...rest } = one;
      const replacing = change(one);
      return replacing === undefined ? rest : { ...rest, replacing };
    }),
  }));
}

function again({ peers }: Pick<FailoverParts['settings'], 'peers'>, original: string, kept: Kept): UnderstudyError {
  const by = peers.get().peers.find(({ id }) => id === kept?.by)?.name ?? 'another server';
  return new UnderstudyError('conflict', 'replace/again', `${original} is being replaced by ${by} already.`);
}

const namedSchema = z.looseObject({ name: z.string() });
const resultSchema = z.looseObject({ before: namedSchema, after: namedSchema, warnings: z.array(z.string()) });
/** Told on as it came: what a server of the site shows of itself. */
function resultIn(result: unknown): ReplaceServerResult {
  resultSchema.parse(result);
  return result as ReplaceServerResult;
}

const nobody = ({ name }: PeerRecord): UnderstudyError =>
  new UnderstudyError(
    'unavailable',
    'replace/not-acting',
    `No failover server that could act for ${name} is connected to this host.`,
  );

const reportSchema = z.strictObject({
  serverId: z.string().refine(isServerId),
  by: z.string().refine(isServerId),
  name: nameSchema,
  at: z.number(),
  /** Of the successor now. */
  mode: z.enum(CMS_MODES),
  /** Of the settings that the successor gets. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

/** To the host, if there is one: the original left the list. @throws while it is not reached */
export async function reportToHost(
  { parts, peers }: { readonly parts: FailoverParts; readonly peers: Peers },
  { serverId, by, name, hash, startedAt: at }: Replacement,
): Promise<void> {
  const { settings } = parts;
  const host = managerOf(settings.peers.get().peers);
  const own = settings.server.get();
  const report: Report = { serverId, by, name, at, hash, mode: by === own.id ? own.mode : 'recording' };
  // A failover server that has the role of the host tells it itself.
  if (isHost(own)) return await book(parts, report);
  if (host === undefined) return;
  await peers.network.request(host.id, 'site.replacement', report, { timeoutMs: REPORT_WITHIN });
}

/** What a host answers, and tells originals that return. */
export function answerAsHost(parts: FailoverParts, { network, members }: Peers): void {
  const { settings, log } = parts;
  network.handle('site.replacement', async (peer, params) => {
    const report = await takeReport(parts, peer, params);
    if (report === undefined) return { result: {} };
    const { serverId, by, hash } = report;
    // The successor may have to hear from its host who puts it there.
    if (by !== peer.id)
      await network.request(by, 'site.successor', { driver: peer.id, serverId, hash }, { timeoutMs: REPORT_WITHIN });
    members.review();
    return { result: {} };
  });
  network.listen((event) => {
    if (event.kind !== 'hello' || !isHost(settings.server.get())) return;
    const by = settings.peers.get().peers.find(({ id }) => id === event.peerId)?.replacedBy;
    if (by === undefined) return;
    network.request(event.peerId, 'site.replaced', by, { timeoutMs: REPORT_WITHIN }).then(
      () => log.info('a replaced server was told', { serverId: event.peerId }),
      (error: unknown) =>
        log.warn('a replaced server could not be told', { serverId: event.peerId, reason: messageOf(error) }),
    );
  });
}

/**
 * From whom this host asked to do just that. Of an original that left, such as one that was told and begins anew, nothing follows,
 * and the driver is done with it. @throws peer/not-yours, peer/params
 */
async function takeReport(parts: FailoverParts, peer: PeerCaller, params: unknown): Promise<Report | undefined> {
  const parsed = reportSchema.safeParse(params);
  if (!parsed.success)
    throw new UnderstudyError('protocol', 'peer/params', 'site.replacement expects a server and its successor.');
  const { settings } = parts;
  const { serverId, by } = parsed.data;
  const original = settings.peers.get().peers.find(({ id }) => id === serverId);
  const isMember = isHost(settings.server.get()) && !peer.record.managesUs;
  if (isMember && original === undefined) return undefined;
  const wasAsked = original?.replacing?.driver === peer.id && original.replacing.by === by;
  if (!isMember || !wasAsked)
    throw new UnderstudyError('forbidden', 'peer/not-yours', 'This host did not ask for that replacement.');
  await book(parts, parsed.data);
  return parsed.data;
}

type Report = z.infer<typeof reportSchema>;
/** What follows for the records of a host. */
async function book({ settings, activity }: FailoverParts, report: Report): Promise<void> {
  const { serverId, by, name, at, mode } = report;
  const replacedBy: ReplacedBy = { id: by, name, at };
  const before = settings.peers.get().peers;
  const original = before.find(({ id }) => id === serverId);
  if (original === undefined) return;
  const isNews = original.replacedBy?.id !== by;
  await settings.peers.update(({ peers }) => ({
    peers: peers.map((one): PeerRecord => {
      if (one.id === serverId) return isNews ? { ...one, replacedBy } : one;
      // It says so itself too, when it connects the next time.
      return one.id === by ? { ...one, name, mode } : one;
    }),
  }));
  if (!isNews) return;
  await settings.site.update((site) => ({ ...site, protection: withSuccessor(site.protection, serverId, by) }));
  const own = settings.server.get();
  const successor = by === own.id ? own.name : (before.find(({ id }) => id === by)?.name ?? by);
  const message = `${successor} takes the place of ${original.name}, which left the site.`;
  activity.record({ severity: 'warning', code: 'replacement-fence', message });
}
