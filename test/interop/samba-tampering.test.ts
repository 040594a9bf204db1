/** Somebody between the client and a real Samba server who changes what passes, and a server that dies again and again. Needs root. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { durationMs } from '../../src/core/units.ts';
import type { SmbShareOptions } from '../../src/smb/smb-client.ts';
import { isRoot } from '../support/lab.ts';
import { createRandom } from '../support/seeded-random.ts';
import { startSamba } from './samba-server.ts';
import type { Samba } from './samba-server.ts';

const needsRoot = isRoot() ? test : test.skip;
if (!isRoot()) console.error('samba-tampering: skipped, smbd needs root');
const MB = 1024 * 1024;

type Way = 'to-server' | 'to-client';
/** Gets every chunk with its place in the stream and may change it. */
type Tamper = (way: Way, at: number, chunk: Buffer) => void;

/** A port that leads to `port`, through `tamper`. */
async function between(t: ExecutionContext, port: number, tamper: Tamper): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    const pass = (from: Socket, to: Socket, way: Way): void => {
      let at = 0;
      sockets.add(from);
      from.on('data', (chunk: Buffer) => {
        tamper(way, at, chunk);
        at += chunk.length;
        to.write(chunk);
      });
      from.on('error', () => undefined).on('close', () => to.destroy());
    };
    pass(client, upstream, 'to-server');
    pass(upstream, client, 'to-client');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return address.port;
}

/** A changed length is waited for in vain. */
const HANGS_AFTER = durationMs(5000);

async function pushThrough(
  samba: Samba,
  port: number,
  bytes: Uint8Array,
  { name = 'a', ...more }: Partial<SmbShareOptions> & { readonly name?: string },
): Promise<void> {
  const share = await samba.open({ port, ...more });
  try {
    const file = await share.open(name, 'overwrite');
    await file.write(0, bytes);
    await file.flush();
    const back = await file.read(0, bytes.length);
    if (!Buffer.from(back).equals(bytes)) throw new Error('read back something else');
    await file.close();
  } finally {
    await share.close();
  }
}

/** In the first message to the server, behind its length and header. */
const OFFER = { dialectCount: 4 + 64 + 2, capabilities: 4 + 64 + 8, dialects: 4 + 64 + 36 };

const DOWNGRADES: readonly { readonly name: string; readonly global?: readonly string[]; readonly tamper: Tamper }[] = [
  {
    name: '3.1.1 taken out of the offer',
    tamper: (way, at, chunk) => {
      if (way === 'to-server' && at === 0) chunk.writeUInt16LE(0x0302, OFFER.dialects + 6);
    },
  },
  {
    name: 'only 2.1 left in the offer',
    tamper: (way, at, chunk) => {
      if (way === 'to-server' && at === 0) chunk.writeUInt16LE(1, OFFER.dialectCount);
    },
  },
  {
    name: 'encryption taken out of an offer of 3.0',
    global: ['server max protocol = SMB3_00'],
    tamper: (way, at, chunk) => {
      if (way === 'to-server' && at === 0) chunk.writeUInt32LE(0x04, OFFER.capabilities);
    },
  },
  {
    name: 'encryption taken out of an answer of 3.0',
    global: ['server max protocol = SMB3_00'],
    tamper: (way, at, chunk) => {
      if (way === 'to-client' && at === 0) chunk.writeUInt32LE(0x04, 4 + 64 + 24);
    },
  },
  {
    name: 'another salt in an offer of 3.1.1',
    tamper: (way, at, chunk) => {
      if (way === 'to-server' && at === 0) chunk.writeUInt8(chunk.readUInt8(140) ^ 1, 140);
    },
  },
  {
    name: 'another server in an answer of 3.1.1',
    tamper: (way, at, chunk) => {
      if (way === 'to-client' && at === 0) chunk.writeUInt8(chunk.readUInt8(4 + 64 + 8) ^ 1, 4 + 64 + 8);
    },
  },
];

for (const { name, global = [], tamper } of DOWNGRADES) {
  needsRoot(`no share opens after ${name}`, async (t) => {
    const samba = await startSamba(t, { global });
    const honest = await between(t, samba.port, () => undefined);
    await t.notThrowsAsync(async () => await pushThrough(samba, honest, randomBytes(1000), {}));
    const port = await between(t, samba.port, tamper);
    const error = await t.throwsAsync(async () => await samba.open({ port }), { instanceOf: UnderstudyError });
    t.true(
      ['smb-protocol', 'smb-connection-lost', 'smb-denied'].includes(error.code),
      `${error.code}: ${error.message}`,
    );
  });
}

for (const encrypt of ['when-offered', 'required'] as const) {
  needsRoot(`a bit changed anywhere is an error, never other footage: encryption ${encrypt}`, async (t) => {
    const samba = await startSamba(t);
    const bytes = randomBytes(2 * MB);
    const codes = new Map<string, number>();
    for (let seed = 1; seed <= 24; seed += 1) {
      const random = createRandom(seed);
      const way = random.pick(['to-server', 'to-client'] as const);
      const place = random.int(0, random.pick([1500, 2 * MB]));
      const port = await between(t, samba.port, (here, at, chunk) => {
        const index = place - at;
        if (here === way && index >= 0 && index < chunk.length) chunk[index] = (chunk[index] ?? 0) ^ (1 << (seed % 8));
      });
      // A file of its own: what was given up may still be carried out there, beside the next one.
      const options = { encrypt, name: `a${seed}`, timeoutMs: HANGS_AFTER };
      const outcome: unknown = await pushThrough(samba, port, bytes, options).catch((error: unknown) => error);
      if (outcome === undefined) {
        t.true(bytes.equals(await readFile(join(samba.path, `a${seed}`))), `seed ${seed}: other bytes arrived`);
      } else {
        t.true(outcome instanceof UnderstudyError, `seed ${seed}: ${inspect(outcome)}`);
      }
      const code = outcome instanceof UnderstudyError ? outcome.code : 'untouched';
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    t.log(Object.fromEntries(codes));
    t.true([...codes.values()].reduce((sum, count) => sum + count, 0) - (codes.get('untouched') ?? 0) >= 12);
  });
}

needsRoot('an upload through ten deaths of the server arrives whole', async (t) => {
  const samba = await startSamba(t);
  const random = createRandom(3);
  const bytes = randomBytes(64 * MB);
  let flushed = 0;
  let deaths = 0;
  const goOn = async (): Promise<void> => {
    const share = await samba.open({ encrypt: random.pick(['when-offered', 'required']) });
    try {
      const file = await share.open('a.tmp', flushed === 0 ? 'overwrite' : 'open');
      for (; flushed < bytes.length; flushed += Math.min(2 * MB, bytes.length - flushed)) {
        await file.write(flushed, bytes.subarray(flushed, flushed + 2 * MB));
        await file.flush();
        const dies = deaths < 10 && flushed >= deaths * 5 * MB;
        if (dies) {
          deaths += 1;
          setTimeout(() => void samba.kill(), random.int(0, 30));
        }
      }
      await file.close();
      await share.rename('a.tmp', 'a', { replace: true });
    } finally {
      await share.close();
    }
  };
  for (let tries = 0; tries < 40; tries += 1) {
    const error: unknown = await goOn().catch((thrown: unknown) => thrown);
    if (error === undefined) break;
    t.true(error instanceof UnderstudyError, inspect(error));
    await samba.kill();
    await samba.start();
  }
  t.is(deaths, 10);
  t.true(bytes.equals(await readFile(join(samba.path, 'a'))));
});
