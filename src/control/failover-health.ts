/** What of failover needs the owner's attention now: servers that are covered, not reached, or could not be covered. Pure. */
import type { HealthItem } from '../api/contract/server.ts';
import { isoOf } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import type { ClockOff } from '../cover/server-clocks.ts';
import type { Unfit } from '../cover/server-readiness.ts';
import type { State } from '../failover/machine-types.ts';
import type { NotCovered } from '../failover/plan.ts';
import type { PeerRecord } from '../site/peer.ts';
import { clockOffWords } from './clock-words.ts';
import { FOOTAGE_HELD } from './known-servers.ts';
import { readinessHealth } from './readiness-words.ts';

export type FailoverHealthFacts = {
  readonly states: readonly State[];
  readonly notCovered: readonly NotCovered[];
  readonly nameOf: (serverId: string) => string;
  /** Servers that protect this one, and whether they are connected. */
  readonly watchers: readonly (Pick<PeerRecord, 'id' | 'name'> & { readonly connected: boolean })[];
  /** Servers that deauthorized this one, and what is to be said of their footage here. */
  readonly held: readonly { readonly message: string; readonly since: number }[];
  readonly backupProblemOf: (serverId: string) => string | undefined;
  /** Protected servers whose clock does not agree with this one. */
  readonly clocksOff: readonly ClockOff[];
  /** What else speaks against covering a server from here. */
  readonly unfit: readonly Unfit[];
  readonly startedAt: number;
};

export function failoverHealth(facts: FailoverHealthFacts): readonly HealthItem[] {
  const held = facts.held.map(({ message, since }): HealthItem => ({
    code: FOOTAGE_HELD,
    severity: 'error',
    message,
    since: isoOf(epochMs(since)),
  }));
  const clocks = facts.clocksOff.map(({ serverId, offsetMs, since }): HealthItem => ({
    code: 'clock-off',
    severity: 'warning',
    message: clockOffWords(facts.nameOf(serverId), offsetMs),
    since: isoOf(since),
  }));
  const unfit = readinessHealth(facts.unfit, facts.nameOf);
  const states = facts.states.flatMap((state) => stateItems(facts, state));
  return [...held, ...states, ...clocks, ...unfit, ...watcherItems(facts)];
}

function stateItems(facts: FailoverHealthFacts, state: State): readonly HealthItem[] {
  const name = facts.nameOf(state.serverId);
  const wanted = Object.values(state.wanted);
  const items: HealthItem[] = [];
  if (wanted.length > 0) {
    const since = isoOf(epochMs(Math.min(...wanted.map(({ sinceWall }) => sinceWall))));
    const cameras = new Set(wanted.map(({ stream }) => stream.cameraId)).size;
    const message = `${state.takeover === undefined ? 'This server covers' : 'This server has taken over'} ${name}: ${cameras} cameras.`;
    items.push({ code: 'covering', severity: 'warning', message, since });
    const left = facts.notCovered.filter(({ camera }) => camera.serverId === state.serverId);
    if (left.length > 0) {
      const names = left.map(({ camera }) => camera.name).join(', ');
      items.push({ code: 'not-covered', severity: 'error', message: `Nobody records ${names} of ${name}.`, since });
    }
  }
  const problem = facts.backupProblemOf(state.serverId);
  if (problem !== undefined) {
    const message = `The settings of ${name} could not be backed up: ${problem}`;
    items.push({ code: 'backup-failed', severity: 'warning', message, since: isoOf(state.lastSignWall) });
  }
  return items;
}

/** Without anybody who watches, a protected server is none. */
function watcherItems({ watchers, startedAt }: FailoverHealthFacts): readonly HealthItem[] {
  if (watchers.length === 0 || watchers.some(({ connected }) => connected)) return [];
  const names = watchers.map(({ name }) => name).join(', ');
  const message = `No failover server is connected (${names}): nobody would record in the place of this server.`;
  return [{ code: 'not-protected', severity: 'warning', message, since: isoOf(epochMs(startedAt)) }];
}
