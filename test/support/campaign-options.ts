/** Options of a campaign's command line; a wrong one is answered with those that there are. */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import type { ParseArgsOptionsConfig } from 'node:util';
import { messageOf } from '../../src/core/errors.ts';

type Parsed<O extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: O }>>['values'];

/** Ends the process with 2 if one is wrong, or is to be a number (`--seed`, `--runs`) and is none; with 0 after `--help`. */
export function campaignOptions<const O extends ParseArgsOptionsConfig>(options: O): Parsed<O> {
  const name = basename(process.argv[1] ?? '', '.ts');
  const usage = `./build.sh campaign ${name} ${Object.entries(options).map(wordsOf).join(' ')}`;
  if (process.argv.includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    const { values } = parseArgs<{ options: O }>({ options });
    checkNumbers(values);
    return values;
  } catch (error) {
    console.error(`${name}: ${messageOf(error)}\n${usage}`);
    return process.exit(2);
  }
}

/** @throws TypeError */
function checkNumbers(values: object): void {
  for (const [key, value] of Object.entries(values))
    if (['seed', 'runs'].includes(key) && !/^\d+$/.test(String(value)))
      throw new TypeError(`--${key} takes a whole number, not ${String(value)}`);
}

const wordsOf = ([name, { type, default: given }]: [string, ParseArgsOptionsConfig[string]]): string =>
  `[--${name}${type === 'boolean' ? '' : ` ${given === undefined ? 'VALUE' : String(given)}`}]`;
