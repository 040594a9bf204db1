/**
 * Host names of cameras to addresses, without the system's blocking look-up: that one takes 10 s for a dead resolver and
 * runs two at a time in the pool that also serves the disk. The last good address is kept: a camera whose name server is
 * down is still a camera.
 *
 * Belongs here: names to addresses. Does not: connecting.
 */
import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { UnderstudyError } from '../core/errors.ts';

const TIMEOUT_MS = 2000;
const TRIES = 2;
/** As many as cameras with two streams each; what is beyond forgets the oldest. */
export const MAX_KEPT_ADDRESSES = 512;
const HOSTS_FILE = '/etc/hosts';
/** A hosts file beyond this is a block list; its first part is enough for a camera. */
const MAX_HOSTS_BYTES: number = 1024 * 1024;

export type Resolve = (host: string) => Promise<string>;
export type ResolverDeps = {
  readonly query4: (host: string) => Promise<readonly string[]>;
  readonly query6: (host: string) => Promise<readonly string[]>;
  readonly hosts: () => Promise<string>;
};

export function systemResolverDeps(): ResolverDeps {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  return {
    query4: async (host) => await resolver.resolve4(host),
    query6: async (host) => await resolver.resolve6(host),
    hosts: async () => (await readFile(HOSTS_FILE, 'utf8')).slice(0, MAX_HOSTS_BYTES),
  };
}

/** The result rejects with UnderstudyError `recorder/unresolved`. */
export function createResolve(deps: ResolverDeps): Resolve {
  const kept = new Map<string, string>();
  const keep = (host: string, address: string): string => {
    kept.delete(host);
    kept.set(host, address);
    const [oldest] = kept.keys();
    if (kept.size > MAX_KEPT_ADDRESSES && oldest !== undefined) kept.delete(oldest);
    return address;
  };
  return async (host) => {
    if (isIP(host) !== 0) return host;
    const local = hostsEntryOf(await deps.hosts().catch(() => ''), host);
    if (local !== undefined) return local;
    const [v4, v6] = await Promise.allSettled([deps.query4(host), deps.query6(host)]);
    const found = firstOf(v4) ?? firstOf(v6);
    if (found !== undefined) return keep(host, found);
    const last = kept.get(host);
    if (last !== undefined) return last;
    throw unresolved(host, v4.status === 'rejected' ? v4.reason : undefined);
  };
}

/** First address of `host` in the text of a hosts file; `localhost` is always known (RFC 6761 §6.3). */
export function hostsEntryOf(text: string, host: string): string | undefined {
  const wanted = host.toLowerCase();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) !== 0 && names.some((name) => name.toLowerCase() === wanted)) return address;
  }
  return wanted === 'localhost' ? '127.0.0.1' : undefined;
}

const firstOf = (result: PromiseSettledResult<readonly string[]>): string | undefined =>
  result.status === 'fulfilled' ? result.value[0] : undefined;

const unresolved = (host: string, cause: unknown): UnderstudyError =>
  new UnderstudyError(
    'unavailable',
    'recorder/unresolved',
    `No address is known for the host name ${host}: check its spelling and the name server, or use the camera's IP address.`,
    { cause },
  );
