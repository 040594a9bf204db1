/** Tabs that nobody looks at hold no connection: when each lets go, and when it begins again. */
import test from 'ava';
import { LET_GO_MS, TOLD_BEFORE_MS, watchSeen, type Tab } from '../../../web/src/api/seen.ts';
import { createRandom } from '../../support/seeded-random.ts';

type Timer = { readonly at: number; readonly run: () => void };
/** Tabs of one browser with one clock; what one tells the others hear at once. */
function fakeBrowser() {
  let now = 0;
  const timers = new Set<Timer>();
  const heard: (() => void)[] = [];
  const pass = (milliseconds: number): void => {
    const until = now + milliseconds;
    for (;;) {
      const [next] = [...timers].toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > until) break;
      now = next.at;
      timers.delete(next);
      next.run();
    }
    now = until;
  };
  const open = (isHidden: boolean) => {
    let hidden = isHidden;
    let look = (): void => undefined;
    let told = (): void => undefined;
    const mine = (): void => told();
    heard.push(mine);
    const tab: Tab = {
      isHidden: () => hidden,
      onVisibility: (listener) => (look = listener),
      tell: () => heard.filter((one) => one !== mine).forEach((one) => one()),
      onTold: (listener) => (told = listener),
      after: (milliseconds, run) => {
        const timer = { at: now + milliseconds, run };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    };
    const changes: boolean[] = [];
    const began = watchSeen(tab, (isSeen) => changes.push(isSeen));
    const turn = (to: boolean): void => {
      hidden = to;
      look();
    };
    return {
      changes,
      holds: () => changes.at(-1) ?? began,
      isHidden: () => hidden,
      hide: () => turn(true),
      show: () => turn(false),
    };
  };
  return { open, pass, timers };
}

test('a tab that is hidden lets go after a while, and begins again when it is shown', (t) => {
  const { open, pass } = fakeBrowser();
  const tab = open(false);
  t.true(tab.holds());
  tab.hide();
  pass(LET_GO_MS - 1);
  t.deepEqual(tab.changes, [], 'another window was looked at for a moment');
  pass(1);
  t.deepEqual(tab.changes, [false]);
  tab.show();
  t.deepEqual(tab.changes, [false, true]);
});

test('a tab that is shown again in time keeps what it has, as often as that happens', (t) => {
  const { open, pass, timers } = fakeBrowser();
  const tab = open(false);
  for (let times = 0; times < 10; times += 1) {
    tab.hide();
    tab.hide();
    pass(LET_GO_MS - 1);
    tab.show();
  }
  pass(LET_GO_MS * 2);
  t.deepEqual(tab.changes, []);
  t.is(timers.size, 0);
});

test('a tab that is opened in the background begins when it is looked at', (t) => {
  const { open, pass } = fakeBrowser();
  const tab = open(true);
  t.false(tab.holds());
  pass(LET_GO_MS * 2);
  t.deepEqual(tab.changes, []);
  tab.show();
  t.deepEqual(tab.changes, [true]);
});

test('when another tab is shown in its place a tab lets go at once, whichever of both is heard first', (t) => {
  const { open, pass } = fakeBrowser();
  const [first, second] = [open(false), open(true)];
  first.hide();
  second.show();
  t.deepEqual([first.holds(), second.holds()], [false, true]);
  first.show();
  second.hide();
  t.deepEqual([first.holds(), second.holds()], [true, false], 'it was told before it was hidden');
  pass(LET_GO_MS);
  t.true(first.holds());
});

test('of two windows side by side neither lets go; hidden long after, it keeps its while', (t) => {
  const { open, pass } = fakeBrowser();
  const [left, right] = [open(false), open(false)];
  pass(TOLD_BEFORE_MS);
  left.hide();
  pass(LET_GO_MS - 1);
  t.deepEqual([left.holds(), right.holds()], [true, true]);
  pass(1);
  t.deepEqual([left.holds(), right.holds()], [false, true]);
});

test('leafing through a hundred tabs never leaves more than one behind; whoever is shown holds, whoever was hidden long does not', (t) => {
  const { open, pass } = fakeBrowser();
  const random = createRandom(20_261_122);
  let shown = open(false);
  const tabs = [shown];
  for (let step = 0; step < 2000; step += 1) {
    const isNew = tabs.length < 100 && random.int(0, 3) === 0;
    const next = isNew ? open(random.int(0, 1) === 0) : random.pick(tabs);
    if (isNew) tabs.push(next);
    if (next !== shown) {
      const before = shown;
      const reveal = (): void => (next.isHidden() ? next.show() : undefined);
      // A browser says it in either order.
      for (const act of random.shuffle([reveal, before.hide])) act();
      shown = next;
    }
    t.true(shown.holds());
    t.true(tabs.filter((tab) => tab.holds()).length <= 2);
    pass(random.pick([0, 10, 900, 5000, LET_GO_MS]));
  }
});
