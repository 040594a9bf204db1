import test from 'ava';
import { pushKeyOf } from '../../src/core/push-key.ts';

const key = test.macro<[url: string, expected: string | undefined]>({
  title: (_given, url) => `push key of ${url}`,
  exec: (t, url, expected) => t.is(pushKeyOf(url), expected),
});
test(key, 'rtmp://push/front-door-7x2k', 'front-door-7x2k');
test(key, 'RTMP://push/Front_Door', 'Front_Door');
test(key, 'rtmp://push/short', undefined);
test(key, 'rtmp://push/a%20b-long-enough', undefined);
test(key, 'rtmp://push/../../etc-passwd', undefined);
test(key, 'rtmp://other/front-door-7x2k', undefined);
test(key, 'rtsp://push/front-door-7x2k', undefined);
