/** The command line in a process of its own, against an API server of the tests with a token. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ExecutionContext } from 'ava';
import { OWNER, startApi } from './api-server.ts';
import type { Api } from './api-server.ts';
import { tempDir } from './temp-dir.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');
export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };
export const understudy = (...args: readonly string[]): Promise<Ran> => understudyReading('', ...args);
/** `input` comes on its standard input. */
export const understudyReading = (input: string, ...args: readonly string[]): Promise<Ran> =>
  new Promise((done) => {
    const child = execFile(process.execPath, ['--no-warnings', CLI, ...args], (_error, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
    // A command that does not read it may have ended.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });

export type CliBench = {
  readonly api: Api;
  readonly url: string;
  readonly tokenFile: string;
  readonly secret: string;
  /** With --server and --token-file. */
  readonly run: (...args: readonly string[]) => Promise<Ran>;
  /** A file with `text`, for secrets. */
  readonly fileWith: (text: string) => Promise<string>;
};

export async function startCliBench(
  t: ExecutionContext,
  behind: Parameters<typeof startApi>[1] & { readonly role?: string } = {},
): Promise<CliBench> {
  const { role = 'owner', ...options } = behind;
  const api = await startApi(t, options);
  const created = await api.call('POST', '/api/v1/setup', { body: { ...OWNER, serverName: 'Attic' } });
  const cookie = created.headers['set-cookie']?.[0]?.split(';')[0];
  const made = await api.call('POST', '/api/v1/tokens', { cookie, body: { name: 'script', role } });
  const { secret } = made.json as { secret: string };
  const folder = await tempDir(t, 'cli');
  let files = 0;
  const fileWith = async (text: string): Promise<string> => {
    const path = join(folder, `file-${(files += 1)}`);
    await writeFile(path, text);
    return path;
  };
  const tokenFile = await fileWith(`${secret}\n`);
  const url = `https://127.0.0.1:${api.port}`;
  const run = async (...args: readonly string[]): Promise<Ran> =>
    await understudy(...args, '--server', url, '--token-file', tokenFile);
  return { api, url, tokenFile, secret, run, fileWith };
}
