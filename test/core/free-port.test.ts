import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import test from 'ava';
import { freePort } from '../../src/core/free-port.ts';

test('a port that is free is none that outgoing connections or listeners for any port are given', async (t) => {
  const given = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/)[0]);
  for (let round = 0; round < 20; round += 1) {
    const port = await freePort();
    t.true(port >= 10_000 && port < given, `${port} is below ${given}`);
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  }
});

test('none is given twice, also while nobody listens on it', async (t) => {
  const ports: number[] = [];
  // Of 22,768: without a memory there are equal ones among them, but for one run in millions.
  while (ports.length < 900)
    ports.push(...(await Promise.all(Array.from({ length: 20 }, async () => await freePort()))));
  t.is(new Set(ports).size, ports.length);
});
