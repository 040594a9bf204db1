/** bin/understudy and the launcher with releases that are stubs: what is started, what ends it, and that nobody is left without a recorder. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { startTicksOf } from '../src/supervisor/instance.ts';
import { readReleaseState, writeReleaseState } from '../src/updates/release-folder.ts';
import { begun, confirmed, NO_RELEASES } from '../src/updates/release-state.ts';
import { tempDir } from './support/temp-dir.ts';
import { waitFor } from './support/wait-for.ts';

const ROOT = resolve(import.meta.dirname, '..');
const PATIENCE_MS = 60_000;

/** Writes who it is and goes on until TERM. */
const RUNS = (name: string): string => `
import { appendFileSync } from 'node:fs';
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 1000);
appendFileSync(process.env.TEST_STARTED, '${name} ' + process.pid + '\\n');
`;
const ENDS = (name: string, code: number): string => `
import { appendFileSync } from 'node:fs';
appendFileSync(process.env.TEST_STARTED, '${name} ' + process.pid + '\\n');
process.exit(${code});
`;

type Rig = {
  readonly root: string;
  readonly data: string;
  readonly started: () => Promise<readonly { readonly name: string; readonly pid: number }[]>;
  readonly serve: (...args: readonly string[]) => ChildProcess;
  /** A release that lies unpacked. */
  readonly release: (version: string, supervisor: string) => Promise<void>;
};
/** Names with blanks in them: a NAS has such. */
async function rigOf(t: ExecutionContext, packaged = RUNS('package')): Promise<Rig> {
  const folder = await tempDir(t, 'launcher');
  const [root, data, log] = [join(folder, 'the package'), join(folder, 'the data'), join(folder, 'started')];
  for (const path of ['bin', 'dist', 'node_modules/.bin']) await mkdir(join(root, path), { recursive: true });
  await mkdir(join(data, 'releases'), { recursive: true });
  await cp(join(ROOT, 'bin/understudy'), join(root, 'bin/understudy'));
  await symlink(process.execPath, join(root, 'node_modules/.bin/node'));
  await writeFile(join(root, 'package.json'), '{"version":"0.1.0","type":"module"}');
  await writeFile(join(root, 'dist/cli.js'), '');
  await writeFile(join(root, 'dist/supervisor.js'), packaged);
  await writeFile(join(root, 'dist/launcher.js'), `await import(${JSON.stringify(join(ROOT, 'src/launcher.ts'))});`);
  await writeFile(log, '');
  const started: Rig['started'] = async () =>
    (await readFile(log, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ name: line.split(' ')[0] ?? '', pid: Number(line.split(' ')[1]) }));
  const serve: Rig['serve'] = (...args) => {
    const all = args.length === 0 ? ['--data', data] : args;
    const child = spawn(join(root, 'bin/understudy'), ['serve', ...all], {
      stdio: 'ignore',
      env: { ...process.env, TEST_STARTED: log },
    });
    t.teardown(async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      for (const { pid } of await started()) if (startTicksOf(pid) !== '') process.kill(pid, 'SIGKILL');
    });
    return child;
  };
  const release: Rig['release'] = async (version, supervisor) => {
    const tree = join(data, 'releases', version);
    await mkdir(join(tree, 'dist'), { recursive: true });
    await writeFile(join(tree, 'package.json'), JSON.stringify({ version, type: 'module' }));
    await writeFile(join(tree, 'dist/supervisor.js'), supervisor);
  };
  return { root, data, started, serve, release };
}
const tryIt = ({ data }: Rig, version = '0.2.0'): void =>
  writeReleaseState(data, begun(NO_RELEASES, { version, before: '0.1.0', recorded: 0, now: 1 }));
const names = async ({ started }: Rig): Promise<string> => (await started()).map(({ name }) => name).join(' ');
const untilStarted = async (rig: Rig, wanted: string): Promise<unknown> =>
  await waitFor(wanted, async () => (await names(rig)) === wanted, PATIENCE_MS);
const codeOf = async (child: ChildProcess): Promise<number | null> =>
  child.exitCode ?? (await new Promise((done) => void child.once('exit', done)));

test('without an update the package runs, and the service ends as it ends', async (t) => {
  const rig = await rigOf(t);
  const shell = rig.serve();
  await untilStarted(rig, 'package');
  shell.kill('SIGTERM');
  t.is(await codeOf(shell), 0);
  const wrong = await rigOf(t, ENDS('package', 2));
  t.is(await codeOf(wrong.serve()), 2);
  t.is(await names(wrong), 'package');
});

