/** The role of the host, put together: the record, its copies, taking it; over the peer channel. */
import { join } from 'node:path';
import type { SiteHostDeps } from '../api/routes/site-host.ts';
import type { HealthItem } from '../api/contract/server.ts';
import { createHostRole } from '../control/host-role.ts';
import type { HostRoleService } from '../control/host-role.ts';
import { createHostTaking } from '../control/host-taking.ts';
import type { HostTaking } from '../control/host-taking.ts';
import { hostHealth, hostView } from '../control/host-view.ts';
import type { HostViewDeps } from '../control/host-view.ts';
import { createSiteCopies, siteCopyFileSchema } from '../control/site-copy.ts';
import type { SiteCopies, SiteCopyFile } from '../control/site-copy.ts';
import { messageOf } from '../core/errors.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import type { PeerEvent, PeerNetwork } from '../peer/network-types.ts';
import { openSettingsFile } from '../settings/settings-file.ts';
import type { SettingsFile } from '../settings/settings-file.ts';
import { successorRecords } from '../site/host-records.ts';
import type { PeerIdentity, PeerRecord } from '../site/peer.ts';
import type { FailoverParts } from './failover-box.ts';

const TICK_MS = 1000;

/** What is there once the peer channel is: nothing of it is used before. */
export type HostNetwork = {
  readonly network: PeerNetwork;
  readonly describe: () => PeerIdentity;
  /** A member follows this server: it is told the rest. */
  readonly onTold: () => void;
};
export type HostSide = {
  readonly mayTell: HostRoleService['isTold'];
  /** Servers that are let in because they may become host. */
  readonly records: () => readonly PeerRecord[];
  readonly attach: (parts: HostNetwork) => AttachedHost;
};
export type AttachedHost = Running & {
  readonly review: () => void;
  readonly api: SiteHostDeps;
  readonly healthItems: () => readonly HealthItem[];
};

/** What a restart interrupted is finished when it resolves: then others may hear of this server. */
export async function composeHost(parts: FailoverParts): Promise<HostSide> {
  const { settings } = parts;
  const late: { parts?: HostNetwork } = {};
  const connected = (): readonly string[] =>
    (late.parts?.network.status() ?? []).flatMap((status) => (status.connected ? [status.peerId] : []));
  const file = await openCopies(parts);
  const copies: SiteCopies = createSiteCopies({
    ...parts,
    file,
    reachable: () => {
      const wanted = new Set(role.successors().map(({ id }) => id));
      return connected().filter((id) => wanted.has(id) && role.isTold(id));
    },
    request: async (peerId, method, params) =>
      (await late.parts?.network.request(peerId, method, params, { via: 'bulk' }))?.result,
  });
  const role = createHostRole({
    ...parts,
    copies,
    connected,
    request: async (peerId, method, params) => (await late.parts?.network.request(peerId, method, params))?.result,
    refresh: () => late.parts?.network.refresh(),
    onTold: () => {
      late.parts?.onTold();
      copies.review().catch(logged(parts, 'the documents of the site were not copied'));
    },
  });
  await role.settle();
  return {
    mayTell: role.isTold,
    records: () => successorRecords(settings.server.get(), settings.peers.get().peers),
    attach: (given) => {
      late.parts = given;
      return attach(parts, given, { role, copies, connected });
    },
  };
}

/** Beside the settings: the directory of backups may be on another disk, or be emptied by somebody. */
async function openCopies({ dataDir, clock, log }: FailoverParts): Promise<SettingsFile<SiteCopyFile>> {
  const path = join(dataDir, 'site-copy.json');
  const { file, recovery } = await openSettingsFile({
    path,
    schema: siteCopyFileSchema,
    migrations: [],
    initial: {},
    budget: new Map(),
    clock,
  });
  if (recovery !== undefined) log.warn('the copy of the site was recovered', { reason: recovery.message });
  return file;
}

type Services = {
  readonly role: HostRoleService;
  readonly copies: SiteCopies;
  readonly connected: () => readonly string[];
};
function attach(parts: FailoverParts, given: HostNetwork, services: Services): AttachedHost {
  const { settings, clock } = parts;
  const { network, describe } = given;
  const { role, copies, connected } = services;
  const taking = createHostTaking({
    ...parts,
    role,
    copies,
    connected,
    fingerprint: network.fingerprint,
    request: async (peerId, method, params, timeoutMs) =>
      (await network.request(peerId, method, params, { timeoutMs: durationMs(timeoutMs) })).result,
  });
  const review = (): void => {
    role.review().then(copies.review).catch(logged(parts, 'who is the host was not told'));
  };
  answer(network, { role, copies, taking });
  const cancels = [
    network.listen((event) => hear(event, { role, copies, taking, review })),
    clock.every(durationMs(TICK_MS), taking.tick),
  ];
  const view: HostViewDeps = {
    settings,
    describe,
    isConnected: (id) => network.statusOf(id)?.connected ?? false,
    addressOf: (id) => network.statusOf(id)?.address,
    role,
    copies,
    taking,
    now: clock.now,
  };
  return {
    review,
    api: { view: () => hostView(view), take: taking.take },
    healthItems: () => hostHealth(view),
    stop: async () => {
      for (const cancel of cancels) cancel();
      await Promise.resolve();
    },
  };
}

const logged =
  ({ log }: FailoverParts, words: string) =>
  (error: unknown): void =>
    log.warn(words, { reason: messageOf(error) });

type Hearing = Pick<Services, 'role' | 'copies'> & { readonly taking: HostTaking; readonly review: () => void };
function hear(event: PeerEvent, { role, copies, taking, review }: Hearing): void {
  if (event.kind === 'refused' || event.kind === 'key-changed') return;
  if (event.kind === 'up') {
    role.forget(event.peerId);
    copies.forget(event.peerId);
  }
  if (event.kind === 'hello') review();
  // Whoever does not watch the other beats seldom, and may tell nothing for a while.
  if (event.kind === 'hello' || event.kind === 'beat' || event.kind === 'keep-alive') taking.heard(event.peerId);
}

function answer(network: PeerNetwork, { role, copies, taking }: Omit<Hearing, 'review'>): void {
  network.handle('site.role', async ({ id, record }, params) => ({ result: await role.hear({ id, record }, params) }));
  network.handle('site.copy', async ({ id }, params) => {
    await copies.take(id, params);
    return { result: {} };
  });
  network.handle('site.host-heard', async () => await Promise.resolve({ result: taking.answer() }));
}
