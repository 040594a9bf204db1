/** A server with a peer channel in a process of its own, to be killed. Says its port, then lives until it is killed. */
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { startPeerNetwork } from '../../src/peer/peer-network.ts';
import { FACTS, partedKeys, recordOf, selfOf } from './peer-rig.ts';
import type { Identity } from './peer-rig.ts';

const { own, known } = JSON.parse(process.argv[2] ?? '{}') as { own: Identity; known: Identity };
const network = await startPeerNetwork({
  clock: systemClock,
  log: silentLog,
  identity: own,
  bind: '127.0.0.1',
  port: 0,
  self: () => selfOf(own, `run-${process.pid}`),
  peers: () => [recordOf(known)],
  keepAlive: () => FACTS,
  parted: partedKeys(),
  paired: () => Promise.resolve(),
  random: Math.random,
});
network.handle('take', (_peer, _params, attachment) => Promise.resolve({ result: attachment?.length }));
process.stdout.write(`${network.port}\n`);
