/** Updates of this box and of the servers that it manages as a host, put together. */
import { statfs } from 'node:fs/promises';
import type { UpdateDeps } from '../api/routes/updates.ts';
import { openOwnUpdates } from '../control/updates.ts';
import type { OwnUpdates } from '../control/updates.ts';
import { createOnlineReleases } from '../control/online-releases.ts';
import { createServerUpdates } from '../control/server-updates.ts';
import { expectedStreams } from '../control/protected-side.ts';
import type { RecordingSide } from '../control/recording-side.ts';
import type { SiteGateway } from '../control/site-gateway.ts';
import type { Cancel } from '../core/clock.ts';
import { readTrustedKeys, RELEASE_KEYS } from '../settings/trusted-keys.ts';
import { isHost } from '../site/host-role.ts';
import { membersOf } from '../site/membership.ts';
import { parentOf } from '../supervisor/instance.ts';
import type { ControlState } from './control-state.ts';

export type UpdatesParts = ControlState & {
  readonly version: string;
  readonly recording: Pick<RecordingSide, 'state' | 'hello'>;
  readonly failover: { readonly gateway: SiteGateway; readonly refuseCovering: () => void };
  /** Ends this process so that the release that is chosen is started. */
  readonly restart: () => void;
};
export type UpdatesSide = {
  readonly updates: UpdateDeps;
  readonly keptForOthers: OwnUpdates['keptForOthers'];
  /** Everything is up. */
  readonly judge: () => void;
  readonly stop: Cancel;
};

/** Undefined: nobody would start the next release. The shell of bin/understudy is the parent of the supervisor, as long as it lives. */
function packageRoot(): string | undefined {
  const { UNDERSTUDY_PACKAGE: root, UNDERSTUDY_LAUNCHER: launcher } = process.env;
  return launcher !== undefined && parentOf(process.ppid) === Number(launcher) ? root : undefined;
}

const streamsRecorded = ({ settings, recording }: UpdatesParts): number =>
  expectedStreams(settings.cameras.get().cameras).filter(
    ({ cameraId, stream }) => recording.state.streamOf(cameraId, stream)?.state.kind === 'recording',
  ).length;

export async function composeUpdates(parts: UpdatesParts): Promise<UpdatesSide> {
  const { settings, dataDir, log, recording, failover, publish } = parts;
  const changed = (): void => publish({ kind: 'server' });
  const own = await openOwnUpdates({
    ...parts,
    nodeVersion: process.versions.node,
    packageRoot,
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(dataDir);
      return bavail * bsize;
    },
    trusted: async () => await readTrustedKeys(dataDir, RELEASE_KEYS, log),
    refuseCovering: failover.refuseCovering,
    media: () => recording.hello()?.instance,
    recording: () => streamsRecorded(parts),
    changed,
  });
  const servers = createServerUpdates({
    ...parts,
    gateway: failover.gateway,
    isHost: () => isHost(settings.server.get()),
    memberName: (serverId) => membersOf(settings.peers.get().peers).find(({ id }) => id === serverId)?.name,
    kept: (version) => own.kept(version),
    changed,
  });
  const online = createOnlineReleases({
    ...parts,
    source: () => settings.server.get().releaseSource,
    isKept: (version) => own.view().releases.some((one) => one.version === version),
    take: own.take,
    drop: own.drop,
    changed,
  });
  return {
    updates: {
      view: () => {
        const found = online.view();
        return { ...own.view(), ...(found === undefined ? {} : { online: found }), servers: [...servers.view()] };
      },
      lookOnline: online.look,
      fetchOnline: online.fetch,
      breakOffFetch: online.breakOff,
      upload: own.upload,
      remove: own.remove,
      install: own.install,
      updateServers: async (asked, caller) => {
        await Promise.resolve();
        servers.begin(asked, caller);
      },
      breakOff: servers.breakOff,
    },
    keptForOthers: own.keptForOthers,
    judge: own.judge,
    stop: () => {
      own.stop();
      online.stop();
      servers.stop();
    },
  };
}
