/**
 * Replacing a protected server by the failover server that acts for it, put together: what must hold, the steps, the journal
 * (docs/design/replacement.md). Belongs here: who is handed whose functions, and the words of what stands against it. Does not: the
 * order of steps (control/replacing.ts), which settings pass over (site/adoption.ts).
 */
import { join } from 'node:path';
import type { HealthItem } from '../api/contract/server.ts';
import type { ReplacementView, ReplaceServerResult } from '../api/contract/replacing.ts';
import type { ReplacingDeps as ReplacingRoutes } from '../api/routes/replacing.ts';
import { adopt, ownIdentityView } from '../control/adopting.ts';
import { createReplacedSide } from '../control/replaced-side.ts';
import { startReplacing } from '../control/replacing.ts';
import type { Replacing } from '../control/replacing.ts';
import { isoOf } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import type { Running } from '../core/running.ts';
import { durationMs, epochMs } from '../core/units.ts';
import { homeEpoch } from '../failover/epochs.ts';
import { createBackupStore } from '../settings/backup-store.ts';
import type { BackupStore } from '../settings/backup-store.ts';
import { openSettingsFile } from '../settings/settings-file.ts';
import { adoptionHash, identityView } from '../site/adoption.ts';
import type { PeerRecord } from '../site/peer.ts';
import { replacementsFileSchema } from '../site/replacement.ts';
import type { Replacement, ReplacedBy, ReplacementsFile } from '../site/replacement.ts';
import type { SettingsBackup } from '../site/settings-backup.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import type { Peers } from './peer-set-up.ts';
import { checkActing, warningsOf } from './replacing-checks.ts';

export type ReplacingSide = Running & {
  readonly routes: ReplacingRoutes;
  readonly healthItems: () => readonly HealthItem[];
};

const TELL_WITHIN = durationMs(5000);

type Set_ = {
  readonly parts: FailoverParts;
  readonly peers: Peers;
  readonly side: Side;
  /** The settings that the successor gets, as they were when it was asked for. */
  readonly pinned: BackupStore;
};

export async function composeReplacing(parts: FailoverParts, peers: Peers, side: Side): Promise<ReplacingSide> {
  const { settings, clock, dataDir, keys } = parts;
  const set: Set_ = {
    parts,
    peers,
    side,
    pinned: createBackupStore(() => join(dataDir, 'replacements'), keys.secretsKey, 2),
  };
  const { file } = await openSettingsFile<ReplacementsFile>({
    path: join(dataDir, 'settings', 'replacements.json'),
    schema: replacementsFileSchema,
    migrations: [],
    initial: { replacements: [] },
    budget: new Map(),
    clock,
  });
  const replaced = createReplacedSide(parts);
  peers.network.handle('site.replaced', async (peer, params) => {
    await replaced.take(peer.id, params);
    return { result: {} };
  });
  const replacing = startReplacing({
    ...parts,
    file,
    steps: {
      fence: async ({ serverId }) => {
        checkActing(parts, peers, side, serverId);
        await Promise.resolve();
      },
      adopt: async (replacement) => await takeOver(set, replacement),
      settle: async (replacement) => await settle(set, replacement),
    },
    isThere: (serverId) => peers.network.statusOf(serverId)?.connected ?? false,
    tell: async (replacement) => await tell(peers, replacement),
    givenUp: async ({ serverId }) => await set.pinned.forget(serverId),
  });
  peers.network.listen((event) => {
    if (event.kind === 'hello') replacing.look();
  });
  replacing.look();
  return {
    routes: {
      replace: async (serverId, { by, dryRun, confirm }, user) => {
        if (by !== settings.server.get().id) throw notThisOne(by);
        return await replace(set, replacing, { serverId, dryRun, confirm, user });
      },
      list: () => replacing.list().map(viewOf).reverse(),
      clear: replaced.clear,
    },
    healthItems: replaced.healthItems,
    stop: replacing.stop,
  };
}

const notThisOne = (by: string): UnderstudyError =>
  new UnderstudyError(
    'invalid',
    'replace/successor',
    `Only the failover server that is asked can take the place of a server that it acts for; ${by.slice(0, 64)} is another one.`,
  );

