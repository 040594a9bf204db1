import test from 'ava';
import { createTurns } from '../../src/restoration/turns.ts';

const SIGNAL = new AbortController().signal;

test('files for one server go one after the other, in the order in which they asked; those for another one do not wait', async (t) => {
  const turns = createTurns();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns('r', SIGNAL, async () => {
    seen.push('first begins');
    await gate.promise;
    seen.push('first ends');
  });
  const others = ['second', 'third'].map(async (name) => {
    await turns('r', SIGNAL, async () => {
      seen.push(name);
      await Promise.resolve();
    });
  });
  await turns('other', SIGNAL, async () => {
    seen.push('for another');
    await Promise.resolve();
  });
  gate.resolve();
  await Promise.all([first, ...others]);
  t.deepEqual(seen, ['first begins', 'for another', 'first ends', 'second', 'third']);
});

test('a file that fails lets the next one go', async (t) => {
  const turns = createTurns();
  const failing = turns('r', SIGNAL, async () => await Promise.reject(new Error('cut')));
  const next = turns('r', SIGNAL, async () => await Promise.resolve());
  await t.throwsAsync(failing, { message: 'cut' });
  await t.notThrowsAsync(next);
});

test('who is stopped while he waits is told at once, and those behind him still wait for who is sending', async (t) => {
  const turns = createTurns();
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const first = turns('r', SIGNAL, async () => {
    await gate.promise;
    seen.push('first');
  });
  const stopping = new AbortController();
  const second = turns('r', stopping.signal, async () => {
    seen.push('second');
    await Promise.resolve();
  });
  const third = turns('r', SIGNAL, async () => {
    seen.push('third');
    await Promise.resolve();
  });
  stopping.abort();
  await t.throwsAsync(second, { code: 'restoration/stopped' });
  t.deepEqual(seen, []);
  gate.resolve();
  await Promise.all([first, third]);
  t.deepEqual(seen, ['first', 'third']);
});
