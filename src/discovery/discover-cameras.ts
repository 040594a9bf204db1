/**
 * Cameras on the LAN with their profiles: a look by WS-Discovery, then a question to each device that answered.
 * Only the address an answer really came from is asked: a stranger cannot point us, and the owner's credentials, elsewhere.
 */
import type { DurationMs } from '../core/units.ts';
import { askOnvif } from './ask-onvif.ts';
import type { AskDeps, OnvifAnswer } from './ask-onvif.ts';
import type { OnvifProfile } from './onvif.ts';
import { lookForCameras } from './ws-discovery.ts';
import type { FoundDevice, LookDeps } from './ws-discovery.ts';

export type DiscoverRequest = {
  readonly duration: DurationMs;
  readonly username: string | undefined;
  readonly password: string | undefined;
};

export type DiscoveredDevice = {
  readonly address: string;
  readonly port: number;
  readonly xaddr: string;
  readonly name: string | undefined;
  readonly hardware: string | undefined;
  readonly profiles: readonly OnvifProfile[];
  readonly problem: { readonly code: string; readonly message: string } | undefined;
};

/** One entry a device; a device that answers on several interfaces of this box stands once. */
export async function discoverCameras(
  request: DiscoverRequest,
  deps: LookDeps & AskDeps,
): Promise<readonly DiscoveredDevice[]> {
  const found = await lookForCameras(request.duration, deps);
  const devices = new Map(found.map((device) => [device.endpoint, { device, xaddr: addressToAsk(device) }] as const));
  const { username, password } = request;
  const answers = await askOnvif(
    [...devices.values()].map(({ xaddr }) => ({ xaddr, username, password })),
    deps,
  );
  return [...devices.values()].map(({ device, xaddr }, index) => describe(device, xaddr, answers[index]));
}

/** The announced address whose host is where the answer came from, else the first one with its host replaced by that. */
export function addressToAsk({ xaddrs, from }: Pick<FoundDevice, 'xaddrs' | 'from'>): string {
  const own = xaddrs.find((xaddr) => new URL(xaddr).hostname === from);
  if (own !== undefined) return own;
  const address = new URL(xaddrs[0] ?? `http://${from}/onvif/device_service`);
  address.hostname = from;
  address.username = '';
  address.password = '';
  return address.href;
}

function describe(
  { from, name, hardware }: FoundDevice,
  xaddr: string,
  answer: OnvifAnswer | undefined,
): DiscoveredDevice {
  const { port, protocol } = new URL(xaddr);
  return {
    address: from,
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    xaddr,
    name,
    hardware,
    profiles: answer?.profiles ?? [],
    problem: answer?.problem,
  };
}
