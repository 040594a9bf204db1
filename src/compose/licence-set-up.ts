/** The licences of this box, put together: whose keys count, what of the seats is in use. */
import type { LicenceDeps } from '../api/routes/licences.ts';
import { openLicences } from '../control/licences.ts';
import type { Licences } from '../control/licences.ts';
import { LICENCE_ISSUERS, readTrustedKeys } from '../settings/trusted-keys.ts';
import type { CoverProgress } from '../wire/peer-protocol.ts';
import type { Box, FailoverParts } from './failover-box.ts';
import type { Peers } from './peer-set-up.ts';
import { isHost } from '../site/host-role.ts';

export async function composeLicences(box: Box): Promise<Licences> {
  const licences = await openLicences({
    ...box,
    readIssuers: async () => await readTrustedKeys(box.dataDir, LICENCE_ISSUERS, box.log),
  });
  // People who look see it at once.
  const tell = (): void => box.publish({ kind: 'server' });
  box.settings.licences.onChange(tell);
  licences.onTurn(tell);
  return licences;
}

export type LicenceSide = {
  readonly licences: LicenceDeps;
  /** Cameras that this server may record by the licences; `Infinity`: not limited. */
  readonly cameraSeats: () => number;
};
export function licenceSide({ licences, settings }: FailoverParts, { late, heardOf }: Peers): LicenceSide {
  const routes = licences.api({
    covered: (serverId) => {
      const isOwn = serverId === settings.server.get().id;
      const covers = isOwn ? late.covering().progress : heardOf(serverId)?.keepAlive.covering;
      return covers && coveredIn(covers);
    },
  });
  const cameraSeats = (): number => licences.cameraSeats().get(settings.server.get().id) ?? Infinity;
  return { licences: routes, cameraSeats };
}
/** Cameras. */
export const coveredIn = (covers: readonly CoverProgress[]): number =>
  new Set(covers.flatMap(({ streams }) => streams.map(({ cameraId }) => cameraId))).size;

/** Members tell how many cameras they record: the camera seats of the site follow them. */
export function hearRecorded({ licences, settings }: FailoverParts, { network }: Peers): void {
  network.listen((event) => {
    if (event.kind !== 'keep-alive' || !isHost(settings.server.get())) return;
    if (event.keepAlive.mode !== 'recording') return;
    licences.heard(event.peerId, new Set(event.keepAlive.streams.map(({ cameraId }) => cameraId)).size);
  });
}
