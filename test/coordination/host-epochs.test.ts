import test from 'ava';
import { epochOfHost, ROUNDS_OF_TERM } from '../../src/coordination/epoch-claim.ts';
import { HOST_SLOT, MAX_EPOCH, SLOTS } from '../../src/failover/epochs.ts';
import { MAX_TERM } from '../../src/site/host-role.ts';
import { serverIdOf } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';

test('the first host of a site issues as it always did', (t) => {
  const host = { id: serverIdOf(1), term: 1 };
  t.is(epochOfHost(0, host), 255);
  t.is(epochOfHost(255, host), 511);
  t.is(epochOfHost(300, host), 511);
});

test('a later host starts above everything that its predecessors could have issued, heard of or not', (t) => {
  const [one, two] = [epochOfHost(0, { id: serverIdOf(1), term: 2 }), epochOfHost(0, { id: serverIdOf(1), term: 3 })];
  t.true((one ?? 0) >= ROUNDS_OF_TERM * SLOTS);
  t.true((two ?? 0) >= 2 * ROUNDS_OF_TERM * SLOTS);
});

test('a host that was succeeded issues nothing any more to whoever has heard of an epoch of its successor', (t) => {
  const later = epochOfHost(0, { id: serverIdOf(2), term: 2 }) ?? 0;
  t.is(epochOfHost(later, { id: serverIdOf(1), term: 1 }), undefined);
});

test('no epoch is issued by two hosts, whoever asks which of them about what', (t) => {
  const random = createRandom(7);
  const issued = new Map<number, string>();
  const last = new Map<string, number>();
  for (let round = 0; round < 20_000; round += 1) {
    const host = { id: serverIdOf(random.int(1, 6)), term: random.int(1, 5) };
    if (host.term === 1) host.id = serverIdOf(1);
    const name = `${host.id} ${host.term}`;
    const known = [...issued.keys()];
    const above = Math.max(last.get(name) ?? 0, random.chance(0.2) ? (known[random.int(0, known.length - 1)] ?? 0) : 0);
    const epoch = epochOfHost(above, host);
    if (epoch === undefined) continue;
    t.true(epoch > above && epoch < MAX_EPOCH && epoch % SLOTS === HOST_SLOT);
    t.is(issued.get(epoch) ?? name, name, `${epoch}`);
    issued.set(epoch, name);
    last.set(name, epoch);
  }
  t.true(issued.size > 1000);
});

test('the last term has epochs too, and none is past the bound', (t) => {
  const host = { id: serverIdOf(3), term: MAX_TERM };
  const epoch = epochOfHost(0, host);
  t.true(epoch !== undefined && epoch < MAX_EPOCH);
  t.is(epochOfHost(MAX_EPOCH - 1, host), undefined);
  t.is(epochOfHost(MAX_EPOCH, host), undefined);
});
