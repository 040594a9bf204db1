/** A TCP port that nobody listens on at this moment, for programs that cannot be told "any" and say afterwards which. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { systemCodeOf } from './errors.ts';

/**
 * Below those that Linux gives to outgoing connections and to listeners that ask for any (32768 on): there one that is kept free
 * for a server that is started again is soon somebody else's.
 */
const FIRST = 10_000;
const PAST = 32_768;
const MAX_TRIES = 100;
/** So many that were given last are not given again: whoever has one may not listen yet, or will again when it is started anew. */
const MAX_GIVEN = 2000;
const given = new Set<number>();

/** Somebody else may take it before it is used: whoever asks must tell when it is taken. @throws system errors */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (let left = MAX_TRIES; ; left -= 1) {
    const port = randomInt(FIRST, PAST);
    if (given.has(port)) continue;
    // Before it is looked at: another call may draw the same one meanwhile.
    remember(port);
    try {
      await isFree(port, address);
      return port;
    } catch (error) {
      if (systemCodeOf(error) !== 'EADDRINUSE' || left <= 0) throw error;
    }
  }
}

function remember(port: number): void {
  given.add(port);
  for (const oldest of given) {
    if (given.size <= MAX_GIVEN) return;
    given.delete(oldest);
  }
}

async function isFree(port: number, address: string): Promise<void> {
  const server = createServer().listen(port, address);
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}
