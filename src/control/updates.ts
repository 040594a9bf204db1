/**
 * Updates of this server: what runs, which releases are kept, installing one, and whether it works (docs/design/updates.md).
 * Belongs here: who is refused when, words. Does not: the file (updates/release-file.ts), what is started (updates/release-state.ts),
 * other servers (server-updates.ts).
 */
import { rename } from 'node:fs/promises';
import type { Updates, UploadResult } from '../api/contract/updates.ts';
import type { UpdateDeps } from '../api/routes/updates.ts';
import type { ActivityLog } from '../api/activity.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { isoOf } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import type { Log } from '../core/log.ts';
import type { Issuer } from '../site/signed-text.ts';
import { isOlder } from '../site/version.ts';
import {
  isUnpacked,
  readReleaseState,
  removeUnpacked,
  unpackedNames,
  unpackedIn,
  versionIn,
  writeReleaseState,
} from '../updates/release-folder.ts';
import { checkBody, openRelease, unpackRelease } from '../updates/release-reader.ts';
import type { OpenRelease } from '../updates/release-reader.ts';
import { begun, confirmed, rolledBack } from '../updates/release-state.ts';
import type { Outcome, ReleaseState } from '../updates/release-state.ts';
import { watchTrial } from './release-trial.ts';
import { openReleaseStore } from './release-store.ts';
import type { ReleasePart, ReleaseStore } from './release-store.ts';
import {
  busy,
  howItEnded,
  inTrial,
  keptOf,
  lastOf,
  noneForOthers,
  notNewer,
  refuseNoRoom,
  unableOf,
  unfitOf,
  unknown,
} from './update-views.ts';

export type OwnUpdatesDeps = {
  readonly dataDir: string;
  /** What runs. */
  readonly version: string;
  /** Of Node, as `24.21.0`. */
  readonly nodeVersion: string;
  /** The folder that the package is in, as long as somebody is there who starts the next release. */
  readonly packageRoot: () => string | undefined;
  /** On the disk of the data directory. */
  readonly freeBytes: () => Promise<number>;
  readonly trusted: () => Promise<readonly Issuer[]>;
  /** @throws failover/covering */
  readonly refuseCovering: () => void;
  /** Names the recording process that runs; undefined: none is up. */
  readonly media: () => string | undefined;
  /** Streams of this server's own cameras that are recorded now. */
  readonly recording: () => number;
  /** Ends this process so that the release that is chosen is started. */
  readonly restart: () => void;
  /** People who look see it at once. */
  readonly changed: () => void;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
  readonly log: Log;
};
export type OwnUpdates = Pick<UpdateDeps, 'upload' | 'remove' | 'install'> & {
  /** As `upload`, without base64. */
  readonly take: (part: ReleasePart, user: string) => Promise<UploadResult>;
  readonly drop: ReleaseStore['drop'];
  readonly view: () => Omit<Updates, 'servers' | 'online'>;
  /** @throws updates/unknown */
  readonly kept: (version: string) => OpenRelease;
  /** For servers that are older: the one that runs here, or the next one. @throws server/older: none is kept */
  readonly keptForOthers: () => OpenRelease;
  /** Everything is up: from now on a release that is tried is judged. */
  readonly judge: () => void;
  readonly stop: Cancel;
};

type Own = {
  readonly deps: OwnUpdatesDeps;
  readonly store: ReleaseStore;
  /** Whose releases it took when it last looked. */
  readonly known: { keys: readonly string[] };
  state: ReleaseState;
  installing: Updates['installing'];
  /** What is left of other releases. */
  removing: Promise<void>;
};

