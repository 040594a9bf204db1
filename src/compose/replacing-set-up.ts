/**
 * Replacing a protected server, by the failover server that acts for it or by another one, put together: what must hold, the steps, the journal
 * (docs/design/replacement.md). Belongs here: who is handed whose functions, and the words of what stands against it. Does not: the
 * order of steps (control/replacing.ts), which settings pass over (site/adoption.ts).
 */
import { join } from 'node:path';
import type { HealthItem } from '../api/contract/server.ts';
import type { ReplacementView, ReplaceServerResult } from '../api/contract/replacing.ts';
import type { ReplacingDeps as ReplacingRoutes } from '../api/routes/replacing.ts';
import { adopt, ownIdentityView } from '../control/adopting.ts';
import { refuseAgain, startReplacing } from '../control/replacing.ts';
import type { Replacing } from '../control/replacing.ts';
import { isoOf, seconds } from '../core/clock.ts';
import type { Cancel } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import type { Running } from '../core/running.ts';
import { epochMs } from '../core/units.ts';
import { homeEpoch } from '../failover/epochs.ts';
import { createBackupStore } from '../settings/backup-store.ts';
import type { BackupStore } from '../settings/backup-store.ts';
import { openSettingsFile } from '../settings/settings-file.ts';
import type { SettingsFile } from '../settings/settings-file.ts';
import { adoptionHash, identityView } from '../site/adoption.ts';
import type { IdentityView } from '../site/adoption.ts';
import { isHost } from '../site/host-role.ts';
import type { PeerRecord } from '../site/peer.ts';
import { replacementsFileSchema } from '../site/replacement.ts';
import type { Replacement, ReplacementsFile } from '../site/replacement.ts';
import type { SettingsBackup } from '../site/settings-backup.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import type { Peers } from './peer-set-up.ts';
import { answerAdoptions, answerAsOriginal, onlyHost, TELL_WITHIN } from './replacing-answers.ts';
import { checkActing, refuseManaged, refuseOthers, warningsOf, warningsOfOther } from './replacing-checks.ts';
import { answerAsHost, askedSchema, replaceAtHost, reportToHost } from './replacing-host.ts';
import type { AskedReplacement } from './replacing-host.ts';
import { checkSuccessor, createFollowing, handToSuccessor } from './replacing-other.ts';
import { markRecord, replacedByOf, settle } from './replacing-settle.ts';

export type ReplacingSide = Running & {
  readonly routes: ReplacingRoutes;
  readonly healthItems: () => readonly HealthItem[];
};

type Set_ = {
  readonly parts: FailoverParts;
  readonly peers: Peers;
  readonly side: Side;
  /** The settings that the successor gets, as they were when it was asked for. */
  readonly pinned: BackupStore;
};

/** Asked for here by a person: at a host whoever acts for the original is asked, unless that is the host itself. */
async function replaceHere(set: Set_, replacing: Replacing, asked: AskedReplacement): Promise<ReplaceServerResult> {
  const own = set.parts.settings.server.get();
  if (!isHost(own)) refuseManaged(set.parts);
  else if (own.mode !== 'failover') return await replaceAtHost(set, asked);
  try {
    return await replace(set, replacing, asked);
  } catch (error) {
    const isOther = error instanceof UnderstudyError && error.code === 'replace/not-acting' && asked.by !== own.id;
    if (!isHost(own) || !isOther) throw error;
    return await replaceAtHost(set, asked);
  }
}

export async function composeReplacing(parts: FailoverParts, peers: Peers, side: Side): Promise<ReplacingSide> {
  const { dataDir, keys } = parts;
  const set: Set_ = {
    parts,
    peers,
    side,
    pinned: createBackupStore(() => join(dataDir, 'replacements'), keys.secretsKey, 2),
  };
  const file = await openJournal(parts);
  const replaced = answerAsOriginal(parts, peers);
  answerAdoptions(parts, peers);
  answerAsHost(parts, peers);
  const replacing = startReplacing({
    ...parts,
    file,
    steps: {
      fence: async (replacement) => {
        check(set, replacement);
        await Promise.resolve();
      },
      adopt: async (replacement) => await adoptStep(set, replacement),
      settle: async (replacement) => await settle(set, replacement),
    },
    isThere: (serverId) => peers.network.statusOf(serverId)?.connected ?? false,
    tell: async (replacement) => await tell(peers, replacement),
    report: async (replacement) => await reportToHost(set, replacement),
    givenUp: async ({ serverId }) => await set.pinned.forget(serverId),
  });
  peers.network.listen((event) => {
    if (event.kind === 'hello') replacing.look();
  });
  replacing.look();
  peers.network.handle('site.replace', async ({ record }, params) => {
    if (!record.managesUs) throw onlyHost();
    const { confirm, ...asked } = askedSchema.parse(params);
    return { result: await replace(set, replacing, { ...asked, confirm }) };
  });
  const cancel = startFollowing(set, replacing);
  return {
    routes: {
      replace: async (serverId, { by, dryRun, confirm }, user) =>
        await replaceHere(set, replacing, { serverId, by, dryRun, confirm, user }),
      list: () => replacing.list().map(viewOf).reverse(),
      clear: replaced.clear,
    },
    healthItems: replaced.healthItems,
    stop: async () => {
      cancel();
      await replacing.stop();
    },
  };
}

