/** Sessions and names: the client against a server that keeps to the protocol, or does not. */
import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { freePort } from '../../src/core/free-port.ts';
import { COMMAND } from '../../src/smb/header.ts';
import { record, u16, u32, zeros } from '../../src/smb/little-endian.ts';
import { MAX_ENTRIES } from '../../src/smb/smb-share.ts';
import { createRandom } from '../support/seeded-random.ts';
import { waitFor } from '../support/wait-for.ts';
import { refused, rig, when } from './client-rig.ts';
import type { Reply } from './fake-server.ts';
import { directoryPage, outputBody, treeConnectBody } from './server-messages.ts';

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
  const port = await freePort();
  await refused(t, 'smb-unreachable', async () => await nobody.open({ port }));
});

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
