/** A live view over HTTPS, taken until it is enough. */
import { request } from 'node:https';
import type { Socket } from 'node:net';
import { takeMessages } from './live-pieces.ts';
import type { Message } from './live-pieces.ts';

type Place = { readonly port: number; readonly secret: string; readonly path: string };

/** `path` with its query; `secret` of a token. Rejects when there is no view, or when it ends before. */
export async function takeLive(
  { port, secret, path }: Place,
  enough: (messages: readonly Message[]) => boolean,
): Promise<readonly Message[]> {
  const headers = {
    authorization: `Bearer ${secret}`,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    origin: `https://127.0.0.1:${port}`,
  };
  const asked = request({ host: '127.0.0.1', port, path, headers, rejectUnauthorized: false, agent: false });
  asked.end();
  return await new Promise((resolve, reject) => {
    asked.once('error', reject);
    asked.once('response', ({ statusCode }) => reject(new Error(`no upgrade: ${statusCode}`)));
    asked.once('upgrade', (response, socket: Socket, head: Buffer) => {
      if (response.headers['sec-websocket-accept'] !== 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
        reject(new Error('wrong accept'));
      let messages: readonly Message[] = [];
      let rest: Buffer = Buffer.alloc(0);
      const came = (bytes: Buffer): void => {
        const taken = takeMessages(Buffer.concat([rest, bytes]));
        rest = taken.rest;
        messages = [...messages, ...taken.messages];
        if (!enough(messages)) return;
        socket.destroy();
        resolve(messages);
      };
      socket.on('data', came);
      socket.on('error', reject);
      socket.once('close', () => reject(new Error('the view ended')));
      came(head);
    });
  });
}
