/**
 * Root of the process that takes RTMP pushes: node-media-server on loopback, our front before it on the LAN.
 * A process of its own because the package ends its process when a port is taken or a client nests AMF too deeply; whoever started
 * it starts it again. Ends by itself when the channel to its parent closes.
 *
 * Arguments: LAN address, LAN port (0: any), folder for the package's own notes. Messages: see rtmp-messages.ts.
 */
import NodeMediaServer from 'node-media-server';
import { systemClock } from '../core/clock.ts';
import { freePort } from '../core/free-port.ts';
import { startFront } from './front.ts';
import { isPushKey } from '../core/push-key.ts';
import type { FromChild, ToChild } from './rtmp-messages.ts';

const [address = '127.0.0.1', port = '0', folder = '.'] = process.argv.slice(2);
let allowed: ReadonlySet<string> = new Set();

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToChild) => {
  allowed = new Set(message.keys.filter(isPushKey));
});

const rtmpPort = await freePort();
const flvPort = await freePort();
const server = new NodeMediaServer({
  bind: '127.0.0.1',
  rtmp: { port: rtmpPort },
  http: { port: flvPort },
  webadmin: { enable: false },
  auth: { play: false, publish: false },
  store: { path: folder },
});
// A listener that throws would end the process; the package emits these for every session, also for those it has refused.
server.on('prePublish', (session) => {
  // The package would let a broken push go on for 30 s as if nothing were missing: each push is a new one here.
  session.broadcast.publishGraceMs = 0;
  if (allowed.has(session.streamPath.replace(/^\/live\//, ''))) return;
  if (session.socket) session.socket.destroy();
  else session.close();
});
// What was sent since the last key frame, also of a push that ended, would be recorded as if it came now.
server.on('postPlay', (session) => session.broadcast.flvGopCache?.clear());
await server.run();
const front = await startFront({ address, port: Number(port), upstreamPort: rtmpPort, clock: systemClock });
say({ kind: 'ready', flvPort, port: front.port });

/** The package takes no port 0: one is asked of the system and let go. If another takes it first the package exits and is started again. */
function say(message: FromChild): void {
  process.send?.(message);
}
