/** `understudy discover`: how it is called. What it finds is shown on a LAN of its own in interop/lan-discovery. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import test from 'ava';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');
type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };
const understudy = (...args: string[]): Promise<Ran> =>
  new Promise((done) => {
    const child = execFile(process.execPath, ['--no-warnings', CLI, ...args], (_error, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

test('a length that is no number from 1 to 30 is refused before anything is sent', async (t) => {
  for (const seconds of ['0', '31', 'soon', '']) {
    const ran = await understudy('discover', '--seconds', seconds);
    t.is(ran.code, 2);
    t.regex(ran.stderr, /--seconds takes a number from 1 to 30/);
    t.is(ran.stdout, '');
  }
});

test('the help says that what servers say of themselves must be compared', async (t) => {
  const ran = await understudy('discover', '--help');
  t.is(ran.code, 0);
  t.regex(ran.stdout, /compare the fingerprint/);
});
