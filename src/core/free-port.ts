/** A TCP port that nobody listens on at this moment, for programs that cannot be told "any" and say afterwards which. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Somebody else may take it before it is used: whoever asks must tell when it is taken. @throws system errors */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  server.close();
  await once(server, 'close');
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}
