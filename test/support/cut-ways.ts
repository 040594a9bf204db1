/**
 * The ways home that a campaign of cuts takes: what each needs, and what can be cut of it beside the servers and the link.
 * Belongs here: share, shared disc, their cuts, the table. Does not: killing servers (cut-pair.ts), the verdict (cut-verdict.ts).
 */
import { execFile } from 'node:child_process';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import type { Box } from '../../src/demo/demo-box.ts';
import { PASSWORD, SHARE, startSamba } from '../interop/samba-server.ts';
import type { Samba } from '../interop/samba-server.ts';
import type { Circumstances, CutFailure, CutKind } from './cut-verdict.ts';

/** Where the relay listens; the servers listen on 127.0.0.1 alone. */
export const RELAY = '127.0.0.2';

type Ground = {
  readonly t: Pick<ExecutionContext, 'teardown'>;
  readonly dir: string;
  readonly protectedApi: Box['api'];
  readonly failoverApi: Box['api'];
};
type Prepared = {
  /** More ports of 127.0.0.1 that are reached through the relay. */
  readonly relayed: readonly number[];
  /** Settings of the failover server. */
  readonly failover: Readonly<Record<string, unknown>>;
};
export type CutWay = {
  readonly name: 'direct' | 'smb' | 'shared' | 'keep';
  /** Bytes go over the relay; else what was recorded stays where it lies. */
  readonly isSent: boolean;
  /** Home plays it once the failure is called over; on the other ways once the restoration has ended (docs/design/restoration.md, keep). */
  readonly isListedWhenOver: boolean;
  readonly kinds: readonly CutKind[];
  /** Each takes something away for so many milliseconds, and brings it back. */
  readonly cuts: ReadonlyMap<CutKind, (downMs: number) => Promise<void>>;
  readonly prepare: (ground: Ground) => Promise<Prepared>;
  /** Before each failure, counted from 0. */
  readonly beforeRun: (run: number) => Promise<void>;
  /** What is special about that failure, for the table. */
  readonly settingOf: (run: number) => string;
};

const KINDS = ['protected', 'failover', 'both', 'link'] as const;
const PLAIN = {
  isSent: false,
  isListedWhenOver: false,
  kinds: KINDS,
  cuts: new Map(),
  beforeRun: async () => await Promise.resolve(),
  settingOf: () => '–',
} satisfies Partial<CutWay>;
const run = promisify(execFile);

/** @throws if there is no such way */
export function wayOf(name: string): CutWay {
  if (name === 'direct')
    return { ...PLAIN, name, isSent: true, prepare: async () => await Promise.resolve({ relayed: [], failover: {} }) };
  if (name === 'smb') return smbWay();
  if (name === 'shared') return sharedWay();
  if (name === 'keep') return keepWay();
  throw new Error(`--way is direct, smb, shared or keep, not ${name}`);
}

/** Global lines of Samba, each for one failure after the other. */
const SMB_SETTINGS: readonly (readonly [string, readonly string[]])[] = [
  ['default', []],
  ['signing mandatory', ['server signing = mandatory']],
  ['encryption required', ['server smb encrypt = required']],
  ['SMB 3 at least', ['server min protocol = SMB3']],
  ['SMB 2.1 only', ['server min protocol = SMB2_10', 'server max protocol = SMB2_10']],
];
const settingAt = (index: number): (typeof SMB_SETTINGS)[number] =>
  SMB_SETTINGS[index % SMB_SETTINGS.length] ?? ['default', []];

function smbWay(): CutWay {
  let samba: Samba | undefined;
  let [path, away] = ['', ''];
  const restarted = async (downMs: number): Promise<void> => {
    await samba?.kill();
    await sleep(downMs);
    await samba?.start();
  };
  const renamed = async (downMs: number): Promise<void> => {
    await rename(path, away);
    await sleep(downMs);
    await rename(away, path);
  };
  return {
    name: 'smb',
    isSent: true,
    isListedWhenOver: false,
    kinds: [...KINDS, 'smbd', 'share'],
    cuts: new Map([
      ['smbd', restarted],
      ['share', renamed],
    ]),
    prepare: async ({ t, dir, protectedApi }) => {
      path = join(dir, 'protected', 'footage', '.incoming', 'share');
      // Not on the volume: the protected server might tidy it away.
      away = join(dir, 'share-away');
      await mkdir(path, { recursive: true });
      samba = await startSamba(t, { path });
      await nameShare(protectedApi, samba.port);
      return { relayed: [samba.port], failover: { transport: 'smb' } };
    },
    beforeRun: async (index) => {
      await samba?.configure({ path, global: settingAt(index)[1] });
      // Else connections go on by what was agreed on before.
      await restarted(0);
    },
    settingOf: (index) => settingAt(index)[0],
  };
}

