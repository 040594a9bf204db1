/**
 * The failure that `demo --once` plays: a recording server is killed, covered, taken over, started again, restored and given its
 * footage back; then every access unit of every camera is looked for where a person would look: in playback.
 */
import type { Clock } from '../core/clock.ts';
import { isoOf, seconds } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { killBox, until } from './demo-box.ts';
import type { Site } from './demo-site.ts';
import { fetchLedger, judgePlayed } from './footage-check.ts';
import type { CameraVerdict } from './footage-check.ts';

export type Report = {
  /** Whole, and the incident report says so too. */
  readonly passed: boolean;
  readonly isWhole: boolean;
  readonly cameras: readonly (CameraVerdict & { readonly server: string })[];
  /** Seconds from the kill until every camera had its first frame here, by the failover server's own account. */
  readonly coveredAfter: number;
  /** Seconds from the start of the killed server until all its footage was back. */
  readonly restoredAfter: number;
  readonly incident: unknown;
};
export type PlayDeps = {
  readonly site: Site;
  readonly simulator: Simulator;
  readonly clock: Clock;
  readonly tell: (line: string) => void;
};

const RECORD_SECONDS = 10;
const COVERED_SECONDS = 12;
/** The restored server records for so long before the account is made. */
const AFTER_SECONDS = 8;
const PATIENCE_MS = 180_000;

type Takeover = {
  readonly id: string;
  readonly serverId: string;
  readonly serverName: string;
  readonly state: string;
  readonly cameras: readonly { readonly covered: boolean; readonly firstFrameAt?: string }[];
};

export async function playFailure({ site, simulator, clock, tell }: PlayDeps): Promise<Report> {
  const [killed] = site.recorders;
  if (killed === undefined) throw new TypeError('the site has no recording server');
  tell(`recording for ${RECORD_SECONDS} s; all cameras are hot: the spare keeps the last seconds of each ...`);
  const start = epochMs(clock.now() + 4000);
  await clock.sleep(seconds(RECORD_SECONDS));
  const killedAt = clock.now();
  await killBox(killed.box());
  tell(`${killed.name} is killed (SIGKILL, all its processes) ...`);
  const covering = await covered(site, clock);
  const coveredAfter = (clock.now() - killedAt) / 1000;
  tell(`Spare records its ${covering.cameras.length} cameras; that took ${coveredAfter.toFixed(2)} s to be seen here.`);
  await site.failover.box().api.call('POST', '/failover/takeovers', { serverId: covering.serverId });
  tell(
    'the takeover is declared by hand (by itself it would be after five minutes); the cameras were covered at once.',
  );
  await clock.sleep(seconds(COVERED_SECONDS));
  tell(
    `${killed.name} is started again and restored by hand, as it was taken over: it records first, then Spare lets go and gives the footage back ...`,
  );
  const backAt = clock.now();
  await killed.start();
  await site.failover.box().api.call('POST', `/failover/takeovers/${covering.id}/restore`);
  await until('all footage to be back', clock, async () => await isOver(site, covering.id), PATIENCE_MS);
  const restoredAfter = (clock.now() - backAt) / 1000;
  tell(`all footage is back after ${restoredAfter.toFixed(1)} s; recording goes on for ${AFTER_SECONDS} s ...`);
  await clock.sleep(seconds(AFTER_SECONDS));
  const end = epochMs(clock.now() - 4000);
  const cameras = await judge({ site, simulator }, isoOf(start), isoOf(end));
  const isWhole = cameras.every(({ problems, missing, doubled }) => problems.length + missing + doubled === 0);
  const incident = await site.failover.box().api.call('GET', `/incidents/${covering.id}/report`);
  const isAgreed = (incident as IncidentTotals).totals.missingMs === 0;
  return { passed: isWhole && isAgreed, isWhole, cameras, coveredAfter, restoredAfter, incident };
}
type IncidentTotals = { readonly totals: { readonly missingMs: number } };

const takeoversOf = async ({ failover }: Site): Promise<readonly Takeover[]> =>
  ((await failover.box().api.call('GET', '/failover/takeovers')) as { readonly items: readonly Takeover[] }).items;

async function covered(site: Site, clock: Clock): Promise<Takeover> {
  let found: Takeover | undefined;
  await until('the spare to cover', clock, async () => {
    found = (await takeoversOf(site)).find(({ state }) => state === 'covering');
    return found !== undefined && found.cameras.length > 0 && found.cameras.every((one) => one.covered);
  });
  if (found === undefined) throw new TypeError('nothing is covered');
  return found;
}

async function isOver(site: Site, id: string): Promise<boolean> {
  return (await takeoversOf(site)).some((one) => one.id === id && one.state === 'ended');
}

async function judge(
  { site, simulator }: Pick<PlayDeps, 'site' | 'simulator'>,
  start: string,
  end: string,
): Promise<Report['cameras']> {
  const verdicts: (CameraVerdict & { readonly server: string })[] = [];
  for (const { server, cameraId, simulated } of site.cameras) {
    const camera = simulator.cameraOf(simulated);
    if (camera === undefined) continue;
    const order = { api: server.box().api, cameraId, camera, start, end };
    verdicts.push({ ...(await judgePlayed(order, await fetchLedger(order))), server: server.name });
  }
  return verdicts;
}
