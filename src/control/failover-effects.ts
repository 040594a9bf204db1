/**
 * What the effects of the failover machine lead to: covering, questions to the protected server, footage on its way home,
 * incidents, the log. Belongs here: one effect, one call. Does not: when they come (failover/machine.ts), how they are done.
 */
import type { ActivityLog } from '../api/activity.ts';
import { assertNever, messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { epochMs } from '../core/units.ts';
import { keyOf } from '../failover/cover-reasons.ts';
import type { StreamRef } from '../failover/cover-reasons.ts';
import type { Effect, HandoverAnswer, Happening, Relieved, State } from '../failover/machine-types.ts';
import type { FailoverSettings } from '../site/failover-settings.ts';
import type { RestorationOrder } from '../restoration/restoration-types.ts';
import type { Covering } from './covering.ts';
import type { Incidents } from './incidents.ts';

export type FailoverEffectsDeps = {
  readonly covering: Pick<Covering, 'want' | 'release'>;
  readonly incidents: Pick<Incidents, 'apply'>;
  readonly stateOf: (serverId: string) => State | undefined;
  readonly tell: (serverId: string, happening: Happening) => boolean;
  /** `handover.confirm` to the protected server. */
  readonly askHandover: (serverId: string, streams: readonly StreamRef[]) => Promise<HandoverAnswer>;
  readonly beginRestoration: (incident: string, order: RestorationOrder) => void;
  readonly failover: () => Pick<FailoverSettings, 'footagePolicy' | 'transport'>;
  readonly nameOf: (serverId: string) => string;
  readonly onTakeover: (serverId: string) => void;
  /** Nothing is covered any more: the incident ends with its last restoration, or now if there is none. */
  readonly onRestoring: (serverId: string, incident: string) => void;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly log: Log;
};
export type FailoverEffects = {
  readonly carryOut: (serverId: string, effect: Effect) => void;
  /** `handover.request` of a protected server, which stops within `holdMs`: resolves with the streams that are covered, and those that are not yet. @throws peer/not-yours, handover/again */
  readonly handOver: (serverId: string, holdMs?: number) => Promise<Relieved>;
};

export function createFailoverEffects(deps: FailoverEffectsDeps): FailoverEffects {
  /** By server: the machine answers its newest question only. */
  const waiting = new Map<string, Question>();
  let asked = 0;
  return {
    handOver: async (serverId, holdMs) => {
      asked += 1;
      const id = `handover-${asked}`;
      waiting.get(serverId)?.giveUp(superseded());
      const { promise, resolve: answer, reject: giveUp } = Promise.withResolvers<Relieved>();
      waiting.set(serverId, { id, answer, giveUp });
      if (!deps.tell(serverId, { kind: 'handover-asked', id, holdMs })) giveUp(notProtected());
      return await promise.finally(() => {
        if (waiting.get(serverId)?.id === id) waiting.delete(serverId);
      });
    },
    carryOut: (serverId, effect) => {
      if (effect.kind !== 'handover-ready') return carryOut(deps, serverId, effect);
      const question = waiting.get(serverId);
      const { covered, missing } = effect;
      if (question?.id === effect.id) question.answer({ covered, missing });
    },
  };
}

type Question = {
  readonly id: string;
  readonly answer: (relieved: Relieved) => void;
  readonly giveUp: (error: UnderstudyError) => void;
};
const superseded = (): UnderstudyError =>
  new UnderstudyError('conflict', 'handover/again', 'The server asked again before the first question was answered.');
const notProtected = (): UnderstudyError =>
  new UnderstudyError('forbidden', 'peer/not-yours', 'This server does not protect the one that asks.');

function carryOut(
  deps: FailoverEffectsDeps,
  serverId: string,
  effect: Exclude<Effect, { kind: 'handover-ready' }>,
): void {
  switch (effect.kind) {
    case 'cover':
      return cover(deps, serverId, effect.streams);
    case 'release':
      return deps.covering.release(serverId, effect.streams, effect.why);
    case 'confirm-handover':
      return ask(deps, serverId, effect);
    case 'declare-takeover':
    case 'end-takeover':
      return deps.onTakeover(serverId);
    case 'restore-footage': {
      const { footagePolicy: policy, transport } = deps.failover();
      const { incident, streams, from: start, to: end } = effect;
      return deps.beginRestoration(incident, { serverId, streams, start, end, policy, transport });
    }
    case 'log': {
      const { severity, code, message } = effect;
      return deps.activity.record({ severity, code, message: `${deps.nameOf(serverId)}: ${message}` });
    }
    case 'incident':
      deps.incidents.apply(effect.change);
      if (effect.change.kind === 'restoring') deps.onRestoring(serverId, effect.change.incident);
      return;
    default:
      return assertNever(effect);
  }
}

function cover({ covering, stateOf }: FailoverEffectsDeps, serverId: string, streams: readonly StreamRef[]): void {
  const wanted = stateOf(serverId)?.wanted ?? {};
  const lostFromOf = (stream: StreamRef): number => wanted[keyOf(stream)]?.lostFrom ?? epochMs(0);
  for (const [lostFrom, together] of Map.groupBy(streams, lostFromOf)) covering.want(serverId, together, lostFrom);
}

function ask(deps: FailoverEffectsDeps, serverId: string, effect: Extract<Effect, { kind: 'confirm-handover' }>): void {
  const { ask: number, streams } = effect;
  deps.askHandover(serverId, streams).then(
    (answer) => deps.tell(serverId, { ...answer, kind: 'confirmed', ask: number }),
    (error: unknown) => deps.log.debug('no answer about a hand-over', { serverId, reason: messageOf(error) }),
  );
}
