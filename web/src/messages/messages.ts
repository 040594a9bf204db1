/**
 * Every string the UI says comes from a table per language: that of the shell (en.ts, de.ts), and one of each room of pages, loaded with
 * them (`<room>/words.ts`). English is built in; others load when chosen.
 */
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

type Values = Readonly<Record<string, string | number>>;
const filled = (text: string, values: Values): string =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

/** A box of another release may tell of a cause or a state that has no words here: that one stands for itself. */
const wordOf = (words: Readonly<Record<string, string>>, key: string): string =>
  words[key] ?? key.slice(key.lastIndexOf('.') + 1);

/** The message, with `{name}` places filled. */
export const t = (key: MessageKey, values: Values = {}): string => filled(wordOf(table.value, key), values);

const rooms: (() => Promise<void>)[] = [];
/** Resolves when the words of all rooms are there in the language chosen; those that could not be loaded are asked for again. */
export const wordsReady = (): Promise<unknown> => Promise.all(rooms.map((load) => load()));

/** The words of one room of pages, in the language chosen; `german` is loaded when it is wanted. */
export function roomWords<Key extends string>(
  english: Readonly<Record<Key, string>>,
  german: () => Promise<Readonly<Record<Key, string>>>,
): {
  readonly t: (key: Key, values?: Values) => string;
  readonly tOr: (key: string, fallback: string) => string;
} {
  const words = signal(english);
  let loaded: Language = 'en';
  const load = async (): Promise<void> => {
    const wanted = language.peek();
    if (loaded === wanted) return;
    const table = wanted === 'de' ? await german() : english;
    if (wanted !== language.peek()) return;
    words.value = table;
    loaded = wanted;
  };
  rooms.push(load);
  load().catch(() => undefined); // who waits for `wordsReady` asks again, and hears of it
  return {
    t: (key, values = {}) => filled(wordOf(words.value, key), values),
    tOr: (key, fallback) => (key in words.value ? words.value[key as Key] : fallback),
  };
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
  await wordsReady();
}

export async function startLanguage(): Promise<void> {
  const stored = localStorage.getItem(STORED);
  const wanted = stored ?? navigator.language.slice(0, 2);
  if (wanted === 'de') await setLanguage('de');
}