test('75 starts what is chosen then; a release that works is not watched any more', async (t) => {
  const rig = await rigOf(t, ENDS('package', 75));
  await rig.release('0.2.0', RUNS('new'));
  writeReleaseState(
    rig.data,
    confirmed(begun(NO_RELEASES, { version: '0.2.0', before: '0.1.0', recorded: 0, now: 1 }), 2),
  );
  const shell = rig.serve(`--data=${rig.data}`);
  await untilStarted(rig, 'new');
  shell.kill('SIGINT');
  t.is(await codeOf(shell), 0);
});

test('one that crashes is tried twice, then the package runs', async (t) => {
  const rig = await rigOf(t);
  await rig.release('0.2.0', ENDS('new', 1));
  tryIt(rig);
  const shell = rig.serve();
  await untilStarted(rig, 'new new package');
  t.is(readReleaseState(rig.data).last?.result, 'rolled-back');
  shell.kill('SIGTERM');
  t.is(await codeOf(shell), 0);
});

test('one that gives up by itself is followed by the package', async (t) => {
  const rig = await rigOf(t);
  const state = join(rig.data, 'releases/state.json');
  const gaveUp = { format: 1, last: { from: '0.1.0', to: '0.2.0', at: 1, result: 'rolled-back', told: false } };
  await rig.release(
    '0.2.0',
    `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(state)}, ${JSON.stringify(JSON.stringify(gaveUp))});${ENDS('new', 75)}`,
  );
  tryIt(rig);
  const shell = rig.serve();
  await untilStarted(rig, 'new package');
  shell.kill('SIGTERM');
  t.is(await codeOf(shell), 0);
});

test('stopped while it is chosen what to start, and at once after: nothing runs on', async (t) => {
  for (const delayMs of [0, 20, 60, 120, 250]) {
    const rig = await rigOf(t);
    await rig.release('0.2.0', RUNS('new'));
    tryIt(rig);
    const shell = rig.serve();
    await new Promise((done) => setTimeout(done, delayMs));
    shell.kill(delayMs === 60 ? 'SIGINT' : 'SIGTERM');
    await codeOf(shell);
    const running = async () => (await rig.started()).some(({ pid }) => startTicksOf(pid) !== '');
    await waitFor('nothing to run any more', async () => !(await running()), PATIENCE_MS);
    t.pass();
  }
});

test('stopped while one is tried: the service ends, and the try counts', async (t) => {
  const rig = await rigOf(t);
  await rig.release('0.2.0', RUNS('new'));
  tryIt(rig);
  const shell = rig.serve();
  await untilStarted(rig, 'new');
  shell.kill('SIGTERM');
  t.is(await codeOf(shell), 0);
  t.like(readReleaseState(rig.data).active, { version: '0.2.0', confirmed: false, attempts: 1 });
});

test('help, and whoever is started beside it, are no tries', async (t) => {
  const rig = await rigOf(t);
  await rig.release('0.2.0', RUNS('new'));
  tryIt(rig);
  const shell = rig.serve('--help', '--data', rig.data);
  await untilStarted(rig, 'package');
  t.is(readReleaseState(rig.data).active?.attempts, 0);
  const [{ pid } = { pid: 0 }] = await rig.started();
  await mkdir(join(rig.data, 'run'), { recursive: true });
  await writeFile(join(rig.data, 'run/status.json'), JSON.stringify({ pid, startedAt: 1 }));
  const beside = rig.serve();
  await untilStarted(rig, 'package package');
  t.is(readReleaseState(rig.data).active?.attempts, 0);
  for (const one of [shell, beside]) one.kill('SIGTERM');
  await Promise.all([codeOf(shell), codeOf(beside)]);
});

test('a disk that takes no note: what has shown that it works runs', async (t) => {
  const rig = await rigOf(t);
  for (const version of ['0.2.0', '0.3.0']) await rig.release(version, RUNS(version));
  writeReleaseState(rig.data, begun(NO_RELEASES, { version: '0.3.0', before: '0.2.0', recorded: 0, now: 1 }));
  // Where the next note would be written first.
  await mkdir(join(rig.data, 'releases/state.json.new'));
  const shell = rig.serve();
  await untilStarted(rig, '0.2.0');
  shell.kill('SIGTERM');
  t.is(await codeOf(shell), 0);
});
