/** Settings as they are typed on a command line, `name=value`, `group.name=value`, `name=` for none, and as they are printed. */
import { wrongUse } from './server-options.ts';
import { columnsOf } from './text-output.ts';

type Value = string | number | boolean | null | readonly string[];
const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ['on', true],
  ['true', true],
  ['off', false],
  ['false', false],
  ['', null],
]);
/** Settings that hold lists, separated by commas. */
const LISTS: ReadonlySet<string> = new Set(['storeVolumeIds', 'allowedHosts']);
/** Settings whose text may look like a number. */
const TEXTS: ReadonlySet<string> = new Set([
  'backupDirectory',
  'serverAddress',
  'clientAddress',
  'host',
  'share',
  'folder',
  'username',
  'domain',
  'volumeId',
  'volumeFolder',
  'name',
  'url',
  'transport',
  'fingerprint',
  'releaseSource',
]);

/** As the API takes them; what a setting may be, the server says. @throws cli/usage */
export function settingsIn(
  texts: readonly string[],
): Readonly<Record<string, Value | Readonly<Record<string, Value>>>> {
  const groups: Record<string, Record<string, Value>> = {};
  const plain: Record<string, Value> = {};
  for (const text of texts) {
    const [, group, name, value] = /^(?:([a-zA-Z]+)\.)?([a-zA-Z]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw wrongUse(`a change is written name=value, such as hotSeconds=45, not ${text}`);
    if (name === 'password') throw wrongUse('a password never stands on the command line: give --password-file FILE');
    if (group === undefined) plain[name] = valueOf(name, value);
    else (groups[group] ??= {})[name] = valueOf(name, value);
  }
  return { ...plain, ...groups };
}

function valueOf(name: string, text: string): Value {
  if (LISTS.has(name)) return text === '' ? [] : text.split(',');
  if (TEXTS.has(name)) return text === '' ? null : text;
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

/** A line for each, those of a group as `group.name`. */
export function printSettings(settings: object): void {
  const rows = Object.entries(settings).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([inner, one]) => [`${name}.${inner}`, String(one)])
      : [[name, String(value)]],
  );
  process.stdout.write(columnsOf(rows));
}
