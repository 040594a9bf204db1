/** A folder of its own for one test, gone when the test ends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

export async function tempDir(t: Pick<ExecutionContext, 'teardown'>, name = 'test'): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), `understudy-${name}-`));
  t.teardown(() => rm(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}
