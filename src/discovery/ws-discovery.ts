/**
 * Looks for ONVIF cameras on every IPv4 interface of this box (WS-Discovery 1.0): sends probes, collects answers for a while.
 * A hint, never an authority: whatever answers may lie about everything.
 *
 * Own code because the `onvif` package probes from one interface only. Belongs here: sockets. Does not: messages (probe-match.ts).
 */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { durationMs } from '../core/units.ts';
import type { DurationMs } from '../core/units.ts';
import { encodeProbe, parseProbeMatches } from './probe-match.ts';
import type { ProbeMatch } from './probe-match.ts';

const GROUP = '239.255.255.250';
const PORT = 3702;
/** Answers of one look that are kept: a site has 128 cameras a box; more is a flood. */
export const MAX_ANSWERS = 1024;
/** UDP loses: WS-Discovery §2.4 asks for one repetition, cameras behind Wi-Fi bridges need more. */
const PROBE_TIMES: readonly DurationMs[] = [durationMs(0), durationMs(250), durationMs(900)];

export type FoundDevice = ProbeMatch & {
  /** Where the answer came from: the address that is known to reach it. */
  readonly from: string;
};

export type LookDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly target?: { readonly address: string; readonly port: number };
};

/** Listens for `duration`; one entry a device, in the order of their answers. Interfaces that cannot send are logged and left out. */
export async function lookForCameras(duration: DurationMs, deps: LookDeps): Promise<readonly FoundDevice[]> {
  const found = new Map<string, FoundDevice>();
  const sockets = await Promise.all(
    localAddresses(deps.target?.address).map((address) => openProbeSocket(address, deps, found)),
  );
  const usable = sockets.filter((socket) => socket !== undefined);
  try {
    await Promise.all([sendProbes(usable, deps), deps.clock.sleep(duration)]);
  } finally {
    for (const socket of usable) socket.close();
  }
  return [...found.values()];
}

/** IPv4 addresses to probe from; with a loopback target (tests) loopback is the only one. */
function localAddresses(target: string | undefined): readonly string[] {
  if (target?.startsWith('127.')) return ['127.0.0.1'];
  return Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

async function openProbeSocket(
  address: string,
  { log }: LookDeps,
  found: Map<string, FoundDevice>,
): Promise<Socket | undefined> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { address: from }) => {
    if (found.size >= MAX_ANSWERS) return;
    try {
      for (const match of parseProbeMatches(message.toString('utf8')))
        found.set(`${from} ${match.endpoint}`, { ...match, from });
    } catch (error) {
      log.debug('answer to a probe not understood', { from, reason: messageOf(error) });
    }
  });
  const bound = Promise.withResolvers<boolean>();
  socket.once('error', (error) => {
    log.info('cannot look for cameras on an interface', { address, reason: error.message });
    bound.resolve(false);
  });
  socket.bind({ address, port: 0 }, () => bound.resolve(true));
  if (!(await bound.promise)) return undefined;
  socket.on('error', (error) =>
    log.info('looking for cameras failed on an interface', { address, reason: error.message }),
  );
  socket.setMulticastInterface(address);
  socket.setMulticastTTL(1);
  return socket;
}

async function sendProbes(sockets: readonly Socket[], { clock, target }: LookDeps): Promise<void> {
  const message = Buffer.from(encodeProbe(randomUUID()));
  await Promise.all(
    PROBE_TIMES.map(async (delay) => {
      await clock.sleep(delay);
      for (const socket of sockets) sendUnlessClosed(socket, message, target ?? { address: GROUP, port: PORT });
    }),
  );
}

function sendUnlessClosed(
  socket: Socket,
  message: Buffer,
  to: { readonly address: string; readonly port: number },
): void {
  try {
    socket.send(message, to.port, to.address, () => undefined);
  } catch {
    // The look ended before the last probe was due.
  }
}
