/**
 * The failover machine: what one failover server (F) does about one protected server (R). Pure: one event in, the next state
 * and the effects out; times are passed in, monotonic ones decide, wall ones stand in the record.
 *
 * Belongs here: the order of things in one step, commands, resuming. Does not: hearing (facts.ts), judging (trouble.ts),
 * concluding (settle.ts), who of several failover servers records a stream (plan.ts, claims.ts), carrying effects out (watch, cover).
 *
 * States, transitions, timeouts and the invariants: docs/design/failover-machine.md.
 */
import { assertNever } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import type { EpochMs, MonotonicMs } from '../core/units.ts';
import type { FailoverSettings } from '../site/failover-settings.ts';
import { PROGRESS_SUSPICION_MS, SUSPICION_MS } from '../site/failover-settings.ts';
import type { StreamProgress } from '../wire/peer-protocol.ts';
import { keyOf } from './cover-reasons.ts';
import type { StreamKey, StreamRef } from './cover-reasons.ts';
import { log, note, update } from './draft.ts';
import type { Draft } from './draft.ts';
import type { LinkEvent } from './facts.ts';
import { MAX_STREAMS, applyLinkEvent, beginWatching } from './facts.ts';
import type { Effect, Event, Policy, State, Step, Wanted } from './machine-types.ts';
import { PLANNED_MAX_MS } from './planned.ts';
import {
  applyConfirmation,
  beginRestoring,
  closeIncident,
  endTakeover,
  openIncident,
  release,
  settle,
  wantedOf,
} from './settle.ts';

export function policyOf(settings: FailoverSettings): Policy {
  const { timeouts } = settings;
  return {
    timeouts: {
      connected: timeouts.connected * 1000,
      started: timeouts.started * 1000,
      keepAlive: timeouts.keepAlive * 1000,
      normalShutdown: timeouts.normalShutdown * 1000,
      abnormalShutdown: timeouts.abnormalShutdown * 1000,
    },
    automaticTakeover: settings.automaticTakeover,
    automaticRestore: settings.automaticRestore,
    holdDownMs: settings.holdDownSeconds * 1000,
    suspicionMs: SUSPICION_MS,
    progressMs: PROGRESS_SUSPICION_MS,
  };
}

/** Watching begins now. */
export function initialState(serverId: string, at: MonotonicMs, wall: EpochMs): State {
  return beginWatching(
    {
      serverId,
      watching: 'on',
      link: { kind: 'never', since: at },
      lastSign: at,
      lastSignWall: wall,
      graceUntil: at,
      graceUsed: false,
      instance: undefined,
      mediaDown: false,
      volumesFailed: false,
      heard: {},
      failingSince: undefined,
      roster: [],
      wanted: {},
      asked: undefined,
      asks: 0,
      nextAskAt: at,
      nextRefusalAskAt: at,
      gaveWay: {},
      takeover: undefined,
      restoreAsked: false,
      abandoned: false,
      planned: undefined,
      calmSince: undefined,
      failures: [],
      holdDown: false,
      incident: undefined,
      trouble: undefined,
      restoring: [],
    },
    at,
  );
}

/** Events come in the order in which they happened; `at` never goes back. */
export function step(state: State, event: Event, policy: Policy): Step {
  const effects: Effect[] = [];
  const draft: Draft = { state, effects, at: event.at, wall: event.wall, policy };
  apply(draft, event);
  settle(draft);
  return { state: draft.state, effects };
}

function apply(draft: Draft, event: Event): void {
  switch (event.kind) {
    case 'roster':
      return applyRoster(draft, event.streams);
    case 'cover-progress':
      return applyProgress(draft, event.streams);
    case 'confirmed':
      return applyConfirmation(draft, event);
    case 'footage-settled':
      return draft.state.restoring.includes(event.incident) ? closeIncident(draft, event.incident) : undefined;
    case 'handover-asked':
      return applyHandoverAsked(draft, event);
    default:
      if (isCommand(event.kind)) return applyCommand(draft, event.kind);
      applyLinkEvent(draft, event as LinkEvent);
      if (draft.state.watching === 'deauthorized') letGo(draft, 'deauthorized');
  }
}

function applyRoster(draft: Draft, streams: readonly StreamRef[]): void {
  const roster = streams.slice(0, MAX_STREAMS).map(({ cameraId, stream }) => ({ cameraId, stream }));
  const keys = new Set(roster.map(keyOf));
  update(draft, { roster });
  const removed = wantedOf(draft.state).filter(({ stream }) => !keys.has(keyOf(stream)));
  release(
    draft,
    removed.map(({ stream }) => stream),
    'removed',
  );
}

