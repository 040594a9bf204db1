/** What several failover servers need to agree: kept claims, the host's store of epochs, questions to each other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { CoveringDeps } from '../control/covering.ts';
import { openArbiter } from '../coordination/arbiter.ts';
import { createArbiterLog } from '../coordination/arbiter-log.ts';
import { claimEpoch } from '../coordination/epoch-claim.ts';
import type { SiteStore } from '../coordination/site-store.ts';
import { createStoreClient } from '../coordination/store-client.ts';
import { createStoreHandlers } from '../coordination/store-handlers.ts';
import { STORE_METHODS } from '../coordination/store-wire.ts';
import { replaceFileSync } from '../core/durable-file.ts';
import { messageOf, systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import { together } from '../core/together.ts';
import { durationMs } from '../core/units.ts';
import type { SavedClaims } from '../failover/claims.ts';
import type { HandoverAnswer, HandoverConfirmation } from '../failover/machine-types.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import type { Peers } from './peer-set-up.ts';
import { isHost } from '../site/host-role.ts';

type Claims = Pick<CoveringDeps, 'kept' | 'keep' | 'issueEpoch' | 'askWinner' | 'claimed'>;

export function composeClaims(parts: FailoverParts, peers: Peers, side: Side): Claims {
  answerConfirmations(parts, peers, side);
  const store = createStore(parts);
  answerStore(parts, peers, store);
  return {
    ...openKept(parts),
    issueEpoch: createIssuing(parts, peers, store),
    askWinner: createAsking(peers),
    // Of many servers that fail in one turn a single telling, composed when all of them are ordered.
    claimed: together(parts.clock, durationMs(0), peers.network.nudge),
  };
}

const savedSchema = z.strictObject({
  maxEpoch: z.number().int().min(0),
  servers: z.array(
    z.strictObject({ serverId: z.string(), epoch: z.number().int().min(0), cameraIds: z.array(z.string()) }),
  ),
});

function openKept({ dataDir, log }: FailoverParts): Pick<Claims, 'kept' | 'keep'> {
  const path = join(dataDir, 'failover-claims.json');
  return { kept: readKept(path, log), keep: (saved) => replaceFileSync(path, JSON.stringify(saved)) };
}

function readKept(path: string, log: Log): SavedClaims | undefined {
  try {
    return savedSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') log.error('kept claims cannot be used', { reason: messageOf(error) });
    return undefined;
  }
}

/** One claim a cover: the host recognises it when its answer was lost. */
function createIssuing(
  { settings, clock }: FailoverParts,
  { network, connected }: Peers,
  ownStore: () => Promise<SiteStore>,
): Claims['issueEpoch'] {
  const claims = new Map<string, string>();
  return async (serverId, above) => {
    const server = settings.server.get();
    const host = settings.peers.get().peers.find(({ id, managesUs }) => managesUs && connected().includes(id));
    if (host === undefined && !isHost(server))
      throw new UnderstudyError('unavailable', 'claim/no-host', 'No host is connected.');
    const request = async (method: string, params: unknown): Promise<unknown> =>
      (await network.request(host?.id ?? server.id, method, params)).result;
    const store = isHost(server) ? await ownStore() : createStoreClient({ clock, request });
    const key = `${serverId} ${above}`;
    const claim = claims.get(key) ?? createId('claim');
    claims.set(key, claim);
    const { id: failoverId, hostRole } = server;
    const hostId = isHost(server) ? server.id : host?.id;
    const term =
      hostRole !== undefined && hostRole.hostId === hostId
        ? { host: { id: hostRole.hostId, term: hostRole.term } }
        : {};
    const epoch = await claimEpoch(store, { serverId, failoverId, above, claim, ...term });
    claims.delete(key);
    return epoch;
  };
}

/** The store is opened when it is first asked for: a server may become the host while it runs. */
function createStore({ settings, clock, dataDir }: FailoverParts): () => Promise<SiteStore> {
  let opening: Promise<SiteStore> | undefined;
  return async () => {
    if (!isHost(settings.server.get()))
      throw new UnderstudyError('unavailable', 'store/unavailable', 'This server is no host.');
    opening ??= openArbiter({ clock, storage: createArbiterLog(join(dataDir, 'site-store.jsonl')) });
    return await opening;
  };
}

function answerStore({ settings, clock }: FailoverParts, { network }: Peers, store: () => Promise<SiteStore>): void {
  for (const method of STORE_METHODS)
    network.handle(method, async (peer, params) => {
      checkFailover(settings, peer.id);
      const handler = createStoreHandlers(await store(), clock).get(method);
      if (handler === undefined) throw new UnderstudyError('unsupported', 'store/method', `No ${method} here.`);
      return { result: await handler(params) };
    });
}

/** Epochs and claims are among failover servers; one that only records has nothing to say in them. @throws peer/not-yours */
function checkFailover({ peers }: FailoverParts['settings'], peerId: string): void {
  const peer = peers.get().peers.find(({ id }) => id === peerId);
  if (peer?.mode === 'failover') return;
  throw new UnderstudyError('forbidden', 'peer/not-yours', 'Only failover servers of the site may ask this.');
}

const streamsSchema = z.object({
  streams: z.array(z.object({ cameraId: z.string().max(64), stream: z.enum(['main', 'sub']) })).max(512),
});

/** Another failover server asks what is recorded here, before it lets go of it. */
function answerConfirmations({ progress, settings }: FailoverParts, { network }: Peers, side: Side): void {
  network.handle('cover.confirm', async (peer, params) => {
    checkFailover(settings, peer.id);
    const parsed = streamsSchema.safeParse(params);
    if (!parsed.success)
      throw new UnderstudyError('protocol', 'peer/params', 'cover.confirm expects a list of streams.');
    const streams = parsed.data.streams.flatMap((stream) => {
      const [run, epoch] = [progress.runOf(stream), side.covering.epochOfCamera(stream.cameraId)];
      return run === undefined || epoch === undefined ? [] : [{ ...stream, ...run, epoch }];
    });
    return await Promise.resolve({ result: { streams } });
  });
}

const streamRef = { cameraId: z.string(), stream: z.enum(['main', 'sub']) };
const confirmations: z.ZodObject<{ readonly streams: z.ZodType<readonly HandoverConfirmation[]> }> = z.object({
  streams: z.array(
    z.object({
      ...streamRef,
      since: z.number(),
      until: z.number(),
      idleMs: z.number(),
      epoch: z.number(),
    }),
  ),
});

/** An older server does not say which cameras have no session for it. */
export const handoverAnswer: z.ZodType<HandoverAnswer> = confirmations.extend({
  noRoom: z.array(z.object(streamRef)).optional(),
});

const createAsking =
  ({ network }: Peers): Claims['askWinner'] =>
  async (memberId, streams) =>
    confirmations.parse((await network.request(memberId, 'cover.confirm', { streams })).result).streams;
