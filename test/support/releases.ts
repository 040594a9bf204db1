/** Small releases for tests, signed by an issuer of their own. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { makeRelease } from '../../src/updates/release-maker.ts';
import type { Release } from '../../src/updates/release-file.ts';
import { createIssuer } from './licences.ts';
import type { TestIssuer } from './licences.ts';
import { tempDir } from './temp-dir.ts';

export type TestRelease = { readonly path: string; readonly release: Release; readonly issuer: TestIssuer };
export type ReleaseOptions = {
  readonly version?: string;
  readonly node?: string;
  readonly issuer?: TestIssuer;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
};

/** What `isUnpacked` and `versionIn` look for, and a little more. */
export const serverFiles = (version: string): Readonly<Record<string, string>> => ({
  'package.json': JSON.stringify({ version }),
  'dist/supervisor.js': '// starts',
  'dist/web/empty.txt': '',
  'node_modules/@scope/name/index.js': 'x'.repeat(5000),
});

export async function makeTestRelease(
  t: Pick<ExecutionContext, 'teardown'>,
  { version = '0.2.0', node = '24.0.0', issuer = createIssuer(), files = serverFiles(version) }: ReleaseOptions = {},
): Promise<TestRelease> {
  const folder = await tempDir(t, 'release');
  for (const [path, bytes] of Object.entries(files)) {
    const file = join(folder, 'tree', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  const path = join(folder, `${version}.release`);
  const release = await makeRelease({
    folder: join(folder, 'tree'),
    key: issuer.privateKey,
    out: path,
    version,
    node,
    builtAt: '2026-11-24T00:00:00.000Z',
  });
  return { path, release, issuer };
}
