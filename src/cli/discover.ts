/** `understudy discover`: Understudy servers on the LAN. Asks and listens only; announces nothing. */
import type { Command } from 'commander';
import { isoOf, systemClock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { silentLog } from '../core/log.ts';
import { startLanDiscovery } from '../discovery/lan-discovery.ts';
import type { LanRemark } from '../discovery/lan-link.ts';
import type { DiscoveredPeer } from '../discovery/lan-peer.ts';

type Options = { readonly json?: true; readonly seconds: string };
const EXIT_NONE = 1;

export function registerDiscover(program: Command): void {
  program
    .command('discover')
    .description('look for Understudy servers on the LAN; exit 1 if there is none')
    .option('--seconds <n>', 'how long to look, 1 to 30', '3')
    .option('--json', 'one JSON document for machines')
    .addHelpText(
      'after',
      `
Servers say of themselves what stands there, and anybody on the network can say the same: compare the fingerprint with the one that the
server shows under Settings before you trust it. Only servers in the same network segment are found; others are added by address.`,
    )
    .action(discover);
}

async function discover({ json, seconds }: Options): Promise<void> {
  const duration = Number(seconds);
  if (!(duration >= 1 && duration <= 30))
    throw new UnderstudyError('invalid', 'cli/usage', `--seconds takes a number from 1 to 30, not '${seconds}'`);
  const discovery = startLanDiscovery({ clock: systemClock, log: silentLog });
  const peers = await discovery.search(duration);
  const remarks = discovery.remarks();
  await discovery.stop();
  process.stdout.write(json ? documentOf(peers, remarks) : tableOf(peers, remarks));
  if (peers.length === 0) process.exitCode = EXIT_NONE;
}

function documentOf(peers: readonly DiscoveredPeer[], remarks: readonly LanRemark[]): string {
  const servers = peers.map((peer) => ({ ...peer, lastSeenAt: isoOf(peer.lastSeenAt) }));
  return `${JSON.stringify({ servers, remarks })}\n`;
}

function tableOf(peers: readonly DiscoveredPeer[], remarks: readonly LanRemark[]): string {
  const lines = [
    ...peers.flatMap(linesOf),
    ...(peers.length === 0 ? ['No server answered. Only servers in the same network segment are found.'] : []),
    ...new Set(remarks.map(({ message }) => message)),
  ];
  return `${lines.join('\n')}\n`;
}

function linesOf(peer: DiscoveredPeer): readonly string[] {
  const { name, mode, enabled, version, model, addresses, httpPort, fingerprint } = peer;
  const facts = [name, mode, enabled ? 'CMS on' : 'CMS off', `version ${version}`, model];
  return [
    facts.filter((fact) => fact !== undefined).join('  '),
    ...addresses.map((address) => `    https://${address}:${httpPort}`),
    `    certificate SHA-256 ${fingerprint}`,
  ];
}
