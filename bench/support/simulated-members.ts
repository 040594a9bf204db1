/**
 * Members of a site at the peer protocol and nothing else, many in one process: real keys, real TLS, real beats and reports.
 * Started by bench/site.ts: tells their identities as one line of JSON, then reads one with the host and dials it.
 */
import { createInterface } from 'node:readline';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { startPeerNetwork } from '../../src/peer/peer-network.ts';
import type { PeerNetwork } from '../../src/peer/network-types.ts';
import { MAX_SERVERS_OF_ONE_BENCH } from './site-shape.ts';
import type { MemberIdentity, SimulatedHost } from './site-shape.ts';
import { createIdentity, FACTS, selfOf } from '../../test/support/peer-rig.ts';
import type { Identity } from '../../test/support/peer-rig.ts';
import type { MemberReport } from '../../src/site/member-report.ts';

type Member = MemberIdentity & { readonly identity: Identity };
const [count, spares, camerasEach] = process.argv.slice(2).map(Number) as [number, number, number];
if (!(count <= MAX_SERVERS_OF_ONE_BENCH)) throw new Error(`at most ${MAX_SERVERS_OF_ONE_BENCH} members`);
const PRIORITIES = ['high', 'medium', 'low'] as const;

const members: Member[] = [];
for (let index = 0; index < count; index += 1) {
  const identity = await createIdentity();
  const mode = index < spares ? 'failover' : 'recording';
  const name = `${mode === 'failover' ? 'Spare' : 'Recorder'} ${index + 1}`;
  members.push({ identity, id: identity.id, fingerprint: identity.fingerprint, mode, name });
}
process.stdout.write(
  `${JSON.stringify(members.map(({ id, fingerprint, mode, name }) => ({ id, fingerprint, mode, name })))}\n`,
);

const networks: PeerNetwork[] = [];
const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
for await (const line of lines) {
  const host = JSON.parse(line) as SimulatedHost;
  for (const member of members) networks.push(await join(member, host));
  process.stdout.write('{}\n');
}

async function join({ identity, mode, name }: Member, host: SimulatedHost): Promise<PeerNetwork> {
  const record = {
    ...host,
    name: 'Host',
    mode: 'host' as const,
    host: '127.0.0.1',
    watched: false,
    watcher: false,
    managesUs: true,
    introduced: false,
    enabled: true,
    addedAt: 1,
  };
  const network = await startPeerNetwork({
    clock: systemClock,
    log: silentLog,
    identity,
    bind: '127.0.0.1',
    port: 0,
    self: () => ({ ...selfOf(identity), mode, name, version: '0.1.0' }),
    peers: () => [record],
    keepAlive: () => ({ ...FACTS, mode }),
    paired: async () => await Promise.resolve(),
    random: Math.random,
    parted: { has: () => false, add: () => undefined },
    isCalm: () => true,
  });
  for (const method of ['site.set', 'site.copy'])
    network.handle(method, async () => await Promise.resolve({ result: {} }));
  network.handle('site.report', async () => await Promise.resolve({ result: reportOf(identity.id, mode) }));
  return network;
}

function reportOf(id: string, mode: MemberIdentity['mode']): MemberReport {
  const cameras = Array.from({ length: mode === 'recording' ? camerasEach : 0 }, (_, index) => ({
    id: `cam-${id.slice(0, 8)}-${index}`,
    name: `Camera ${index + 1}`,
    priority: PRIORITIES[index % PRIORITIES.length] ?? ('low' as const),
    standbyLevel: 'warm' as const,
    recording: true,
  }));
  const failover = { shortagePolicy: 'by-priority' as const, oneServerAtATime: false, unreachable: [], protects: [] };
  return {
    revision: FACTS.settingsRevision,
    model: 'Simulated NAS',
    load: 0.2,
    cameras,
    ...(mode === 'failover' ? { failover } : {}),
  };
}
