import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { lockDataDirectory } from '../../src/settings/data-lock.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Another process that holds the lock until it is killed. */
async function holder(t: ExecutionContext, dataDir: string) {
  const source = resolve(import.meta.dirname, '../../src/settings/data-lock.ts');
  const script = `import { lockDataDirectory } from ${JSON.stringify(source)};
    lockDataDirectory(process.argv[1]); console.log('locked'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('a second instance on the same data directory is refused by name of the first one', async (t) => {
  const dataDir = await tempDir(t, 'lock');
  const child = await holder(t, dataDir);
  const error = t.throws(() => lockDataDirectory(dataDir));
  t.true(error.message.includes(`in use by process ${child.pid}`), error.message);
  t.like(error, { code: 'settings/in-use', kind: 'conflict' });
});

test('after SIGKILL of its holder the lock is free at once', async (t) => {
  const dataDir = await tempDir(t, 'lock');
  const child = await holder(t, dataDir);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = lockDataDirectory(dataDir);
  t.throws(() => lockDataDirectory(dataDir), { message: new RegExp(`process ${process.pid}`) });
  lock.release();
  lock.release();
  lockDataDirectory(dataDir).release();
});

test('locks of other directories do not clash', async (t) => {
  const dataDir = await tempDir(t, 'lock');
  const locks = [lockDataDirectory(dataDir), lockDataDirectory(await tempDir(t, 'lock'))];
  for (const lock of locks) lock.release();
  t.pass();
});
