/**
 * What is said of a protected server that could not be covered well from here, beside its cameras: in the activity log and in the health,
 * with what to do. Pure. Room is this server's own: said once for all servers that it is too little for.
 * Clocks have an alarm of their own, which does not wait for a check (clock-words.ts).
 */
import type { NewActivity } from '../api/activity.ts';
import type { HealthItem } from '../api/contract/server.ts';
import { isoOf } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import type { CheckResult, Unfit } from '../cover/server-readiness.ts';

type Check = CheckResult['check'];
const WHAT: Readonly<Record<Check, string>> = {
  space: 'room for footage',
  version: 'versions',
  clock: 'clocks',
  backup: 'settings backup',
  suitability: 'hardware',
};
const REMEDY: Readonly<Record<Check, string>> = {
  space: 'See that the volumes that covered cameras are recorded to are there, free room on them, or add one.',
  version: 'Update the older of the two.',
  clock: 'Set the one that is wrong, best by a time server (NTP).',
  backup: 'See that it is switched on and connected, then back up its settings by hand.',
  suitability: 'Take that hardware out of it, or let another server record these cameras.',
};

export function readinessNews(
  changes: readonly CheckResult[],
  nameOf: (serverId: string) => string,
): readonly NewActivity[] {
  return groupsOf(changes.filter(isToldHere)).map(({ first, group }) => ({
    severity: first.ok ? 'info' : 'warning',
    code: first.ok ? 'readiness-recovered' : 'readiness-failed',
    message: wordsOf(first, namesOf(group, nameOf)),
  }));
}

export function readinessHealth(unfit: readonly Unfit[], nameOf: (serverId: string) => string): readonly HealthItem[] {
  return groupsOf(unfit.filter(isToldHere)).map(({ first, group }) => ({
    code: 'readiness-failed',
    severity: 'warning',
    message: wordsOf(first, namesOf(group, nameOf)),
    since: isoOf(epochMs(Math.min(...group.map(({ since }) => since)))),
  }));
}

const isToldHere = ({ check }: CheckResult): boolean => check !== 'clock';
const namesOf = (group: readonly CheckResult[], nameOf: (serverId: string) => string): string =>
  group.map(({ serverId }) => nameOf(serverId)).join(', ');

function wordsOf({ check, ok, message }: CheckResult, names: string): string {
  if (ok) return `This server is fit again to cover ${names} (${WHAT[check]}): ${message}`;
  return `This server is not fit to cover ${names} (${WHAT[check]}): ${message} ${REMEDY[check]}`;
}

type Group<Result> = { readonly first: Result; readonly group: readonly Result[] };
function groupsOf<Result extends CheckResult>(results: readonly Result[]): readonly Group<Result>[] {
  const keyOf = ({ check, ok, serverId, message }: Result): string =>
    `${check} ${ok} ${check === 'space' ? message : serverId}`;
  return [...Map.groupBy(results, keyOf).values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ first, group }];
  });
}
