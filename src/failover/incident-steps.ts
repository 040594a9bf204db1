/** What happened when in an incident, in order. Pure. */
import { z } from 'zod';
import type { Incident } from './incident.ts';

export const STEP_KINDS = [
  /** The last sign of life. */
  'last-sign',
  'suspected',
  /** The first footage of the failover server of a camera that it kept ready: before the failure. */
  'kept-ready',
  /** Its first footage after the failure. */
  'covered',
  /** The last camera's first footage. */
  'all-covered',
  'taken-over',
  'server-back',
  /** The first and the last stream that was given back. */
  'handing-back',
  'handed-back',
  'takeover-ended',
  /** The last file was received. */
  'home',
  'closed',
  'remark',
] as const;
export const stepSchema = z.object({
  kind: z.enum(STEP_KINDS),
  at: z.number().describe('wall milliseconds'),
  by: z.enum(['automatic', 'manual']).optional(),
  message: z.string().optional(),
});
export type Step = z.infer<typeof stepSchema>;

export function stepsOf(incident: Incident): readonly Step[] {
  const { streams, takeover, remarks } = incident;
  const all = streams.flatMap(({ firstCovered }) => firstCovered ?? []);
  const [ready, covered] = [all.filter((at) => at <= incident.lastSign), all.filter((at) => at > incident.lastSign)];
  const released = streams.flatMap(({ releasedAt }) => releasedAt ?? []);
  const home = streams.flatMap(({ homeAt }) => homeAt ?? []);
  const isAllReleased = released.length === streams.length;
  const step = (kind: Step['kind'], at: number | undefined): readonly Step[] =>
    at === undefined ? [] : [{ kind, at }];
  const first = (times: readonly number[]): number | undefined => (times.length === 0 ? undefined : Math.min(...times));
  const last = (times: readonly number[]): number | undefined => (times.length === 0 ? undefined : Math.max(...times));
  /** Only if they differ: a moment is told once. */
  const spread = (times: readonly number[]): boolean => first(times) !== last(times);
  return [
    ...step('last-sign', incident.lastSign),
    ...step('suspected', incident.openedAt),
    ...step('kept-ready', first(ready)),
    ...step('covered', first(covered)),
    ...step('all-covered', spread(covered) ? last(covered) : undefined),
    ...(takeover === undefined ? [] : [{ kind: 'taken-over', at: takeover.at, by: takeover.by } as const]),
    ...step('server-back', incident.serverBackAt),
    ...step('handing-back', spread(released) || !isAllReleased ? first(released) : undefined),
    ...step('handed-back', isAllReleased ? last(released) : undefined),
    ...step('takeover-ended', takeover?.endedAt),
    ...step('home', last(home)),
    ...step('closed', incident.closedAt),
    ...remarks.map(({ at, message }) => ({ kind: 'remark', at, message }) as const),
  ].toSorted((a, b) => a.at - b.at);
}
