/**
 * Which release `bin/understudy serve` starts, and whether a new one works. Ends at once; no recorder runs in it.
 *
 *   launcher choose DATA ROOT        prints the folder to start from, and `trial` behind it if somebody has to watch
 *   launcher watch DATA PID          watches the release that PID runs until it has shown that it works; ends it in time if it does not
 *
 * It is always that of the package: a new release cannot break the way back.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from './core/clock.ts';
import { messageOf } from './core/errors.ts';
import { durationMs } from './core/units.ts';
import { readStatus, startTicksOf } from './supervisor/instance.ts';
import { isUnpacked, readReleaseState, unpackedIn, versionIn, writeReleaseState } from './updates/release-folder.ts';
import { choose, LATER_TRIAL_MS, rolledBack } from './updates/release-state.ts';
import type { ReleaseState } from './updates/release-state.ts';
import { isOlder } from './site/version.ts';

/** Until its API is there (`run/http.json`); from then on control says itself whether it works, unless it hangs. */
const UP_WITHIN_MS = 90_000;
const VERDICT_WITHIN_MS: number = UP_WITHIN_MS + LATER_TRIAL_MS + 30_000;
/** From SIGTERM to SIGKILL: control may take 25 s and media 15 (supervisor.ts). */
const STOP_MS = 45_000;
const LOOK_MS = 250;
const EXIT_USED_WRONGLY = 2;
/** Read by bin/understudy. */
const EXIT_ENDED = 75;
const EXIT_GONE = 76;

function chooseRelease(dataDir: string, root: string): string {
  let state: ReleaseState | undefined;
  try {
    state = readReleaseState(dataDir);
    // Whoever is started beside it ends by itself: that is no try.
    if (isRunning(dataDir)) return root;
    const isThere = (version: string): boolean => isUnpacked(dataDir, version);
    const chosen = choose(state, { packaged: versionIn(root), isThere, now: systemClock.now() });
    if (chosen.state !== state) writeReleaseState(dataDir, chosen.state);
    if (chosen.version === undefined) return root;
    return `${unpackedIn(dataDir, chosen.version)}${chosen.isTrial ? '\ntrial' : ''}`;
  } catch (error) {
    // A try that cannot be counted is none.
    process.stderr.write(`understudy: which release is to run cannot be noted: ${messageOf(error)}\n`);
    return beforeOf(dataDir, root, state);
  }
}

/** What has shown that it works, or else the package; nothing is noted. */
function beforeOf(dataDir: string, root: string, state: ReleaseState | undefined): string {
  const { version, confirmed, before } = state?.active ?? {};
  const known = confirmed === true ? version : before;
  const isUsable = known !== undefined && isOlder(versionIn(root), known) && isUnpacked(dataDir, known);
  return isUsable ? unpackedIn(dataDir, known) : root;
}

function isRunning(dataDir: string): boolean {
  const pid = readStatus(dataDir)?.pid;
  if (pid === undefined || startTicksOf(pid) === '') return false;
  return textOf(`/proc/${pid}/cmdline`).includes('supervisor');
}

/** The exit code: 0, it works; `EXIT_ENDED`, it did not, and was ended; `EXIT_GONE`, it ended before it had shown it. */
async function watch(dataDir: string, pid: number): Promise<number> {
  const clock = systemClock;
  const version = readReleaseState(dataDir).active?.version;
  const [ticks, parent, since, sinceWall] = [startTicksOf(pid), process.ppid, clock.monotonic(), clock.now()];
  const runs = (): boolean => ticks !== '' && startTicksOf(pid) === ticks;
  const stand = (): 'open' | 'works' | 'given-up' => {
    const { active } = readReleaseState(dataDir);
    if (active?.version !== version) return 'given-up';
    return active?.confirmed === true ? 'works' : 'open';
  };
  const isInTime = (): boolean => {
    const elapsed = clock.monotonic() - since;
    return elapsed < (isUp(dataDir, sinceWall) ? VERDICT_WITHIN_MS : UP_WITHIN_MS);
  };
  while (runs() && stand() === 'open' && isInTime()) {
    await clock.sleep(durationMs(LOOK_MS));
    // Nobody would start the one before: a shell that was killed.
    if (process.ppid !== parent) return EXIT_GONE;
  }
  if (stand() === 'works') return 0;
  if (!runs()) return EXIT_GONE;
  // One that gave up by itself is given the time to stop.
  await end(pid, runs, stand() === 'given-up');
  try {
    // It may have shown it at the last moment; nobody writes any more.
    if (stand() === 'open') writeReleaseState(dataDir, rolledBack(readReleaseState(dataDir), clock.now(), SILENT));
  } catch (error) {
    // The next start counts the try, or starts the one before.
    process.stderr.write(`understudy: that a release did not work was not noted: ${messageOf(error)}\n`);
  }
  return EXIT_ENDED;
}
const SILENT = 'It did not show in time that it works.';

/** Control of this run listens. The wall clock may be set meanwhile: then it has less time. */
function isUp(dataDir: string, sinceWall: number): boolean {
  const path = join(dataDir, 'run', 'http.json');
  return existsSync(path) && statSync(path).mtimeMs >= sinceWall;
}

async function end(pid: number, runs: () => boolean, isStopping: boolean): Promise<void> {
  if (!isStopping) signal(pid, 'SIGTERM');
  const until = systemClock.monotonic() + STOP_MS;
  while (runs() && systemClock.monotonic() < until) await systemClock.sleep(durationMs(LOOK_MS));
  if (runs()) signal(pid, 'SIGKILL');
  while (runs()) await systemClock.sleep(durationMs(LOOK_MS));
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const [what, folder = '', rootOrPid = ''] = process.argv.slice(2);
const dataDir = resolve(folder);
if (what === 'choose' && rootOrPid !== '') process.stdout.write(`${chooseRelease(dataDir, rootOrPid)}\n`);
else if (what === 'watch' && Number(rootOrPid) > 1) process.exitCode = await watch(dataDir, Number(rootOrPid));
else {
  process.stderr.write('understudy: launcher choose DATA ROOT, or launcher watch DATA PID\n');
  process.exitCode = EXIT_USED_WRONGLY;
}