async function openJournal({ dataDir, clock }: FailoverParts): Promise<SettingsFile<ReplacementsFile>> {
  const { file } = await openSettingsFile<ReplacementsFile>({
    path: join(dataDir, 'settings', 'replacements.json'),
    schema: replacementsFileSchema,
    migrations: [],
    initial: { replacements: [] },
    budget: new Map(),
    clock,
  });
  return file;
}

function startFollowing(set: Set_, replacing: Replacing): Cancel {
  const follow = createFollowing(set);
  let busy = false;
  return set.parts.clock.every(seconds(1), () => {
    if (busy) return;
    busy = true;
    follow((serverId) => replacing.list().some((one) => one.serverId === serverId && one.state !== 'done'))
      .catch((error: unknown) => set.parts.log.error('replaced servers are not followed', { reason: messageOf(error) }))
      .finally(() => (busy = false));
  });
}

type Asked = AskedReplacement;
async function replace(set: Set_, replacing: Replacing, asked: Asked): Promise<ReplaceServerResult> {
  const { parts, side, pinned } = set;
  const { serverId, by, dryRun, confirm, user } = asked;
  const record = side.known.find(serverId);
  refuseAgain(replacing.list(), asked);
  const { original, before, warnings } = check(set, asked);
  const after = identityView(original.settings);
  if (dryRun) return { before, after, warnings };
  if (confirm !== record.name) throw notConfirmed(record, before.name, after.cameras.length);
  const { id: ownId, epoch } = parts.settings.server.get();
  const known = Math.max(epoch, original.settings.server.epoch, side.covering.maxEpoch());
  const planned: Replacement = {
    id: createId('replacement'),
    serverId,
    name: record.name,
    by,
    byName: before.name,
    kind: by === ownId ? 'acting' : 'other',
    hash: adoptionHash(original.settings),
    epoch: homeEpoch(known),
    state: 'planned',
    startedAt: parts.clock.now(),
    told: false,
    reported: false,
    user,
  };
  const replacement = await replacing.begin(planned, async () => {
    // It waited for others, which may have changed what held.
    check(set, asked);
    await pinned.save(original);
  });
  return { replacement: viewOf(replacement), before, after, warnings };
}

type Checked = { readonly original: SettingsBackup; readonly before: IdentityView; readonly warnings: string[] };
/** @throws what stands against it now */
function check({ parts, peers, side }: Set_, { serverId, by }: Pick<Asked, 'serverId' | 'by'>): Checked {
  const original = checkActing(parts, side, serverId);
  if (by !== parts.settings.server.get().id) {
    const successor = checkSuccessor({ parts, peers, side }, by);
    return { original, before: identityView(successor.settings), warnings: warningsOfOther(original, successor) };
  }
  refuseOthers(parts, side, serverId);
  return { original, before: ownIdentityView(parts.settings), warnings: warningsOf(parts, side, original) };
}

function notConfirmed({ name }: PeerRecord, successor: string, cameras: number): UnderstudyError {
  const message = `${successor} becomes ${name} for good, with its ${cameras} cameras and its accounts instead of those that it has now; the original is fenced. Confirm with the name ${name}.`;
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

async function tell({ network }: Peers, replacement: Replacement): Promise<void> {
  await network.request(replacement.serverId, 'site.replaced', replacedByOf(replacement), { timeoutMs: TELL_WITHIN });
}

/** Until the last change of settings at the successor this server goes on covering. */
async function adoptStep(set: Set_, replacement: Replacement): Promise<void> {
  const { parts, peers, side, pinned } = set;
  const { serverId, hash, epoch, kind } = replacement;
  await markRecord(parts, replacement, {});
  // Others that have cameras of it hand them over too; a successor that has a host must hear from it.
  await reportToHost(set, replacement).catch((error: unknown) =>
    parts.log.warn('the host does not know of a replacement yet', { serverId, reason: messageOf(error) }),
  );
  if (kind === 'acting') await side.restoration.keepAll(serverId);
  if (peers.network.statusOf(serverId)?.connected === true)
    // If it does not hear it now it is told when it does: until then both record, and nothing is lost.
    await tell(peers, replacement).catch((error: unknown) =>
      parts.log.warn('a server that is being replaced does not answer', { serverId, reason: messageOf(error) }),
    );
  const backup = await pinnedBackup(pinned, replacement);
  if (kind === 'other') return await handToSuccessor(set, replacement, backup);
  await adopt(parts.settings, backup.settings, { epoch, hash });
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
