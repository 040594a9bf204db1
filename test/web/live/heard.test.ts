/** What is said of the sound of a camera: whether it can be heard, from which stream, or why not. */
import test from 'ava';
import { silenceOf, soundOf } from '../../../web/src/pages/live/heard.ts';
import type { Header } from '../../../web/src/player/live-player.ts';

const canPlay = (codec: string): boolean => codec === 'mp4a.40.2' || codec === 'opus';
const header = (audioCodec: string | undefined): Header => ({
  codec: 'avc1.64001f',
  width: 640,
  height: 360,
  audioCodec,
  audio: false,
});
type Camera = Parameters<typeof soundOf>[0];
const NOTHING_KNOWN: Camera = { streams: [] };
const MAIN_HAS_AAC: Camera = { streams: [{ stream: 'main', state: 'recording', audioCodec: 'mp4a.40.2' }] };

test('sound of the watched stream is heard from it, else from the main stream, else it is said why not', (t) => {
  t.deepEqual(soundOf(MAIN_HAS_AAC, 'sub', {}, canPlay), { kind: 'unknown' });
  t.deepEqual(soundOf(NOTHING_KNOWN, 'sub', { sub: header('opus') }, canPlay), { kind: 'playable', mainOnly: false });
  t.deepEqual(soundOf(MAIN_HAS_AAC, 'sub', { sub: header(undefined) }, canPlay), { kind: 'playable', mainOnly: true });
  t.deepEqual(soundOf(MAIN_HAS_AAC, 'sub', { sub: header('ulaw') }, canPlay), { kind: 'playable', mainOnly: true });
  t.deepEqual(soundOf(MAIN_HAS_AAC, 'main', { main: header(undefined) }, canPlay), { kind: 'none' });
  const now = { sub: header(undefined), main: header('alaw') };
  t.deepEqual(soundOf(MAIN_HAS_AAC, 'sub', now, canPlay), { kind: 'unplayable', codec: 'alaw' });
  t.deepEqual(soundOf(NOTHING_KNOWN, 'sub', { sub: header(undefined) }, canPlay), { kind: 'none' });
});

test('G.711 is called by its name, and what to do stands beside it', (t) => {
  t.is(silenceOf({ kind: 'playable', mainOnly: true }), undefined);
  for (const codec of ['alaw', 'ulaw']) t.regex(silenceOf({ kind: 'unplayable', codec }) ?? '', /G\.711.*AAC/);
  t.regex(silenceOf({ kind: 'none' }) ?? '', /sends no sound/);
  t.regex(silenceOf({ kind: 'unknown' }) ?? '', /picture/);
});
