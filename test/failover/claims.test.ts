/** Several failover servers and one camera: who begins, in which epoch, who yields, and that nobody stops on hearsay. */
import test from 'ava';
import { monotonicMs } from '../../src/core/units.ts';
import { epochOf, initialClaims, resumeClaims, savedClaimsOf, stepClaims } from '../../src/failover/claims.ts';
import type { ClaimEffect, ClaimEvent, ClaimsState } from '../../src/failover/claim-types.ts';
import { HOST_SLOT, nextEpoch } from '../../src/failover/epochs.ts';
import type { CoverProgress } from '../../src/wire/peer-protocol.ts';

type Bare<T> = T extends unknown ? Omit<T, 'at'> : never;

function createServer(selfId: string, maxEpoch = 1) {
  let state: ClaimsState = initialClaims(selfId, maxEpoch);
  let now = 1000;
  let effects: ClaimEffect[] = [];
  const say = (event: Bare<ClaimEvent>): void => {
    const result = stepClaims(state, { ...event, at: monotonicMs(now) });
    state = result.state;
    effects.push(...result.effects);
  };
  return {
    say,
    want: (ranks: readonly string[]) => {
      say({ kind: 'want', serverId: 'r', cameraIds: ['cam'] });
      say({ kind: 'ranks', ranks: { cam: ranks } });
    },
    wait: (ms: number, hearing?: { readonly id: string; readonly covering: readonly CoverProgress[] }) => {
      for (const until = now + ms; now < until;) {
        now += 100;
        if (hearing !== undefined) say({ kind: 'heard', memberId: hearing.id, covering: hearing.covering });
        say({ kind: 'tick', loopDelayMs: 0 });
      }
    },
    pass: (ms: number) => {
      now += ms;
    },
    answer: (memberId: string, epoch: number, more: { ms?: number; idleMs?: number; ask?: number } = {}) =>
      say({
        kind: 'winner-answered',
        memberId,
        ask: more.ask ?? state.asks,
        streams: [
          { cameraId: 'cam', stream: 'main', since: 0, until: more.ms ?? 3000, idleMs: more.idleMs ?? 100, epoch },
        ],
      }),
    take: () => effects.splice(0).map((effect) => effect.kind),
    questions: () => effects.splice(0).filter((effect) => effect.kind === 'ask-winner').length,
    holds: () => epochOf(state, 'cam') !== undefined,
    epoch: () => epochOf(state, 'cam') ?? 0,
    state: () => state,
    restart: () => {
      const resumed = resumeClaims(selfId, savedClaimsOf(state), monotonicMs(now));
      state = resumed.state;
      effects = [...resumed.effects];
    },
  };
}
const covering = (epoch: number, state: 'recording' | 'waiting' | 'failed' = 'recording'): readonly CoverProgress[] => [
  {
    serverId: 'r',
    epoch,
    state: 'covering',
    streams: [{ cameraId: 'cam', stream: 'main', state, cause: undefined, durableUntil: 1, idleMs: 100 }],
  },
];

test('alone: records at once, in a provisional epoch, and asks for one', (t) => {
  const server = createServer('f1');
  server.want(['f1']);
  t.deepEqual(server.take(), ['record', 'claim']);
  t.true(server.epoch() > 1);
  server.wait(2100);
  t.deepEqual(server.take(), ['claim'], 'asked again');
  const epoch = nextEpoch(server.epoch(), HOST_SLOT);
  server.say({ kind: 'issued', serverId: 'r', epoch });
  t.deepEqual(server.take(), ['record']);
  t.is(server.epoch(), epoch);
  server.wait(5000);
  t.deepEqual(server.take(), []);
});

test('rank k begins k times 0.5 s later, and not at all when somebody records', (t) => {
  const second = createServer('f2');
  second.say({ kind: 'heard', memberId: 'f1', covering: [] });
  second.want(['f1', 'f2']);
  second.wait(400, { id: 'f1', covering: [] });
  t.false(second.holds());
  second.wait(200, { id: 'f1', covering: [] });
  t.true(second.holds());

  const third = createServer('f2');
  third.say({ kind: 'heard', memberId: 'f1', covering: [] });
  third.want(['f1', 'f2']);
  third.wait(60_000, { id: 'f1', covering: covering(300) });
  t.false(third.holds());
});

test('a better rank that is gone is not waited for; one that claimed gets time to its first key frame, one that failed none', (t) => {
  const alone = createServer('f2');
  alone.want(['f1', 'f2']);
  t.true(alone.holds(), 'f1 was never heard');

  const patient = createServer('f2');
  patient.say({ kind: 'heard', memberId: 'f1', covering: covering(300, 'waiting') });
  patient.want(['f1', 'f2']);
  patient.wait(3000, { id: 'f1', covering: covering(300, 'waiting') });
  t.false(patient.holds());
  patient.wait(1700, { id: 'f1', covering: covering(300, 'waiting') });
  t.true(patient.holds());

  const other = createServer('f2');
  other.say({ kind: 'heard', memberId: 'f1', covering: covering(300, 'failed') });
  other.want(['f1', 'f2']);
  other.wait(700, { id: 'f1', covering: covering(300, 'failed') });
  t.true(other.holds());
  t.true(other.epoch() > 300, 'above the claim that failed');
});

