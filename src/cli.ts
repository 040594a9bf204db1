/**
 * The command line: `understudy COMMAND`. One file a command in cli/, loaded only when asked for.
 *
 * Exit: 0 done, 1 found a problem, 2 used wrongly; errors on stderr in one line.
 */
import { Command, CommanderError } from 'commander';
import { messageOf, UnderstudyError } from './core/errors.ts';

type Register = (program: Command) => void;

/** `serve` is not here: it is the supervisor, which does not load this file (bin/understudy). */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  record: async () => (await import('./cli/record.ts')).registerRecord,
  verify: async () => (await import('./cli/verify.ts')).registerVerify,
  export: async () => (await import('./cli/export.ts')).registerExport,
  cameras: async () => (await import('./cli/cameras.ts')).registerCameras,
  volumes: async () => (await import('./cli/volumes.ts')).registerVolumes,
  discover: async () => (await import('./cli/discover.ts')).registerDiscover,
  setup: async () => (await import('./cli/setup.ts')).registerSetup,
  status: async () => (await import('./cli/status.ts')).registerStatus,
  name: async () => (await import('./cli/name.ts')).registerName,
  mode: async () => (await import('./cli/mode.ts')).registerMode,
  servers: async () => (await import('./cli/servers.ts')).registerServers,
  site: async () => (await import('./cli/site.ts')).registerSite,
  takeover: async () => (await import('./cli/takeover.ts')).registerTakeover,
  restore: async () => (await import('./cli/takeover.ts')).registerRestore,
  'hand-over': async () => (await import('./cli/hand-over.ts')).registerHandOver,
  replace: async () => (await import('./cli/replace.ts')).registerReplace,
  replaced: async () => (await import('./cli/replace.ts')).registerReplaced,
  drill: async () => (await import('./cli/drill.ts')).registerDrill,
  restoration: async () => (await import('./cli/restoration.ts')).registerRestoration,
  settings: async () => (await import('./cli/settings.ts')).registerSettings,
  backup: async () => (await import('./cli/backup.ts')).registerBackup,
  updates: async () => (await import('./cli/updates.ts')).registerUpdates,
  release: async () => (await import('./cli/release.ts')).registerRelease,
  licence: async () => (await import('./cli/licence.ts')).registerLicence,
  snapshots: async () => (await import('./cli/snapshots.ts')).registerSnapshots,
  failover: async () => (await import('./cli/failover.ts')).registerFailover,
  users: async () => (await import('./cli/users.ts')).registerUsers,
  tokens: async () => (await import('./cli/tokens.ts')).registerTokens,
  exports: async () => (await import('./cli/exports.ts')).registerExports,
  ledger: async () => (await import('./cli/ledger.ts')).registerLedger,
  events: async () => (await import('./cli/events.ts')).registerEvents,
  log: async () => (await import('./cli/log.ts')).registerLog,
  incidents: async () => (await import('./cli/incidents.ts')).registerIncidents,
};

const EXIT_PROBLEM = 1;
const EXIT_USAGE = 2;

/** The exit code; what a command set in `process.exitCode` counts if it went through. */
async function run(args: readonly string[]): Promise<number> {
  const program = new Command('understudy')
    .description('Failover video recorder for NAS boxes and small embedded machines')
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  const named = COMMANDS[args[0] ?? ''];
  for (const load of named === undefined ? Object.values(COMMANDS) : [named]) (await load())(program);
  if (named === undefined)
    program.command('serve').description('run this box as a server; see understudy serve --help');
  for (const command of withChildren(program)) command.exitOverride().configureOutput({ outputError: () => undefined });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const text =
    error instanceof CommanderError && error.code === 'commander.help' ? 'no command given' : messageOf(error);
  process.stderr.write(`understudy: ${text.replace(/^error: /, '').replaceAll('\n', ' ')}\n`);
  const usage = error instanceof CommanderError || (error instanceof UnderstudyError && error.kind === 'invalid');
  return usage ? EXIT_USAGE : EXIT_PROBLEM;
}

function withChildren(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withChildren)];
}

process.exitCode = await run(process.argv.slice(2));
