/**
 * `understudy release`: makes a signed release of a folder, for whoever builds one (`./build.sh release`). Nothing of it talks to a server.
 */
import { existsSync } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { isoOf, systemClock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { namesIn } from '../core/folder.ts';
import { epochMs } from '../core/units.ts';
import { RELEASE_LIST_NAME, releaseListText } from '../updates/release-list.ts';
import type { ListedRelease } from '../updates/release-list.ts';
import { makeRelease } from '../updates/release-maker.ts';
import { checkBody, openRelease } from '../updates/release-reader.ts';
import { wrongUse } from './server-options.ts';
import { makeKey, privateKeyIn, publicKeyIn } from './signing-key.ts';
import { print, printJson } from './text-output.ts';

type MakeOptions = { readonly key: string; readonly out: string; readonly json?: true };

export function registerRelease(program: Command): void {
  const release = program.command('release').description('signed releases, for whoever builds them');
  release
    .command('key')
    .description('make a key that signs releases: FILE (keep it secret) and FILE.pub, which servers must trust')
    .argument('<file>', 'must not exist')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nA server trusts FILE.pub when it is in keys/release-keys.pem of its data directory.')
    .action(async (file: string, options: { readonly json?: true }) => await makeKey(file, 'releases', options));
  release
    .command('make')
    .description('pack a built folder into a release and sign it')
    .argument('<folder>', 'with dist, package.json, and the node_modules that it needs to run')
    .requiredOption('--key <file>', 'private key of `release key`')
    .requiredOption('--out <file>', 'must not exist')
    .option('--json', 'what it is, as JSON')
    .addHelpText(
      'after',
      '\nSOURCE_DATE_EPOCH (seconds) is the time that it names; the same folder, key and time make the same bytes.',
    )
    .action(make);
  release
    .command('list')
    .description(`write ${RELEASE_LIST_NAME} of a folder of releases, from which servers can fetch them`)
    .argument('<folder>', 'with files that end in .release')
    .requiredOption('--key <file>', 'public key of `release key`: each must be signed by it')
    .option('--json', 'what it lists, as JSON')
    .addHelpText(
      'after',
      `\nServers fetch from it with: understudy settings options releaseSource=https://.../${RELEASE_LIST_NAME}`,
    )
    .action(list);
}

type ListOptions = { readonly key: string; readonly json?: true };

async function list(folder: string, { key, json }: ListOptions): Promise<void> {
  const issuer = await publicKeyIn(key);
  const releases: ListedRelease[] = [];
  for (const file of (await namesIn(folder)).filter((name) => name.endsWith('.release'))) {
    const found = await openRelease(join(folder, file), [issuer]).catch((error: unknown) => {
      if (!(error instanceof UnderstudyError && error.code === 'updates/key')) throw error;
      throw wrongUse(`${file} is signed by another key than ${key}`);
    });
    await checkBody(found);
    const { version, builtAt: built } = found.release;
    if (releases.some((one) => one.version === version)) throw wrongUse(`${folder} holds ${version} twice: ${file}`);
    releases.push({ version, file: encodeURIComponent(file), bytes: found.bytes, builtAt: built });
  }
  if (releases.length === 0) throw wrongUse(`${folder} holds no file that ends in .release`);
  const path = join(folder, RELEASE_LIST_NAME);
  await writeFile(`${path}.new`, releaseListText(releases));
  await rename(`${path}.new`, path);
  if (json === true) printJson({ file: path, releases });
  else print(`${path} lists ${releases.map(({ version }) => version).join(', ')}. Put the folder on a web server.`);
}

const packageSchema = z.object({ version: z.string(), engines: z.object({ node: z.string() }) });

async function make(folder: string, { key, out, json }: MakeOptions): Promise<void> {
  if (existsSync(out)) throw wrongUse(`${out} is there already: name a new file`);
  if (!existsSync(join(folder, 'dist', 'supervisor.js')))
    throw wrongUse(`${folder} holds no dist/supervisor.js: build it first (./build.sh release does)`);
  const signer = await privateKeyIn(key, 'release key');
  const { version, engines } = await packageIn(folder);
  const node = engines.node.replace(/^[^0-9]*/, '');
  const { files } = await makeRelease({ folder, key: signer, out, version, node, builtAt: builtAt() });
  const { size: bytes } = await stat(out);
  if (json === true) printJson({ version, node, files: files.length, bytes, file: out });
  else print(`Release ${version} with ${files.length} files is in ${out} (${bytes} bytes).`);
}

/** @throws cli/usage */
async function packageIn(folder: string): Promise<z.infer<typeof packageSchema>> {
  try {
    return packageSchema.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
  } catch {
    throw wrongUse(`${folder} holds no package.json that names version and engines.node`);
  }
}

/** @throws cli/usage */
function builtAt(): string {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given === undefined || given === '') return isoOf(systemClock.now());
  if (/^\d{1,11}$/.test(given)) return isoOf(epochMs(Number(given) * 1000));
  throw wrongUse(`SOURCE_DATE_EPOCH is a number of seconds, not ${given}`);
}