test('an owner whose disk stops answering, and who says so, is replaced while it goes on', (t) => {
  const server = createServer('f2');
  server.say({ kind: 'heard', memberId: 'f1', covering: covering(300) });
  server.want(['f1', 'f2']);
  server.wait(20_000, { id: 'f1', covering: covering(300) });
  t.false(server.holds());
  server.wait(400, { id: 'f1', covering: covering(300, 'failed') });
  t.false(server.holds(), 'a moment: each rank has its turn');
  server.wait(300, { id: 'f1', covering: covering(300, 'failed') });
  t.true(server.holds());
});

test('one that claimed and misses two beats before it records is replaced at once, one that records a pause of 0.8 s later', (t) => {
  const server = createServer('f2');
  server.say({ kind: 'heard', memberId: 'f1', covering: covering(300, 'waiting') });
  server.want(['f1', 'f2']);
  server.wait(300, { id: 'f1', covering: covering(300, 'waiting') });
  server.wait(500);
  t.false(server.holds(), 'one beat may be late');
  server.wait(200);
  t.true(server.holds());

  const calm = createServer('f2');
  calm.say({ kind: 'heard', memberId: 'f1', covering: covering(300) });
  calm.want(['f1', 'f2']);
  calm.wait(5000, { id: 'f1', covering: covering(300) });
  calm.wait(1000);
  t.false(calm.holds());
  calm.wait(300);
  t.true(calm.holds());
});

test('the second in rank does not wait for a first that has just fallen silent', (t) => {
  const server = createServer('f2');
  server.say({ kind: 'heard', memberId: 'f1', covering: [] });
  server.wait(700);
  server.want(['f1', 'f2']);
  t.true(server.holds());
});

test('an owner that falls silent is replaced within two seconds', (t) => {
  const server = createServer('f2');
  server.say({ kind: 'heard', memberId: 'f1', covering: covering(300) });
  server.want(['f1', 'f2']);
  server.wait(5000, { id: 'f1', covering: covering(300) });
  t.false(server.holds());
  server.wait(1700);
  t.true(server.holds());
});

test('the lower epoch yields, to a winner that has just answered that it records, and only then', (t) => {
  const server = createServer('f1');
  server.want(['f1']);
  server.take();
  const winner = server.epoch() + 1000;
  server.wait(1000, { id: 'f2', covering: covering(winner, 'waiting') });
  t.deepEqual(server.take(), [], 'a winner that does not record yet is no winner');
  server.wait(2000, { id: 'f2', covering: covering(winner) });
  t.is(server.questions(), 0, 'nor one that only begins to');
  server.wait(200, { id: 'f2', covering: covering(winner) });
  t.is(server.questions(), 1);
  server.answer('f2', winner, { ms: 1000 });
  server.answer('f2', winner);
  t.true(server.holds(), 'no overlap yet, and one answer a question');
  for (const bad of [{ idleMs: 3000 }, { ask: 999 }]) {
    server.wait(600, { id: 'f2', covering: covering(winner) });
    server.answer('f2', winner, bad);
    t.true(server.holds());
    server.wait(1600, { id: 'f2', covering: covering(winner) });
  }
  server.pass(1600);
  server.answer('f2', winner);
  t.true(server.holds(), 'a late answer');
  server.wait(2600, { id: 'f2', covering: covering(winner) });
  server.answer('f2', server.epoch() - 1);
  t.true(server.holds(), 'an answer in a lower epoch');
  server.wait(2600, { id: 'f2', covering: covering(winner) });
  server.answer('f2', winner);
  t.false(server.holds());
  server.wait(5000, { id: 'f2', covering: covering(winner) });
  t.false(server.holds(), 'and it stays so while the winner records');
});

test('late keep-alives of a winner stop nothing', (t) => {
  const server = createServer('f1');
  server.want(['f1']);
  for (let late = 0; late < 50; late += 1) {
    server.say({ kind: 'heard', memberId: 'f2', covering: covering(100_000) });
    server.pass(10);
  }
  server.wait(10_000);
  t.true(server.holds());
});

test('after a pause of its own a winner must be heard recording anew: it may have paused too', (t) => {
  const server = createServer('f1');
  server.want(['f1']);
  const winner = server.epoch() + 1000;
  server.wait(2100, { id: 'f2', covering: covering(winner) });
  server.pass(1000);
  server.say({ kind: 'tick', loopDelayMs: 1000 });
  server.take();
  server.wait(1900, { id: 'f2', covering: covering(winner) });
  t.is(server.questions(), 0);
  server.wait(300, { id: 'f2', covering: covering(winner) });
  t.is(server.questions(), 1);
});

test('two that claim at the same time never have the same epoch', (t) => {
  const first = createServer('f1', 500);
  const second = createServer('f2', 500);
  first.want(['f1']);
  second.want(['f2']);
  t.not(first.epoch(), second.epoch());
});

test('restarted: what was recorded is recorded on, in its epoch; nothing else is', (t) => {
  const server = createServer('f1');
  server.want(['f1']);
  const epoch = server.epoch();
  server.restart();
  t.deepEqual(server.take(), ['record']);
  t.is(server.epoch(), epoch);
  server.say({ kind: 'unwant', cameraIds: ['cam'] });
  t.deepEqual(server.take(), ['stop']);
  server.want(['f1']);
  t.true(server.epoch() > epoch, 'the epoch of a cover that is over is not used again');
});

test('an epoch beyond belief is not counted on from', (t) => {
  const server = createServer('f1');
  server.say({ kind: 'known-epoch', epoch: Number.MAX_SAFE_INTEGER });
  server.say({ kind: 'heard', memberId: 'f2', covering: covering(2 ** 52) });
  server.want(['f1']);
  t.true(server.epoch() < 1000);
});
