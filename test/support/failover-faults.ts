/**
 * What can go wrong with a site, done for real: signals, cables, packets, disks, processor time. Each fault begins at once and gives
 * back what ends it.
 *
 * Belongs here: doing and undoing. Does not: what must come of it (failover-play.ts).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signal } from './failover-site.ts';
import type { SiteBox, Teardown } from './failover-site.ts';
import { labTool } from './lab.ts';
import type { NetBox, NetLab } from './net-lab.ts';
import { startProcess } from './processes.ts';
import { waitFor } from './wait-for.ts';

/** Ends the fault. */
export type Heal = () => Promise<void>;

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

/**
 * SIGKILL of supervisor, media and control; healed by starting the box again. They stand still before: control, left alive for a moment,
 * would take the end of its supervisor for a planned stop and say so.
 */
export async function killBox(box: SiteBox): Promise<Heal> {
  const pids = box.pids();
  for (const pid of pids) signal(pid, 'SIGSTOP');
  for (const pid of pids) signal(pid, 'SIGKILL');
  await waitFor('the processes to be gone', () => pids.every(isGone), 60_000);
  return box.start;
}

/** SIGTERM, as before an update: the box says goodbye and ends by itself. */
export async function stopBox(box: SiteBox): Promise<Heal> {
  const pids = box.pids();
  const supervisor = box.status()?.pid;
  if (supervisor !== undefined) signal(supervisor, 'SIGTERM');
  await waitFor('the processes to end', () => pids.every(isGone), 60_000);
  return box.start;
}

/** Its supervisor starts the one process again by itself. */
export function killProcess(box: SiteBox, name: 'media' | 'control'): Heal {
  const pid = box.status()?.[name]?.pid;
  if (pid !== undefined) signal(pid, 'SIGKILL');
  return async () => {
    await waitFor(`${name} to run again`, () => (box.status()?.[name]?.pid ?? pid) !== pid, 60_000);
  };
}

/** The whole box stands still, its connections stay. */
export function freezeBox(box: SiteBox): Heal {
  const pids = box.pids();
  for (const pid of pids) signal(pid, 'SIGSTOP');
  return async () => {
    for (const pid of pids.toReversed()) signal(pid, 'SIGCONT');
    await Promise.resolve();
  };
}

/** The power of the box: its cable first, so that no FIN and no RST leaves it. */
export async function cutPower(lab: NetLab, box: SiteBox): Promise<Heal> {
  const plug = pullCable(lab, box.net);
  const start = await killBox(box);
  return async () => {
    await plug();
    await start();
  };
}

/** Link down at the switch; the box sees NO-CARRIER. */
export function pullCable({ hub }: NetLab, { cable }: NetBox): Heal {
  execFileSync('ip', ['-n', hub, 'link', 'set', cable, 'down']);
  return async () => {
    execFileSync('ip', ['-n', hub, 'link', 'set', cable, 'up']);
    await Promise.resolve();
  };
}

/** The switch drops what comes from `from` for `to`, or all of it; every link stays up. */
export function cutOneWay({ hub }: NetLab, from: NetBox, to: NetBox | undefined): Heal {
  const table = `cut-${from.cable}-${to?.cable ?? 'all'}`.replaceAll('-', '_');
  const rule = to === undefined ? 'counter drop' : `ip daddr ${to.address} counter drop`;
  const text = `table netdev ${table} {\n chain c {\n  type filter hook ingress device "${from.cable}" priority 0;\n  ${rule}\n }\n}\n`;
  execFileSync('ip', ['netns', 'exec', hub, '/usr/sbin/nft', '-f', '-'], { input: text });
  return async () => {
    execFileSync('ip', ['netns', 'exec', hub, '/usr/sbin/nft', 'delete', 'table', 'netdev', table]);
    await Promise.resolve();
  };
}

/** Nothing comes and nothing goes, and nobody is told. */
export function cutSilently(lab: NetLab, box: NetBox, others: readonly NetBox[]): Heal {
  const heals = [cutOneWay(lab, box, undefined), ...others.map((other) => cutOneWay(lab, other, box))];
  return async () => {
    for (const heal of heals) await heal();
  };
}

/** Words of netemq.c, such as `loss=5 jitter=100 delay=100`, for what arrives at this box. */
export async function badWeather(t: Teardown, box: NetBox, words: readonly string[]): Promise<Heal> {
  const tool = await labTool('netemq');
  const inside = ['netns', 'exec', box.name];
  const rule = ['PREROUTING', '-i', 'eth0', '-m', 'mark', '!', '--mark', '0x77', '-j', 'NFQUEUE', '--queue-num', '1'];
  const emulator = startProcess(t, 'ip', [...inside, tool, '1', ...words]);
  await sleep(100);
  execFileSync('ip', [...inside, 'iptables-legacy', '-t', 'mangle', '-A', ...rule]);
  return async () => {
    execFileSync('ip', [...inside, 'iptables-legacy', '-t', 'mangle', '-D', ...rule]);
    emulator.kill('SIGTERM');
    await emulator.ended;
  };
}

/** The cable of the box goes in and out. */
export async function flap(lab: NetLab, box: NetBox, { times, downMs, upMs }: Flapping): Promise<Heal> {
  for (let time = 0; time < times; time += 1) {
    const plug = pullCable(lab, box);
    await sleep(downMs);
    await plug();
    await sleep(upMs);
  }
  return async () => await Promise.resolve();
}
export type Flapping = { readonly times: number; readonly downMs: number; readonly upMs: number };

/** A share of one core for everything in the box (cgroup v1). */
export function starve(t: Teardown, box: SiteBox, share: number): Heal {
  const group = join('/sys/fs/cgroup/cpu', `understudy-${box.net.name}`);
  mkdirSync(group, { recursive: true });
  writeFileSync(join(group, 'cpu.cfs_period_us'), '100000');
  writeFileSync(join(group, 'cpu.cfs_quota_us'), String(Math.round(share * 100_000)));
  for (const pid of box.pids()) writeFileSync(join(group, 'cgroup.procs'), String(pid));
  let healed = false;
  const heal = (): void => {
    if (healed) return;
    healed = true;
    for (const pid of box.pids()) writeFileSync('/sys/fs/cgroup/cpu/cgroup.procs', String(pid));
    try {
      rmdirSync(group);
    } catch {
      // A process that ended meanwhile is still counted for a moment; an empty group costs nothing.
    }
  };
  t.teardown(heal);
  return async () => {
    heal();
    await Promise.resolve();
  };
}

/** Everything that is free below `path` is taken by one file. */
export function fillDisk(path: string): Heal {
  const ballast = join(path, 'ballast');
  try {
    execFileSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k'], { stdio: 'ignore' });
  } catch {
    // It ends with "no space left": that is the point.
  }
  return async () => {
    execFileSync('rm', ['-f', ballast]);
    await Promise.resolve();
  };
}
