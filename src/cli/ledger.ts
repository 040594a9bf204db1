/** `understudy ledger`: every second of a camera in a range: recorded, missing with its cause, or not expected; over the whole site. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { ledger as ledgerShape } from '../api/contract/footage.ts';
import { cameraMeant } from './camera-names.ts';
import { rangeIn, withRange } from './exports.ts';
import { apiOf, EXIT_PROBLEM } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson, secondsText } from './text-output.ts';

type Ledger = z.infer<typeof ledgerShape>;
type Options = ServerOptions & { readonly start: string; readonly end: string; readonly stream: string };

export function registerLedger(program: Command): void {
  withRange(
    program
      .command('ledger')
      .description('what of a camera was recorded, by whom, and what is missing and why; exit 1 if something is')
      .argument('<camera>', 'name or id'),
  ).action(ledger);
}

async function ledger(meant: string, options: Options): Promise<void> {
  const query = new URLSearchParams(rangeIn(options)).toString();
  const api = await apiOf('ledger', options);
  const id = encodeURIComponent(await cameraMeant(api, meant));
  // Through a host another server is asked for what it knows itself.
  const where = options.at === undefined ? '/site/cameras' : '/cameras';
  const found = (await api.call('GET', `${where}/${id}/ledger?${query}`)) as Ledger;
  if (options.json === true) printJson(found);
  else {
    const { recorded, returned, missing, notExpected } = found.totals;
    const rows = found.spans.map((span) => [
      span.start,
      span.end,
      span.state,
      span.cause,
      span.recordedBy,
      span.detail,
    ]);
    process.stdout.write(columnsOf(rows));
    const parts = { recorded, 'came home': returned, missing, 'not expected': notExpected };
    print(
      Object.entries(parts)
        .map(([word, seconds]) => `${secondsText(seconds)} ${word}`)
        .join(', '),
    );
  }
  if (found.totals.missing > 0) process.exitCode = EXIT_PROBLEM;
}
