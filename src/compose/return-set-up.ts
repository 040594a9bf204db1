/** Taking footage in that another server recorded for this one, put together. */
import { join } from 'node:path';
import { z } from 'zod';
import { createDiskReader } from '../archive/disk-reader.ts';
import { createGroupReader } from '../archive/footage-groups.ts';
import { parseKeptVolume } from '../archive/kept-volume.ts';
import { createGroupProver } from '../archive/prove-groups.ts';
import type { GroupProver } from '../archive/prove-groups.ts';
import type { InboxVolume } from '../archive/incoming-file.ts';
import { storeScanned } from '../archive/rebuild.ts';
import { createReturnInbox } from '../archive/return-inbox.ts';
import type { ReturnInbox } from '../archive/return-inbox.ts';
import { loadSigningKey } from '../archive/signing-key.ts';
import { createFootage } from '../control/footage.ts';
import { nameOfServer } from '../control/failover-api.ts';
import { checkWatcher } from '../control/protected-side.ts';
import { seconds } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import type { MissingCause } from '../ledger/causes.ts';
import { holeStart } from '../ledger/account.ts';
import type { AccountSpan } from '../ledger/account.ts';
import { EDGE_MS } from '../failover/settle.ts';
import { boundedParts, partsPerStream } from '../failover/incident.ts';
import type { Part } from '../failover/incident.ts';
import { clip, lengthOf, rangeOf } from '../ledger/spans.ts';
import { createFootageHandlers } from '../restoration/footage-handlers.ts';
import type { AccountGap } from '../restoration/footage-handlers.ts';
import { createKeptElsewhere } from '../restoration/kept-elsewhere.ts';
import type { KeptElsewhere } from '../restoration/kept-elsewhere.ts';
import type { FailoverParts } from './failover-box.ts';
import { createOnce, homeComingOf } from './home-coming.ts';
import type { Peers } from './peer-set-up.ts';

/** Above, recording is busy, and footage that comes home waits. */
const BUSY_LOOP_MS = 50;
const WAIT_MS = 100;
const SWEEP_SECONDS = 3600;

export type ReturnSide = { readonly kept: KeptElsewhere; readonly stop: () => Promise<void> };

export async function composeReturns(parts: FailoverParts, { network }: Peers): Promise<ReturnSide> {
  const { settings, catalogue, clock, log } = parts;
  const serverId = settings.server.get().id;
  const { inbox, prover, fileOf } = await openReturns(parts, serverId);
  const handlers = createFootageHandlers({
    serverId,
    clock,
    inbox,
    segments: catalogue.segments,
    groups: createGroupReader({ segments: catalogue.segments, now: clock.now, fileOf }),
    prover,
    isOwnCamera: (cameraId) => settings.cameras.get().cameras.some(({ id }) => id === cameraId),
    isReady: () => parts.recording.mediaIsUp() && !parts.recording.isReconciling(),
    book: (by, gaps) => book(parts, by, gaps),
  });
  for (const [method, handler] of Object.entries(handlers))
    network.handle(method, async (peer, params, attachment) => {
      checkWatcher(settings, peer.id);
      return await handler(peer, params, attachment);
    });
  const isFirst = createOnce();
  network.handle('footage.missing', async (peer, params) => {
    checkWatcher(settings, peer.id);
    const accounts = accountsOf(parts, missingParams.parse(params));
    const home = homeComingOf({ id: peer.id, name: nameOfServer(settings, peer.id) }, accounts);
    if (home !== undefined && isFirst(`${peer.id} ${JSON.stringify(params)}`)) parts.activity.record(home);
    return await Promise.resolve({
      result: {
        missing: accounts.flatMap(missingOf),
        accounts: accounts.map((one) => partsOf(serverId, one, accounts.length)),
      },
    });
  });
  const sweep = (): void => void inbox.sweep().catch((error: unknown) => log.warn('leftovers stay', { error }));
  const cancel = clock.every(seconds(SWEEP_SECONDS), sweep);
  return {
    kept: composeKept(parts, network),
    stop: async () => {
      cancel();
      await inbox.close();
    },
  };
}

type Returns = {
  readonly inbox: ReturnInbox;
  readonly prover: GroupProver;
  readonly fileOf: (place: { readonly volumeId: string; readonly path: string }) => string | undefined;
};
/** What comes in, and what is read again before it stands for something elsewhere; both give way to recording. */
async function openReturns(parts: FailoverParts, serverId: string): Promise<Returns> {
  const { settings, catalogue, clock, log, keys } = parts;
  const volumes = (): readonly InboxVolume[] => settings.volumes.get().volumes;
  const pause = async (): Promise<void> => {
    const busy = (parts.recording.state()?.loopDelayP99Ms() ?? 0) > BUSY_LOOP_MS;
    if (busy) await clock.sleep(durationMs(WAIT_MS));
  };
  const fileOf = ({ volumeId, path }: { volumeId: string; path: string }): string | undefined => {
    const volume = volumes().find(({ id }) => id === volumeId);
    return volume && join(volume.path, path);
  };
  const disk = createDiskReader(log);
  const prover = createGroupProver({
    disk,
    segments: catalogue.segments,
    fileOf,
    clock,
    pause,
    // Told as being here no more, nor shown.
    onDamage: async (file, segment) => await storeScanned({ catalogue, disk, onDamage: parts.onDamage }, file, segment),
  });
  const inbox = createReturnInbox({
    disk,
    catalogue,
    prover,
    serverId,
    clock,
    log,
    key: await loadSigningKey(keys.exportSigningKeyPath),
    volumes,
    volumesFor: () => volumes().filter(({ id }) => parts.recording.state()?.volumeOf(id)?.state.kind === 'usable'),
    shareFolder: () => shareFolderOf(parts),
    pause,
    inserted: ({ cameraId }) => parts.publish({ kind: 'ledger', cameraId }),
  });
  return { inbox, prover, fileOf };
}

