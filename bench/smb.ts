/**
 * `./build.sh bench smb [--mb 256] [--rounds 5]`: how fast a file goes to a share, against Debian's `smbclient put` in the same run.
 *
 * One private smbd a row, its share in memory (tmpfs), so that the protocol is measured and not a disk; both clients in turn in every round. Ours
 * reads the file, writes, flushes, closes and renames, as restoration does it, in this one process; smbclient is a process of its own each time,
 * timed from its start to its end. Medians over the rounds. Needs root. Writes docs/results/smb.md.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { SmbShareOptions } from '../src/smb/smb-client.ts';
import { PASSWORD, SHARE, startSamba } from '../test/interop/samba-server.ts';
import type { Samba } from '../test/interop/samba-server.ts';
import { mountTmpfs } from '../test/support/lab.ts';

const run = promisify(execFile);
const argument = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const MB = 1_000_000;
const FILE_BYTES = argument('mb', 256) * MB;
const ROUNDS = argument('rounds', 5);
const TARGET = 100;
/** What is read from the file and handed over at once; two of them are under way. */
const PIECE_BYTES = 4 * 1024 * 1024;
const REPORT = resolve(import.meta.dirname, '../docs/results/smb.md');

type Case = {
  readonly name: string;
  readonly max: string;
  readonly encrypt: SmbShareOptions['encrypt'];
  readonly extra?: readonly string[];
};
const CASES: readonly Case[] = [
  { name: 'SMB 3.1.1, signed (AES-128-GMAC)', max: 'SMB3_11', encrypt: 'when-offered' },
  { name: 'SMB 3.1.1, encrypted (AES-128-GCM)', max: 'SMB3_11', encrypt: 'required' },
  {
    name: 'SMB 3.1.1, encrypted (AES-256-GCM)',
    max: 'SMB3_11',
    encrypt: 'required',
    extra: ['server smb3 encryption algorithms = AES-256-GCM'],
  },
  { name: 'SMB 3.0, signed (AES-128-CMAC)', max: 'SMB3_00', encrypt: 'when-offered' },
  { name: 'SMB 3.0, encrypted (AES-128-CCM)', max: 'SMB3_00', encrypt: 'required' },
  { name: 'SMB 2.1, signed (HMAC-SHA256)', max: 'SMB2_10', encrypt: 'when-offered' },
];

type Row = { readonly name: string; readonly ours: number; readonly cpuMs: number; readonly peer: number };
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const rateOf = (ms: number): number => FILE_BYTES / MB / (ms / 1000);

async function push(samba: Samba, source: string, encrypt: Case['encrypt']): Promise<void> {
  const share = await samba.open({ encrypt });
  const from = await open(source);
  const to = await share.open('ours.tmp', 'create-new');
  const writer = async (start: number): Promise<void> => {
    const buffer = new Uint8Array(PIECE_BYTES);
    for (let at = start; at < FILE_BYTES; at += 2 * PIECE_BYTES) {
      const { bytesRead } = await from.read(buffer, 0, PIECE_BYTES, at);
      await to.write(at, buffer.subarray(0, bytesRead));
    }
  };
  await Promise.all([writer(0), writer(PIECE_BYTES)]);
  await to.flush();
  await to.close();
  await from.close();
  await share.rename('ours.tmp', 'ours', { replace: false });
  await share.close();
}

async function put(samba: Samba, source: string, { encrypt }: Case): Promise<void> {
  const protection = encrypt === 'required' ? 'encrypt' : 'sign';
  await run('smbclient', [
    `//127.0.0.1/${SHARE}`,
    `--port=${samba.port}`,
    `--user=root%${PASSWORD}`,
    `--client-protection=${protection}`,
    '--command',
    `put ${source} peer`,
  ]);
}

async function timed(work: () => Promise<void>): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const before = process.cpuUsage();
  const began = performance.now();
  await work();
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuMs: (user + system) / 1000 };
}

/** The fastest transfer of the wrong bytes is worth nothing. */
async function checkAndRemove(path: string, source: string): Promise<void> {
  const [sent, came] = await Promise.all([readFile(source), readFile(path)]);
  if (!sent.equals(came)) throw new Error(`${path} is not what was sent`);
  await rm(path);
}

async function play(one: Case, source: string, memory: string): Promise<Row> {
  const undo: (() => Promise<void>)[] = [];
  const global = [`server max protocol = ${one.max}`, ...(one.extra ?? [])];
  const samba = await startSamba({ teardown: (action) => void undo.push(action) }, { path: memory, global });
  const ours: { readonly ms: number; readonly cpuMs: number }[] = [];
  const peer: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      ours.push(await timed(async () => await push(samba, source, one.encrypt)));
      await checkAndRemove(join(memory, 'ours'), source);
      peer.push((await timed(async () => await put(samba, source, one))).ms);
      await checkAndRemove(join(memory, 'peer'), source);
    }
  } finally {
    for (const action of undo) await action();
  }
  const rates = { ours: rateOf(median(ours.map(({ ms }) => ms))), peer: rateOf(median(peer)) };
  return { name: one.name, ...rates, cpuMs: median(ours.map(({ cpuMs }) => cpuMs)) / (FILE_BYTES / MB) };
}

const lineOf = ({ name, ours, peer, cpuMs }: Row): string =>
  `| ${name} | ${ours.toFixed(0)} ${ours >= TARGET ? '' : 'missed'} | ${peer.toFixed(0)} | ${(ours / peer).toFixed(2)} | ${cpuMs.toFixed(2)} |`;

const reportOf = (rows: readonly Row[], load: readonly number[]): string => `# Pushing to a share, measured

\`./build.sh bench smb\` on ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Linux, Node ${process.version}, load average before and after ${load.map((value) => value.toFixed(1)).join(' and ')}: a file of
${FILE_BYTES / MB} MB over loopback to a private smbd (Samba of Debian 12) whose share is in memory, ${ROUNDS} rounds, both clients in turn in each, medians. Ours: read, write
with 4 x 1 MB in flight, flush, close, rename, connecting included. The peer: \`smbclient put\` with the same protection, its process included. Every file
compared afterwards. Client, server and crypto share these cores. Target: ${TARGET} MB/s.

| | ours, MB/s | smbclient, MB/s | ratio | our CPU, ms a MB |
|---|---|---|---|---|
${rows.map(lineOf).join('\n')}
`;

const folder = await mkdtemp(join(tmpdir(), 'understudy-bench-smb-'));
const memory = join(folder, 'share');
const source = join(folder, 'source');
const before = loadavg()[0] ?? 0;
const unmount = await mountTmpfs(memory, `size=${Math.ceil((FILE_BYTES * 1.5) / MB)}m`);
try {
  await writeFile(source, randomBytes(FILE_BYTES));
  const rows: Row[] = [];
  for (const one of CASES) {
    rows.push(await play(one, source, memory));
    console.log(JSON.stringify(rows.at(-1)));
  }
  const report = reportOf(rows, [before, loadavg()[0] ?? 0]);
  await writeFile(REPORT, report);
  console.log(report);
} finally {
  await unmount();
  await rm(folder, { recursive: true, force: true });
}
