/** The client against a server that keeps to the protocol, or does not. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { durationMs } from '../../src/core/units.ts';
import { COMMAND } from '../../src/smb/header.ts';
import { record, u16, u32, u8, zeros } from '../../src/smb/little-endian.ts';
import { openSmbShare } from '../../src/smb/smb-client.ts';
import type { SmbErrorCode, SmbShare, SmbShareOptions } from '../../src/smb/smb-client.ts';
import { MAX_READ_BYTES } from '../../src/smb/smb-file.ts';
import { MAX_ENTRIES } from '../../src/smb/smb-share.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createRandom } from '../support/seeded-random.ts';
import { waitFor } from '../support/wait-for.ts';
import { PASSWORD, startFakeServer } from './fake-server.ts';
import type { Behaviour, FakeServer, Reply } from './fake-server.ts';
import { directoryPage, outputBody, treeConnectBody } from './server-messages.ts';

const MB = 1024 * 1024;

type Rig = { readonly server: FakeServer; readonly open: (more?: Partial<SmbShareOptions>) => Promise<SmbShare> };
async function rig(t: ExecutionContext, behaviour: Behaviour = {}): Promise<Rig> {
  const server = await startFakeServer(t, behaviour);
  const open: Rig['open'] = async (more = {}) => {
    const share = await openSmbShare({
      host: '127.0.0.1',
      port: server.port,
      share: 'footage',
      username: 'someone',
      password: PASSWORD,
      encrypt: 'when-offered',
      clock: systemClock,
      timeoutMs: durationMs(20_000),
      ...more,
    });
    t.teardown(share.close);
    return share;
  };
  return { server, open };
}

async function refused(t: ExecutionContext, code: SmbErrorCode, work: () => Promise<unknown>): Promise<string> {
  const error = await t.throwsAsync(work, { instanceOf: UnderstudyError });
  t.is(error.code, code, error.message);
  const told = JSON.stringify([error.message, error.stack, error.context, String(error.cause)]);
  t.false(told.includes(PASSWORD) || told.includes('someone'));
  return error.message;
}

/** Answers of one command; everything else as it should be. */
const when = (command: number, ...replies: readonly Reply[]): Behaviour => ({
  answer: (asked) => (asked.command === command ? replies : undefined),
});

test('a file is made, written, flushed, renamed and closed, every request signed', async (t) => {
  const { server, open } = await rig(t);
  const share = await open();
  t.deepEqual([share.dialect, share.signed, share.encrypted], ['2.1', true, false]);
  const file = await share.open('day/a.tmp', 'create-new');
  await file.write(0, new Uint8Array(2 * MB + 5));
  await file.flush();
  await file.close();
  await share.rename('day/a.tmp', 'day/a', { replace: false });
  const writes = server.asked.filter(({ command }) => command === COMMAND.write);
  t.deepEqual(
    writes.map(({ charge }) => charge),
    [16, 16, 1],
  );
  const afterLogon = server.asked.slice(3);
  t.true(afterLogon.every(({ message }) => (message[16] ?? 0) === 8));
  const ids = server.asked.map(({ messageId, charge }) => [messageId, Math.max(1, charge)] as const);
  for (const [index, [id, charge]] of ids.slice(0, -1).entries()) t.is(ids[index + 1]?.[0], id + BigInt(charge));
});

test('four writes are in flight, no more, and a later one starts when one is answered', async (t) => {
  const { server, open } = await rig(t, when(COMMAND.write));
  const share = await open();
  const file = await share.open('a', 'overwrite');
  const writing = file.write(0, new Uint8Array(6 * MB));
  const writes = () => server.asked.filter(({ command }) => command === COMMAND.write);
  const answer = (index: number): void => {
    const asked = writes()[index];
    if (asked !== undefined) server.say(asked, { body: record(u16(17), u16(0), u32(MB), zeros(8)) });
  };
  await waitFor('four writes', () => writes().length >= 4);
  // An answered request in between shows that the rest is held back by us and not merely late.
  await share.freeBytes();
  t.is(writes().length, 4);
  for (const [answered, expected] of [5, 6].entries()) {
    answer(answered);
    await waitFor('one more', () => writes().length >= expected);
    await share.freeBytes();
    t.is(writes().length, expected);
  }
  for (const index of [5, 4, 3, 2]) answer(index);
  await t.notThrowsAsync(writing);
});

