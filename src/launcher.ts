/**
 * Which release `bin/understudy serve` starts, and whether a new one works. Ends at once; no recorder runs in it.
 *
 *   launcher choose DATA ROOT        prints the folder to start from, and `trial` behind it if somebody has to watch
 *   launcher watch DATA PID          watches the release that PID runs until it has shown that it works; ends it in time if it does not
 *
 * It is always that of the package: a new release cannot break the way back.
 */
import { systemClock } from './core/clock.ts';
import { messageOf } from './core/errors.ts';
import { durationMs } from './core/units.ts';
import { startTicksOf } from './supervisor/instance.ts';
import { isUnpacked, readReleaseState, unpackedIn, versionIn, writeReleaseState } from './updates/release-folder.ts';
import { choose, rolledBack, TRIAL_MS } from './updates/release-state.ts';

/** Control says itself at `TRIAL_MS` that it does not work; this is for one that does not come so far. */
const PATIENCE_MS: number = TRIAL_MS + 30_000;
/** From SIGTERM to SIGKILL: control may take 25 s and media 15 (supervisor.ts). */
const STOP_MS = 45_000;
const LOOK_MS = 250;
const EXIT_USED_WRONGLY = 2;
/** Read by bin/understudy. */
const EXIT_ENDED = 75;
const EXIT_GONE = 76;

function chooseRelease(dataDir: string, root: string): string {
  try {
    const before = readReleaseState(dataDir);
    const isThere = (version: string): boolean => isUnpacked(dataDir, version);
    const { version, isTrial, state } = choose(before, { packaged: versionIn(root), isThere, now: systemClock.now() });
    if (state !== before) writeReleaseState(dataDir, state);
    return version === undefined ? root : `${unpackedIn(dataDir, version)}${isTrial ? '\ntrial' : ''}`;
  } catch (error) {
    // A try that cannot be counted is none: what was installed needs no note.
    process.stderr.write(`understudy: releases cannot be read (${messageOf(error)}); starting what was installed\n`);
    return root;
  }
}

/** The exit code: 0, it works; `EXIT_ENDED`, it did not, and was ended; `EXIT_GONE`, it ended before it had shown it. */
async function watch(dataDir: string, pid: number): Promise<number> {
  const { active } = readReleaseState(dataDir);
  const ticks = startTicksOf(pid);
  const runs = (): boolean => ticks !== '' && startTicksOf(pid) === ticks;
  const isOpen = (): boolean => {
    const now = readReleaseState(dataDir).active;
    return now !== undefined && now.version === active?.version && !now.confirmed;
  };
  const until = systemClock.monotonic() + PATIENCE_MS;
  while (runs() && isOpen() && systemClock.monotonic() < until) await systemClock.sleep(durationMs(LOOK_MS));
  if (!isOpen()) return 0;
  if (!runs()) return EXIT_GONE;
  await end(pid, runs);
  // It may have shown it at the last moment; nobody writes any more.
  if (isOpen()) writeReleaseState(dataDir, rolledBack(readReleaseState(dataDir), systemClock.now(), SILENT));
  return EXIT_ENDED;
}
const SILENT = `It did not show within ${PATIENCE_MS / 1000} seconds that it works.`;

async function end(pid: number, runs: () => boolean): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const until = systemClock.monotonic() + STOP_MS;
  while (runs() && systemClock.monotonic() < until) await systemClock.sleep(durationMs(LOOK_MS));
  if (runs()) process.kill(pid, 'SIGKILL');
  while (runs()) await systemClock.sleep(durationMs(LOOK_MS));
}

const [what, dataDir = '', rootOrPid = ''] = process.argv.slice(2);
if (what === 'choose' && rootOrPid !== '') process.stdout.write(`${chooseRelease(dataDir, rootOrPid)}\n`);
else if (what === 'watch' && Number(rootOrPid) > 1) process.exitCode = await watch(dataDir, Number(rootOrPid));
else {
  process.stderr.write('understudy: launcher choose DATA ROOT, or launcher watch DATA PID\n');
  process.exitCode = EXIT_USED_WRONGLY;
}
