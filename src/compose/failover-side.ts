/** The parts of the failover server's side. They need each other; none uses another before all are there. Types only. */
import type { Backups } from '../control/backups.ts';
import type { Covering } from '../control/covering.ts';
import type { Detaching } from '../control/detaching.ts';
import type { FailoverEffects } from '../control/failover-effects.ts';
import type { KnownServers } from '../control/known-servers.ts';
import type { Securing } from '../control/securing.ts';
import type { CoverService } from '../cover/cover-service.ts';
import type { Restoration } from '../restoration/restoration-types.ts';
import type { Watch } from '../watch/watch.ts';

export type Side = {
  cover: CoverService;
  covering: Covering;
  watch: Watch;
  backups: Backups;
  effects: FailoverEffects;
  known: KnownServers;
  detaching: Detaching;
  securing: Securing;
  restoration: Restoration;
};