test('a server that grants one credit at a time gets pieces of 64 KB', async (t) => {
  const { server, open } = await rig(t, {
    answer: (asked) =>
      asked.command === COMMAND.write
        ? [{ credits: 1, body: record(u16(17), u16(0), asked.message.subarray(68, 72), zeros(8)) }]
        : undefined,
  });
  const share = await open();
  const file = await share.open('a', 'overwrite');
  await file.write(0, new Uint8Array(30 * MB));
  const lengths = server.asked
    .filter(({ command }) => command === COMMAND.write)
    .map(({ message }) => Buffer.from(message).readUInt32LE(68));
  t.is(
    lengths.reduce((sum, length) => sum + length, 0),
    30 * MB,
  );
  t.is(lengths.at(-1), 65_536);
});

test('a server that grants no credit at all is given up', async (t) => {
  const { open } = await rig(t, when(COMMAND.create, { credits: 0, status: 0xc000_0034 }));
  const share = await open();
  const starve = async (): Promise<void> => {
    for (let round = 0; round < 500; round += 1) await share.open('a', 'open').catch(passOn('smb-not-found'));
  };
  await refused(t, 'smb-protocol', starve);
});
const passOn =
  (expected: SmbErrorCode) =>
  (error: unknown): void => {
    if (!(error instanceof UnderstudyError) || error.code !== expected) throw error;
  };

test('what a server wrote short is written again from there', async (t) => {
  const { server, open } = await rig(t, {
    answer: (asked) => {
      if (asked.command !== COMMAND.write) return undefined;
      const length = Buffer.from(asked.message).readUInt32LE(68);
      return [{ body: record(u16(17), u16(0), u32(Math.min(length, 40_000)), zeros(8)) }];
    },
  });
  const file = await (await open()).open('a', 'overwrite');
  await file.write(1000, new Uint8Array(100_000));
  const places = server.asked
    .filter(({ command }) => command === COMMAND.write)
    .map(({ message }) => [Buffer.from(message).readUInt32LE(72), Buffer.from(message).readUInt32LE(68)]);
  t.deepEqual(places, [
    [1000, 100_000],
    [41_000, 60_000],
    [81_000, 20_000],
  ]);
});

test('a pending write is waited for, and its credits count', async (t) => {
  const { open } = await rig(t, {
    answer: (asked) =>
      asked.command === COMMAND.write
        ? [
            { status: 0x103, isAsync: true, signature: 'none', credits: Math.max(asked.charge, 32) },
            { isAsync: true, credits: 0, body: record(u16(17), u16(0), asked.message.subarray(68, 72), zeros(8)) },
          ]
        : undefined,
  });
  const file = await (await open()).open('a', 'overwrite');
  await t.notThrowsAsync(async () => await file.write(0, new Uint8Array(8 * MB)));
});

test('a request that is never answered ends everything after its time', async (t) => {
  const clock = createFakeClock();
  const { server, open } = await rig(t, when(COMMAND.flush));
  const share = await open({ clock, timeoutMs: durationMs(1000) });
  const file = await share.open('a', 'overwrite');
  const flushing = refused(t, 'smb-timeout', file.flush);
  await waitFor('the request', () => server.asked.some(({ command }) => command === COMMAND.flush));
  await clock.advance(999);
  await share.freeBytes();
  await clock.advance(1);
  t.regex(await flushing, /flush a/);
  await refused(t, 'smb-timeout', async () => await share.freeBytes());
  t.is(clock.pendingTimers(), 0);
});

test('a request that the server calls pending gets its time once more, and only once', async (t) => {
  const clock = createFakeClock();
  const { server, open } = await rig(t, when(COMMAND.flush));
  const share = await open({ clock, timeoutMs: durationMs(1000) });
  const file = await share.open('a', 'overwrite');
  const flushing = refused(t, 'smb-timeout', file.flush);
  const asked = await waitFor('the request', () => server.asked.find(({ command }) => command === COMMAND.flush));
  for (const wait of [900, 900]) {
    await clock.advance(wait);
    server.say(asked, { status: 0x103, isAsync: true, signature: 'none' });
    // Its answer comes after the one before.
    await share.freeBytes();
  }
  await clock.advance(100);
  await flushing;
  t.is(clock.pendingTimers(), 0);
});

