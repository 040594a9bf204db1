/**
 * Two hosts on one cable, as network namespaces of this kernel, with a cable that loses datagrams on command. Needs root; all of
 * it is gone when the test ends.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';

const run = promisify(execFile);

export type Host = {
  readonly address: string;
  /** In front of a command that is to run on this host. */
  readonly prefix: readonly string[];
  /** From now on so many of the UDP datagrams that reach this host are lost, at random; 0 ends it. */
  readonly loseDatagrams: (share: number) => Promise<void>;
  /** Dropped since the last `loseDatagrams`. */
  readonly dropped: () => Promise<number>;
};

export async function twoHosts(t: Pick<ExecutionContext, 'teardown'>): Promise<readonly [Host, Host]> {
  const name = `understudy-${randomBytes(3).toString('hex')}`;
  const hosts = [`${name}-a`, `${name}-b`] as const;
  for (const host of hosts) {
    await run('ip', ['netns', 'add', host]);
    t.teardown(() => takeAway(host));
  }
  await run('ip', ['-n', hosts[0], 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', hosts[1]]);
  const [first, second] = [hostOf(hosts[0], '10.91.0.1'), hostOf(hosts[1], '10.91.0.2')];
  for (const [index, host] of hosts.entries()) {
    await run('ip', ['-n', host, 'addr', 'add', `10.91.0.${index + 1}/24`, 'dev', 'eth0']);
    for (const link of ['lo', 'eth0']) await run('ip', ['-n', host, 'link', 'set', link, 'up']);
  }
  return [first, second];
}

function hostOf(name: string, address: string): Host {
  const prefix = ['ip', 'netns', 'exec', name];
  const tables = async (...args: readonly string[]): Promise<string> =>
    (await run('ip', [...prefix.slice(1), 'iptables', ...args])).stdout;
  return {
    address,
    prefix,
    loseDatagrams: async (share) => {
      await tables('-F', 'INPUT');
      if (share === 0) return;
      const random = ['-m', 'statistic', '--mode', 'random', '--probability', String(share)];
      await tables('-A', 'INPUT', '-i', 'eth0', '-p', 'udp', ...random, '-j', 'DROP');
    },
    dropped: async () => {
      const rule = (await tables('-L', 'INPUT', '-n', '-v', '-x')).split('\n').find((line) => line.includes('DROP'));
      return Number(rule?.trim().split(/\s+/)[0] ?? 0);
    },
  };
}

async function takeAway(host: string): Promise<void> {
  const { stdout } = await run('ip', ['netns', 'pids', host]).catch(() => ({ stdout: '' }));
  for (const pid of stdout.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // it ended meanwhile
    }
  }
  await run('ip', ['netns', 'del', host]).catch(() => undefined);
}
