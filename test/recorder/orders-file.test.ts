import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readOrders, writeOrders } from '../../src/recorder/orders-file.ts';
import { MAX_MESSAGE_BYTES } from '../../src/wire/media-protocol.ts';
import type { Orders } from '../../src/wire/media-protocol.ts';
import { parseOrders } from '../../src/wire/parse-control-message.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

const ORDERS: Orders = parseOrders(
  JSON.stringify({
    kind: 'orders',
    protocol: 1,
    version: 3,
    serverId: '6f1c2b3a-0000-4000-8000-00000000000a',
    epoch: 1,
    segmentSeconds: 600,
    fragmentMs: 500,
    volumes: [{ id: 'vol-1', path: '/footage', reserveBytes: 0 }],
    streams: [],
  }),
);

test('orders come back as they were written, readable for the owner only', async (t) => {
  const path = join(await tempDir(t), 'orders.json');
  writeOrders(path, ORDERS);
  t.deepEqual(
    readOrders(path, () => t.fail()),
    ORDERS,
  );
  t.is(statSync(path).mode & 0o777, 0o600);
  writeOrders(path, { ...ORDERS, version: 4 });
  t.like(
    readOrders(path, () => t.fail()),
    { version: 4 },
  );
});

test('none is no damage', async (t) => {
  t.is(
    readOrders(join(await tempDir(t), 'orders.json'), () => t.fail()),
    undefined,
  );
});

test('orders cut short, overwritten or too large are told and not used', async (t) => {
  const path = join(await tempDir(t), 'orders.json');
  writeOrders(path, ORDERS);
  const whole = readFileSync(path);
  for (let length = 0; length < whole.length - 1; length += 7) {
    writeFileSync(path, whole);
    truncateSync(path, length);
    const why: string[] = [];
    t.is(
      readOrders(path, (text) => why.push(text)),
      undefined,
    );
    t.is(why.length, 1, `cut at ${length}`);
  }
  forSeeds(100, (random) => {
    writeFileSync(path, random.bytes(random.int(1, 400)));
    t.is(
      readOrders(path, () => undefined),
      undefined,
    );
  });
  writeFileSync(path, Buffer.alloc(MAX_MESSAGE_BYTES + 1, 0x20));
  const why: string[] = [];
  t.is(
    readOrders(path, (text) => why.push(text)),
    undefined,
  );
  t.regex(why[0] ?? '', /larger/);
});
