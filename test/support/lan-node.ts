/**
 * A process that does nothing but discovery: `node lan-node.ts '{"id":…}'`, or without facts to listen only. Each change is a line
 * `found|changed NAME VIA ADDRESSES` or `gone NAME VIA ADDRESSES MS`, milliseconds since it was last heard; the line `ready` when
 * it has begun. SIGTERM says goodbye. On standard input, `remarks` asks for what does not work.
 */
import { systemClock } from '../../src/core/clock.ts';
import { createLog } from '../../src/core/log.ts';
import { startLanDiscovery } from '../../src/discovery/lan-discovery.ts';
import type { PeerFacts } from '../../src/discovery/lan-peer.ts';

const [text] = process.argv.slice(2);
const discovery = startLanDiscovery({
  clock: systemClock,
  log: createLog('warn', (line) => process.stderr.write(`${line}\n`), Date.now),
  facts: text === undefined ? undefined : (JSON.parse(text) as PeerFacts),
});
const say = (...words: readonly string[]): void => void process.stdout.write(`${words.join(' ')}\n`);
discovery.onChange(({ kind, peer }) => {
  const silent = kind === 'gone' ? [`${Date.now() - peer.lastSeenAt}`] : [];
  say(kind, peer.name, peer.via, peer.addresses.join(','), ...silent);
});
say('ready');
process.stdin.setEncoding('utf8').on('data', () => {
  for (const { protocol, code } of discovery.remarks()) say('remark', protocol, code);
  say('told');
});
process.on('SIGTERM', () => void discovery.stop().then(() => process.exit(0)));
