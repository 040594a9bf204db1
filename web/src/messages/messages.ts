/** Every string the UI says comes from one table per language. English is built in; others load when chosen. */
import { signal } from '@preact/signals';
import { en } from './en.ts';

export type MessageKey = keyof typeof en;
export type Messages = Readonly<Record<MessageKey, string>>;
export type Language = 'en' | 'de';
export const LANGUAGES: readonly (readonly [Language, string])[] = [
  ['en', 'English'],
  ['de', 'Deutsch'],
];

const table = signal<Messages>(en);
export const language = signal<Language>('en');

const STORED = 'understudy.language';

/** The message, with `{name}` places filled. */
export function t(key: MessageKey, values: Readonly<Record<string, string | number>> = {}): string {
  return table.value[key].replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A message whose key is made from data (a cause, a state); falls back to the data itself, which is at least honest. */
export function tOr(key: string, fallback: string): string {
  return key in table.value ? t(key as MessageKey) : fallback;
}

/** `one` or `many` by the count, which fills `{n}`. */
export const plural = (n: number, one: MessageKey, many: MessageKey): string => t(n === 1 ? one : many, { n });

export async function setLanguage(next: Language): Promise<void> {
  table.value = next === 'de' ? (await import('./de.ts')).de : en;
  language.value = next;
  document.documentElement.lang = next;
  localStorage.setItem(STORED, next);
}

export async function startLanguage(): Promise<void> {
  const stored = localStorage.getItem(STORED);
  const wanted = stored ?? navigator.language.slice(0, 2);
  if (wanted === 'de') await setLanguage('de');
}
