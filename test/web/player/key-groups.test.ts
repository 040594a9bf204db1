import test from 'ava';
import { groupAt, keyGroupsOf } from '../../../web/src/player/key-groups.ts';
import { createRandom } from '../../support/seeded-random.ts';

const BASE = 'http://box/api/v1/servers/b/api/cameras/c/playlist.m3u8?start=x';
const PLAYLIST = [
  '#EXTM3U',
  '#EXT-X-TARGETDURATION:2',
  '#EXT-X-MAP:URI="segments/a.mp4",BYTERANGE="4096@0"',
  '#EXT-X-PROGRAM-DATE-TIME:2026-11-21T10:00:00.000Z',
  '#EXTINF:2.000,',
  '#EXT-X-BYTERANGE:100@4096',
  'segments/a.mp4',
  '#EXT-X-DISCONTINUITY',
  '#EXT-X-MAP:URI="segments/b.mp4?tracks=video",BYTERANGE="900@0"',
  '#EXT-X-PROGRAM-DATE-TIME:2026-11-21T10:00:30.000Z',
  '#EXTINF:1.500,',
  '#EXT-X-BYTERANGE:70@900',
  'segments/b.mp4?tracks=video',
  '#EXT-X-ENDLIST',
].join('\n');
const AT = Date.parse('2026-11-21T10:00:00.000Z');

test('groups of pictures are found with their bytes, below the server that holds them', (t) => {
  const groups = keyGroupsOf(PLAYLIST, BASE);
  const file = 'http://box/api/v1/servers/b/api/cameras/c/segments';
  t.deepEqual(groups, [
    {
      wall: AT,
      duration: 2,
      init: { url: `${file}/a.mp4`, offset: 0, length: 4096 },
      bytes: { url: `${file}/a.mp4`, offset: 4096, length: 100 },
    },
    {
      wall: AT + 30_000,
      duration: 1.5,
      init: { url: `${file}/b.mp4?tracks=video`, offset: 0, length: 900 },
      bytes: { url: `${file}/b.mp4?tracks=video`, offset: 900, length: 70 },
    },
  ]);
  t.is(groupAt(groups, AT + 1999)?.wall, AT);
  t.is(groupAt(groups, AT + 10_000), undefined, 'nothing is recorded there');
  t.is(groupAt(groups, AT - 1), undefined);
  t.is(groupAt(groups, AT + 31_000)?.wall, AT + 30_000);
});

test('a group whose time or bytes are not told is left out, whatever stands in the playlist', (t) => {
  t.deepEqual(keyGroupsOf('#EXTINF:2,\nsegments/a.mp4', BASE), []);
  t.deepEqual(keyGroupsOf(PLAYLIST.replaceAll('@', '#'), BASE), []);
  const random = createRandom(7);
  for (let run = 0; run < 300; run += 1) {
    const broken = PLAYLIST.split('').map((letter) =>
      random.chance(0.03) ? String.fromCodePoint(random.int(32, 121)) : letter,
    );
    for (const { wall, bytes } of keyGroupsOf(broken.join(''), BASE)) {
      t.true(Number.isFinite(wall) && bytes.length >= 0 && bytes.offset >= 0);
    }
  }
  t.pass();
});
