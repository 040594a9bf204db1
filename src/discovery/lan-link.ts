/** Discovery on one interface: keeps its three parts up, each by itself; one that breaks is opened anew after a while. */
import type { Clock } from '../core/clock.ts';
import { messageOf, systemCodeOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { durationMs } from '../core/units.ts';
import type { LanInterface } from './lan-interfaces.ts';
import { openMdns } from './lan-mdns.ts';
import { ANNOUNCE_PERIOD } from './lan-part.ts';
import type { LanPart, PartDeps } from './lan-part.ts';
import type { LanProtocol, PeerFacts } from './lan-peer.ts';
import type { Group } from './lan-socket.ts';
import { openSsdpListener, openSsdpSearcher } from './lan-ssdp.ts';

/** A program that holds a port may let go of it. */
const RETRY_PERIOD = durationMs(5000);

export type LinkDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly link: LanInterface;
  readonly facts: PeerFacts | undefined;
  readonly groups: { readonly ssdp: Group; readonly mdns: Group };
  readonly onHeard: (facts: PeerFacts, address: string, via: LanProtocol) => void;
  readonly onLeft: (id: string, address: string) => void;
};

/** A protocol that does not work on an interface at present; it is tried again all the time. */
export type LanRemark = {
  readonly protocol: LanProtocol;
  readonly address: string;
  /** The system's name of the error, such as `EADDRINUSE`. */
  readonly code: string;
  /** For a person. */
  readonly message: string;
};

export type LanLink = LanPart & { readonly remarks: () => readonly LanRemark[] };

export function openLink(deps: LinkDeps): LanLink {
  const parts = [
    keepUp('ssdp', openSsdpListener, deps),
    keepUp('ssdp', openSsdpSearcher, deps),
    keepUp('mdns', openMdns, deps),
  ];
  const search = (): void => {
    for (const part of parts) part.search();
  };
  const remarks = (): readonly LanRemark[] => parts.flatMap((part) => part.remarks());
  // Without its port a protocol hears no announcements; servers that are asked still answer.
  const cancelSearch = deps.clock.every(ANNOUNCE_PERIOD, () => {
    if (remarks().length > 0) search();
  });
  return {
    search,
    remarks,
    stop: async (goodbye) => {
      cancelSearch();
      await Promise.all(parts.map((part) => part.stop(goodbye)));
    },
  };
}

function keepUp(protocol: LanProtocol, open: (deps: PartDeps) => LanPart, deps: LinkDeps): LanLink {
  const { clock, link } = deps;
  const log = deps.log.with({ protocol, interface: link.name, address: link.address });
  let part: LanPart | undefined;
  let remark: LanRemark | undefined;
  let thrown = 0;
  let stopped = false;
  let cancelRetry: () => void = () => undefined;

  const note = (error: Error | undefined): void => {
    if (error === undefined ? remark === undefined : remark?.code === codeOf(error)) return;
    remark = error === undefined ? undefined : remarkOf(protocol, link.address, error);
    if (remark === undefined) log.info('discovery works again');
    else log.info('discovery does not work at present', { code: remark.code, reason: remark.message });
  };
  const begin = (): void => {
    let broken = false;
    const opened = open({
      ...deps,
      group: deps.groups[protocol],
      onReady: () => note(undefined),
      onSent: (error) => note(error),
      onThrown: (error) => {
        thrown += 1;
        // Once, or a stranger fills the log.
        if (thrown === 1) log.warn('a library threw while it handled a datagram; it goes on', { error });
      },
      onBroken: (error) => {
        if (broken || stopped) return;
        broken = true;
        part = undefined;
        note(error);
        cancelRetry = clock.after(RETRY_PERIOD, begin);
        // Not before `open` has returned: a socket may break while it is opened.
        queueMicrotask(() => void opened.stop(false));
      },
    });
    if (!broken) part = opened;
  };
  begin();
  return {
    search: () => part?.search(),
    remarks: () => (remark === undefined ? [] : [remark]),
    stop: async (goodbye) => {
      stopped = true;
      cancelRetry();
      await part?.stop(goodbye);
    },
  };
}

const codeOf = (error: Error): string => systemCodeOf(error) ?? 'unknown';

function remarkOf(protocol: LanProtocol, address: string, error: Error): LanRemark {
  const [name, port] = protocol === 'ssdp' ? ['SSDP', 1900] : ['mDNS', 5353];
  const code = codeOf(error);
  const message =
    code === 'EADDRINUSE'
      ? `Another program holds UDP port ${port} for itself, so servers are not found over ${name} on ${address}; they still are over the other protocol.`
      : `${name} does not work on ${address}: ${messageOf(error)}.`;
  return { protocol, address, code, message };
}