test('a guest session, a session of nobody and one without a question are refused', async (t) => {
  for (const sessionFlags of [1, 2]) {
    const { server, open } = await rig(t, { sessionFlags });
    t.regex(await refused(t, 'smb-logon-failed', open), /guest/);
    t.false(server.asked.some(({ command }) => command === COMMAND.treeConnect));
  }
  const { open } = await rig(t, when(COMMAND.sessionSetup, { body: record(u16(9), u16(0), u16(72), u16(0)) }));
  await refused(t, 'smb-protocol', open);
});

test('an answer without a signature or with a wrong one ends the connection', async (t) => {
  for (const signature of ['none', 'wrong'] as const) {
    for (const command of [COMMAND.treeConnect, COMMAND.ioctl]) {
      const { open } = await rig(t, when(command, { signature, body: treeConnectBody() }));
      t.regex(await refused(t, 'smb-protocol', open), /signature/);
    }
    const { open } = await rig(t, when(COMMAND.flush, { signature, body: record(u16(4), u16(0)) }));
    const share = await open();
    const file = await share.open('a', 'overwrite');
    await refused(t, 'smb-protocol', file.flush);
    await refused(t, 'smb-protocol', async () => await file.write(0, zeros(10)));
  }
});

test('a negotiation that was changed on the way is found out', async (t) => {
  const { open } = await rig(
    t,
    when(COMMAND.ioctl, { body: record(u16(49), zeros(30), u32(112), u32(24), zeros(32)) }),
  );
  t.regex(await refused(t, 'smb-protocol', open), /on the way/);
  const old = await rig(t, when(COMMAND.ioctl, { status: 0xc000_0010 }));
  await t.notThrowsAsync(async () => await old.open());
});

test('encryption that is demanded but not there is refused before the share is asked for', async (t) => {
  const plain = await rig(t);
  await refused(t, 'smb-encryption-missing', async () => await plain.open({ encrypt: 'required' }));
  t.false(plain.server.asked.some(({ command }) => command === COMMAND.treeConnect));
  const session = await rig(t, { sessionFlags: 4 });
  await refused(t, 'smb-encryption-missing', session.open);
  const share = await rig(t, { treeConnect: treeConnectBody(1, 0x8000) });
  await refused(t, 'smb-encryption-missing', share.open);
});

test('a printer and a share without rights to write are told', async (t) => {
  const printer = await rig(t, { treeConnect: treeConnectBody(3) });
  await refused(t, 'smb-share-missing', printer.open);
  const { open, server } = await rig(t, { treeConnect: treeConnectBody(1, 0, 0x0012_00a9) });
  const share = await open();
  await refused(t, 'smb-read-only', async () => await share.open('a', 'create-new'));
  t.false(server.asked.some(({ command }) => command === COMMAND.create));
});

test('answers to requests that nobody made end the connection, notices do not', async (t) => {
  const flush = { body: record(u16(4), u16(0)) };
  const strange: readonly Reply[] = [
    { ...flush, messageId: 4000n },
    { ...flush, command: COMMAND.close },
  ];
  for (const reply of strange) {
    const { open } = await rig(t, when(COMMAND.flush, reply));
    const file = await (await open()).open('a', 'overwrite');
    await refused(t, 'smb-protocol', file.flush);
  }
  const notice: Reply = { messageId: 0xffff_ffff_ffff_ffffn, signature: 'none', command: 18 };
  const { open } = await rig(t, when(COMMAND.flush, notice, flush));
  const file = await (await open()).open('a', 'overwrite');
  await t.notThrowsAsync(file.flush);
});

test('a connection that breaks is a definite error for everything under way and after', async (t) => {
  const { server, open } = await rig(t, when(COMMAND.write));
  const share = await open();
  const file = await share.open('a', 'overwrite');
  const writing = file.write(0, zeros(8 * MB));
  await waitFor('writes', () => server.asked.some(({ command }) => command === COMMAND.write));
  server.drop();
  t.regex(await refused(t, 'smb-connection-lost', async () => await writing), /write to a/);
  await refused(t, 'smb-connection-lost', file.flush);
  await refused(t, 'smb-connection-lost', async () => await share.list(''));
  await t.notThrowsAsync(share.close);
  await t.notThrowsAsync(share.close);
});

