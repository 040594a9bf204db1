/** The policy of the site as fields of a form. Empty: left to each server, or to each camera. Pure. */
import type { SiteChange, SiteView } from '../../../api/protection.ts';
import { changedFields, type Draft } from './draft.ts';

export const POLICY_FLAGS = ['automaticTakeover', 'automaticRestore'] as const;
export const POLICY_CHOICES = ['footagePolicy', 'shortagePolicy'] as const;
export const LEVELLED = ['high', 'medium', 'low'] as const;
export const levelField = (priority: (typeof LEVELLED)[number]): string => `level.${priority}`;

type Policy = SiteView['policy'];
export function policyDraftOf(policy: Policy): Draft {
  const flag = (value: boolean | undefined): string => (value === undefined ? '' : value ? 'yes' : 'no');
  return Object.fromEntries([
    ...POLICY_FLAGS.map((name) => [name, flag(policy[name])]),
    ...POLICY_CHOICES.map((name) => [name, policy[name] ?? '']),
    ...LEVELLED.map((priority) => [levelField(priority), policy.standbyLevels[priority] ?? '']),
  ]) as Draft;
}

export function policyChangeOf(before: Draft, draft: Draft): SiteChange {
  const changed = changedFields(before, draft);
  const orNull = (text: string): string | null => (text === '' ? null : text);
  const value = (name: string): unknown => {
    const text = draft[name] ?? '';
    return POLICY_FLAGS.some((flag) => flag === name) && text !== '' ? text === 'yes' : orNull(text);
  };
  const own = changed.filter((name) => !name.startsWith('level.'));
  const levels = changed.filter((name) => name.startsWith('level.'));
  return {
    policy: {
      ...(Object.fromEntries(own.map((name) => [name, value(name)])) as NonNullable<SiteChange['policy']>),
      ...(levels.length === 0
        ? {}
        : { standbyLevels: Object.fromEntries(levels.map((name) => [name.slice('level.'.length), value(name)])) }),
    },
  };
}
