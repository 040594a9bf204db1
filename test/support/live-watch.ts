/** Somebody who watches a camera live, and comes back at once whenever the view ends: what came when. */
import { once } from 'node:events';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { DEMO_USER } from '../../src/demo/demo-box.ts';
import { pieceOf, takeMessages } from './live-pieces.ts';

export type LiveWatch = {
  /** Wall milliseconds of all that came, and how many bytes. */
  readonly pieces: readonly { readonly at: number; readonly bytes: number }[];
  /** Wall milliseconds of each beginning of a view. */
  readonly opened: readonly number[];
  /** Of each view in turn: how many pictures and frames of sound came. */
  readonly views: readonly { readonly pictures: number; readonly sounds: number }[];
  /** Each end of a view, and each refusal with its code. */
  readonly ended: readonly { readonly at: number; readonly why: string }[];
};
type Place = { readonly port: number; readonly password: string };
const AGAIN_MS = 100;

/** `path` below `/api/v1`. */
export async function watchLive(
  t: { readonly teardown: (undo: () => unknown) => void },
  { port, password }: Place,
  path: string,
): Promise<LiveWatch> {
  const cookie = await signIn(port, password);
  const seen = {
    pieces: [] as { at: number; bytes: number }[],
    opened: [] as number[],
    views: [] as { pictures: number; sounds: number }[],
    ended: [] as LiveWatch['ended'][number][],
  };
  const stopping = new AbortController();
  let current: Socket | undefined;
  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const asked = request({ ...LOOPBACK, port, path: `/api/v1${path}`, headers: { ...HANDSHAKE, cookie } });
      asked.end();
      const why = await new Promise<string>((done) => {
        asked.on('error', (error) => done(error.message));
        asked.once('response', (response: IncomingMessage) => {
          response.setEncoding('utf8').once('data', (text: string) => done(codeIn(text)));
          response.once('end', () => done(String(response.statusCode)));
        });
        asked.once('upgrade', (_response, socket: Socket, head: Buffer) => {
          current = socket;
          seen.opened.push(Date.now());
          const view = { pictures: 0, sounds: 0 };
          seen.views.push(view);
          let rest: Buffer = Buffer.alloc(0);
          const came = (bytes: Buffer): void => {
            if (bytes.length > 0) seen.pieces.push({ at: Date.now(), bytes: bytes.length });
            const taken = takeMessages(Buffer.concat([rest, bytes]));
            ({ rest } = taken);
            for (const message of taken.messages) count(view, message);
          };
          came(head);
          socket.on('data', came);
          socket.on('error', () => undefined);
          socket.once('close', () => done('closed'));
        });
      });
      seen.ended.push({ at: Date.now(), why });
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
  };
  t.teardown(() => {
    stopping.abort();
    current?.destroy();
  });
  void watch();
  return seen;
}

function count(view: { pictures: number; sounds: number }, message: string | Buffer): void {
  if (typeof message === 'string' || message.toString('latin1', 4, 8) !== 'moof') return;
  if (pieceOf(message).track === 'audio') view.sounds += 1;
  else view.pictures += 1;
}

const codeIn = (problem: string): string => /"code":"([^"]*)"/.exec(problem)?.[1] ?? problem.slice(0, 100);

const LOOPBACK = { host: '127.0.0.1', rejectUnauthorized: false, agent: false } as const;
const HANDSHAKE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
} as const;

async function signIn(port: number, password: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const asked = request({ ...LOOPBACK, port, method: 'POST', path: '/api/v1/sessions', headers });
  asked.end(JSON.stringify({ username: DEMO_USER, password }));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  const cookie = answer.headers['set-cookie']?.[0]?.split(';', 1)[0];
  if (cookie === undefined) throw new Error(`not signed in: ${answer.statusCode}`);
  return cookie;
}
