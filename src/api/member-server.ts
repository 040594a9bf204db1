/**
 * A member's side of the site gateway: the same application as at the HTTPS port, on connections of the peer channel from the host that
 * manages this server (docs/design/site-gateway.md). Who asks is told by one header, which is believed here and nowhere else.
 *
 * Belongs here: whom to believe, until when. Does not: what a caller may do (admission.ts), the connections (peer/http-links.ts).
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CALLER_HEADER, MAX_CALLER_LENGTH, parseCaller } from '../site/gateway-caller.ts';
import type { App } from './app.ts';
import type { SignedIn } from './caller.ts';

/** Longer than the host keeps one that is idle (control/site-gateway.ts). */
const KEEP_ALIVE_MS = 65_000;
/** The caller, and as much beside it as the HTTPS port takes. */
const MAX_HEADER_BYTES: number = MAX_CALLER_LENGTH + 16_384;

export type MemberServerDeps = {
  readonly app: Pick<App, 'request' | 'upgrade'>;
  /** Who manages this server now. */
  readonly manager: () => { readonly id: string; readonly name: string } | undefined;
};
export type MemberServer = {
  readonly serves: (peerId: string) => boolean;
  /** A connection of a peer, whose key was proven. */
  readonly serve: (peerId: string, socket: Socket) => void;
  /** Who manages this server may have changed: connections of others end at once. */
  readonly review: () => void;
  readonly stop: () => void;
};

export function createMemberServer({ app, manager }: MemberServerDeps): MemberServer {
  const sockets = new Map<Socket, string>();
  const serves = (peerId: string | undefined): boolean => peerId !== undefined && manager()?.id === peerId;
  const callerOf = ({ socket, headers }: IncomingMessage): SignedIn | undefined => {
    const host = manager();
    if (host === undefined || sockets.get(socket) !== host.id) return undefined;
    const text = headers[CALLER_HEADER];
    const told = typeof text === 'string' ? parseCaller(text) : undefined;
    if (told === undefined) return undefined;
    const { id, name, role, cameraIds } = told;
    // It ends with its connection: the host ends that when the session there ends.
    const ended = new AbortController().signal;
    return {
      kind: 'user',
      id: `${host.id} ${id}`,
      name: `${name} (at ${host.name})`,
      role,
      cameraIds,
      expiresAt: undefined,
      ended,
    };
  };
  const server = openServer({
    request: (request, response) => {
      const caller = callerOf(request);
      if (caller === undefined || !isOfApi(request)) refuse(response);
      else app.request(request, response, caller);
    },
    upgrade: (request, socket, head) => {
      const caller = callerOf(request);
      if (caller === undefined || !isOfApi(request)) socket.destroy();
      else app.upgrade(request, socket, head, caller);
    },
  });
  return {
    serves,
    serve: (peerId, socket) => {
      if (!serves(peerId)) {
        socket.destroy();
        return;
      }
      sockets.set(socket, peerId);
      socket.once('close', () => sockets.delete(socket));
      server.emit('connection', socket);
    },
    review: () => {
      for (const [socket, peerId] of sockets) if (!serves(peerId)) socket.destroy();
    },
    stop: () => {
      for (const socket of sockets.keys()) socket.destroy();
    },
  };
}

/** It listens nowhere: connections are given to it. The host watches over slow senders, who come in at its HTTPS port. */
function openServer({ request, upgrade }: Pick<App, 'request' | 'upgrade'>): Server {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: MAX_HEADER_BYTES }, request);
  server.on('upgrade', (asked: IncomingMessage, socket: Duplex, head: Buffer) => upgrade(asked, socket, head));
  server.on('clientError', (_error, socket) => void socket.destroy());
  return server;
}

const isOfApi = ({ url }: IncomingMessage): boolean => url?.startsWith('/api/v1/') === true;

/** An honest host sends nothing of the kind. */
function refuse(response: ServerResponse): void {
  const code = 'gateway/caller';
  const detail = 'Expected a request below /api/v1 with one header that says who asks.';
  const problem = {
    type: `urn:understudy:problem:${code}`,
    title: 'Not a request of a host',
    status: 400,
    code,
    detail,
  };
  response.writeHead(400, { 'content-type': 'application/problem+json', connection: 'close' });
  response.end(JSON.stringify(problem));
}
