/** Named views and the shape of the grid. */
import test from 'ava';
import { createRandom } from '../../support/seeded-random.ts';
import { freshnessOf, gridOf, LAYOUTS, STALE_MS } from '../../../web/src/pages/live/layout.ts';
import {
  loadViews,
  MAX_VIEW_CAMERAS,
  MAX_VIEWS,
  moved,
  saveViews,
  withView,
  type LiveView,
} from '../../../web/src/pages/live/views.ts';

function memory(): Pick<Storage, 'getItem' | 'setItem'> {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}
const view = (id: string, cameras: readonly string[] = ['a', 'b']): LiveView => ({
  id,
  name: `View ${id}`,
  layout: '4',
  cameras,
});

test('views come back as they were kept, for the user who made them alone', (t) => {
  const store = memory();
  saveViews(store, 'anna', [view('1'), view('2', ['c'])]);
  t.deepEqual(loadViews(store, 'anna'), [view('1'), view('2', ['c'])]);
  t.deepEqual(loadViews(store, 'bert'), []);
});

test('what is kept in the browser is believed only as far as it is a view', (t) => {
  const store = memory();
  for (const text of ['', '{', 'null', '7', '{"views":[]}', '[null,1,"x",{"id":"1"}]']) {
    store.setItem('understudy.views.anna', text);
    t.deepEqual(loadViews(store, 'anna'), [], text);
  }
  store.setItem(
    'understudy.views.anna',
    JSON.stringify([
      { ...view('1'), layout: '17' },
      { ...view('2'), cameras: ['a', 3, 'a', 'b'] },
    ]),
  );
  t.deepEqual(loadViews(store, 'anna'), [view('2')]);
});

test('views and their cameras are bounded, and a storage that refuses breaks nothing', (t) => {
  const store = memory();
  const many = Array.from({ length: MAX_VIEWS + 5 }, (_, index) => view(String(index)));
  const wide = view(
    'wide',
    Array.from({ length: MAX_VIEW_CAMERAS + 9 }, (_, index) => `cam-${index}`),
  );
  saveViews(store, 'anna', [wide, ...many]);
  const back = loadViews(store, 'anna');
  t.is(back.length, MAX_VIEWS);
  t.is(back[0]?.cameras.length, MAX_VIEW_CAMERAS);
  t.is(withView(many.slice(0, MAX_VIEWS), view('new')).length, MAX_VIEWS);
  const full = {
    setItem: () => {
      throw new Error('full');
    },
  };
  t.notThrows(() => saveViews({ ...memory(), ...full }, 'anna', many));
});

test('a view of the same id is replaced at its place', (t) => {
  const views = [view('1'), view('2'), view('3')];
  t.deepEqual(
    withView(views, { ...view('2'), name: 'Night' }).map(({ name }) => name),
    ['View 1', 'Night', 'View 3'],
  );
});

test('moving keeps every camera once, whatever is asked', (t) => {
  t.deepEqual(moved(['a', 'b', 'c', 'd'], 'd', 0), ['d', 'a', 'b', 'c']);
  t.deepEqual(moved(['a', 'b', 'c', 'd'], 'a', 2), ['b', 'c', 'a', 'd']);
  t.deepEqual(moved(['a', 'b'], 'x', 0), ['a', 'b']);
  const random = createRandom(7);
  let ids: readonly string[] = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (let step = 0; step < 500; step += 1) {
    const id = random.pick(ids);
    const to = random.int(-3, 8);
    ids = moved(ids, id, to);
    t.is(ids.indexOf(id), Math.max(0, Math.min(5, to)));
    t.deepEqual(ids.toSorted(), ['a', 'b', 'c', 'd', 'e', 'f']);
  }
});

test('every layout has room for its tiles, on a desk and on a phone', (t) => {
  for (const layout of LAYOUTS) {
    for (const phone of [false, true]) {
      for (const count of [1, 2, 5, 6, 16, 25, 128]) {
        const { perPage, columns, rows, focus } = gridOf(layout, count, phone);
        const shown = Math.min(perPage, count);
        t.true(columns * rows >= (focus ? shown + 3 : shown), `${layout} ${count} ${phone}`);
      }
    }
  }
  t.like(gridOf('focus', 20, false), { perPage: 6, columns: 3, rows: 3, focus: true });
  t.like(gridOf('25', 128, false), { perPage: 25, columns: 5, rows: 5 });
});

test('a picture is not called live any longer than it may be', (t) => {
  t.is(freshnessOf(undefined, 0), 'none');
  t.is(freshnessOf(1000, 1000 + STALE_MS), 'live');
  t.is(freshnessOf(1000, 1001 + STALE_MS), 'stale');
  t.is(freshnessOf(1000, 2500, false), 'stale', 'without a connection sooner');
});
