/**
 * A LAN of network namespaces: a switch and boxes on it, each with one cable (`eth0`, 10.77.0.N/24). Needs root and iproute2.
 * Everything is taken down when the test ends, with the processes that still run inside.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import { startProcess } from './processes.ts';
import type { TestProcess } from './processes.ts';

/** Why there can be no lab on this machine, or `undefined`. */
export function labProblem(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    const name = `us${randomBytes(3).toString('hex')}`;
    ip('netns', 'add', name);
    ip('netns', 'del', name);
    return undefined;
  } catch (error) {
    return `no network namespaces here: ${error instanceof Error ? error.message.trim().split('\n').at(-1) : ''}`;
  }
}

export type NetBox = {
  readonly address: string;
  /** The network namespace. */
  readonly name: string;
  /** Its end of the cable in the namespace of the switch. */
  readonly cable: string;
  /** Runs something in this box. */
  readonly start: (command: string, ...args: readonly string[]) => TestProcess;
  /** `ip` inside the box, such as `addr add 10.77.0.9/24 dev eth0`. */
  readonly ip: (...args: readonly string[]) => void;
  /** Takes the network card out of the box. */
  readonly unplug: () => void;
  /** A new card with the old address. */
  readonly plug: () => void;
};

export type NetLab = {
  /** The namespace of the switch. */
  readonly hub: string;
  /** One more box; the first has the address 10.77.0.1. */
  readonly box: () => NetBox;
  /** A cable from the switch into the namespace of the test itself, so that it reaches every box; its address. */
  readonly attach: () => string;
};

/** `subnet`: the first three numbers of every address; to be chosen by whoever attaches itself. */
export function createNetLab(t: Pick<ExecutionContext, 'teardown'>, subnet = '10.77.0'): NetLab {
  const prefix = `us${randomBytes(3).toString('hex')}`;
  const hub = `${prefix}-sw`;
  const names: string[] = [];
  t.teardown(() => {
    for (const name of [...names, hub]) remove(name);
  });
  ip('netns', 'add', hub);
  ip('-n', hub, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
  ip('-n', hub, 'link', 'set', 'br0', 'up');
  return {
    hub,
    box: () => {
      const number = names.length + 1;
      const name = `${prefix}-${number}`;
      names.push(name);
      return boxOf(t, { name, hub, number, address: `${subnet}.${number}` });
    },
    attach: () => {
      const address = `${subnet}.254`;
      // The other end goes with the namespace of the switch.
      ip('link', 'add', prefix, 'type', 'veth', 'peer', 'name', 'root', 'netns', hub);
      ip('-n', hub, 'link', 'set', 'root', 'master', 'br0', 'up');
      ip('addr', 'add', `${address}/24`, 'dev', prefix);
      ip('link', 'set', prefix, 'up');
      return address;
    },
  };
}

type BoxPlace = { readonly name: string; readonly hub: string; readonly number: number; readonly address: string };

function boxOf(t: Pick<ExecutionContext, 'teardown'>, { name, hub, number, address }: BoxPlace): NetBox {
  const cable = `p${number}`;
  const plug = (): void => {
    ip('-n', hub, 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('-n', hub, 'link', 'set', cable, 'master', 'br0', 'up');
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  };
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  plug();
  return {
    address,
    name,
    cable,
    plug,
    unplug: () => ip('-n', hub, 'link', 'del', cable),
    ip: (...args) => ip('-n', name, ...args),
    start: (command, ...args) => startProcess(t, 'ip', ['netns', 'exec', name, command, ...args]),
  };
}

function remove(name: string): void {
  try {
    const pids = execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).split('\n').filter(Boolean);
    for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
    ip('netns', 'del', name);
  } catch {
    // A box that was not made, or a process that ended by itself.
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
