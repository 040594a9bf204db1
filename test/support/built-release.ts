/** A release of what is built here, under another version, and what may be wrong with it. Needs `dist`. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { ApiClient } from '../../src/cli/api-client.ts';
import { MAX_PART_BYTES } from '../../src/site/release-limits.ts';
import { makeRelease } from '../../src/updates/release-maker.ts';
import { createIssuer } from './licences.ts';
import type { TestIssuer } from './licences.ts';
import { tempDir } from './temp-dir.ts';

const ROOT = resolve(import.meta.dirname, '../..');
export const BUILT_LAUNCHER: string = join(ROOT, 'bin', 'understudy');
export type Stage = {
  readonly issuer: TestIssuer;
  /** A release of it; `files` replace some of its own. */
  readonly release: (version: string, files?: Readonly<Record<string, string>>) => Promise<Buffer>;
};

/** What `./build.sh release` packs, by hard links. */
export async function stageRelease(t: Pick<ExecutionContext, 'teardown'>): Promise<Stage> {
  const folder = await tempDir(t, 'stage');
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'node_modules'), { recursive: true });
  const link = (from: string): void => {
    execFileSync('mkdir', ['-p', dirname(join(tree, from))]);
    execFileSync('cp', ['-rlL', join(ROOT, from), join(tree, from)]);
  };
  link('dist');
  link('hw');
  for (const path of await neededPackages()) link(path);
  const { engines } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
  const issuer = createIssuer();
  return {
    issuer,
    release: async (version, files = {}) => {
      const all = { 'package.json': JSON.stringify({ version, type: 'module', engines }), ...files };
      for (const [path, text] of Object.entries(all)) {
        await rm(join(tree, path), { force: true }); // not through the link
        await writeFile(join(tree, path), text);
      }
      const out = join(folder, `${version}.release`);
      const node = engines.node.replace(/^\D*/, '');
      await makeRelease({
        folder: tree,
        key: issuer.privateKey,
        out,
        version,
        node,
        builtAt: '2026-11-24T00:00:00.000Z',
      });
      return await readFile(out);
    },
  };
}

/** Folders of packages that are no tools of development, outermost. */
async function neededPackages(): Promise<readonly string[]> {
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: true; optional?: true; devOptional?: true }>;
  };
  return Object.entries(lock.packages).flatMap(([path, { dev, optional, devOptional }]) =>
    /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && !(dev ?? optional ?? devOptional) ? [path] : [],
  );
}

/** The server takes what this issuer signed from now on. */
export async function trust(dataDir: string, { pem }: TestIssuer): Promise<void> {
  await mkdir(join(dataDir, 'keys'), { recursive: true });
  await writeFile(join(dataDir, 'keys', 'release-keys.pem'), pem);
}

export async function upload(api: Pick<ApiClient, 'call'>, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += MAX_PART_BYTES) {
    const part = Buffer.from(bytes.subarray(at, at + MAX_PART_BYTES)).toString('base64');
    await api.call('PUT', '/updates/upload', { bytes: bytes.length, at, part });
  }
}
