import test from 'ava';
import { unsuitedBy } from '../../src/site/suitability.ts';

test('NetBSD and frame grabbers are refused, each with its reason and the name', (t) => {
  t.is(unsuitedBy('Hall', { platform: 'linux', frameGrabbers: [] }), undefined);
  t.like(unsuitedBy('Hall', { platform: 'netbsd', frameGrabbers: [] }), { code: 'server/netbsd' });
  const found = unsuitedBy('Hall', { platform: 'linux', frameGrabbers: ['109e:036e at 0000:03:00.0'] });
  t.is(found?.code, 'server/frame-grabber');
  t.regex(found?.message ?? '', /^Hall .*0000:03:00\.0/);
});