/** Footage of this server that stays where it was recorded, by the policy of the failover server. */
function composeKept(parts: FailoverParts, network: Peers['network']): KeptElsewhere {
  const { settings, catalogue, log, publish } = parts;
  const kept = createKeptElsewhere({
    catalogue,
    clock: parts.clock,
    log,
    request: network.request,
    isConnected: (serverId) => network.statusOf(serverId)?.connected ?? false,
    nameOf: (serverId) => nameOfServer(settings, serverId),
    isOwnCamera: (cameraId) => settings.cameras.get().cameras.some(({ id }) => id === cameraId),
    changed: (cameraId) => publish({ kind: 'ledger', cameraId }),
  });
  const isWatcher = (id: string): boolean => settings.peers.get().peers.some((peer) => peer.id === id && peer.watcher);
  network.handle('footage.kept-changed', async (peer) => {
    checkWatcher(settings, peer.id);
    await kept.sync(peer.id);
    return { result: {} };
  });
  network.listen((event) => {
    if (event.kind === 'hello' && isWatcher(event.peerId)) void kept.sync(event.peerId);
    if (event.kind !== 'hello' && event.kind !== 'down') return;
    for (const { cameraId, volumeId } of catalogue.segments.totals())
      if (parseKeptVolume(volumeId)?.serverId === event.peerId) publish({ kind: 'ledger', cameraId });
  });
  return kept;
}

/** Of a longer one the end is accounted for: everything is read in one go, and recording must not wait for it. */
const LONGEST_INCIDENT_MS = 31 * 86_400_000;

const missingParams = z.strictObject({
  /** Each from its own last frame before the failure. */
  streams: z
    .array(z.strictObject({ cameraId: z.string().max(64), stream: z.enum(['main', 'sub']), start: z.number() }))
    .max(512),
  end: z.number(),
});
type Missing = { cameraId: string; stream: 'main' | 'sub'; cause: MissingCause; ms: number };

type Account = { cameraId: string; stream: 'main' | 'sub'; spans: readonly AccountSpan[] };
type AccountParts = { cameraId: string; stream: 'main' | 'sub'; parts: readonly Part[] };

/** What became of a range: the last word of an incident. A failover server knows the last frame by keep-alives: the hole may begin before it. */
function accountsOf(
  { catalogue, clock, recording, settings }: FailoverParts,
  { streams, end }: z.infer<typeof missingParams>,
): readonly Account[] {
  const { accountOf } = createFootage({ catalogue, clock, mediaIsUp: recording.mediaIsUp });
  const known = new Set(settings.cameras.get().cameras.map(({ id }) => id));
  const asked = new Map(streams.map((one) => [`${one.cameraId}/${one.stream}`, one]));
  return [...asked.values()].flatMap(({ cameraId, stream, start: since }) => {
    if (!known.has(cameraId)) return [];
    const from = Math.min(end, Math.max(since, end - LONGEST_INCIDENT_MS));
    const wide = accountOf({ cameraId, stream }, { start: from - EDGE_MS, end });
    return [{ cameraId, stream, spans: clip(wide, rangeOf(holeStart(wide, from), end)) }];
  });
}

/** Moment by moment; `count`: streams in the answer, which stays small. */
function partsOf(ownId: string, { cameraId, stream, spans }: Account, count: number): AccountParts {
  return {
    cameraId,
    stream,
    parts: boundedParts(
      spans.map((span) => partOf(ownId, span)),
      partsPerStream(count),
    ),
  };
}

/** What of it nobody recorded, by cause. */
function missingOf({ cameraId, stream, spans }: Account): readonly Missing[] {
  const missing = spans.filter((span) => span.state === 'missing');
  return [...Map.groupBy(missing, ({ cause }) => cause)].map(([cause, ofIt]) => ({
    cameraId,
    stream,
    cause,
    ms: lengthOf(ofIt),
  }));
}

function partOf(ownId: string, span: AccountSpan): Part {
  const { start, end } = span;
  if (span.state === 'missing') return { start, end, state: 'missing', cause: span.cause };
  if (span.state === 'not-expected') return { start, end, state: 'off' };
  if (span.state === 'returned') return { start, end, state: 'returned' };
  return { start, end, state: span.recordedBy === ownId ? 'owner' : 'failover' };
}

/** The share that this server named shows a folder of one of its volumes. */
function shareFolderOf({ settings }: FailoverParts): { volume: InboxVolume; folder: string } | undefined {
  const share = settings.server.get().returnShare;
  const volume = settings.volumes.get().volumes.find(({ id }) => id === share?.volumeId);
  return share === undefined || volume === undefined ? undefined : { volume, folder: share.volumeFolder };
}

function book({ catalogue, settings, activity }: FailoverParts, by: string, gaps: readonly AccountGap[]): void {
  catalogue.transaction(() => {
    for (const gap of gaps) catalogue.gaps.add({ ...gap, accessUnits: undefined });
  }, 'durable');
  if (gaps.length === 0) return;
  const message = `${nameOfServer(settings, by)} says why ${gaps.length} stretches of time are missing.`;
  activity.record({ severity: 'info', code: 'account-received', message });
}
