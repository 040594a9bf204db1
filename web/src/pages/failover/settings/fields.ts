/** The failover settings of a server as fields of a form: limits, from settings to texts and back. Pure. */
import type { FailoverChange, FailoverSettings } from '../../../api/failover-settings.ts';
import { changedFields, type Draft } from './draft.ts';

export type Limit = { readonly min: number; readonly max: number; readonly default: number };
export const TIMEOUTS = ['connected', 'started', 'keepAlive', 'normalShutdown', 'abnormalShutdown'] as const;
export type Timeout = (typeof TIMEOUTS)[number];
/** Seconds (product B5). The box holds the same ones: `test/web/pages/failover-settings` compares both. */
export const TIMEOUT_LIMITS: Readonly<Record<Timeout, Limit>> = {
  connected: { default: 300, min: 300, max: 3600 },
  started: { default: 300, min: 300, max: 3600 },
  keepAlive: { default: 30, min: 30, max: 300 },
  normalShutdown: { default: 900, min: 300, max: 3600 },
  abnormalShutdown: { default: 300, min: 300, max: 3600 },
};
export const NUMBERS = [
  'hotSeconds',
  'holdDownSeconds',
  'probeMinutes',
  'drillDays',
  'maxChannels',
  'takeHostAfterSeconds',
] as const;
export type NumberField = (typeof NUMBERS)[number];
export const NUMBER_LIMITS: Readonly<Record<NumberField, Limit>> = {
  hotSeconds: { default: 30, min: 10, max: 120 },
  holdDownSeconds: { default: 120, min: 0, max: 3600 },
  probeMinutes: { default: 60, min: 0, max: 1440 },
  drillDays: { default: 0, min: 0, max: 365 },
  maxChannels: { default: 128, min: 1, max: 128 },
  takeHostAfterSeconds: { default: 0, min: 0, max: 86_400 },
};
/** Below it only 0, never. */
const TAKE_HOST_LEAST = 60;
const FLAGS = ['automaticTakeover', 'automaticRestore', 'oneServerAtATime', 'dailyBackup'] as const;
const CHOICES = ['shortagePolicy', 'footagePolicy', 'transport'] as const;
/** Empty: as the box does it without. */
const TEXTS = ['backupDirectory', 'serverAddress', 'clientAddress'] as const;
const BITS = 1_000_000;

export const SHORTAGE = ['by-priority', 'by-name', 'all-or-nothing'] as const;
export const FOOTAGE = ['return', 'keep', 'shared'] as const;
export const TRANSPORTS = ['direct', 'smb'] as const;

export const timeoutField = (name: Timeout): string => `timeouts.${name}`;

export function draftOf(settings: FailoverSettings): Draft {
  const entries: [string, string][] = [
    ...TIMEOUTS.map((name): [string, string] => [timeoutField(name), String(settings.timeouts[name])]),
    ...NUMBERS.map((name): [string, string] => [name, String(settings[name])]),
    ...FLAGS.map((name): [string, string] => [name, settings[name] ? 'yes' : 'no']),
    ...CHOICES.map((name): [string, string] => [name, settings[name]]),
    ...TEXTS.map((name): [string, string] => [name, settings[name] ?? '']),
    ['dailyBackupAt', settings.dailyBackupAt],
    ['storeVolumeIds', settings.storeVolumeIds.join()],
    ['restorationLimit', settings.restorationLimit === undefined ? '' : String(settings.restorationLimit / BITS)],
  ];
  return Object.fromEntries(entries);
}

/** What differs, as the API takes it. Only of a draft without problems. */
export function changeOf(before: Draft, draft: Draft): FailoverChange {
  const changed = changedFields(before, draft);
  const timeouts = TIMEOUTS.filter((name) => changed.includes(timeoutField(name)));
  const rest = changed
    .filter((name) => !name.startsWith('timeouts.'))
    .map((name) => [name, valueOf(name, draft[name] ?? '')]);
  return {
    ...(Object.fromEntries(rest) as FailoverChange),
    ...(timeouts.length === 0
      ? {}
      : { timeouts: Object.fromEntries(timeouts.map((name) => [name, Number(draft[timeoutField(name)])])) }),
  };
}

const isOneOf = (list: readonly string[], name: string): boolean => list.includes(name);
function valueOf(name: string, text: string): unknown {
  if (isOneOf(NUMBERS, name)) return Number(text);
  if (isOneOf(FLAGS, name)) return text === 'yes';
  if (name === 'storeVolumeIds') return text === '' ? [] : text.split(',');
  if (name === 'restorationLimit') return text.trim() === '' ? null : Math.round(Number(text) * BITS);
  if (name === 'dailyBackupAt') return text.trim();
  if (isOneOf(TEXTS, name)) return text.trim() === '' ? null : text.trim();
  return text;
}

export type Trouble =
  | { readonly kind: 'limits'; readonly min: number; readonly max: number }
  | { readonly kind: 'never-or'; readonly min: number; readonly max: number }
  | { readonly kind: 'positive' }
  | { readonly kind: 'time' }
  | { readonly kind: 'address' }
  | { readonly kind: 'long'; readonly max: number };

/** By field; nothing is sent while there is any. */
export function troublesOf(draft: Draft): ReadonlyMap<string, Trouble> {
  const found = new Map<string, Trouble>();
  for (const name of TIMEOUTS) limitTo(found, draft, timeoutField(name), TIMEOUT_LIMITS[name]);
  for (const name of NUMBERS) limitTo(found, draft, name, NUMBER_LIMITS[name]);
  const textOf = (name: string): string => (draft[name] ?? '').trim();
  const takeHost = Number(textOf('takeHostAfterSeconds'));
  const { max: longest } = NUMBER_LIMITS.takeHostAfterSeconds;
  if (takeHost > 0 && takeHost < TAKE_HOST_LEAST)
    found.set('takeHostAfterSeconds', { kind: 'never-or', min: TAKE_HOST_LEAST, max: longest });
  const limit = textOf('restorationLimit');
  if (limit !== '' && !(Math.round(Number(limit) * BITS) > 0)) found.set('restorationLimit', { kind: 'positive' });
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(textOf('dailyBackupAt'))) found.set('dailyBackupAt', { kind: 'time' });
  // No scheme and no port; the box looks closer.
  for (const name of ['serverAddress', 'clientAddress'])
    if (!/^[a-z0-9.:-]*$/i.test(textOf(name))) found.set(name, { kind: 'address' });
  for (const [name, max] of LENGTHS) if (textOf(name).length > max) found.set(name, { kind: 'long', max });
  return found;
}
const LENGTHS = [
  ['backupDirectory', 4096],
  ['serverAddress', 253],
  ['clientAddress', 253],
] as const;

function limitTo(found: Map<string, Trouble>, draft: Draft, name: string, { min, max }: Limit): void {
  const text = draft[name]?.trim() ?? '';
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= min && value <= max) return;
  found.set(name, { kind: 'limits', min, max });
}

/** 300 s is 5 min; what is no whole number of minutes stays in seconds. */
export function spanOf(seconds: number): { readonly n: number; readonly unit: 'seconds' | 'minutes' | 'hours' } {
  if (seconds > 0 && seconds % 3600 === 0) return { n: seconds / 3600, unit: 'hours' };
  if (seconds >= 60 && seconds % 60 === 0) return { n: seconds / 60, unit: 'minutes' };
  return { n: seconds, unit: 'seconds' };
}
