/** GStreamer's RTSP server (test/lab/gst_server.py) on a free port of loopback, as cameras `/cam0`, `/cam1`, ... */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const SCRIPT = resolve(import.meta.dirname, '../lab/gst_server.py');
/** Debian's Python: others have no GStreamer. */
const PYTHON = '/usr/bin/python3';
const START_LIMIT = 60_000;

/** A clip that loops; or a live encoder with a key frame each so many seconds, and whenever a client asks. */
type Source = { readonly file: string } | { readonly encodedEvery: number };
export type GstOptions = Source & {
  readonly codec?: 'h264' | 'h265';
  readonly audio?: boolean;
  /** Sound as G.711 instead of AAC. */
  readonly g711?: boolean;
  readonly mounts?: number;
  /** `user:password` */
  readonly digest?: string;
  readonly basic?: string;
  readonly port?: number;
  /** On another host: how commands are run there, and its address. */
  readonly host?: { readonly prefix: readonly string[]; readonly address: string };
};
export type GstServer = {
  readonly pid: number;
  readonly port: number;
  readonly url: (mount?: number) => string;
  /** SIGSTOP and SIGCONT: a camera that freezes. */
  readonly signal: (signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL') => void;
  readonly stop: () => Promise<void>;
};

export async function startGstServer(options: GstOptions): Promise<GstServer> {
  const [command = PYTHON, ...rest] = [...(options.host?.prefix ?? []), PYTHON, SCRIPT, ...argumentsOf(options)];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const port = await portOf(child);
  return {
    pid: child.pid ?? -1,
    port,
    url: (mount = 0) => `rtsp://${options.host?.address ?? '127.0.0.1'}:${port}/cam${mount}`,
    signal: (signal) => killGroup(child, signal),
    stop: async () => {
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      const exited = hasEnded ? undefined : once(child, 'exit');
      // With its feeders, which outlive a server that an assertion of its own has ended; a stopped one would not hear SIGTERM.
      killGroup(child, 'SIGKILL');
      await exited;
    },
  };
}

function argumentsOf(options: GstOptions): readonly string[] {
  const { codec, audio, g711, mounts, digest, basic, port, host } = options;
  const source = 'file' in options ? ['--file', options.file] : ['--encode', String(options.encodedEvery)];
  const list = ['--port', String(port ?? 0), ...source, '--mounts', String(mounts ?? 1)];
  if (codec) list.push('--codec', codec);
  if (audio) list.push('--audio');
  if (g711) list.push('--g711');
  if (digest) list.push('--digest', digest);
  if (basic) list.push('--basic', basic);
  if (host) list.push('--bind', host.address);
  return list;
}

async function portOf(child: ChildProcess): Promise<number> {
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), START_LIMIT);
  try {
    if (!child.stdout) throw new Error('no output');
    for await (const line of createInterface({ input: child.stdout })) {
      const port = /^listening (\d+)$/.exec(line)?.[1];
      if (port !== undefined) return Number(port);
    }
    throw new Error('the RTSP server ended before it listened');
  } finally {
    clearTimeout(timer);
    child.stdout?.resume();
  }
}

/** The server and the ffmpeg feeders it started: one process group of their own. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
