/** Bytes to a server as they are: what no proper client would send. */
import { connect } from 'node:tls';
import type { Api } from './api-server.ts';

/** Bytes on a TLS connection as they are; resolves with all that comes until the server closes it. */
export function raw({ port, tls }: Pick<Api, 'port' | 'tls'>, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca: tls.certificate, checkServerIdentity: () => undefined });
    let all = '';
    socket.on('data', (part: Buffer) => (all += part.toString('latin1')));
    socket.on('close', () => resolve(all));
    // Whoever refuses what is still being sent may close before all of it came: the answer counts, if there was one.
    socket.on('error', (error) => {
      if (all === '') reject(error);
    });
    socket.write(text);
  });
}
