/**
 * A file server of a test's own making, on loopback: it logs on properly and signs (SMB 2.1, HMAC-SHA256), and then does whatever the test
 * wants of it. Where the test has no wish, it answers as a server should.
 */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { createFramer, lengthPrefix } from '../../src/smb/framing.ts';
import { COMMAND, FLAG_SIGNED } from '../../src/smb/header.ts';
import { ascii, readerOf, record, u16, u32, zeros } from '../../src/smb/little-endian.ts';
import { ntlmV2 } from '../../src/smb/ntlm.ts';
import { rc4 } from '../../src/smb/rc4.ts';
import { createSigner } from '../../src/smb/signing.ts';
import {
  answerHeader,
  createBody,
  errorBody,
  negotiateBody,
  outputBody,
  sessionSetupBody,
  SERVER_GUID,
  treeConnectBody,
} from './server-messages.ts';

export const PASSWORD = 'correct horse';

export type Asked = {
  readonly command: number;
  readonly messageId: bigint;
  readonly charge: number;
  readonly message: Uint8Array;
};
export type Reply = {
  readonly status?: number;
  readonly body?: Uint8Array;
  readonly credits?: number;
  /** As a server must, if left out. */
  readonly signature?: 'none' | 'wrong';
  readonly command?: number;
  readonly messageId?: bigint;
  readonly isAsync?: boolean;
};
export type Behaviour = {
  /** `undefined`: as a server should; an empty list: no answer. */
  readonly answer?: (asked: Asked) => readonly Reply[] | undefined;
  readonly sessionFlags?: number;
  readonly treeConnect?: Uint8Array;
  /** Bytes as they are, instead of the answer to NEGOTIATE. */
  readonly greeting?: Uint8Array;
  readonly capabilities?: number;
};
export type FakeServer = {
  readonly port: number;
  readonly asked: readonly Asked[];
  /** One more answer to a request of the latest connection. */
  readonly say: (asked: Asked, reply: Reply) => void;
  readonly drop: () => void;
};

export async function startFakeServer(
  t: Pick<ExecutionContext, 'teardown'>,
  behaviour: Behaviour = {},
): Promise<FakeServer> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  let latest: Session | undefined;
  const server = createServer((socket) => {
    sockets.add(socket);
    const session = createSession(socket, behaviour);
    latest = session;
    const framer = createFramer();
    socket
      .on('error', () => undefined)
      .on('data', (chunk: Uint8Array) => {
        for (const message of framer.push(chunk)) {
          const request = requestOf(message);
          asked.push(request);
          session.receive(request);
        }
      });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  t.teardown(() => {
    drop();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return { port: address.port, asked, drop, say: (to, reply) => latest?.send(to, reply) };
}

function requestOf(message: Uint8Array): Asked {
  const reader = readerOf(message, 'request');
  return { command: reader.u16(12), messageId: reader.u64(24), charge: reader.u16(6), message };
}

/** The server's challenge, without a time: no integrity code. */
const CHALLENGE = record(
  ascii('NTLMSSP\0'),
  u32(2),
  zeros(8),
  u32(0xe28a_8233),
  Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  zeros(8),
  u16(4),
  u16(4),
  u32(48),
  zeros(4),
);
const SESSION_ID = 0x4711n;
const TREE_ID = 5;

type Session = {
  readonly receive: (asked: Asked) => void;
  readonly send: (asked: Asked, reply: Reply) => void;
};

function createSession(socket: Socket, behaviour: Behaviour): Session {
  let key: Uint8Array | undefined;
  const send = (asked: Asked, reply: Reply): void => {
    const message = encode(asked, reply, key);
    socket.write(record(lengthPrefix(message.length), message));
  };
  const receive = (asked: Asked): void => {
    if (asked.command === COMMAND.negotiate && behaviour.greeting !== undefined) {
      socket.write(behaviour.greeting);
      return;
    }
    const replies = behaviour.answer?.(asked) ?? [standardReply(asked, behaviour)];
    const isLast = asked.command === COMMAND.sessionSetup && tokenOf(asked).at(8) === 3;
    if (isLast) key = sessionKeyOf(tokenOf(asked));
    for (const reply of replies) send(asked, reply);
  };
  return { receive, send };
}

function encode(asked: Asked, reply: Reply, key: Uint8Array | undefined): Uint8Array {
  const signed = key !== undefined && reply.signature !== 'none';
  const header = answerHeader({
    command: reply.command ?? asked.command,
    status: reply.status ?? 0,
    credits: reply.credits ?? Math.max(asked.charge, 32),
    messageId: reply.messageId ?? asked.messageId,
    flags: 1 | (signed ? FLAG_SIGNED : 0) | (reply.isAsync === true ? 2 : 0),
    treeId: TREE_ID,
    sessionId: SESSION_ID,
  });
  const message = record(header, reply.body ?? errorBody());
  if (signed) createSigner('hmac-sha256', key).sign([message], asked.messageId);
  if (reply.signature === 'wrong') message.set([(message[50] ?? 0) ^ 1], 50);
  return message;
}

const tokenOf = ({ message }: Asked): Uint8Array => message.subarray(88);

function standardReply(asked: Asked, behaviour: Behaviour): Reply {
  const { sessionFlags = 0, treeConnect = treeConnectBody(), capabilities = 4 } = behaviour;
  const moreToCome = asked.command === COMMAND.sessionSetup && tokenOf(asked).at(8) === 1;
  if (moreToCome) return { status: 0xc000_0016, body: sessionSetupBody(0, CHALLENGE) };
  const confirmation = record(u32(capabilities), SERVER_GUID, u16(3), u16(0x0210));
  const bodies: Readonly<Record<number, Uint8Array>> = {
    [COMMAND.negotiate]: negotiateBody({ dialect: 0x0210, capabilities }),
    [COMMAND.sessionSetup]: sessionSetupBody(sessionFlags, new Uint8Array(0)),
    [COMMAND.treeConnect]: treeConnect,
    [COMMAND.ioctl]: record(u16(49), zeros(30), u32(64 + 48), u32(24), zeros(8), confirmation),
    [COMMAND.create]: createBody(),
    [COMMAND.write]: record(u16(17), u16(0), asked.message.subarray(68, 72), zeros(8)),
    [COMMAND.queryInfo]: outputBody(zeros(32)),
  };
  return { body: bodies[asked.command] ?? record(u16(4), u16(0)) };
}

/** As the server computes it from the password it knows; throws for another password. */
function sessionKeyOf(token: Uint8Array): Uint8Array {
  const reader = readerOf(token, 'NTLM answer');
  const field = (at: number): Uint8Array => reader.bytes(reader.u32(at + 4), reader.u16(at));
  const account = { username: Buffer.from(field(36)).toString('utf16le'), password: PASSWORD, domain: '' };
  const blank = { serverChallenge: zeros(8), clientChallenge: zeros(8), time: 0n, targetInfo: zeros(4) };
  const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array =>
    createHmac('md5', key)
      .update(record(...parts))
      .digest();
  const { responseKey } = ntlmV2(account, blank);
  const [proof, rest] = [field(20).subarray(0, 16), field(20).subarray(16)];
  if (!Buffer.from(hmac(responseKey, CHALLENGE.subarray(24, 32), rest)).equals(proof))
    throw new Error('wrong password');
  return rc4(hmac(responseKey, proof), field(52));
}
