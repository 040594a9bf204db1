/** The words of what is said first of an incident, in the language chosen: one text a statement. What is said: src/failover/incident-sentence.ts. */
import type { Incident, Statement } from '../../api/incidents.ts';
import { t, tOr } from '../../messages/incidents/words.ts';
import { tOr as shellWord } from '../../messages/messages.ts';
import { isTwice, zoneName } from '../../timeline/zone.ts';
import { clockTime, dateAndTime, decimal, duration, shortDate, size } from '../../ui/format.ts';

type Of<Kind extends Statement['kind']> = Extract<Statement, { readonly kind: Kind }>;
type Said = Pick<Incident, 'serverName' | 'by' | 'sentence'>;
type Words = { readonly server: string; readonly by: string; readonly timeOf: (at: number) => string };

export function sentenceOf({ serverName, by, sentence }: Said): readonly string[] {
  const began = sentence.find((statement) => statement.kind === 'failed')?.at ?? 0;
  const words: Words = { server: serverName, by: by.name, timeOf: (at) => timeBeside(at, began) };
  return sentence.map((statement) => wordsOf(statement, words));
}

/** With its date only if that is not the one of `beside`; in the hour that comes twice with its zone. */
export function timeBeside(at: number, beside: number): string {
  const text = shortDate(at) === shortDate(beside) ? clockTime(at) : dateAndTime(at);
  return isTwice(at) ? `${text} ${zoneName(at)}` : text;
}

/** Why something is missing, in a table. */
export const causeText = (cause: string | undefined): string =>
  shellWord(`cause.${cause ?? 'unexplained'}`, cause ?? '');

export const reasonText = (cause: string): string => tOr(`reason.${cause}`, cause);

function wordsOf(statement: Statement, words: Words): string {
  const { server, by, timeOf } = words;
  switch (statement.kind) {
    case 'failed':
      return t(`failed.${statement.cause}`, { server, at: timeOf(statement.at) });
    case 'covered':
      return coveredWords(statement, words);
    case 'still-covered':
      return statement.cameras === 1 ? t('said.stillOne', { by }) : t('said.still', { by, n: statement.cameras });
    case 'restored':
      return restoredWords(statement, words);
    case 'coming-home':
      return t(statement.files === 1 ? 'said.comingOne' : 'said.coming', {
        n: statement.files,
        size: size(statement.bytes),
      });
    case 'kept':
      return t('said.kept', { time: duration(statement.ms / 1000), by });
    case 'missing':
      return t('said.missing', { list: lackList(statement) });
    case 'not-covered':
      return t('said.notCovered', { list: lackList(statement) });
    default:
      return restWords(statement, server);
  }
}

function restWords(statement: Of<'nothing-missing' | 'missing-later' | 'not-told'>, server: string): string {
  if (statement.kind === 'nothing-missing') return t('said.nothing');
  if (statement.kind === 'missing-later') return t('said.later');
  const { cameras } = statement;
  return t(cameras === 1 ? 'said.untoldOne' : 'said.untold', { server, n: cameras });
}

function coveredWords({ cameras, of, from, gapless }: Of<'covered'>, { by, timeOf }: Words): string {
  if (of === 0) return t('said.nothingToCover');
  if (cameras === 0 || from === undefined) return t('said.coveredNone', { by, of });
  const values = { by, n: cameras, of, at: timeOf(from) };
  if (gapless) return t(of === 1 ? 'said.gaplessOne' : 'said.gapless', values);
  return t(of === 1 ? 'said.coveredOne' : 'said.covered', values);
}

function restoredWords({ at, returned }: Of<'restored'>, { timeOf }: Words): string {
  if (returned === undefined) return t('said.restored', { at: timeOf(at) });
  return t('said.restoredPart', { at: timeOf(at), part: percent(returned) });
}

/** Never 100 % while anything is left, nor 0 % once something came. */
function percent(part: number): string {
  const shown = part >= 1 || part <= 0 ? part * 100 : Math.min(99.9, Math.max(0.1, part * 100));
  return `${decimal(shown)} %`;
}

function lackList({ cameras, more }: Pick<Of<'missing'>, 'cameras' | 'more'>): string {
  const list = cameras.map(({ name, ms, cause }) => {
    const values = { name, time: duration(ms / 1000) };
    return cause === undefined ? t('said.lackPlain', values) : t('said.lack', { ...values, cause: causeWords(cause) });
  });
  const rest = more === 0 ? [] : [t(more === 1 ? 'said.moreOne' : 'said.more', { n: more })];
  return [...list, ...rest].join('; ');
}
export const causeWords = (cause: string): string =>
  cause === 'not-covered-priority' ? t('said.never') : causeText(cause);