export async function openOwnUpdates(deps: OwnUpdatesDeps): Promise<OwnUpdates> {
  const known: { keys: readonly string[] } = { keys: [] };
  const trusted = async (): Promise<readonly Issuer[]> => {
    const issuers = await deps.trusted();
    known.keys = issuers.map(({ keyId }) => keyId);
    return issuers;
  };
  const store = await openReleaseStore({ ...deps, trusted });
  const it: Own = {
    deps,
    store,
    known,
    state: readReleaseState(deps.dataDir),
    installing: undefined,
    removing: Promise.resolve(),
  };
  let judging: Cancel | undefined;
  tell(it);
  it.removing = removeOthers(it);
  return {
    view: () => viewOf(it),
    kept: (version) => find(it, version),
    take: async (part, user) => await take(it, part, user),
    drop: store.drop,
    upload: async ({ bytes, at, part }, user) => await take(it, { bytes, at, part: Buffer.from(part, 'base64') }, user),
    remove: async (version, user) => await remove(it, version, user),
    install: async (version, user) => {
      // Before anything else that is asked: of two at once the second sees the first.
      const freeBytes = await deps.freeBytes();
      install(it, version, { user, freeBytes });
    },
    keptForOthers: () => {
      const found = store.list().findLast(({ release }) => !isOlder(release.version, deps.version));
      if (found === undefined) throw noneForOthers(deps.version);
      return found;
    },
    judge: () => {
      if (isTried(it)) judging = judgeTrial(it);
    },
    stop: () => judging?.(),
  };
}

async function take(own: Own, part: ReleasePart, user: string): Promise<UploadResult> {
  const { deps, store } = own;
  if (own.installing !== undefined) throw busy(own.installing.version);
  const { received, release } = await store.take(part, user);
  if (release === undefined) return { received };
  const message = `Release ${release.release.version} was added; it is installed when somebody says so.`;
  deps.activity.record({ severity: 'info', code: 'release-added', message, user });
  deps.changed();
  return { received, release: keptOf(deps, release) };
}

async function remove(own: Own, version: string, user: string): Promise<void> {
  const { deps, store } = own;
  find(own, version);
  if (own.installing?.version === version) throw busy(version);
  await store.remove(version);
  deps.activity.record({
    severity: 'info',
    code: 'release-removed',
    message: `Release ${version} is kept no more.`,
    user,
  });
  deps.changed();
}

type Asked = { readonly user: string; readonly freeBytes: number };
/** @throws updates/unable, updates/busy, updates/unknown, updates/older, updates/node, updates/no-room, failover/covering */
function install(own: Own, version: string, { user, freeBytes }: Asked): void {
  const { deps } = own;
  const why = unableOf(deps.packageRoot());
  if (why !== undefined) throw new UnderstudyError('unsupported', 'updates/unable', why);
  if (own.installing !== undefined) throw busy(own.installing.version);
  const found = find(own, version);
  if (!isOlder(deps.version, version)) throw notNewer(version, deps.version);
  const unfit = unfitOf(deps, found);
  if (unfit !== undefined) throw new UnderstudyError('conflict', 'updates/node', unfit);
  if (isTried(own)) throw inTrial(deps.version);
  refuseNoRoom(found, freeBytes);
  deps.refuseCovering();
  own.installing = { version, phase: 'unpacking' };
  const message = `Release ${version} is being installed; ${deps.version} runs until then.`;
  deps.activity.record({ severity: 'info', code: 'update-began', message, user });
  deps.changed();
  void unpackAndRestart(own, found);
}

async function unpackAndRestart(own: Own, found: OpenRelease): Promise<void> {
  const { deps } = own;
  const { version } = found.release;
  try {
    await own.removing;
    // Keys may have gone since it was added, and bytes may have rotted.
    const trusted = await openRelease(found.path, await deps.trusted());
    await checkBody(trusted);
    await unpack(deps.dataDir, trusted);
    // Somebody may have failed meanwhile, here too.
    deps.refuseCovering();
    const why = unableOf(deps.packageRoot());
    if (why !== undefined) throw new UnderstudyError('unsupported', 'updates/unable', why);
    const before = deps.version;
    setState(own, begun(own.state, { version, before, recorded: deps.recording(), now: deps.clock.now() }));
    own.installing = { version, phase: 'restarting' };
    deps.changed();
    deps.restart();
  } catch (error) {
    own.installing = undefined;
    removeUnpacked(deps.dataDir, version).catch((refused: unknown) =>
      deps.log.warn('an unpacked release was not removed', { version, error: refused }),
    );
    const last: Outcome = {
      from: deps.version,
      to: version,
      at: deps.clock.now(),
      result: 'rolled-back',
      reason: messageOf(error).slice(0, 500),
      told: false,
    };
    try {
      setState(own, { ...own.state, last });
    } catch (refused) {
      deps.log.error('how an update ended was not noted', { error: refused });
      own.state = { ...own.state, last };
    }
    tell(own);
  }
}

