/** The sentence of an incident in English: for the command line, the log, and whoever reads the API without words of their own. */
import { assertNever } from '../core/errors.ts';
import type { MissingCause } from '../ledger/causes.ts';
import type { CoverReason } from './cover-reasons.ts';
import { wordsOf } from './draft.ts';
import type { Statement } from './incident-sentence.ts';

export type Words = {
  /** The protected server, and the one that covered it. */
  readonly server: string;
  readonly by: string;
  /** `10:02:11`, in the time zone of who reads it. */
  readonly timeOf: (at: number) => string;
};
type Of<Kind extends Statement['kind']> = Extract<Statement, { readonly kind: Kind }>;

export const englishOf = (sentence: readonly Statement[], words: Words): string =>
  sentence.map((statement) => wordsOfStatement(statement, words)).join(' ');

function wordsOfStatement(statement: Statement, words: Words): string {
  const { server, by, timeOf } = words;
  switch (statement.kind) {
    case 'failed':
      return `${server} ${failedWords(statement.cause)} ${timeOf(statement.at)}: ${wordsOf(statement.cause)}.`;
    case 'covered':
      return coveredWords(statement, words);
    case 'still-covered':
      return `${by} still records ${plural(statement.cameras, 'camera')}.`;
    case 'restored':
      return `Restored ${timeOf(statement.at)}${returnedWords(statement)}.`;
    case 'coming-home':
      return `${plural(statement.files, 'file')} with ${megabytes(statement.bytes)} of footage came home so far.`;
    case 'kept':
      return `${duration(statement.ms)} of footage stay on ${by}.`;
    case 'missing':
      return `Missing: ${statement.cameras.map(lackWords).join('; ')}${moreWords(statement.more)}.`;
    case 'not-covered':
      return `Not recorded now: ${statement.cameras.map(lackWords).join('; ')}${moreWords(statement.more)}.`;
    case 'nothing-missing':
      return 'Nothing is missing.';
    case 'missing-later':
      return 'What is missing is known when its footage is back.';
    case 'not-told':
      return `${server} did not say what is missing of ${plural(statement.cameras, 'camera')}.`;
    default:
      return assertNever(statement);
  }
}

/** Up to the time. */
function failedWords(cause: CoverReason): string {
  if (cause === 'manual') return 'was taken over at';
  if (cause === 'planned' || cause === 'shutdown') return 'was stopped at';
  if (cause.startsWith('stream-')) return 'lost a camera at';
  return cause === 'resumed' ? 'was not heard since' : 'stopped';
}

function coveredWords({ cameras, of, from, gapless }: Of<'covered'>, { by, timeOf }: Words): string {
  if (of === 0) return 'It had no cameras to cover.';
  if (cameras === 0 || from === undefined) return `${by} covered none of ${plural(of, 'camera')}.`;
  return `${by} covered ${cameras} of ${plural(of, 'camera')} from ${timeOf(from)}${gapless ? ' without a gap' : ''}.`;
}

const returnedWords = ({ returned }: Of<'restored'>): string =>
  returned === undefined ? '' : `, ${percent(returned)} returned`;
const lackWords = ({ name, ms, cause }: Of<'missing'>['cameras'][number]): string =>
  `${name}, ${duration(ms)}${cause === undefined ? '' : `, ${causeWords(cause)}`}`;
const causeWords = (cause: MissingCause): string =>
  cause === 'not-covered-priority' ? 'priority Never' : cause.replaceAll('-', ' ');
const moreWords = (more: number): string => (more === 0 ? '' : `; and ${plural(more, 'more camera')}`);

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
/** Not 100 % while anything is left, nor 0 % once something came. */
function percent(part: number): string {
  if (part >= 1 || part <= 0) return `${part * 100} %`;
  return `${Math.min(99.9, Math.max(0.1, part * 100)).toFixed(1)} %`;
}
/** `0.4 s`, from a minute on `01:13:00`. */
function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}