test('who is no file server is refused', async (t) => {
  const greetings = [
    Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    record(Uint8Array.of(0, 0, 0, 70), u32(0x424d_53ff), zeros(66)),
    record(Uint8Array.of(0, 0, 0, 70), u32(0x424d_53fd), zeros(66)),
    record(Uint8Array.of(0, 0, 0, 70), u32(0x424d_53fc), zeros(66)),
  ];
  for (const greeting of greetings) {
    const { open } = await rig(t, { greeting });
    await refused(t, 'smb-protocol', open);
  }
  const nobody = await rig(t);
  nobody.server.drop();
  const port = await closedPort(t);
  await refused(t, 'smb-unreachable', async () => await nobody.open({ port }));
});

async function closedPort(t: ExecutionContext): Promise<number> {
  const undo: (() => unknown)[] = [];
  const { port } = await startFakeServer({ teardown: (action) => void undo.push(action) });
  for (const action of undo) action();
  t.pass();
  return port;
}

test('noise from the server ends in a definite error, whenever it comes', async (t) => {
  const random = createRandom(5);
  for (let round = 0; round < 60; round += 1) {
    const commands = [COMMAND.negotiate, COMMAND.sessionSetup, COMMAND.treeConnect, COMMAND.ioctl, COMMAND.create];
    const { open } = await rig(t, when(random.pick(commands), { body: random.bytes(random.int(0, 150)) }));
    const work = async (): Promise<void> => void (await (await open()).open('a', 'overwrite'));
    const error: unknown = await work().catch((thrown: unknown) => thrown);
    t.true(error === undefined || (error instanceof UnderstudyError && error.code.startsWith('smb-')), String(error));
  }
});

test('a directory that never ends is bounded', async (t) => {
  const names = Array.from({ length: 600 }, (_, index) => `segment-${index}.mp4`);
  const page = outputBody(directoryPage(names));
  const { server, open } = await rig(t, when(COMMAND.queryDirectory, { body: page }));
  const share = await open();
  await refused(t, 'smb-limit', async () => await share.list(''));
  t.is(
    server.asked.filter(({ command }) => command === COMMAND.queryDirectory).length,
    Math.floor(MAX_ENTRIES / 600) + 1,
  );
});

test('reading stops at the end of the file and takes at most its bound', async (t) => {
  const size = 20 * MB;
  const { server, open } = await rig(t, {
    answer: (asked) => {
      if (asked.command !== COMMAND.read) return undefined;
      const request = Buffer.from(asked.message);
      const [length, offset] = [request.readUInt32LE(68), request.readUInt32LE(72)];
      const there = Math.max(0, Math.min(length, size - offset));
      if (there === 0) return [{ status: 0xc000_0011 }];
      return [{ body: record(u16(17), u8(80), u8(0), u32(there), u32(0), u32(0), new Uint8Array(there).fill(7)) }];
    },
  });
  const file = await (await open()).open('a', 'open');
  t.is((await file.read(0, 100 * MB)).length, MAX_READ_BYTES);
  t.is((await file.read(18 * MB + 1, 10 * MB)).length, 2 * MB - 1);
  t.is((await file.read(size, 10)).length, 0);
  const reads = server.asked.filter(({ command }) => command === COMMAND.read);
  t.true(reads.every(({ message }) => Buffer.from(message).readUInt32LE(68) <= MB));
});

test('names are checked before anything is sent', async (t) => {
  const { server, open } = await rig(t);
  await refused(t, 'smb-path', async () => await open({ share: 'a/b' }));
  await refused(t, 'smb-logon-failed', async () => await open({ username: '' }));
  t.is(server.asked.length, 0);
  const share = await open();
  const before = server.asked.length;
  for (const work of [
    async () => await share.open('../a', 'open'),
    async () => await share.rename('a', 'b:c', { replace: true }),
    async () => await share.makeDirectory('a//b'),
    async () => await share.list('/'),
    async () => await share.remove(''),
  ])
    await refused(t, 'smb-path', work);
  t.is(server.asked.length, before);
});

test('an abort breaks off what is under way and what comes later', async (t) => {
  const stop = new AbortController();
  const { server, open } = await rig(t, when(COMMAND.write));
  const share = await open({ signal: stop.signal });
  const file = await share.open('a', 'overwrite');
  const writing = file.write(0, zeros(10));
  await waitFor('the write', () => server.asked.some(({ command }) => command === COMMAND.write));
  stop.abort();
  await refused(t, 'smb-aborted', async () => await writing);
  await refused(t, 'smb-aborted', file.flush);
  await refused(t, 'smb-aborted', async () => await open({ signal: stop.signal }));
});
