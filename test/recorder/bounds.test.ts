/** Bounds of the media process that a peer can reach: live views of one stream, local connections. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { silentLog } from '../../src/core/log.ts';
import { createEventRing } from '../../src/recorder/event-ring.ts';
import { createLiveHub, MAX_RUN_BYTES, MAX_VIEWERS_PER_STREAM } from '../../src/recorder/live-hub.ts';
import type { LiveHub, ViewerSink } from '../../src/recorder/live-hub.ts';
import { MAX_CONNECTIONS, startMediaServer } from '../../src/recorder/media-server.ts';
import { TEST_VIDEO } from '../support/segment-builder.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const LAYOUT = { video: TEST_VIDEO, audio: undefined };
const PICTURE_BYTES = 1024 * 1024;

function viewer(): ViewerSink & { readonly sizes: number[] } {
  const sizes: number[] = [];
  return { sizes, write: (bytes) => void sizes.push(bytes.length), unsentBytes: () => 0, end: () => undefined };
}
function send(hub: LiveHub, number: number, key: boolean): void {
  const bytes = new Uint8Array(PICTURE_BYTES).fill(number);
  hub.accessUnit({ bytes, start: 0, end: bytes.length, timestamp: number * 3600, wallUs: 0, key }, LAYOUT, number * 40);
}
const large = ({ sizes }: { readonly sizes: readonly number[] }): number =>
  sizes.filter((size) => size > PICTURE_BYTES).length;

test('a group of pictures above the bound is not kept: who comes then gets its key frame, and all from the next one on', (t) => {
  const hub = createLiveHub();
  send(hub, 0, true);
  const first = viewer();
  hub.add(first);
  const fits = Math.floor(MAX_RUN_BYTES / PICTURE_BYTES) - 2;
  for (let number = 1; number <= fits; number += 1) send(hub, number, false);
  const early = viewer();
  hub.add(early);
  t.is(large(early), fits + 1, 'the whole run while it fits');
  for (let number = fits + 1; number < fits + 5; number += 1) send(hub, number, false);
  const late = viewer();
  hub.add(late);
  t.is(large(late), 1, 'the key frame alone');
  send(hub, fits + 5, false);
  t.is(large(late), 1, 'nothing that depends on what it did not get');
  send(hub, fits + 6, true);
  send(hub, fits + 7, false);
  t.is(large(late), 3);
  t.is(large(first), fits + 8, 'who was there gets every picture');
});

test('a stream takes so many viewers; one that leaves makes room', (t) => {
  const hub = createLiveHub();
  send(hub, 0, true);
  const leave = Array.from({ length: MAX_VIEWERS_PER_STREAM }, () => hub.add(viewer()));
  t.true(leave.every((one) => one !== undefined));
  t.is(hub.add(viewer()), undefined);
  t.is(hub.viewers(), MAX_VIEWERS_PER_STREAM);
  leave[3]?.();
  t.not(hub.add(viewer()), undefined);
  t.is(hub.add(viewer()), undefined);
});

async function joined(t: ExecutionContext, path: string): Promise<Socket> {
  const socket = connect(path);
  t.teardown(() => socket.destroy());
  socket.on('error', () => undefined).resume();
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return socket;
}

test('local connections above the bound are closed at once; those before them stay, and one that ends makes room', async (t) => {
  const path = join(await tempDir(t, 'socket'), 'run', 'media.sock');
  const server = await startMediaServer({
    path,
    log: silentLog,
    ring: createEventRing('media-a'),
    hello: () => ({ pid: 1, startedAt: 1, ordersVersion: 0 }),
    present: () => [],
    order: () => undefined,
    hubOf: () => undefined,
  });
  t.teardown(server.stop);
  const sockets: Socket[] = [];
  while (sockets.length < MAX_CONNECTIONS) sockets.push(await joined(t, path));
  const more = await joined(t, path);
  await waitFor('the one too many to be closed', () => more.closed, 60_000);
  t.deepEqual(
    sockets.filter(({ closed }) => closed),
    [],
  );
  sockets[0]?.destroy();
  await waitFor(
    'room again',
    async () => {
      const again = await joined(t, path);
      if (again.destroyed) return false;
      again.write('{"kind":"subscribe","after":0}\n');
      return await new Promise<boolean>((resolve) => {
        again.once('data', () => resolve(true)).once('close', () => resolve(false));
      });
    },
    60_000,
  );
  t.is(sockets.length, MAX_CONNECTIONS);
});
