import test from 'ava';
import * as fc from 'fast-check';
import { placeOf, playbackLink, SPEEDS, type PlaybackPlace } from '../../../web/src/app/playback-link.ts';

const read = (link: string): PlaybackPlace => placeOf(new URL(link, 'http://box').searchParams);
const AT = Date.parse('2026-11-22T10:02:11.040Z');

test('a link into playback says cameras, time, speed and range in words that can be read', (t) => {
  t.is(
    playbackLink({ cameras: ['a', 'b'], at: AT, speed: 4, from: AT, to: AT + 60_000, span: 600_000, play: true }),
    '/playback?cameras=a,b&at=2026-11-22T10%3A02%3A11.040Z&speed=4&in=2026-11-22T10%3A02%3A11.040Z&out=2026-11-22T10%3A03%3A11.040Z&span=600&play=1',
  );
  t.is(playbackLink({}), '/playback');
});

test('what a link says is read back as it was', (t) => {
  const time = fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined });
  fc.assert(
    fc.property(
      fc.record({
        cameras: fc.option(fc.array(fc.stringMatching(/^[a-z0-9-]{1,20}$/), { maxLength: 9 }), { nil: undefined }),
        at: time,
        speed: fc.option(fc.constantFrom(...SPEEDS.filter((speed) => speed !== 1)), { nil: undefined }),
        from: time,
        to: time,
        span: fc.option(
          fc.integer({ min: 1, max: 1e6 }).map((seconds) => seconds * 1000),
          { nil: undefined },
        ),
        play: fc.boolean(),
      }),
      (place) => {
        if (place.cameras?.includes('none') === true) return;
        t.deepEqual(read(playbackLink(place)), place);
      },
    ),
    { seed: 3 },
  );
});

test('nonsense in a link is as if it had not been said', (t) => {
  const place = read('/playback?at=yesterday&speed=3&in=x&span=-4&play=yes');
  t.deepEqual(place, {
    cameras: undefined,
    at: undefined,
    speed: undefined,
    from: undefined,
    to: undefined,
    span: undefined,
    play: false,
  });
});
