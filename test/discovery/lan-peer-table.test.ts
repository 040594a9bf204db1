/** Who is there: found, changed, gone, with time passed in. */
import test from 'ava';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import type { LanProtocol, PeerFacts } from '../../src/discovery/lan-peer.ts';
import {
  EMPTY_TABLE,
  EXPIRY,
  GOODBYE_HOLDS,
  MAX_ADDRESSES,
  MAX_PEERS,
  MAX_PEERS_OF_ADDRESS,
  expire,
  leave,
  peersOf,
  sight,
} from '../../src/discovery/lan-peer-table.ts';
import type { PeerTable, TableStep } from '../../src/discovery/lan-peer-table.ts';
import { aPeer, idOf } from '../support/lan-facts.ts';
import { forSeeds } from '../support/seeded-random.ts';

type Heard = {
  readonly facts?: PeerFacts;
  readonly address?: string;
  readonly via?: LanProtocol;
  readonly at?: number;
};
const hear = (
  table: PeerTable,
  { facts = aPeer(), address = '10.0.0.1', via = 'ssdp', at = 0 }: Heard = {},
): TableStep => sight(table, { facts, address, via }, { at: monotonicMs(at), wall: epochMs(1000 + at) });
const NOW = monotonicMs(0);
const kinds = ({ changes }: TableStep): readonly string[] => changes.map(({ kind }) => kind);

test('a server is found once, and heard again without a word', (t) => {
  const first = hear(EMPTY_TABLE);
  t.deepEqual(kinds(first), ['found']);
  const second = hear(first.table, { at: 5000 });
  t.deepEqual(kinds(second), []);
  t.deepEqual(peersOf(second.table), [{ ...aPeer(), addresses: ['10.0.0.1'], via: 'ssdp', lastSeenAt: epochMs(6000) }]);
});

test('another mode, another protocol and another address are changes', (t) => {
  const first = hear(EMPTY_TABLE);
  const other = hear(first.table, { facts: aPeer({ mode: 'failover' }) });
  t.deepEqual(kinds(other), ['changed']);
  const both = hear(other.table, { facts: aPeer({ mode: 'failover' }), via: 'mdns' });
  t.is(both.changes[0]?.peer.via, 'both');
  const moved = hear(both.table, { facts: aPeer({ mode: 'failover' }), address: '10.0.0.9', at: 1 });
  t.deepEqual(moved.changes[0]?.peer.addresses, ['10.0.0.9', '10.0.0.1']);
  t.deepEqual(kinds(hear(moved.table, { facts: aPeer({ mode: 'failover' }), at: 2 })), []);
});

test('silence until the limit keeps a server, one more millisecond removes it', (t) => {
  const { table } = hear(EMPTY_TABLE);
  t.deepEqual(kinds(expire(table, monotonicMs(EXPIRY))), []);
  const over = expire(table, monotonicMs(EXPIRY + 1));
  t.deepEqual(kinds(over), ['gone']);
  t.deepEqual(peersOf(over.table), []);
  t.true(EXPIRY >= 15_000 && EXPIRY <= 19_000);
});

test('an address that went silent is forgotten while the server is heard on another', (t) => {
  const first = hear(EMPTY_TABLE);
  const second = hear(first.table, { address: '10.0.0.2', at: 10_000 });
  const later = expire(second.table, monotonicMs(20_000));
  t.deepEqual(kinds(later), ['changed']);
  t.deepEqual(later.changes[0]?.peer.addresses, ['10.0.0.2']);
});

test('a goodbye from one address of a server is one of the server, also where it was before', (t) => {
  const one = hear(EMPTY_TABLE).table;
  const two = hear(hear(one, { via: 'mdns' }).table, { address: '10.0.0.2' }).table;
  const left = leave(two, aPeer().id, '10.0.0.2', NOW);
  t.deepEqual(kinds(left), ['gone']);
  t.is(left.table.entries.size, 0);
});

test('a goodbye from elsewhere, or of somebody else, is nothing', (t) => {
  const { table } = hear(EMPTY_TABLE);
  t.deepEqual(kinds(leave(table, aPeer().id, '10.0.0.66', NOW)), []);
  t.deepEqual(kinds(leave(table, idOf(1), '10.0.0.1', NOW)), []);
});

