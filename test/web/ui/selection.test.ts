import test from 'ava';
import * as fc from 'fast-check';
import { clickRow, keepExisting, NOTHING_SELECTED, pressKey, type Selection } from '../../../web/src/ui/selection.ts';
import { windowOf } from '../../../web/src/ui/window.ts';

const ROWS = ['a', 'b', 'c', 'd', 'e'];
const plain = { ctrl: false, shift: false };
const ids = ({ ids: set }: Selection): string => [...set].sort().join('');

test('a click selects one, Ctrl adds and removes, Shift selects from the anchor', (t) => {
  const b = clickRow(NOTHING_SELECTED, ROWS, 1, plain);
  t.is(ids(b), 'b');
  t.is(ids(clickRow(b, ROWS, 3, { ctrl: true, shift: false })), 'bd');
  const range = clickRow(b, ROWS, 3, { ctrl: false, shift: true });
  t.is(ids(range), 'bcd');
  t.is(ids(clickRow(range, ROWS, 0, { ctrl: false, shift: true })), 'ab');
  t.is(ids(clickRow(range, ROWS, 2, { ctrl: true, shift: false })), 'bd');
});

test('arrows move the focus, Shift with arrows selects, Space marks, Ctrl+A takes all, Escape none', (t) => {
  const press = (selection: Selection, key: string, modifiers = plain): Selection =>
    pressKey(selection, ROWS, key, modifiers) ?? selection;
  const third = press(press(NOTHING_SELECTED, 'ArrowDown'), 'ArrowDown');
  t.is(third.focus, 2);
  t.is(ids(press(third, ' ')), 'c');
  t.is(ids(press(third, 'ArrowDown', { ctrl: false, shift: true })), 'cd');
  t.is(ids(press(third, 'a', { ctrl: true, shift: false })), 'abcde');
  t.is(ids(press(press(third, ' '), 'Escape')), '');
  t.is(pressKey(third, ROWS, 'x', plain), undefined);
  t.is(pressKey(third, ROWS, 'a', plain), undefined);
});

test('whatever is clicked and pressed, only rows that exist are selected and the focus stays inside', (t) => {
  const keys = fc.constantFrom('ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End', ' ', 'a', 'Escape');
  const step = fc.record({
    key: keys,
    index: fc.nat(7),
    ctrl: fc.boolean(),
    shift: fc.boolean(),
    click: fc.boolean(),
    rows: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let selection = NOTHING_SELECTED;
      for (const { key, index, ctrl, shift, click, rows } of steps) {
        const shown = ROWS.slice(0, rows);
        selection = keepExisting(selection, shown);
        selection = click
          ? clickRow(selection, shown, index, { ctrl, shift })
          : (pressKey(selection, shown, key, { ctrl, shift }) ?? selection);
        if (
          selection.focus < 0 ||
          selection.focus >= shown.length ||
          ![...selection.ids].every((id) => shown.includes(id))
        )
          return false;
      }
      return true;
    }),
    { seed: 3 },
  );
  t.pass();
});

test('above 100 rows only those in sight and some around stand in the document, and the heights add up', (t) => {
  t.deepEqual(windowOf(100, 40, { top: 0, height: 600 }), { from: 0, to: 100, before: 0, after: 0 });
  const shown = windowOf(10_000, 40, { top: 200_000, height: 600 });
  t.true(shown.to - shown.from < 60);
  t.is(shown.before + shown.after + (shown.to - shown.from) * 40, 400_000);
  t.is(windowOf(64, 40, { top: 0, height: 600 }, 0).to, 27, 'of a short list too, when asked to');
  t.true(windowOf(101, 40, { top: 1e9, height: 600 }).from <= 100);
});
