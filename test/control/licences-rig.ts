/** The licences of a server over settings in memory, with a clock that stands still: for tests of adding, expiry, hosts, restarts. */
import type { ExecutionContext } from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import type { LicenceDeps } from '../../src/api/routes/licences.ts';
import { openLicences } from '../../src/control/licences.ts';
import type { Licences } from '../../src/control/licences.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Issuer } from '../../src/site/signed-text.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { createIssuer, licenceOf } from '../support/licences.ts';
import type { TestIssuer } from '../support/licences.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';
import type { PeerRecord } from '../../src/site/peer.ts';

export const ISSUER: TestIssuer = createIssuer();
export const STRANGER: TestIssuer = createIssuer();
export const DAY = 86_400_000;
/** The fake clock begins on 2026-01-01. */
export const NEXT_WEEK = '2026-01-08T00:00:00Z';
export const HOST: PeerRecord = peerOf(9, { mode: 'host', managesUs: true, name: 'Head' });
export const SPARES: readonly PeerRecord[] = [
  peerOf(4, { mode: 'failover' }),
  peerOf(5, { mode: 'failover' }),
  peerOf(6, { mode: 'failover' }),
];
export const RECORDERS: readonly PeerRecord[] = [peerOf(2), peerOf(3)];

export type Rig = {
  readonly settings: MemorySettings;
  readonly clock: FakeClock;
  readonly entries: NewActivity[];
  licences: Licences;
  issuers: readonly Issuer[];
  turned: number;
  readonly add: (text: string, serverId?: string) => Promise<string>;
  /** The process ends and begins anew, over the same files. */
  readonly restart: (monotonic?: number) => Promise<void>;
};
export async function rigOf(given: Parameters<typeof memorySettings>[0] = {}): Promise<Rig> {
  const settings = memorySettings(given);
  const clock = createFakeClock();
  const entries: NewActivity[] = [];
  const rig = { settings, clock, entries, issuers: [ISSUER] as readonly Issuer[], turned: 0 };
  const open = async (): Promise<Licences> =>
    await openLicences({
      settings,
      readIssuers: async () => await Promise.resolve(rig.issuers),
      activity: { record: (entry) => entries.push(entry) },
      clock,
      log: silentLog,
    });
  const whole: Rig = Object.assign(rig, {
    licences: await open(),
    add: async (licence: string, serverId?: string) =>
      (await apiOf(whole).add({ licence, ...(serverId === undefined ? {} : { serverId }) }, 'olga')).id,
    restart: async () => {
      await whole.licences.stop();
      whole.licences = await open();
      whole.licences.onTurn(() => (whole.turned += 1));
    },
  });
  whole.licences.onTurn(() => (whole.turned += 1));
  return whole;
}
export const apiOf = ({ licences }: Rig): LicenceDeps =>
  licences.api({ covered: (id) => (id === serverIdOf(4) ? 2 : undefined) });
export const seatsOf = ({ licences }: Rig, ...digits: readonly number[]): readonly number[] =>
  digits.map((digit) => licences.coverSeatsOf(serverIdOf(digit)));
export async function refused(
  t: ExecutionContext,
  work: Promise<unknown>,
  code: string,
  message: RegExp,
): Promise<void> {
  const error = await t.throwsAsync(work, { instanceOf: UnderstudyError, code });
  t.regex(error?.message ?? '', message);
}

/** More seats under the old signature. */
export const altered = (text: string): string => {
  const [head, , signature] = text.split('.');
  const terms = licenceOf(ISSUER, { seats: { coveredCameras: 9000 } }).split('.')[1];
  return [head, terms, signature].join('.');
};
