/** A Samba server of a test's own: ports, users, locks and shares in a temporary folder. Needs root, as smbd changes users. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { durationMs } from '../../src/core/units.ts';
import { openSmbShare } from '../../src/smb/smb-client.ts';
import type { SmbShare, SmbShareOptions } from '../../src/smb/smb-client.ts';
import { waitFor } from '../support/wait-for.ts';

export const SHARE = 'footage';
/** Letters that have other bytes in UTF-8 than in UTF-16, and a space. */
export const PASSWORD = 'Gé heim→1!';

export type SambaOptions = {
  /** Lines of the global section. */
  readonly global?: readonly string[];
  /** Lines of the share's section. */
  readonly share?: readonly string[];
  readonly shareName?: string;
  /** What is shared; a folder of its own if left out. */
  readonly path?: string;
};

export type Samba = {
  readonly port: number;
  /** The folder that is shared. */
  readonly path: string;
  /** Settings other than those it was started with, from the next connection on. */
  readonly configure: (options: SambaOptions) => Promise<void>;
  readonly start: () => Promise<void>;
  /** With everyone who is connected. */
  readonly kill: () => Promise<void>;
  /** To all its processes, such as `SIGSTOP`. */
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly open: (options?: Partial<SmbShareOptions>) => Promise<SmbShare>;
};

type Teardown = { readonly teardown: (undo: () => Promise<void>) => void };

export async function startSamba(t: Teardown, options: SambaOptions = {}): Promise<Samba> {
  const folder = await mkdtemp(join(tmpdir(), 'understudy-samba-'));
  const path = options.path ?? join(folder, 'share');
  const conf = join(folder, 'smb.conf');
  const port = await ownPort();
  let running: ChildProcess | undefined;
  for (const name of ['share', ...OWN_FOLDERS.keys()]) await mkdir(join(folder, name));
  const configure = async (changed: SambaOptions): Promise<void> => {
    await writeFile(conf, configuration({ folder, port, path, ...changed }));
    running?.kill('SIGHUP');
  };
  const signal = (name: NodeJS.Signals): void => {
    // smbd makes a process group of its own, one process a connection.
    if (running?.pid !== undefined && running.exitCode === null && running.signalCode === null)
      process.kill(-running.pid, name);
  };
  const start = async (): Promise<void> => {
    running = await startSmbd(conf, port);
  };
  const kill = async (): Promise<void> => {
    const child = running;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => void child.once('exit', resolve));
    signal('SIGKILL');
    await ended;
  };
  t.teardown(async () => {
    await kill();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  await configure(options);
  await addUser(conf);
  await start();
  const open: Samba['open'] = async (changed = {}) => await openSmbShare({ ...accessTo(port), ...changed });
  return { port, path, configure, start, kill, signal, open };
}

const accessTo = (port: number): SmbShareOptions => ({
  host: '127.0.0.1',
  port,
  share: SHARE,
  username: 'root',
  password: PASSWORD,
  encrypt: 'when-offered',
  clock: systemClock,
  timeoutMs: durationMs(60_000),
});

const OWN_FOLDERS: ReadonlyMap<string, string> = new Map([
  ['private', 'private dir'],
  ['lock', 'lock directory'],
  ['state', 'state directory'],
  ['cache', 'cache directory'],
  ['pid', 'pid directory'],
  ['ncalrpc', 'ncalrpc dir'],
]);

type Settings = SambaOptions & { readonly folder: string; readonly port: number; readonly path: string };

const configuration = ({
  folder,
  port,
  path,
  global = [],
  share = [],
  shareName = SHARE,
}: Settings): string => `[global]
server role = standalone server
netbios name = SAMBATEST
interfaces = lo
bind interfaces only = yes
smb ports = ${port}
disable netbios = yes
disable spoolss = yes
load printers = no
map to guest = Bad User
passdb backend = tdbsam:${folder}/private/passdb.tdb
log file = ${folder}/log
max log size = 0
${[...OWN_FOLDERS].map(([name, setting]) => `${setting} = ${join(folder, name)}`).join('\n')}
${global.join('\n')}
[${shareName}]
path = ${path}
read only = no
guest ok = yes
force user = root
${share.join('\n')}
`;

async function addUser(conf: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = execFile('smbpasswd', ['-c', conf, '-s', '-a', 'root'], (error) => (error ? reject(error) : resolve()));
  child.stdin?.end(`${PASSWORD}\n${PASSWORD}\n`);
  await promise;
}

async function startSmbd(conf: string, port: number): Promise<ChildProcess> {
  const child = spawn('smbd', ['-F', '-s', conf, '--debug-stdout'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const isUp = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`smbd ended: ${output.slice(-500)}`);
    return await answers(port);
  };
  await waitFor(`smbd on port ${port}`, isUp, PATIENCE_MS);
  return child;
}

const answers = async (port: number): Promise<boolean> =>
  await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

/** Many are started at once, on two cores. */
const PATIENCE_MS = 120_000;
const handedOut = new Set<number>();

/**
 * smbd takes no port 0, and binds with SO_REUSEPORT: two servers on one port would share its clients without a word, so none is given twice.
 */
async function ownPort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    return port;
  }
}
