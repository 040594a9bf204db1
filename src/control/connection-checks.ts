/** What another server says of itself, judged: can it be added here, and if not why (product A4, A9, A10, F1). Pure. */
import { z } from 'zod';
import type { CONNECTION_CHECKS, ConnectionCheck } from '../api/contract/adding.ts';
import { parseIso } from '../core/clock.ts';
import { foreignSiteOf } from '../site/membership.ts';
import { isOlder } from '../site/version.ts';
import type { CMS_MODES } from '../site/server-settings.ts';
import { unsuitedRemote } from '../site/suitability.ts';
import { peerIdentitySchema } from '../site/peer.ts';

/** `GET /server` as far as it is judged; older releases say less. */
export const remoteServerAnswer = z.looseObject({
  id: peerIdentitySchema.shape.id,
  name: peerIdentitySchema.shape.name,
  mode: peerIdentitySchema.shape.mode,
  version: z.string().max(64),
  platform: z
    .looseObject({
      os: z.string().max(256),
      model: z.string().max(256).optional(),
      frameGrabbers: z.array(z.string().max(200)).max(32).optional(),
    })
    .optional(),
  now: z.iso.datetime().optional(),
  managed: z.enum(['allowed', 'off']).optional(),
  site: z
    .looseObject({ kind: z.string(), host: z.looseObject({ id: z.string(), name: z.string().max(64) }).optional() })
    .optional(),
});
export type RemoteServer = z.infer<typeof remoteServerAnswer>;

/** This server, to which the other one is to be added. */
export type OwnSide = {
  readonly id: string;
  readonly mode: (typeof CMS_MODES)[number];
  readonly version: string;
  /** That of its host, its own if it is one. */
  readonly siteId: string | undefined;
  /** Servers that are known here, but for those that only the host named. */
  readonly knownIds: readonly string[];
};
type CheckName = (typeof CONNECTION_CHECKS)[number];

/** As a takeover needs it: returned footage lies where it belongs within a key frame or two. */
const MAX_CLOCK_OFFSET_MS = 2000;

export const passed = (name: CheckName, detail: string): ConnectionCheck => ({ name, ok: true, detail });
/** `code`: with which adding is refused; undefined: it is not. */
export const failed = (name: CheckName, code: string | undefined, detail: string): ConnectionCheck => ({
  name,
  ok: false,
  detail,
  ...(code === undefined ? {} : { code }),
});

/** A failover server takes whom it understands; a host wants those it manages as new as itself. */
export function judgeVersion(name: string, version: string, own: Pick<OwnSide, 'mode' | 'version'>): ConnectionCheck {
  const both = `${name} runs version ${version}, this server ${own.version}`;
  if (own.mode !== 'host' || !isOlder(version, own.version)) return passed('version', `${both}.`);
  return failed('version', 'server/older', `${both}: update it first, then add it.`);
}

/** `at`: wall milliseconds here when it answered. */
export function judgeServer(server: RemoteServer, own: OwnSide, at: number): readonly ConnectionCheck[] {
  return [
    modeCheck(server, own),
    knownCheck(server, own),
    managedCheck(server, own),
    siteCheck(server, own),
    suitabilityCheck(server),
    ...clockChecks(server, at),
  ];
}

function modeCheck({ name, mode }: RemoteServer, own: OwnSide): ConnectionCheck {
  if (own.mode === 'recording') {
    const message = 'This server records. Only a failover server or a host adds others: change its mode first.';
    return failed('mode', 'server/mode', message);
  }
  if (mode === own.mode)
    return failed(
      'mode',
      'server/mode',
      `${name} is in mode ${mode} like this server: the two have nothing to do for each other.`,
    );
  return passed(
    'mode',
    `${name} is in mode ${mode}: this server would ${own.mode === 'host' ? 'manage' : 'protect'} it.`,
  );
}

function knownCheck({ id, name }: RemoteServer, own: OwnSide): ConnectionCheck {
  if (id === own.id)
    return failed('known', 'server/itself', 'That is this server itself; give the address of another one.');
  if (own.knownIds.includes(id)) return failed('known', 'server/known', `${name} is known here already.`);
  return passed('known', `${name} is new here.`);
}

function managedCheck({ name, managed }: RemoteServer, own: OwnSide): ConnectionCheck {
  if (managed !== 'off') return passed('managed', `${name} lets a host manage it.`);
  const message = `${name} lets no host manage it: enable that with an account of its owner (servers enable), or there under Settings.`;
  return failed('managed', own.mode === 'host' ? 'server/cms-off' : undefined, message);
}

function siteCheck({ id, name, mode, site }: RemoteServer, own: OwnSide): ConnectionCheck {
  const host = site?.host;
  if (mode === 'host' || (site?.kind === 'host' && id === own.siteId))
    return passed('site', `${name} is the host of a site.`);
  const foreign = foreignSiteOf({ id, name, site }, own.siteId);
  if (foreign !== undefined) return failed('site', own.siteId === undefined ? undefined : 'server/foreign', foreign);
  if (host === undefined) return passed('site', `${name} belongs to no site.`);
  return passed('site', `${name} belongs to the site of ${host.name}, like this server.`);
}

function suitabilityCheck(server: RemoteServer): ConnectionCheck {
  const unsuited = unsuitedRemote(server);
  if (unsuited !== undefined) return failed('suitability', unsuited.code, unsuited.message);
  return passed('suitability', `Nothing in ${server.name} speaks against it.`);
}

function clockChecks({ name, now }: RemoteServer, at: number): readonly ConnectionCheck[] {
  const theirs = now === undefined ? undefined : parseIso(now);
  if (theirs === undefined) return [];
  const offset = Math.round(theirs - at);
  const words = `The clock of ${name} is ${Math.abs(offset)} ms ${offset < 0 ? 'behind' : 'ahead of'} ours`;
  if (Math.abs(offset) <= MAX_CLOCK_OFFSET_MS) return [passed('clock', `${words}.`)];
  return [failed('clock', undefined, `${words}: set both by the same time server.`)];
}
