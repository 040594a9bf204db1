import test from 'ava';
import { monotonicMs } from '../../src/core/units.ts';
import { activeLink, DOUBT_MS, initialLinks, isUp, step, wantsLink } from '../../src/peer/links.ts';
import type { Links, LinksEffect, LinksEvent } from '../../src/peer/links.ts';
import { forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';

const at = monotonicMs;
const play = (state: Links, ...events: readonly LinksEvent[]): { state: Links; effects: LinksEffect[] } => {
  const effects: LinksEffect[] = [];
  for (const event of events) {
    const next = step(state, event);
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
};
const ready = (id: number, dialledBy: 'us' | 'them', when = 0, instance = 'one'): LinksEvent => ({
  kind: 'ready',
  at: at(when),
  link: { id, purpose: 'watch', dialledBy, instance },
});
const heard = (id: number, when: number, echoed = true): LinksEvent => ({ kind: 'heard', at: at(when), id, echoed });

test('of two diallers the larger id ends its own, and only after an echo on the other', (t) => {
  const larger = play(initialLinks(false), ready(1, 'us'), ready(2, 'them'), heard(1, 10), heard(2, 10, false));
  t.deepEqual(larger.effects, [{ kind: 'up', id: 1 }]);
  t.deepEqual(play(larger.state, heard(2, 20)).effects, [{ kind: 'retire', id: 1 }]);
  const smaller = play(initialLinks(true), ready(1, 'us'), ready(2, 'them'), heard(2, 10), heard(1, 20));
  t.deepEqual(smaller.effects, [{ kind: 'up', id: 1 }]);
});

test('of one dialler the newer stays; a connection not heard for long is replaced, not waited for', (t) => {
  const both = play(initialLinks(true), ready(1, 'us'), heard(1, 5), ready(2, 'us', 10), heard(2, 20));
  t.deepEqual(both.effects, [
    { kind: 'up', id: 1 },
    { kind: 'retire', id: 1 },
  ]);
  const quiet = play(initialLinks(true), ready(1, 'us'), heard(1, 5)).state;
  t.false(wantsLink(quiet, 'watch', at(5 + DOUBT_MS - 1)));
  t.true(wantsLink(quiet, 'watch', at(5 + DOUBT_MS)));
  t.true(wantsLink(quiet, 'bulk', at(5)));
});

test('a new process of the peer ends the old connections with a down between', (t) => {
  const { effects } = play(initialLinks(true), ready(1, 'them'), ready(2, 'them', 5, 'two'));
  t.deepEqual(
    effects.map(({ kind }) => kind),
    ['up', 'drop', 'down', 'up'],
  );
});

test('with random events: up and down alternate, the last link is never given up, something is always sent on', (t) => {
  forSeeds(1000, (random) => {
    let state = initialLinks(random.chance(0.5));
    let up = false;
    let now = 0;
    let nextId = 1;
    for (let turn = 0; turn < 60; turn += 1) {
      now += random.int(0, DOUBT_MS / 2);
      const before = state;
      const event = randomEvent(random, state, { now, id: nextId++ });
      const next = step(state, event);
      state = next.state;
      for (const effect of next.effects) {
        if (effect.kind === 'retire') checkRetirement(state, effect.id, before);
        if (effect.kind !== 'up' && effect.kind !== 'down') continue;
        if (up === (effect.kind === 'up')) throw new Error(`${effect.kind} twice`);
        up = effect.kind === 'up';
      }
      if (up !== isUp(state)) throw new Error('up is not what is told');
      if (up !== (activeLink(state, 'watch', at(now)) !== undefined)) throw new Error('nothing to send on');
    }
  });
  t.pass();
});
function checkRetirement(state: Links, id: number, before: Links): void {
  const link = state.links.find((other) => other.id === id);
  if (before.links.find((other) => other.id === id)?.retired) throw new Error('retired twice');
  if (!state.links.some((other) => other.purpose === link?.purpose && other.confirmed && !other.retired))
    throw new Error('retired without a confirmed one that stays');
}
function randomEvent(random: Random, { links }: Links, { now, id }: { now: number; id: number }): LinksEvent {
  const link = links.length === 0 || random.chance(0.25) ? undefined : random.pick(links);
  if (link === undefined) {
    const instance = random.chance(0.9) ? 'one' : random.pick(['two', 'three']);
    return {
      kind: 'ready',
      at: at(now),
      link: { id, purpose: random.pick(['watch', 'bulk']), dialledBy: random.pick(['us', 'them']), instance },
    };
  }
  if (random.chance(0.2)) return { kind: 'closed', at: at(now), id: link.id, cause: 'closed', message: '' };
  return { kind: 'heard', at: at(now), id: link.id, echoed: random.chance(0.6) };
}

test('two sides that see the same connections in any order end up with one, and never with none', (t) => {
  forSeeds(500, (random) => {
    const made = Array.from({ length: random.int(2, 4) }, (_, index) => ({
      id: index + 1,
      bySmall: random.chance(0.5),
    }));
    // Those of one dialler become ready in the order they were made; those of two in any.
    const inOrder = () =>
      random.chance(0.5)
        ? [...made]
        : [...made.filter(({ bySmall }) => bySmall), ...made.filter(({ bySmall }) => !bySmall)];
    const sides = [true, false].map((small) => ({ small, state: initialLinks(small), waiting: inOrder() }));
    const retired = new Set<number>();
    const turn = (side: (typeof sides)[number], event: LinksEvent | undefined): void => {
      const { state, effects } = play(side.state, ...(event === undefined ? [] : [event]));
      side.state = state;
      for (const effect of effects) if (effect.kind === 'retire') retired.add(effect.id);
    };
    for (let now = 0; now < 200; now += 1) {
      const side = random.pick(sides);
      const next = random.chance(0.3) ? side.waiting.shift() : undefined;
      const dialledBy = next?.bySmall === side.small ? 'us' : 'them';
      turn(side, next === undefined ? randomEcho(random, sides, now) : ready(next.id, dialledBy, now));
    }
    for (const side of sides) for (const { id } of side.state.links) turn(side, heard(id, 201));
    const waiting = sides.flatMap((side) => side.waiting).length;
    if (waiting === 0 && retired.size !== made.length - 1) throw new Error(`${made.length - retired.size} stay`);
    if (retired.size >= made.length) throw new Error('every connection was given up');
  });
  t.pass();
});
/** On a connection that both have greeted. */
function randomEcho(random: Random, sides: readonly { readonly state: Links }[], now: number): LinksEvent | undefined {
  const [one, two] = sides.map(({ state }) => state.links.map(({ id }) => id));
  const both = (one ?? []).filter((id) => two?.includes(id));
  return both.length === 0 ? undefined : heard(random.pick(both), now);
}