test('what was sent before a goodbye and is read after it does not bring the server back; what comes later does', (t) => {
  const { table } = leave(hear(EMPTY_TABLE).table, aPeer().id, '10.0.0.1', NOW);
  t.deepEqual(kinds(hear(table, { at: GOODBYE_HOLDS - 1, via: 'mdns' })), []);
  t.deepEqual(kinds(hear(table, { at: 1, address: '10.0.0.2' })), []);
  t.deepEqual(kinds(hear(table, { at: 1, facts: aPeer({ fingerprint: 'cd'.repeat(32) }) })), ['found']);
  t.deepEqual(kinds(hear(table, { at: GOODBYE_HOLDS })), ['found']);
  t.is(expire(table, monotonicMs(GOODBYE_HOLDS)).table.left.size, 0);
});

test('a stranger with the id of a server and another key stands beside it and changes nothing of it', (t) => {
  const { table } = hear(EMPTY_TABLE);
  const spoofed = hear(table, { facts: aPeer({ fingerprint: 'cd'.repeat(32), mode: 'host' }), address: '10.0.0.66' });
  t.deepEqual(kinds(spoofed), ['found']);
  const ours = peersOf(spoofed.table).find(({ fingerprint }) => fingerprint === aPeer().fingerprint);
  t.like(ours, { mode: 'recording', addresses: ['10.0.0.1'] });
});

test('a full table takes nobody new and loses nobody', (t) => {
  let table = EMPTY_TABLE;
  for (let number = 0; number < MAX_PEERS + 50; number += 1)
    ({ table } = hear(table, { facts: aPeer({ id: idOf(number) }), address: `10.0.${number >> 3}.${number % 8}` }));
  t.is(table.entries.size, MAX_PEERS);
  t.truthy(peersOf(table).find(({ id }) => id === idOf(0)));
  t.deepEqual(kinds(hear(table, { facts: aPeer({ id: idOf(0) }), address: '10.0.0.0', at: 9 })), []);
});

test('one address stands for a bounded number of servers, one server for a bounded number of addresses', (t) => {
  let table = EMPTY_TABLE;
  for (let number = 0; number < MAX_PEERS_OF_ADDRESS + 5; number += 1)
    ({ table } = hear(table, { facts: aPeer({ id: idOf(number) }) }));
  t.is(table.entries.size, MAX_PEERS_OF_ADDRESS);
  table = EMPTY_TABLE;
  for (let number = 0; number < MAX_ADDRESSES + 5; number += 1)
    ({ table } = hear(table, { address: `10.0.0.${number}`, at: number }));
  const [peer] = peersOf(table);
  t.is(peer?.addresses.length, MAX_ADDRESSES);
  t.true(peer?.addresses.includes('10.0.0.0'));
});

test('random events: no entry outlives its sightings, and changes tell exactly what the table holds', (t) => {
  forSeeds(60, (random) => {
    let table = EMPTY_TABLE;
    const told = new Map<string, string>();
    let at = 0;
    for (let event = 0; event < 200; event += 1) {
      at += random.int(0, 3000);
      const facts = aPeer({
        id: idOf(random.int(0, 5)),
        fingerprint: random.pick(['ab', 'cd']).repeat(32),
        enabled: random.chance(0.9),
      });
      const address = `10.0.0.${random.int(1, 4)}`;
      const step = random.chance(0.7)
        ? hear(table, { facts, address, via: random.pick(['ssdp', 'mdns']), at })
        : random.chance(0.5)
          ? leave(table, facts.id, address, monotonicMs(at))
          : expire(table, monotonicMs(at));
      ({ table } = step);
      for (const { kind, peer } of step.changes) {
        const key = `${peer.id} ${peer.fingerprint}`;
        if ((kind === 'found') === told.has(key)) throw new Error(`${kind} of ${key}`);
        if (kind === 'gone') told.delete(key);
        else told.set(key, JSON.stringify([peer.enabled, peer.via, peer.addresses.toSorted()]));
      }
      const held = peersOf(table);
      if (held.length !== told.size) throw new Error(`${held.length} held, ${told.size} told`);
      for (const { id, fingerprint, enabled, via, addresses } of held)
        if (told.get(`${id} ${fingerprint}`) !== JSON.stringify([enabled, via, addresses.toSorted()]))
          throw new Error('told something else');
    }
    if (expire(table, monotonicMs(at + EXPIRY + 1)).table.entries.size > 0) throw new Error('somebody stayed');
  });
  t.pass();
});