async function nameShare(api: Box['api'], port: number): Promise<void> {
  const { items } = (await api.call('GET', '/volumes')) as { readonly items: readonly { readonly id: string }[] };
  const share = {
    host: RELAY,
    port,
    share: SHARE,
    folder: 'home',
    username: 'root',
    password: PASSWORD,
    volumeId: items[0]?.id,
    volumeFolder: '.incoming/share/home',
  };
  await api.call('PUT', '/failover/return-share', { share });
}

/** The failover server sees the disc of the other one at a mount point of its own, as over a network. */
function sharedWay(): CutWay {
  let [source, target] = ['', ''];
  const mount = async (): Promise<void> => void (await run('mount', ['--bind', source, target]));
  const unmount = async (): Promise<void> => void (await run('umount', ['-l', target]));
  const unmounted = async (downMs: number): Promise<void> => {
    await unmount();
    await sleep(downMs);
    await mount();
  };
  return {
    ...PLAIN,
    name: 'shared',
    kinds: [...KINDS, 'disc'],
    cuts: new Map([['disc', unmounted]]),
    prepare: async ({ t, dir, failoverApi }) => {
      source = join(dir, 'protected', 'footage');
      target = join(dir, 'disc');
      await mkdir(target);
      await mount();
      t.teardown(async () => await unmount());
      const { id } = (await failoverApi.call('POST', '/volumes', { path: target, shared: true })) as {
        readonly id: string;
      };
      return { relayed: [], failover: { footagePolicy: 'shared', storeVolumeIds: [id] } };
    },
  };
}

/** Home lists and plays what stays on the failover server. */
function keepWay(): CutWay {
  return {
    ...PLAIN,
    name: 'keep',
    isListedWhenOver: true,
    prepare: async () => await Promise.resolve({ relayed: [], failover: { footagePolicy: 'keep' } }),
  };
}

const WORDS: Readonly<Record<CutKind, string>> = {
  protected: 'R',
  failover: 'F',
  both: 'both',
  link: 'link',
  smbd: 'smbd',
  share: 'share',
  disc: 'disc',
};

/** The ways beside the direct one, as docs/results/restoration-WAY.md. Pure. */
export function waysTableOf(way: CutWay, failures: readonly CutFailure[], of: Circumstances): string {
  const count = (cuts: CutFailure['cuts'], who: CutKind): number => cuts.filter((cut) => cut.who === who).length;
  const all = failures.flatMap(({ cuts }) => cuts);
  const kinds = (cuts: CutFailure['cuts']): string => way.kinds.map((who) => count(cuts, who)).join(' / ');
  const heading = way.kinds.map((who) => WORDS[who]).join(' / ');
  const rows = failures.map(
    ({ cuts, restorations, bytes, nobody, problems }, index) =>
      `| ${index + 1} | ${way.settingOf(index)} | ${kinds(cuts)} | ${restorations} | ${(bytes / 1000).toFixed(0)} | ${nobody} | ${problems.length} |`,
  );
  const problems = failures.flatMap((failure, index) =>
    failure.problems.map((problem) => `- ${index + 1}: ${problem}`),
  );
  return `# Restorations cut in the middle: ${way.name}

\`${of.command}\`: ${failures.length} failures, ${all.length} cuts (${heading}: ${kinds(all)}) in ${of.seconds} s; ${of.ground}.
One hot camera of 1.6 Mbit/s, covered for 8 to 14 s each time. ${
    way.isSent
      ? `Each failure after the first is cut while footage moves, at ${of.limit / 1e6} Mbit/s.`
      : 'Nothing moves, so each failure after the first is cut at random from the return of R on: some cuts fall before the restoration or after it.'
  }
Judged by what is played at R, as for [the direct way](restoration.md): each access unit once, in order, unaltered; missing only where neither server was running, or ready.

| failure | setting | ${heading} | restorations | KB to return | units nobody recorded | problems |
|---:|---|---|---:|---:|---:|---:|
${rows.join('\n')}

${problems.length === 0 ? 'No problems.' : problems.join('\n')}
`;
}