type Asked = {
  readonly serverId: string;
  readonly dryRun: boolean;
  readonly confirm: string | undefined;
  readonly user: string;
};
async function replace(set: Set_, replacing: Replacing, asked: Asked): Promise<ReplaceServerResult> {
  const { parts, peers, side, pinned } = set;
  const { serverId, dryRun, confirm, user } = asked;
  const record = side.known.find(serverId);
  const backup = checkActing(parts, peers, side, serverId);
  const before = ownIdentityView(parts.settings);
  const after = identityView(backup.settings);
  const warnings = warningsOf(parts, side, backup);
  if (dryRun) return { before, after, warnings };
  if (confirm !== record.name) throw notConfirmed(parts, record, after.cameras.length);
  const { id: by, name: byName, epoch } = parts.settings.server.get();
  const known = Math.max(epoch, backup.settings.server.epoch, side.covering.maxEpoch());
  await pinned.save(backup);
  const replacement = await replacing.begin({
    id: createId('replacement'),
    serverId,
    name: record.name,
    by,
    byName,
    kind: 'acting',
    hash: adoptionHash(backup.settings),
    epoch: homeEpoch(known),
    state: 'planned',
    startedAt: parts.clock.now(),
    told: false,
    user,
  });
  return { replacement: viewOf(replacement), before, after, warnings };
}

function notConfirmed({ settings }: FailoverParts, { name }: PeerRecord, cameras: number): UnderstudyError {
  const own = settings.server.get().name;
  const message = `${own} becomes ${name} for good, with its ${cameras} cameras and its accounts instead of those that are known here; the original is fenced. Confirm with the name ${name}.`;
  return new UnderstudyError('invalid', 'replace/not-confirmed', message);
}

function viewOf(replacement: Replacement): ReplacementView {
  const { id, serverId, name, by, byName, state, startedAt, finishedAt, told, problem } = replacement;
  return {
    id,
    serverId,
    serverName: name,
    by,
    byName,
    state,
    startedAt: isoOf(epochMs(startedAt)),
    ...(finishedAt === undefined ? {} : { finishedAt: isoOf(epochMs(finishedAt)) }),
    originalTold: told,
    ...(problem === undefined ? {} : { problem }),
  };
}

const replacedByOf = ({ by, name, startedAt }: Replacement): ReplacedBy => ({ id: by, name, at: startedAt });

async function tell({ network }: Peers, replacement: Replacement): Promise<void> {
  await network.request(replacement.serverId, 'site.replaced', replacedByOf(replacement), { timeoutMs: TELL_WITHIN });
}

/** Until the last change of settings this server goes on covering; with it, it records the same cameras as its own. */
async function takeOver({ parts, peers, side, pinned }: Set_, replacement: Replacement): Promise<void> {
  const { settings, log } = parts;
  const { serverId, hash, epoch } = replacement;
  await markRecord(parts, replacement, {});
  await side.restoration.keepAll(serverId);
  if (peers.network.statusOf(serverId)?.connected === true)
    // If it does not hear it now it is told when it does: until then both record, and nothing is lost.
    await tell(peers, replacement).catch((error: unknown) =>
      log.warn('a server that is being replaced does not answer', { serverId, reason: messageOf(error) }),
    );
  const backup = await pinnedBackup(pinned, replacement);
  await adopt(settings, backup.settings, { epoch, hash });
  // Passwords stand in no file that tells of its changes.
  parts.recording.order();
}

/** @throws replace/settings-lost */
async function pinnedBackup(pinned: BackupStore, { serverId, hash, name }: Replacement): Promise<SettingsBackup> {
  const { backup } = await pinned.load(serverId);
  if (backup !== undefined && adoptionHash(backup.settings) === hash) return backup;
  const message = `The settings of ${name} that were kept for its replacement cannot be read.`;
  throw new UnderstudyError('corrupt', 'replace/settings-lost', message);
}

/** Nothing of the original is watched, covered or owed any more: what was recorded for it is footage of this server. */
async function settle({ parts, side, pinned }: Set_, replacement: Replacement): Promise<void> {
  const { serverId } = replacement;
  await markRecord(parts, replacement, { watched: false, watcher: false });
  const covers = side.cover.covered().filter((one) => one.serverId === serverId);
  side.covering.release(
    serverId,
    covers.filter(({ to }) => to === undefined).map(({ cameraId, stream }) => ({ cameraId, stream })),
  );
  side.cover.drop(serverId);
  await side.cover.settled(covers.map(({ id }) => id));
  await side.restoration.keepAll(serverId);
  for (const { id, serverId: of, closedAt } of parts.incidents.list())
    if (of === serverId && closedAt === undefined)
      parts.incidents.apply({ kind: 'closed', incident: id, at: parts.clock.now() });
  await side.backups.forget(serverId);
  await pinned.forget(serverId);
  parts.publish({ kind: 'server' });
}

async function markRecord(
  { settings }: FailoverParts,
  replacement: Replacement,
  change: Partial<Pick<PeerRecord, 'watched' | 'watcher'>>,
): Promise<void> {
  const replacedBy = replacedByOf(replacement);
  await settings.peers.update(({ peers }) => ({
    peers: peers.map((peer) => (peer.id === replacement.serverId ? { ...peer, ...change, replacedBy } : peer)),
  }));
}