/** It gets its name when all of it is there. */
async function unpack(dataDir: string, found: OpenRelease): Promise<void> {
  const { version } = found.release;
  const folder = unpackedIn(dataDir, version);
  await removeUnpacked(dataDir, version);
  await unpackRelease(found, `${folder}.new`);
  await rename(`${folder}.new`, folder);
  if (isUnpacked(dataDir, version) && versionIn(folder) === version) return;
  throw new UnderstudyError('invalid', 'updates/format', `It holds no server of version ${version}.`);
}

/** This process is of a release that has not shown yet that it works. */
const isTried = ({ deps, state }: Own): boolean => state.active?.version === deps.version && !state.active.confirmed;

function judgeTrial(own: Own): Cancel {
  const { deps } = own;
  return watchTrial(deps, {
    active: () => (isTried(own) ? own.state.active : undefined),
    end: (verdict) => {
      // Nobody would start the one before.
      if (verdict.kind === 'fails' && deps.packageRoot() === undefined) return false;
      const now = deps.clock.now();
      try {
        setState(
          own,
          verdict.kind === 'works' ? confirmed(own.state, now) : rolledBack(own.state, now, verdict.reason),
        );
      } catch (error) {
        // A full disk: it is noted when there is room.
        deps.log.error('whether the release works was not noted', { error });
        return false;
      }
      if (verdict.kind === 'fails') deps.restart();
      else {
        tell(own);
        own.removing = removeOthers(own);
      }
      return true;
    },
  });
}

/** How the last one ended, once. */
function tell(own: Own): void {
  const { deps, state } = own;
  const { last } = state;
  if (last === undefined || last.told) return;
  const severity = last.result === 'updated' ? 'info' : 'error';
  const code = last.result === 'updated' ? 'updated' : 'update-failed';
  deps.activity.record({ severity, code, message: howItEnded(last) });
  try {
    setState(own, { ...state, last: { ...last, told: true } });
  } catch (error) {
    deps.log.warn('it will be told again how the last update ended', { error });
  }
  deps.changed();
}

/** Only the release that runs stays unpacked, and while it is tried that before it. Never fails. */
async function removeOthers({ deps, state }: Own): Promise<void> {
  const { active } = state;
  const stay = [deps.version, active?.version, active?.before];
  try {
    for (const name of await unpackedNames(deps.dataDir))
      if (!stay.includes(name)) await removeUnpacked(deps.dataDir, name);
  } catch (error) {
    deps.log.warn('an unpacked release was not removed', { error });
  }
}

function setState(own: Own, state: ReleaseState): void {
  writeReleaseState(own.deps.dataDir, state);
  own.state = state;
}

function viewOf(own: Own): Omit<Updates, 'servers' | 'online'> {
  const { deps, store, state, installing, known } = own;
  const { last, active } = state;
  const root = deps.packageRoot();
  const unable = unableOf(root);
  const upload = store.incoming();
  return {
    version: deps.version,
    packaged: root === undefined ? deps.version : versionIn(root),
    ...(unable === undefined ? {} : { unable }),
    releases: store.list().map((one) => keptOf(deps, one)),
    ...(upload === undefined ? {} : { upload }),
    ...(installing === undefined ? {} : { installing }),
    ...(active !== undefined && isTried(own)
      ? { trial: { before: active.before, since: isoOf(epochMs(active.since)) } }
      : {}),
    ...(last === undefined ? {} : { last: lastOf(last) }),
    keys: [...known.keys],
  };
}

/** @throws updates/unknown */
function find({ store }: Own, version: string): OpenRelease {
  const found = store.list().find(({ release }) => release.version === version);
  if (found === undefined) throw unknown(version, store.list());
  return found;
}
