/**
 * `understudy licence key` and `licence make`: for whoever issues licences with a key of his own, and for tests. Nothing of it talks
 * to a server.
 */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { isoOf, parseIso, systemClock } from '../core/clock.ts';
import { licenceTermsSchema, signLicence } from '../site/licence.ts';
import type { LicenceTerms } from '../site/licence.ts';
import { wrongUse } from './server-options.ts';
import { makeKey, privateKeyIn, writeNew } from './signing-key.ts';
import { print, printJson } from './text-output.ts';

type MakeOptions = {
  readonly key: string;
  readonly holder: string;
  readonly id?: string;
  readonly failoverServers?: string;
  readonly coveredCameras?: string;
  readonly recordedCameras?: string;
  readonly from?: string;
  readonly expires?: string;
  readonly out?: string;
  readonly json?: true;
};

export function registerMakeLicence(licence: Command): void {
  licence
    .command('key')
    .description('make a key that signs licences: FILE (keep it secret) and FILE.pub, which servers must trust')
    .argument('<file>', 'must not exist')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nA server trusts FILE.pub when it is in keys/licence-issuers.pem of its data directory.')
    .action(async (file: string, options: { readonly json?: true }) => await makeKey(file, 'licences', options));
  licence
    .command('make')
    .description('make and sign a licence')
    .requiredOption('--key <file>', 'private key of `licence key`')
    .requiredOption('--holder <text>', 'to whom it is given')
    .option('--id <id>', 'letters, digits and dashes; default: a new one')
    .option('--failover-servers <n>', 'failover servers that may cover')
    .option('--covered-cameras <n>', 'cameras that may be covered at a time, split evenly over the failover servers')
    .option('--recorded-cameras <n>', 'cameras that the servers of the site may record')
    .option('--from <time>', 'counts from then on, such as 2027-01-01 (UTC) or 2027-01-01T00:00:00Z; default: at once')
    .option('--expires <time>', 'counts until then; a day alone counts with it (UTC); default: without end')
    .option('--out <file>', 'instead of standard output')
    .option('--json', 'with what it says, as JSON')
    .action(make);
}

async function make(options: MakeOptions): Promise<void> {
  const key = await privateKeyIn(options.key, 'licence key');
  const terms = termsOf(options);
  const text = signLicence(terms, key);
  if (options.out !== undefined) await writeNew(options.out, `${text}\n`, 0o644);
  if (options.json === true) return printJson({ licence: text, terms });
  print(options.out === undefined ? text : `Licence ${terms.id} for ${terms.holder} is in ${options.out}.`);
}

/** @throws cli/usage */
function termsOf(options: MakeOptions): LicenceTerms {
  const { holder, from, expires, id = randomUUID() } = options;
  const given = {
    failoverServers: countIn(options.failoverServers, '--failover-servers'),
    coveredCameras: countIn(options.coveredCameras, '--covered-cameras'),
    recordedCameras: countIn(options.recordedCameras, '--recorded-cameras'),
  };
  const seats = Object.fromEntries(Object.entries(given).filter(([, count]) => count !== undefined));
  const result = licenceTermsSchema.safeParse({
    version: 1,
    id,
    holder,
    issuedAt: isoOf(systemClock.now()),
    ...(from === undefined ? {} : { validFrom: instantIn(from, '--from', 'T00:00:00Z') }),
    ...(expires === undefined ? {} : { expiresAt: instantIn(expires, '--expires', 'T23:59:59.999Z') }),
    seats,
  });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw wrongUse(`this makes no licence: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}

function countIn(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw wrongUse(`${option} takes a whole number, not ${text}`);
}

/** `rest`: what a day alone is completed with. */
function instantIn(text: string, option: string, rest: string): string {
  const at = parseIso(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}${rest}` : text);
  if (at !== undefined) return isoOf(at);
  throw wrongUse(`${option} takes a day such as 2027-12-31 or a time such as 2027-12-31T18:00:00Z, not ${text}`);
}
