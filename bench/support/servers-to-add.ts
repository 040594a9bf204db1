/**
 * So many servers that can be added to a site, for bench/site.ts: HTTPS with a sign-in that takes what a password costs a small box, and
 * a peer channel. Tells their rows for `POST /servers/batch` as one line of JSON; ends with its input.
 */
import { startSimulatedServer } from '../../test/support/simulated-server.ts';
import type { SimulatedServer } from '../../test/support/simulated-server.ts';

const [count, password] = process.argv.slice(2);
const SIGN_IN_MS = 600;
/** The process ends with them. */
const noTeardown = { teardown: () => undefined };

const servers: SimulatedServer[] = [];
for (let index = 0; index < Number(count); index += 1)
  servers.push(
    await startSimulatedServer(noTeardown, {
      name: `Added ${index + 1}`,
      password: password ?? '',
      signInMs: SIGN_IN_MS,
    }),
  );
process.stdout.write(`${JSON.stringify(servers.map(({ row }) => row))}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
