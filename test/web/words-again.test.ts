/** The words of a room that could not be loaded once. */
import test from 'ava';
import { roomWords, setLanguage, wordsReady } from '../../web/src/messages/messages.ts';

test.before(() => {
  const stand = { document: { documentElement: { lang: '' } }, localStorage: { setItem: () => undefined } };
  for (const [name, value] of Object.entries(stand)) Object.defineProperty(globalThis, name, { value });
});

test('words that could not be loaded are loaded when they are asked for again, and spoil no other room', async (t) => {
  await setLanguage('de');
  let asked = 0;
  const room = roomWords({ hello: 'Hello' }, async () => {
    asked += 1;
    if (asked <= 2) throw new Error('the network is gone');
    return { hello: 'Hallo' };
  });
  await t.throwsAsync(wordsReady());
  t.is(room.t('hello'), 'Hello');
  await wordsReady();
  t.is(room.t('hello'), 'Hallo');
  await wordsReady();
  t.is(asked, 3);
  await setLanguage('en');
  t.is(room.t('hello'), 'Hello');
});