function applyProgress(draft: Draft, streams: readonly StreamProgress[]): void {
  const wanted: Record<StreamKey, Wanted> = { ...draft.state.wanted };
  let changed = false;
  for (const progress of streams) {
    const key = keyOf(progress);
    const entry = wanted[key];
    const covered = progress.state === 'recording' && progress.durableUntil !== undefined;
    if (entry === undefined || entry.covered === covered) continue;
    wanted[key] = { ...entry, covered };
    changed = true;
    if (!covered) continue;
    openIncident(draft, entry.reason);
    const { durableUntil = draft.wall } = progress;
    note(draft, { kind: 'first-covered', stream: entry.stream, from: epochMs(durableUntil) });
  }
  if (changed) update(draft, { wanted });
}

type HandoverAsked = Extract<Event, { readonly kind: 'handover-asked' }>;
function applyHandoverAsked(draft: Draft, { id, holdMs = PLANNED_MAX_MS }: HandoverAsked): void {
  update(draft, { planned: { id, since: draft.at, holdMs, answered: false } });
  log(draft, 'info', 'handover-asked', 'The server asks to be relieved before a planned stop.');
}

const COMMANDS = ['take-over', 'restore', 'abandon', 'enable', 'disable'] as const;
type Command = (typeof COMMANDS)[number];
const isCommand = (kind: Event['kind']): kind is Command => (COMMANDS as readonly string[]).includes(kind);

function applyCommand(draft: Draft, command: Command): void {
  switch (command) {
    case 'take-over':
      return takeOver(draft);
    case 'restore':
      return restore(draft);
    case 'abandon':
      letGo(draft, 'command');
      return update(draft, { abandoned: draft.state.trouble !== undefined });
    case 'enable':
      return update(draft, beginWatching(draft.state, draft.at));
    case 'disable':
      letGo(draft, 'disabled');
      return update(draft, { watching: 'disabled', trouble: undefined, calmSince: undefined });
    default:
      return assertNever(command);
  }
}

/** Whatever the state of R (product B8); ends by command only. */
function takeOver(draft: Draft): void {
  const { watching, takeover } = draft.state;
  if (watching !== 'on')
    return log(draft, 'warning', 'takeover-refused', 'This server is not being watched: enable it first.');
  if (takeover?.by === 'manual') return;
  update(draft, {
    takeover: { since: draft.at, sinceWall: draft.wall, by: 'manual' },
    restoreAsked: false,
    abandoned: false,
  });
  openIncident(draft, draft.state.trouble ?? 'manual');
  draft.effects.push({ kind: 'declare-takeover', by: 'manual', reason: draft.state.trouble ?? 'manual' });
  note(draft, { kind: 'takeover', by: 'manual' });
  log(draft, 'warning', 'takeover', 'Takeover by command.');
}

function restore(draft: Draft): void {
  const { takeover, trouble } = draft.state;
  if (takeover === undefined && wantedOf(draft.state).length === 0)
    return log(draft, 'info', 'restore', 'There is nothing to restore: this server is not covered.');
  // A server that asked to be relieved, and is not to be stopped after all, gets its cameras back as well.
  update(draft, { restoreAsked: true, holdDown: false, failures: [], planned: undefined });
  const words =
    trouble === undefined
      ? 'Restore by command: its cameras go back as soon as it confirms that it records them.'
      : 'Restore by command: the server is not well yet; its cameras are recorded here until it records them itself.';
  log(draft, 'info', 'restore', words);
}

function letGo(draft: Draft, why: 'command' | 'disabled' | 'deauthorized'): void {
  release(
    draft,
    wantedOf(draft.state).map(({ stream }) => stream),
    why,
  );
  endTakeover(draft);
  update(draft, { planned: undefined, asked: undefined });
  const { incident } = draft.state;
  if (incident === undefined) return;
  note(draft, { kind: 'restoring' });
  update(draft, { incident: undefined });
  if (why === 'deauthorized') closeIncident(draft, incident);
  else beginRestoring(draft, incident);
}

/** For API and pages: product row B5, and what F does. */
export type Status = {
  readonly link: 'disabled' | 'deauthorized' | 'refused' | State['link']['kind'] | 'silent';
  readonly covering: number;
  readonly takeover: State['takeover'];
  readonly trouble: State['trouble'];
};
export function statusOf(state: State): Status {
  const isSilent = state.trouble === 'silent' || state.trouble === 'keep-alives-stopped';
  return {
    link: state.watching === 'on' ? (isSilent ? 'silent' : state.link.kind) : state.watching,
    covering: wantedOf(state).length,
    takeover: state.takeover,
    trouble: state.trouble,
  };
}
